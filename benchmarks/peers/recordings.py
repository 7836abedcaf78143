"""What every peer shares: reading the table, and writing draws. The model each writes by itself."""

import csv
import sys
from pathlib import Path

import numpy as np

INSIDE = {"K": 140.0, "Na": 12.0, "Cl": 10.0}
GAS_OVER_FARADAY = 8.31446261815324 / 96485.33212331001


def arguments() -> tuple[dict[str, np.ndarray], Path]:
    """The table's columns as arrays, and the file to write: `peer.py TABLE DRAWS`."""
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {"K": "K_o_mM", "Na": "Na_o_mM", "Cl": "Cl_o_mM", "T": "temperature_C", "V_m": "V_m_mV"}
    data = {short: np.array([float(row[column]) for row in rows]) for short, column in columns.items()}
    data["on"] = np.array([float(row["pump"] == "on") for row in rows])
    data["V_T"] = 1e3 * GAS_OVER_FARADAY * (data["T"] + 273.15)
    # The reference condition of pump and Q10s: the first row with the pump on goes first (rows are exchangeable).
    first = int(np.argmax(data["on"]))
    order = np.r_[first, np.delete(np.arange(len(rows)), first)]
    return {name: x[order] for name, x in data.items()}, Path(sys.argv[2])


def write(path: Path, **draws: np.ndarray) -> None:
    """Draws of each parameter, (chain, draw)."""
    np.savez(path, **draws)

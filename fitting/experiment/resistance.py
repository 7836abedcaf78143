"""Input resistances: what makes the pump's current absolute, read from the table and held against the law."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from ...models.arrays import Array, namespace
from ...models.conditions import Conditions, Theta
from ...models.errors import ConfigurationError, DataError, typed
from ...models.laws.law import Law
from ...models.parameters import C_M, P_K, P_K_AREA, Q10_LEAK, R_IN_SCATTER, Parameter
from ...models.priors import Prior

BROUGHT_BY = {
    P_K: "R_in_MOhm and C_m_pF",
    C_M: "R_in_MOhm and C_m_pF",
    P_K_AREA: "R_in_MOhm without C_m_pF",
    Q10_LEAK: "R_in_MOhm at several temperatures",
    R_IN_SCATTER: "R_in_MOhm without R_in_sd_MOhm",
}
"""The parameters that input resistances can add to a law's own, and the columns that bring each."""
_LEAST_ERROR = 1e-4  # of an input resistance, relative to it
USUAL_SEAL_GOhm = 5.0
_NOTABLE_mV = 0.5


@dataclass(frozen=True)
class Resistance:
    """Input resistances of a table.

    Attributes
    ----------
    rows : indices of the rows that have one; `R_in_MOhm` its value, `own_sd` the sd of its logarithm (NaN: not given).
    C_m_uF : the cell's capacitance in every row of the table (NaN where neither resistance nor seal needs it), or none.
    seal : conductance of the seal in every row, S/µF where the capacitance is known, else S; or none.
    """

    rows: np.ndarray
    R_in_MOhm: np.ndarray
    own_sd: np.ndarray
    C_m_uF: np.ndarray | None
    seal: np.ndarray | None

    def parameters(self, recordings: xr.Dataset, declared: Sequence[Parameter]) -> tuple[Parameter, ...]:
        """What input resistances add to a law's own parameters."""
        several = len(np.unique(recordings["temperature"].to_numpy())) > 1
        return (
            *((P_K_AREA,) if self.C_m_uF is None else (P_K, C_M)),
            *((Q10_LEAK,) if several and Q10_LEAK not in declared else ()),
            *((R_IN_SCATTER,) if np.isnan(self.own_sd).any() else ()),
        )

    def sd(self, scatter: Array) -> Array:
        """Sd of log R_in in every row that has one; `scatter` is that of rows without an sd of their own."""
        return namespace(scatter).where(np.isnan(self.own_sd), scatter, np.nan_to_num(self.own_sd, nan=1.0))

    def capacitance_of(self, group_of_row: np.ndarray) -> np.ndarray:
        """Geometric mean capacitance of the rows of each group with a resistance, µF."""
        assert self.C_m_uF is not None, "asked only where the capacitance is known"
        logs = pd.Series(np.log(self.C_m_uF[self.rows]))
        of_group = logs.groupby(group_of_row[self.rows]).mean().reindex(range(group_of_row.max() + 1))
        return np.exp(of_group.fillna(logs.mean()).to_numpy())


def log_MOhm(
    law: Law,
    theta: Theta,
    at: Conditions,
    reference: Conditions,
    V_m: Array,
    rows: np.ndarray,
    C_m_uF: np.ndarray | None,
) -> Array:
    """Expected log(R_in / MΩ) of the rows that have one (last axis).

    Parameters
    ----------
    theta, at, reference : as for the law's potential; NumPy arrays or variables of a graph.
    V_m : the law's potential in every condition, mV.
    rows : of each such row, the index of its condition; `C_m_uF` its cell's capacitance, or none.
    """
    running = V_m
    if at.passive:
        unblocked = replace(at.steady(), blocked=0 * at.blocked)  # an array, or a variable, like the others
        running = law.potential(theta, unblocked, reference.steady())
    assert law.conductance is not None, "laws without one are refused before"
    of_row = law.conductance(theta, at, reference, V_m, running)[..., rows]
    area = 1.0 if C_m_uF is None else C_m_uF / theta[C_M.name]
    return -namespace(of_row).log(1e6 * area * of_row)


def find_resistance(recordings: xr.Dataset, law: Law) -> Resistance | None:
    """The table's input resistances; None without any, or for a law that they cannot inform."""

    def column(name: str) -> np.ndarray:
        n = recordings.sizes["obs"]
        return recordings[name].to_numpy().astype(float) if name in recordings else np.full(n, np.nan)

    def place(i: int, column: str) -> str:
        return f"{recordings.attrs['source']}, row {recordings['row'].to_numpy()[i]}, column {column}"

    R_in, R_in_sd, C_m, R_seal = (column(name) for name in ("R_in", "R_in_sd", "C_m", "R_seal"))
    rows, sealed = np.flatnonzero(~np.isnan(R_in)), ~np.isnan(R_seal)
    if sealed.any():
        first = int(np.argmax(sealed))
        if law.conductance is None or law.at_equilibrium:
            why = "derives the pump from a steady state without one" if law.conductance else "knows no conductance"
            raise ConfigurationError(
                f"R_seal_GOhm: the law {law.name} {why}, so it cannot allow for a seal."
                f" Use {typed('law', 'ghk-pump')}, or remove the column."
            )
        if not len(rows):
            raise DataError(
                f"{place(first, 'R_seal_GOhm')}: a seal of {R_seal[first]:g} GOhm acts against the membrane's resistance,"
                " which no row gives. Add R_in_MOhm, or remove the column."
            )
        above = sealed & (R_in * 1e-3 >= R_seal)
        if above.any():
            i = int(np.argmax(above))
            raise DataError(
                f"{place(i, 'R_in_MOhm')}: {R_in[i]:g} MOhm is not below the seal's {R_seal[i]:g} GOhm, though the seal is"
                " part of what is measured. Check the units, or leave R_seal_GOhm empty there."
            )
    if law.conductance is None or not len(rows):
        return None
    needed, C_m_uF = ~np.isnan(R_in) | sealed, None
    if not np.isnan(C_m[needed]).all():
        if np.isnan(C_m[needed]).any():
            i = int(np.argmax(needed & np.isnan(C_m)))
            raise DataError(
                f"{place(i, 'C_m_pF')}: empty, though other rows have it and this one has R_in_MOhm or R_seal_GOhm."
                " Fill it in, or remove the column: the pump is then in pA only."
            )
        C_m_uF = 1e-6 * C_m
    seal = None
    if sealed.any():
        seal = np.where(sealed, 1e-9 / R_seal / (1.0 if C_m_uF is None else C_m_uF), 0.0)
    exact = np.flatnonzero(R_in_sd < _LEAST_ERROR * R_in)
    if len(exact):
        i = int(exact[0])
        raise DataError(
            f"{place(i, 'R_in_sd_MOhm')}: {R_in_sd[i]:g} MOhm beside {R_in[i]:g}: no resistance is known so well. Check the"
            " number, or leave the column empty."
        )
    return Resistance(rows, R_in[rows], R_in_sd[rows] / R_in[rows], C_m_uF, seal)


def resistance_notes(
    found: Resistance | None, recordings: xr.Dataset, law: Law, passive: tuple[str, ...], C_m: Prior
) -> Iterator[str]:
    """What was done with input resistances, as sentences; `C_m` is the prior of the membrane's capacitance."""
    if found is None:
        if "R_in" in recordings and bool(recordings["R_in"].notnull().any()):
            yield f"R_in_MOhm is not used: the law {law.name} has no P_K that it could make absolute."
        return
    yield (
        f"R_in_MOhm of {len(found.rows)} rows is taken as the slope conductance at rest, which assumes no gating near rest"
        " and an isopotential cell."
    )
    if found.C_m_uF is None:
        yield "Without C_m_pF the membrane's area is unknown: P_K is inferred times the area, and the pump in pA only."
    else:
        area = found.capacitance_of(np.zeros(len(found.C_m_uF), int))[0] / C_m.typical
        yield (
            f"Membrane areas come from C_m_pF at {C_m.typical:g} µF/cm² ({C_M.name} under [priors] changes that);"
            f" pump_current_pA is that of the mean cell ({area:.3g} cm²; each group's own where there are groups)."
        )
    if passive:
        yield f"{', '.join(passive)} is passive, but carries slope conductance: it stays in the model for the sake of R_in."
    if "V_m" not in recordings:  # a plan
        return
    R, V = 1e-3 * float(np.median(found.R_in_MOhm)), float(np.median(recordings["V_m"].to_numpy()[found.rows]))
    # What is measured is V_m R_seal / (R_seal + R_m), and R_in is R_m and R_seal in parallel.
    lost = V / (1 - R / USUAL_SEAL_GOhm) - V if found.seal is None and USUAL_SEAL_GOhm > R else 0.0
    if abs(lost) >= _NOTABLE_mV:
        yield (
            f"No column R_seal_GOhm: were these patch recordings, a seal of {USUAL_SEAL_GOhm:g} GOhm (median R_in"
            f" {1e3 * R:.3g} MOhm) would make {V + lost:.1f} mV read as {V:.1f} mV."
        )

"""`vrest explain`: take one resting potential apart: ions, pump, cooling, run-down."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..flags import number
from ..models.errors import ConfigurationError
from ..shared import results_file, say

if TYPE_CHECKING:
    from ..models.textbook.explain import Explanation

IONS = ("K", "Na", "Cl")


def arguments(parser: argparse.ArgumentParser) -> None:
    for flag, unit, default, meaning in (
        *((f"--{s}-o", "mM", mM, f"{s} in the bath") for s, mM in (("K", 5.0), ("Na", 150.0), ("Cl", 120.0))),
        *((f"--{s}-i", "mM", mM, f"{s} inside") for s, mM in (("K", 140.0), ("Na", 15.0), ("Cl", 10.0))),
        *((f"--P-{s}", "RATIO", p, f"P_{s}/P_K") for s, p in (("Na", 0.04), ("Cl", 0.45))),
        ("--temperature", "C", 37.0, "°C"),
        ("--cool", "C", 10.0, "cool by so many °C"),
        ("--Q10-pump", "Q10", 2.3, "of the pump's current"),
        ("--Q10-leak", "Q10", 1.4, "of P_K"),
        ("--P-K", "CM_S", 1e-6, "P_K in cm/s, the clock of the run-down"),
        ("--diameter", "UM", 20.0, "of a round cell, µm"),
    ):
        parser.add_argument(
            flag, type=number(), default=default, metavar=unit, help=f"{meaning} (default: {default:g})"
        )
    parser.add_argument(
        "--pump", type=number(), metavar="mV", help="what the pump adds (default: 3:2 balance with the leaks)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the parts and the run-down into a PNG, PDF or SVG")
    parser.add_argument("--force", action="store_true", help="replace a picture that vrest drew, and nothing else")


def run(options: argparse.Namespace) -> int:
    from ..fitting.results.text import digits, table_text
    from ..models.textbook.explain import explain
    from ..tables import explanation_table

    place = results_file(options, options.plot)
    explanation = explain(
        {name: getattr(options, f"{name}_o") for name in IONS},
        {name: getattr(options, f"{name}_i") for name in IONS},
        {"Na": options.P_Na, "Cl": options.P_Cl},
        options.temperature,
        pump_mV=options.pump,
        Q10_pump=options.Q10_pump,
        Q10_leak=options.Q10_leak,
        cooled_by_C=options.cool,
        P_K_cm_s=options.P_K,
        diameter_um=options.diameter,
    )
    if place:
        with place.writing() as aside:
            draw(explanation, aside)
    before = explanation.run_down.before_mV
    if abs(before - explanation.V_m_mV) >= 0.05:
        say(
            f"The run-down starts from the balanced state, {before:.1f} mV (3:2 pump in balance with the leaks, chloride at"
            f" equilibrium), not from the {explanation.V_m_mV:.1f} mV above, which is not steady even with the pump on."
        )
    table = explanation_table(explanation)
    value = [f"{x:z.2f}" if unit == "mV" else digits(x) for x, unit in zip(table["value"], table["unit"], strict=True)]
    print(table_text(table.assign(value=value)))
    return 0


def draw(of: "Explanation", path: Path) -> None:
    """Waterfall of the parts, and the run-down after poisoning, into a file of the kind that `path` ends in."""
    import numpy as np
    from matplotlib.figure import Figure

    from ..models.colours import COLOURS
    from ..models.textbook.explain import HOUR

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    parts, later = figure.subplots(1, 2)
    steps, ends = [*of.steps_mV.values()], np.cumsum([*of.steps_mV.values()])
    heights, bottoms = [*steps, of.V_m_mV], [0.0, *ends[:-1], 0.0]
    names = ["potassium\nalone", *(f"{name}\nadds" for name in [*of.steps_mV][1:]), "resting\npotential"]
    colours = [COLOURS[0], *(COLOURS[1] if step > 0 else COLOURS[2] for step in steps[1:]), COLOURS[6]]
    bars = parts.bar(names, heights, bottom=bottoms, color=colours, width=0.6)
    labels = [f"{x:.1f}" if i in (0, 4) else f"{x:+.1f}" for i, x in enumerate(heights)]
    for bar, label in zip(bars, labels, strict=True):
        low = min(bar.get_y(), bar.get_y() + bar.get_height()) - 1.5
        parts.text(bar.get_x() + 0.3, low, label.replace("-", "−"), ha="center", va="top")
    parts.hlines(ends, np.arange(4) + 0.3, np.arange(4) + 0.7, color="0.5", lw=0.8)
    parts.use_sticky_edges = False
    parts.margins(y=0.08)
    parts.set(ylabel="V_m (mV)", title="What makes the resting potential")

    run = of.run_down
    hours = run.time_s / HOUR
    later.axhline(of.donnan_mV, color="0.5", lw=0.8, ls="--")
    later.annotate("equilibrium", (hours[1], of.donnan_mV), (0, 3), textcoords="offset points", color="0.4")
    later.plot([hours[1] / 10, hours[1], hours[1]], [run.before_mV, run.before_mV, run.V_m_mV[0]], color=COLOURS[2])
    later.plot(hours[1:], run.V_m_mV[1:], color=COLOURS[0])
    later.annotate("pump running", (hours[1], run.before_mV), (6, -3), textcoords="offset points", color=COLOURS[2])
    later.set(
        xscale="log", xlabel="time after the pump is poisoned (h)", ylabel="V_m (mV)",
        title=f"The gradients run down,\nfrom the balanced state of {run.before_mV:.1f} mV".replace("-", "−"),
    )  # fmt: skip
    for axes in (parts, later):
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=150)
    except ValueError as error:
        raise ConfigurationError(f"--plot {path.name}: {error}.") from error

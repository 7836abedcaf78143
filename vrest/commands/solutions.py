"""`vrest solutions`: recipes as weighed, and what is in them."""

import argparse

from ..flags import add_out, number
from ..shared import results_file, say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="TOML file of recipes, salts in mM: [control] NaCl = 140 …")
    parser.add_argument("--pipette", metavar="NAME", help="junction potential of each bath against this solution")
    parser.add_argument("--temperature", type=number(-2, 50), default=22.0, metavar="C", help="in °C (default: 22)")
    add_out(parser, "FILE", "the table on the screen alone")


def run(options: argparse.Namespace) -> int:
    import pandas as pd

    from ..data.solutions.junction import junction_potential, series_in_words
    from ..data.solutions.recipes import OSMOTIC_COEFFICIENT, read_solutions
    from ..data.tables.baths import named
    from ..data.tables.inert import csv_text
    from ..fitting.results.text import table_text

    place = results_file(options, options.out)
    made = read_solutions(options.file)
    frame = pd.DataFrame({"solution": list(made)})
    for ion in dict.fromkeys(ion for solution in made.values() for ion in solution.ions):
        frame[f"{ion}_mM"] = [solution.ions.get(ion, 0.0) for solution in made.values()]
    frame["ionic_strength_mM"] = [solution.ionic_strength for solution in made.values()]
    frame["osmolarity_mosm"] = [solution.osmolarity for solution in made.values()]
    frame["charge_mM"] = [abs(round(solution.charge, 6)) for solution in made.values()]
    say(*(note for solution in made.values() for note in solution.notes))
    say(
        f"Osmolarity is ideal (the sum of all particles); an osmometer reads about {OSMOTIC_COEFFICIENT} times that. "
        "Ions are totals: what EGTA or ATP binds is not taken off."
    )
    if options.pipette is not None:
        pipette = named(made, options.pipette)
        ljp = {n: junction_potential(pipette, s, options.temperature) for n, s in made.items() if s is not pipette}
        frame["ljp_mV"] = frame["solution"].map(ljp)
        if ljp:
            say(f"At {options.temperature:g} °C {series_in_words(options.pipette, ljp, ljp.values())}")
    formats = dict.fromkeys(frame.columns[1:], ".5g") | {"charge_mM": ".3g", "ljp_mV": "+.1f"}
    print(table_text(frame, formats))
    if place:
        with place.writing() as aside:
            aside.write_text(csv_text(frame), encoding="utf-8")
    return 0

"""`vrest solutions`: recipes as weighed, and what is in them."""

import argparse

from ..flags import add_out, number
from ..models.limits import TEMPERATURE_C
from ..shared import results_file, say

RECIPES = (
    'TOML file: under a heading such as [pip] salts in mM (or "2 g/L"), pH = 7.3, titrant = KOH, CO2 = "5 %%" (the gas), '
    "temperature_C (of the pH, else --temperature); under [ions] mobilities relative to potassium's"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=RECIPES)
    parser.add_argument("--pipette", metavar="NAME", help="junction potential of each bath against this solution")
    parser.add_argument("--method", metavar="NAME", default="henderson", help="henderson (default) or nernst-planck")
    parser.add_argument(
        "--temperature", type=number(*TEMPERATURE_C), default=22.0, metavar="C", help="in °C (default: 22)"
    )
    add_out(parser, "FILE", "the table on the screen alone")


def run(options: argparse.Namespace) -> int:
    from ..data.solutions.overview import on_screen, overview
    from ..data.solutions.recipes import read_solutions
    from ..data.tables.baths import named
    from ..data.tables.inert import write_csv
    from ..fitting.results.text import table_text

    place = results_file(options, options.out)
    made = read_solutions(options.file, options.temperature)
    if options.pipette is not None:
        named(made, options.pipette)
    frame, said = overview(made, options.pipette, options.temperature, options.method)
    say(*said)
    formats = dict.fromkeys(frame.columns[1:], ".5g") | {"pH": ".2f", "ljp_mV": "+.1f"}
    print(table_text(on_screen(frame), formats))
    if place:
        with place.writing() as aside:
            write_csv(frame, aside)
    return 0

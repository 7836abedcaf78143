"""`vrest priors`: a law's parameters with their priors, and where those come from."""

import argparse

from ..fitting.experiment.settings import MODEL
from ..flags import add_setting_flags
from ..shared import configuration


def arguments(parser: argparse.ArgumentParser) -> None:
    add_setting_flags(parser, MODEL)


def run(options: argparse.Namespace) -> int:
    from ..fitting.results.text import table_text
    from ..tables import priors

    table = priors(config=configuration(options, needs_data=False))
    brought = table["brought_by"] != ""
    print(table_text(table[~brought].drop(columns="brought_by")))
    if brought.any():
        print("\nWhat a table may add:")
        columns = ["brought_by", *table.columns.drop("brought_by")]
        print(table_text(table.loc[brought, columns].rename(columns={"brought_by": "brought by"})))
    return 0

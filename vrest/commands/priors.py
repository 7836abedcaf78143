"""`vrest priors`: a law's parameters with their priors, and where those come from."""

import argparse

from ..fitting.experiment.settings import MODEL
from ..flags import add_setting_flags
from ..shared import configuration


def arguments(parser: argparse.ArgumentParser) -> None:
    add_setting_flags(parser, MODEL)


def run(options: argparse.Namespace) -> int:
    import pandas as pd

    from ..fitting.experiment.build import DEFAULT_IONS, foreseen_parameters
    from ..fitting.results.text import table_text
    from ..models.ions import ions
    from ..models.laws.registry import law as law_named

    config = configuration(options, needs_data=False)
    law = law_named(config.law)
    sure, brought = foreseen_parameters(law, law.usable(ions(config.ions or DEFAULT_IONS)), config)

    def line(p) -> dict[str, str]:
        return {c: str(getattr(p, c)) for c in ("name", "unit", "prior", "meaning", "source")}

    print(table_text(pd.DataFrame([line(p) for p in sure])))
    if brought:
        print("\nWhat a table may add:")
        print(table_text(pd.DataFrame([{"brought by": why, **line(p)} for why, p in brought])))
    return 0

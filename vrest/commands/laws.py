"""`vrest laws`: the membrane laws there are."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    from ..models.ions import ions
    from ..models.laws.registry import every_law

    for law in every_law().values():
        names = ", ".join(
            p.name for p in law.parameters(law.usable(ions(dict.fromkeys(("K", "Na", "Cl", *law.needs)))))
        )
        print(f"{law.name}: {law.summary}")
        print(
            f"    {law.equation}\n    infers {names or 'inside concentrations only'}; options: {', '.join(law.options) or 'none'}"
        )
        print(f"    {law.citation}\n")
    return 0

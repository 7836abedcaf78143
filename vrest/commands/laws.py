"""`vrest laws`: the membrane laws there are."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    from ..models.ions import ions
    from ..models.laws.registry import LAWS

    for law in LAWS.values():
        names = ", ".join(p.name for p in law.parameters(law.usable(ions(("K", "Na", "Cl")))))
        print(f"{law.name}: {law.summary}")
        print(
            f"    {law.equation}\n    infers {names or 'inside concentrations only'}; options: {', '.join(law.options)}"
        )
        print(f"    {law.citation}\n")
    return 0

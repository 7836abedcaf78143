"""`vrest datasets`: the data sets that come with vrest."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(options: argparse.Namespace) -> int:
    from ..data.sets.bundled import datasets

    print("\n\n".join(book.describe() for book in datasets().values()))
    return 0

"""`vrest datasets`: the data sets that come with vrest."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="the set whose codebook to print (default: all sets)")


def run(options: argparse.Namespace) -> int:
    from ..data.sets.bundled import codebook, datasets

    if options.name:
        print(codebook(options.name))
        return 0
    known = datasets()
    width = max(map(len, known))
    print("\n".join(f"{name:<{width}}  {book.title}" for name, book in known.items()))
    print("\nvrest datasets NAME prints what was measured, what is assumed, what vrest says of it, and every column.")
    return 0

"""Numbers as text that reads back to the same number."""


def exact(x: float) -> str:
    """The shortest text of a number that is that number: `250`, `0.04`, `0.04076220397836621`."""
    short = f"{x:g}"
    return short if float(short) == x else repr(float(x))

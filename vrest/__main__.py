"""`python -m vrest` is `vrest`."""

from .cli import process

process()

"""`python -m vrest` is `vrest`."""

from .start import process

process()

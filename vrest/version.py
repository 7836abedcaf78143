"""The version of the installed package; pyproject.toml says it."""

from importlib.metadata import version

__version__ = version("vrest")

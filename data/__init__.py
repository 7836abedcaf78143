"""Reading, checking and choosing recordings, and the bundled data sets."""

from .sets.bundled import datasets, load_data
from .solutions.recipes import read_solutions
from .tables.reader import from_frame, read_csv
from .tables.table import select, to_frame

__all__ = ["datasets", "from_frame", "load_data", "read_csv", "read_solutions", "select", "to_frame"]

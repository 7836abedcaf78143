"""Reading, checking and choosing recordings, and the bundled data sets."""

from .bundled import datasets, load_data
from .reader import from_frame, read_csv
from .solutions import read_solutions
from .table import select, to_frame

__all__ = ["datasets", "from_frame", "load_data", "read_csv", "read_solutions", "select", "to_frame"]

"""Which reader a recording file needs; what a library prints is kept from the terminal, and what fails is a sentence."""

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ...models.errors import ConfigurationError, DataError
from ..tables.grid import read_bytes
from .neo_formats import READERS, read_igor, read_neo
from .recording import Recording

FORMATS = (".abf", ".atf", ".nwb", ".h5", *READERS)
_HDF5 = b"\x89HDF"
_HEKA = 'HEKA\'s .dat is read after an export to NWB, ABF or Igor; or, never tried on a real file, by pip install "vrest[heka]".'


def read_recording(path: Path) -> Recording:
    """The recording in a file; DataError, in a sentence, where it cannot be read.

    ConfigurationError where the package that reads it is not installed.
    """
    start = read_bytes(path, 4)
    if not start:
        raise DataError(f"{path.name}: is empty (0 bytes).")
    read, kind = _reader(path, start)
    try:
        with quiet():
            recording = read(path)
    except ConfigurationError:
        raise
    except DataError as error:
        raise DataError(f"{path.name}: {str(error).rstrip('.')}.") from None
    except ImportError as error:
        raise ConfigurationError(f"{path.name}: its reader needs another package: {str(error).rstrip('.')}.") from None
    except NotImplementedError as error:
        raise DataError(f"{path.name}: cannot be read as {kind} file: {str(error).rstrip('.')}.") from None
    except Exception as error:  # a damaged file may fail anywhere in its reader
        what = (str(error).strip().splitlines() or [type(error).__name__])[0]
        said = f"cannot be read as {kind} file; it is damaged or cut short ({what[:120]})."
        raise DataError(f"{path.name}: {said}") from None
    recording.files = recording.files or [path]
    for channel in recording.channels:
        if not all(len(sweep.values) for sweep in channel.sweeps):
            channel.sweeps = [sweep for sweep in channel.sweeps if len(sweep.values)]
            channel.commands_mV = []
    recording.channels = [channel for channel in recording.channels if channel.sweeps]
    return recording


def _reader(path: Path, start: bytes) -> tuple[Callable[[Path], Recording], str]:
    """What reads the file, by its first bytes where they say so, and what it is called in a sentence."""
    from .abf import read_abf
    from .atf import read_atf
    from .heka import read_heka
    from .nwb import read_nwb
    from .stimfit import read_stimfit

    suffix = path.suffix.lower()
    if start in (b"ABF ", b"ABF2"):
        return read_abf, "an ABF"
    if start[:3] == b"ATF":
        return read_atf, "an ATF"
    if suffix == ".nwb" and start == _HDF5:
        return read_nwb, "an NWB"
    if suffix == ".h5" and start == _HDF5:
        return read_stimfit, "a stimfit"
    if suffix in READERS:
        return read_igor if suffix == ".ibw" else read_neo, f"a {suffix}"
    if suffix in FORMATS:
        named = suffix[1:].upper()
        raise DataError(f"{path.name}: is no {named} file, whatever its name: it begins with {start!r}.")
    if suffix == ".dat" and start[:3] == b"DAT" and _installed("myokit"):
        return read_heka, "a HEKA"
    hint = f" {_HEKA}" if suffix == ".dat" else ""
    raise DataError(f"{path.name}: {suffix or 'this'} is no format that is read here: {', '.join(FORMATS)}.{hint}")


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ValueError:  # blocked, as by sys.modules[package] = None
        return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps warnings, logs and prints of libraries from the terminal: about dates and comments, in words of their own."""
    level = logging.root.manager.disable
    nowhere = io.StringIO()
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(level)

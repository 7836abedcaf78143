"""Where results go: only what vrest wrote is replaced, and nothing stands under its name before it is complete.

What vrest wrote is listed (`written.py`); a file that is not listed, or was changed since, is the user's.
"""

import glob
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from unicodedata import category

from ...models.errors import ConfigurationError, FileWarning, shown, spoken, typed
from .written import (
    BESIDE,
    HEADING,
    LIST,
    REPLACED,
    UNFINISHED,
    changed,
    files_in,
    others_in,
    read_list,
    refuse_other_list,
    sha256_of,
)

_ABANDONED_s = 24 * 3600
_LAST = ("fit.nc", LIST)  # moved into place after everything else, so that what is incomplete lacks them


finished: list[str] = []
"""What this process wrote and put in place, by name."""


class ResultsFolder:
    """A folder of results; whether it may be written is decided here, before any work.

    Parameters
    ----------
    path : where the results shall stand.
    force : whether earlier results of vrest's may be replaced there. Other files in the folder stay, and are named.
    inputs : files that the work reads, none of which may be replaced.
    writes : names of the files that will be written.

    Raises
    ------
    ConfigurationError
        It cannot be written, or not without the loss of something that vrest did not write.
    """

    def __init__(
        self, path: str | Path, force: bool = False, inputs: Iterable[str | Path] = (), writes: Iterable[str] = ()
    ) -> None:
        self.name = str(path)
        self.exists = _stands(self.name)
        self.path = Path(os.path.realpath(path))
        refuse_other_list(self.path / LIST)
        self._old: dict[str, str] | None = None
        for given in filter(os.path.exists, inputs):
            if self.path in (real := Path(os.path.realpath(given))).parents or _same(real, self.path):
                raise ConfigurationError(f"{self.name} is or holds {given}, which is read. {_another()}.")
        _refuse_place(self.path, self.name, self.exists, force)
        if self.exists:
            self._look_inside(set(writes))

    def _look_inside(self, writes: set[str]) -> None:
        if not self.path.is_dir():
            raise ConfigurationError(f"{self.name} is a file, and results are a folder. {_another()}.")
        self._old = read_list(self.path / LIST)
        others = list(others_in(self.path, self._old or {}))
        shown = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        if others and self._old is None:
            raise ConfigurationError(
                f"{self.name} is no results folder of vrest's: it holds {shown}, and no {LIST}. It is not replaced; "
                f"{_another(False)}."
            )
        in_the_way = [name for name, sha256 in (self._old or {}).items() if changed(self.path, name, sha256)]
        if in_the_way := in_the_way or sorted(writes & set(others)):
            raise ConfigurationError(
                f"{self.name}: {', '.join(in_the_way[:5])} is not as vrest wrote it, and is not replaced. Move it elsewhere, "
                f"or {_another(False)}."
            )
        if others:
            warnings.warn(f"{self.name}: {shown}, not written by vrest, stays.", FileWarning, stacklevel=4)

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder to write into that takes its place when everything is written, and is removed when anything fails.

        Raises
        ------
        ConfigurationError
            Another run wrote to the place in the meantime. What both wrote is kept; the sentence says where.
        """
        with _aside(self.path, self.path if self.exists else self.path.parent) as aside:
            yield aside
            lines = [f"{sha256_of(aside / name)}  {name}\n" for name in files_in(aside)]
            (aside / LIST).write_text("".join([HEADING, *lines]), encoding="utf-8")
            aside.chmod(0o777 & ~_umask())
            try:
                if self.exists:
                    self._replace(aside)
                else:
                    _rename_new(aside, self.path)
            except FileExistsError:
                raise ConfigurationError(_kept_elsewhere(aside, self.path, self.name)) from None
            finished.append(self.name)

    def _replace(self, aside: Path) -> None:
        """All new files in place of all that are listed; where another run came first, nothing, and FileExistsError."""
        old = Path(tempfile.mkdtemp(prefix=_beginning(self.path, REPLACED), dir=self.path))
        listed = self._old or {}
        with ExitStack() as undo:
            undo.callback(shutil.rmtree, old, ignore_errors=True)

            def move(name: str, source: Path, target: Path) -> None:
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                _rename_new(source / name, target / name)
                undo.callback(os.rename, target / name, source / name)

            if self._old is not None:
                try:
                    move(LIST, self.path, old)  # of two runs only one finds it
                except FileNotFoundError:
                    raise FileExistsError from None
            if self._old is not None and read_list(old / LIST) != listed:
                raise FileExistsError
            for name in filter(lambda name: (self.path / name).exists(), listed):
                move(name, self.path, old)
                if changed(old, name, listed[name]):
                    raise FileExistsError
            for name in sorted(files_in(aside), key=lambda name: name in _LAST and 1 + _LAST.index(name)):
                move(name, aside, self.path)
            undo.pop_all()
        for folder in {Path(name).parent for name in listed} - {Path()}:
            if not any((self.path / folder).iterdir()):
                (self.path / folder).rmdir()
        shutil.rmtree(old, ignore_errors=True)


class ResultsFile:
    """A single file of results; whether it may be written is decided here, before any work.

    Parameters and errors as of `ResultsFolder`; `of_results` lists it with a results folder's own files, where it is in one.
    """

    def __init__(
        self, path: str | Path, force: bool = False, inputs: Iterable[str | Path] = (), of_results: bool = False
    ) -> None:
        self.name = str(path)
        exists = _stands(self.name)
        self.path = Path(os.path.realpath(path))
        own = of_results and self.path.with_name(LIST).is_file()
        self._list = self.path.with_name(LIST if own else BESIDE)
        refuse_other_list(self._list)
        self._old: str | None = None
        for given in map(Path, inputs):
            if _same(given, self.path):
                raise ConfigurationError(f"{self.name} is read, and is not replaced. {_another()}.")
        _refuse_place(self.path, self.name, exists, force)
        if not exists:
            return
        self._old = (read_list(self._list) or {}).get(self.path.name)
        if self._old is None or changed(self.path.parent, self.path.name, self._old):
            why = "was not written by vrest" if self._old is None else "is not as vrest wrote it"
            raise ConfigurationError(f"{self.name} {why}, and is not replaced. Move it away, or choose another name.")

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A file to write that takes its place when it is written, and is removed when anything fails; as a folder's."""
        with _aside(self.path, self.path.parent) as folder:
            aside, old = folder / self.path.name, folder / f"{REPLACED}{self.path.name}"
            yield aside
            sha256 = sha256_of(aside)
            try:
                if self._old is not None:
                    self._take_away(old)
                _rename_new(aside, self.path)
            except FileExistsError:
                raise ConfigurationError(_kept_elsewhere(aside, self.path, self.name)) from None
            finished.append(self.name)
        try:
            with self._list.open("a", encoding="utf-8") as file:
                file.write(("" if file.tell() else HEADING) + f"{sha256}  {self.path.name}\n")
        except OSError as error:
            sentence = f"{self._list}: {error.strerror}. {self.name} is written, but {typed('force', True)} will not replace it."
            warnings.warn(sentence, FileWarning, stacklevel=4)

    def _take_away(self, old: Path) -> None:
        """Move the file that is to be replaced to `old`; back again, with FileExistsError, where it is another by now."""
        try:
            _rename_new(self.path, old)
        except FileNotFoundError:
            return
        if sha256_of(old) != self._old:
            try:
                _rename_new(old, self.path)
            except FileExistsError:
                _kept_elsewhere(old, self.path, self.name)
            raise FileExistsError


@contextmanager
def _aside(path: Path, parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{glob.escape(_beginning(path, UNFINISHED))}????????"):
        if left.is_dir() and time.time() - left.stat().st_mtime > _ABANDONED_s:
            shutil.rmtree(left, ignore_errors=True)
            warnings.warn(f"{left}, left by a run that was killed, is removed.", FileWarning, stacklevel=5)
    aside = Path(tempfile.mkdtemp(prefix=_beginning(path, UNFINISHED), dir=parent))
    try:
        yield aside
    except OSError as error:
        written = error.filename is None or aside in Path(os.fsdecode(error.filename)).parents
        if error.errno is not None and written:
            error.filename, error.filename2 = str(path), None  # not what stood aside for a moment
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _beginning(path: Path, kind: str) -> str:
    return f".{path.name[:50]}{kind}"


def _stands(name: str) -> bool:
    """Whether something, or a link to nothing, has that name; ConfigurationError where nothing of ours can have it."""
    if any(category(c) in ("Cc", "Cs", "Zl", "Zp") for c in Path(name).name):  # a list of files has a line for each
        raise ConfigurationError(f"{shown(name)} holds a line break or something else that is no text. {_another()}.")
    try:
        os.lstat(name)
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{name[:200]} cannot be written: {reason}. {_another()}.") from None
    return True


def _refuse_place(path: Path, name: str, exists: bool, force: bool) -> None:
    """Raise ConfigurationError where what stands there stays, or nothing can be made at `path` or beside what is there."""
    if exists and not force:
        raise ConfigurationError(f"{name} exists already. {_another()}, or replace it with {typed('force', True)}.")
    if exists and not os.path.exists(name):
        raise ConfigurationError(f"{name} is a link to something that is not there. {_another()}.")
    parent = next(p for p in path.parents if os.path.lexists(p))
    if not parent.is_dir():
        raise ConfigurationError(f"{name} cannot be written: {parent} is a file. {_another()}.")
    try:
        os.rmdir(tempfile.mkdtemp(prefix=_beginning(path, UNFINISHED), dir=path if path.is_dir() else parent))
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be written: {error.strerror}. {_another()}.") from None


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and os.path.samefile(one, other)


def _rename_new(source: Path, target: Path) -> None:
    """Rename a file or folder to a name that is free; FileExistsError where it is not."""
    if source.is_dir():
        try:
            source.rename(target)
        except OSError:
            if os.path.lexists(target):
                raise FileExistsError(target) from None
            raise
        return
    try:
        os.link(source, target)  # unlike a rename, never replaces
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        source.rename(target)
    else:
        source.unlink()


def _another(begins: bool = True) -> str:
    """What to do where a place cannot be written to, as it is typed here; whether it `begins` a sentence."""
    return ("Choose" if begins else "choose") + (" another with --out" if spoken.get() else " another name")


def _kept_elsewhere(aside: Path, path: Path, name: str) -> str:
    """Give what is finished the next free name; the sentence that says so."""
    free = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in count(2))
    while True:
        try:
            _rename_new(aside, kept := next(free))
        except FileExistsError:
            continue
        shown = Path(name).with_name(kept.name) if Path(name).name else kept
        return f"{name} was written by something else while this ran, and stays as it is. These results are in {shown}."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

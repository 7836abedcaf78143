"""The list that says what vrest wrote, in the form that `sha256sum -c` reads; what is not as listed is the user's.

A results folder holds a list, and a hidden one lies beside single files.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from stat import S_ISREG

from ...models.errors import ConfigurationError

LIST = "written-by-vrest.sha256"
BESIDE = f".{LIST}"
HEADING = "# Written by vrest. What is changed or added here is yours: --force does not replace it.\n"
UNFINISHED, REPLACED = "-unfinished-", "-replaced-"


def refuse_other_list(path: Path) -> None:
    """Raise ConfigurationError where a link or a folder has the list's name: through a link the user's own file is changed."""
    if os.path.lexists(path) and not S_ISREG(path.lstat().st_mode):
        raise ConfigurationError(
            f"{path} is a link or a folder, and vrest keeps a list of its files there. Move it away."
        )


def read_list(path: Path) -> dict[str, str] | None:
    """SHA-256s by name, the latest of each; None where there is no list that vrest wrote."""
    if not path.is_file():
        return None
    heading, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    found = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    inside = all(name and not PurePosixPath(name).is_absolute() and ".." not in name.split("/") for name in found)
    return found if heading == HEADING.strip() and inside else None


def changed(folder: Path, name: str, sha256: str) -> bool:
    """Whether what stands there under a listed name is anything else than the file that was listed."""
    path = folder / name
    if not os.path.lexists(path):
        return False
    direct = path.parent.resolve() == (folder.resolve() / name).parent  # and not by way of a link
    return not direct or not S_ISREG(path.lstat().st_mode) or sha256_of(path) != sha256


def others_in(folder: Path, listed: dict[str, str], within: str = "") -> Iterator[str]:
    """What is in a results folder and not listed, by name; what a run left or is about to write does not count."""
    folders = {str(parent) for name in listed for parent in PurePosixPath(name).parents}
    for path in sorted(folder.iterdir()):
        name = within + path.name
        if name in folders and path.is_dir() and not path.is_symlink():
            yield from others_in(path, listed, f"{name}/")
        elif name not in listed and name != LIST and UNFINISHED not in name and REPLACED not in name:
            yield name


def files_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

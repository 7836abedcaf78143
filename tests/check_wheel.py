"""Compare a built wheel with the tree: every module and data file of the four folders is in it, and nothing else is.

Run as `python tests/check_wheel.py dist/vrest-….whl`; the exit status says whether they agree.
"""

import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def expected() -> set[str]:
    """Paths inside the wheel that the tree asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = set()
    for package, folder in project["tool"]["setuptools"]["package-dir"].items():
        for path in (ROOT / folder).iterdir():
            if path.suffix in {".py", ".pyi", ".csv", ".toml", ".typed", ".bib", ".html", ".css", ".js", ".svg"}:
                found.add(f"{package.replace('.', '/')}/{path.name}")
    return found


def main(wheel: str) -> int:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    for name in sorted(expected() - inside):
        print(f"missing from the wheel: {name}")
    for name in sorted(inside - expected()):
        print(f"in the wheel, but not in the tree: {name}")
    print(f"{len(inside)} files in the wheel, {len(expected())} expected")
    return int(inside != expected())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

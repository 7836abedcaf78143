"""What strict type checkers say of the front door of an installed package: mypy of the modules that hold public names,
pyright of every public name and its members.

Run outside the checkout by the Python of an environment that holds the package, mypy and pyright.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

PUBLIC = ("vrest", "vrest.laws", "vrest.testing", "vrest.textbook")
SCRIPTS = Path(sys.executable).parent


def homes() -> set[tuple[str, str]]:
    """Where each public class, function and constant is defined: module and name."""
    named = [
        (getattr(module, name), name) for module in map(importlib.import_module, PUBLIC) for name in module.__all__
    ]
    return {
        (x.__module__, getattr(x, "__qualname__", name))
        for x, name in named
        if str(getattr(x, "__module__", "")).startswith("vrest.")
    }


def main() -> int:
    of = homes()
    modules = sorted({*PUBLIC, *(module for module, _ in of)})
    # pandas and SciPy tell no types: what they return counts as what is declared.
    options = ["--strict", "--no-warn-return-any", "--follow-imports=silent", "--ignore-missing-imports"]
    mypy = subprocess.run(
        [SCRIPTS / "mypy", *options, *(part for name in modules for part in ("-m", name))], check=False
    )
    told = subprocess.run(
        [SCRIPTS / "pyright", "--ignoreexternal", "--verifytypes", "vrest", "--outputjson"],
        env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}, capture_output=True, check=False,
    )  # fmt: skip
    symbols = {s["name"]: s for s in json.loads(told.stdout)["typeCompleteness"]["symbols"]}
    asked = [".".join(home) for home in sorted(of)]
    found = [f"{name}: pyright does not know it" for name in asked if name not in symbols]
    for name, symbol in symbols.items():
        if not symbol["isTypeKnown"] and any(name == one or name.startswith(f"{one}.") for one in asked):
            said = [d["message"].replace("\n", " ") for d in symbol.get("diagnostics", [])]
            found.append(f"{name}: {'; '.join(said) or 'not wholly typed'}")
    print(*found, f"pyright: {len(asked)} public names, {len(found)} faults", sep="\n")
    return int(bool(mypy.returncode or found))


if __name__ == "__main__":
    sys.exit(main())

"""The shape of the package: who may import whom, and what stays light."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vrest

ROOT = Path(__file__).parents[1]
FOLDERS = {"models": set(), "data": {"models"}, "fitting": {"models", "data"}}


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, relative ones as `..models.ions`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_one_way(folder):
    for path in (ROOT / folder).glob("*.py"):
        for name in imports(path):
            assert not name.startswith("vrest"), f"{path}: import {name} relatively"
            if name.startswith(".."):
                assert name[2:].split(".")[0] in FOLDERS[folder], f"{path} imports {name}"


def test_the_direction_check_sees_a_wrong_import(tmp_path):
    """Negative control."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from ..fitting.run import fit\nimport pymc\n")
    assert imports(wrong) == {"..fitting.run", "pymc"}


def test_only_one_module_of_models_knows_pytensor_and_none_knows_pymc():
    knowing = {p.name for p in (ROOT / "models").glob("*.py") if any(n.startswith("pytensor") for n in imports(p))}
    assert knowing == {"root.py"}
    assert not [p for p in (ROOT / "models").glob("*.py") if any(n.split(".")[0] == "pymc" for n in imports(p))]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_equations_import_and_work_without_pymc():
    run_python(
        "import sys; sys.modules['pymc'] = sys.modules['arviz'] = None\n"
        "import vrest.models.registry, vrest.models.root, vrest.models.jacobian\n"
        "from vrest.models.nernst import nernst_potential\n"
        "assert round(nernst_potential(1, 140, 5, 37)) == -89"
    )


def test_the_front_door_is_light():
    heavy = ("pymc", "pytensor", "arviz", "nutpie", "numba", "pandas", "xarray", "scipy", "matplotlib", "numpy")
    loaded = run_python(
        "import sys, vrest, vrest.cli; vrest.cli.parser(); print(*{m.split('.')[0] for m in sys.modules})"
    )
    assert not set(heavy) & set(loaded.split())


def test_the_public_surface():
    assert vrest.__all__ == [
        "LAWS", "Config", "ConfigurationError", "DataError", "DataWarning", "Design", "Fit", "Sampling",
        "UnknownNameError", "VrestError", "datasets", "design", "fit", "fit_each", "from_frame", "load",
        "load_data", "read_config", "read_csv", "recover", "select", "simulate", "to_frame",
    ]  # fmt: skip
    assert all(getattr(vrest, name) is not None for name in vrest.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", vrest.__version__)
    with pytest.raises(AttributeError, match="no attribute 'fits'"):
        _ = vrest.fits


def test_every_folder_with_code_is_mapped_into_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    mapped = {Path(folder) for folder in project["tool"]["setuptools"]["package-dir"].values()}
    with_code = {
        p.parent.relative_to(ROOT) for p in ROOT.glob("*/**/__init__.py") if not {".venv", "build"} & set(p.parts)
    }
    assert with_code - {Path("tests")} == mapped


def test_every_dependency_is_bounded_by_a_major_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [d for group in project["project"].get("optional-dependencies", {}).values() for d in group]
    groups = [d for group in project["dependency-groups"].values() for d in group]
    for dependency in [*project["project"]["dependencies"], *extras, *groups]:
        assert re.search(r">=[\d.]+,<\d+$", dependency) or dependency.startswith("vrest["), dependency

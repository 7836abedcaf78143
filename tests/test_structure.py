"""The shape of the package: who may import whom, and what stays light."""

import ast
import doctest
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vrest
from tests.check_types import homes

ROOT = Path(__file__).parents[1]
FOLDERS = {"models": set(), "data": {"models"}, "fitting": {"models", "data"}}
FITTING = ("experiment", "model", "sampling", "results", "checks", "comparison", "planning", "report")
"""The order inside `fitting`: each folder imports only from itself and from those before it; `fit.py` from all."""


def modules(root: Path, folder: str) -> dict[str, Path]:
    """Every module of a folder by dotted name (`models.laws.ghk`), sub-folders included."""
    found = {}
    for path in sorted((root / folder).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path, path: Path) -> set[str]:
    """What a file imports when it runs, functions included, `TYPE_CHECKING` excepted; relative names made absolute."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unread = {id(n) for test in ast.walk(tree) if isinstance(test, ast.If) for n in ast.walk(test)
              if isinstance(test.test, ast.Name) and test.test.id == "TYPE_CHECKING"}  # fmt: skip
    package, found = path.relative_to(root).parent.parts, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and id(node) not in unread:
            base = (
                [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
                if node.level
                else [node.module]
            )
            target = ".".join(base)
            own = root.joinpath(*target.split("."))
            parts = {
                f"{target}.{a.name}" for a in node.names if (own / f"{a.name}.py").exists() or (own / a.name).is_dir()
            }
            found |= parts or {target}
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_go_one_way(folder):
    found = modules(ROOT, folder)
    assert len(found) > 10, "sub-folders are searched too"
    for name, path in found.items():
        for target in imports(ROOT, path):
            top = target.split(".")[0]
            assert top != "vrest", f"{name}: import {target} relatively"
            assert top not in FOLDERS or top in {folder, *FOLDERS[folder]}, f"{name} imports {target}"


def test_the_direction_check_sees_a_wrong_import(tmp_path):
    """Negative control."""
    (tmp_path / "models/laws").mkdir(parents=True)
    (tmp_path / "fitting").mkdir()
    (tmp_path / "fitting/run.py").touch()
    wrong = tmp_path / "models/laws/wrong.py"
    wrong.write_text("def f():\n    from ...fitting import run\n    from ..ions import Ion\nimport pymc\n")
    assert imports(tmp_path, wrong) == {"fitting.run", "models.ions", "pymc"}
    assert modules(tmp_path, "models") == {"models.laws.wrong": wrong}


def backward(root: Path) -> list[str]:
    """Imports inside `fitting` that run against its order."""

    def place(name: str) -> int:
        parts = name.split(".")
        return FITTING.index(parts[1]) if len(parts) > 1 and parts[1] in FITTING else len(FITTING)

    return [
        f"{name} imports {target}"
        for name, path in modules(root, "fitting").items()
        for target in imports(root, path)
        if target.startswith("fitting.") and place(target) > place(name)
    ]


def test_fitting_is_built_in_one_order(tmp_path):
    assert {p.name for p in (ROOT / "fitting").iterdir() if (p / "__init__.py").exists()} == set(FITTING)
    assert backward(ROOT) == []
    for folder in ("model", "checks"):
        (tmp_path / "fitting" / folder).mkdir(parents=True)
    (tmp_path / "fitting/checks/verdict.py").touch()
    (tmp_path / "fitting/model/wrong.py").write_text("def f():\n    from ..checks.verdict import judge\n")
    assert backward(tmp_path) == ["fitting.model.wrong imports fitting.checks.verdict"]  # the negative control


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another, each once."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, todo = set(), [*graph[start]]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += graph.get(name, ())
        reach[start] = seen
    return sorted({tuple(sorted(b for b in reach[a] if a in reach[b])) for a in graph if a in reach[a]})


def test_no_module_imports_itself_by_way_of_others():
    found = {n: p for folder in FOLDERS for n, p in modules(ROOT, folder).items()}
    graph = {name: {t for t in imports(ROOT, path) if t in found} for name, path in found.items()}
    assert sum(map(len, graph.values())) > 300, "imports are seen"
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [("b", "c")]  # the negative control


def test_only_one_module_of_models_knows_pytensor_and_none_knows_pymc():
    heavy = {n: {i.split(".")[0] for i in imports(ROOT, p)} for n, p in modules(ROOT, "models").items()}
    assert {n for n, names in heavy.items() if "pytensor" in names} == {"models.solver.root"}
    assert not [n for n, names in heavy.items() if "pymc" in names]


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.thorough
def test_equations_import_and_work_without_pymc():
    run_python(
        "import sys; sys.modules['pymc'] = sys.modules['arviz'] = None\n"
        "import vrest.models.laws.registry, vrest.models.solver.root, vrest.models.laws.jacobian\n"
        "from vrest.models.laws.nernst import nernst_potential\n"
        "assert round(nernst_potential(1, 140, 5, 37)) == -89"
    )


def test_the_front_door_is_light():
    heavy = ("pymc", "pytensor", "arviz", "nutpie", "numba", "pandas", "xarray", "scipy", "matplotlib", "numpy")
    loaded = run_python(
        "import sys, vrest.cli as cli; cli.overview(); [cli.parser_of(name) for name in cli.COMMANDS];"
        "print(*{m.split('.')[0] for m in sys.modules})"
    )
    assert not set(heavy) & set(loaded.split())


def test_the_public_surface():
    assert vrest.__all__ == [
        "Config", "ConfigurationError", "DataError", "DataWarning", "Design", "Fit", "LAWS", "Law", "ReadOptions", "Recovery",
        "Sampling", "UnknownNameError", "VrestError", "__version__", "compare_laws", "datasets", "design", "explain",
        "fit", "fit_each", "from_frame", "load", "load_data", "model", "priors", "read_config", "read_csv", "recover",
        "register", "select", "simulate", "to_frame",
    ]  # fmt: skip
    assert all(getattr(vrest, name) is not None for name in vrest.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", vrest.__version__)
    with pytest.raises(AttributeError, match="vrest attribute fits"):
        _ = vrest.fits


PUBLIC = {
    "vrest.laws": [
        "LAWS", "PUMP", "PUMP_CURRENT", "Q10_LEAK", "Q10_PUMP", "Array", "Conditions", "Fixed", "Gamma", "HalfNormal", "Ion",
        "Law", "LogNormal", "Normal", "Parameter", "Prior", "Quantity", "Role", "Terms", "Theta", "balancing_current",
        "conductance_ratio", "gather", "ion", "ions", "namespace", "nernst_potential", "passive_terms", "permeabilities",
        "permeability_ratio", "rate_factor", "ratios", "register", "rest", "rest_without_pump", "thermal_voltage",
    ],
    "vrest.testing": ["Flaw", "FlawedLawError", "Kind", "check_law"],
    "vrest.textbook": [
        "charge_separated", "cooling", "donnan", "explain", "nernst_potential", "run_down", "thermal_voltage",
    ],
}  # fmt: skip
"""Every public module beside vrest itself, with its names; all else is internal."""


@pytest.mark.parametrize("name", PUBLIC)
def test_the_public_modules(name):
    module = importlib.import_module(name)
    assert module.__all__ == PUBLIC[name]
    assert all(getattr(module, public) is not None for public in module.__all__)


def test_examples_of_public_names_run():
    ran = [doctest.testmod(importlib.import_module(name)) for name in {module for module, _ in homes()}]
    assert sum(one.attempted for one in ran) > 15
    assert sum(one.failed for one in ran) == 0


def shown_code(path: Path) -> list[str]:
    """The Python that a notebook, a page or a script shows."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return (
        [text]
        if path.suffix == ".py"
        else re.findall(r"^```\{?python\}?\n(?::\w+:.*\n)*(.*?)^```", text, re.MULTILINE | re.DOTALL)
    )


def not_public(code: str) -> list[str]:
    """The names that code takes from vrest and that are not public."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            names = PUBLIC.get(node.module, []) if node.module != "vrest" else [*vrest.__all__, *SUBMODULES]
            if node.module.split(".")[0] == "vrest":
                found += [f"{node.module}.{a.name}" for a in node.names if a.name not in names]
        elif isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.startswith("vrest.") and a.name not in PUBLIC]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "vrest":
            found += [f"vrest.{node.attr}"] if node.attr not in [*vrest.__all__, *SUBMODULES] else []
    return found


SUBMODULES = [name.removeprefix("vrest.") for name in PUBLIC]
SHOWN = [*(ROOT / "notebooks").glob("*.*"), *(ROOT / "docs").glob("*.py"), ROOT / "README.md",
         *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/questions").glob("*.md")]  # fmt: skip
SHOWN = sorted(path for path in SHOWN if path.suffix in (".ipynb", ".py", ".md"))


def test_what_is_shown_takes_public_names_alone():
    blocks = [(path.name, code) for path in SHOWN for code in shown_code(path)]
    assert len(blocks) > 50, "code is found"
    assert [(name, *found) for name, code in blocks if (found := not_public(code))] == []


@pytest.mark.parametrize(
    "code", ["from vrest.models.ions import ions", "import vrest.fitting", "from vrest.laws import fit", "vrest.cli"]
)
def test_a_private_name_is_seen(code):
    assert not_public(code)


def test_every_folder_with_code_is_mapped_into_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    mapped = {Path(folder) for folder in project["tool"]["setuptools"]["package-dir"].values()}
    with_code = {
        p.parent.relative_to(ROOT) for p in ROOT.glob("*/**/__init__.py") if not {".venv", "build"} & set(p.parts)
    }
    assert {folder for folder in with_code if folder.parts[0] != "tests"} == mapped


def test_every_dependency_is_bounded_by_a_major_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [d for group in project["project"].get("optional-dependencies", {}).values() for d in group]
    groups = [d for group in project["dependency-groups"].values() for d in group]
    for dependency in [*project["project"]["dependencies"], *extras, *groups]:
        assert re.search(r">=[\d.]+,<[\d.]+$", dependency) or dependency.startswith("vrest["), dependency

"""The documentation knows what the package knows: every public name, law, command, column and sentence of the verdict."""

import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

import vrest
from tests.check_types import PUBLIC
from vrest.cli import parser_of
from vrest.commands import COMMANDS
from vrest.data.tables.schema import COLUMNS
from vrest.fitting.checks.lack_of_fit import Basis
from vrest.fitting.checks.patterns import Trace
from vrest.fitting.checks.variations import Kind
from vrest.models.laws.options import OPTIONS

DOCS = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def cases(request):
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import verdict_cases
    finally:
        sys.path.pop(0)
    return verdict_cases.cases()


def test_every_sentence_of_the_verdict_is_explained(cases):
    parts = re.split(r"```\{sentence\} (\S+)\n```\n", page("verdict.md"))
    assert sorted(parts[1::2]) == sorted(cases)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert [name for name, text in said.items() if "**Do:**" not in text] == ["fit-scatter-by"]  # said before it


def test_every_code_of_the_verdict_has_a_case(cases):
    for code in Basis:
        assert any(name.startswith(f"fit-{code.name}") for name in cases) or code is Basis.PATTERNS, code
    assert {f"fit-{trace.name}" for trace in Trace} <= set(cases)
    assert {f"robustness-{kind.name}" for kind in Kind} <= set(cases)
    assert len({str(part) for part in cases.values()}) == len(cases)  # no case says what another says


def test_every_public_name_is_in_the_reference():
    pages = page("api.rst") + page("api_laws.rst")
    listed = re.findall(r"^\.\. (?:auto\w+|data):: (vrest\.[\w.]+)$", pages, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == {f"{at}.{name}" for at in PUBLIC for name in importlib.import_module(at).__all__}


def test_every_law_option_and_command_has_its_place():
    assert re.findall(r"^## ([\w-]+)$", page("laws.md"), re.MULTILINE)[: len(vrest.LAWS)] == list(vrest.LAWS)
    assert all(f"| `{name}` |" in page("laws.md") for name in OPTIONS)
    assert sorted(re.findall(r"^## vrest (\w+)$", page("commands.md"), re.MULTILINE)) == sorted(COMMANDS)


def test_what_is_typed_after_a_command_is_listed():
    sections = dict(re.findall(r"^## vrest (\w+)\n(.*?)(?=^## |\Z)", page("commands.md"), re.MULTILINE | re.DOTALL))
    for name in COMMANDS:
        if any(action.dest != "help" for action in parser_of(name)._actions):
            listed = (f"```{{flags}} {name}\n", f"vrest {name} --help")
            assert any(text in sections[name] for text in listed), name


def test_every_column_is_named():
    columns = {name for name in COLUMNS if not re.match(r"\w+_[io](_sd)?_mM", name)}
    text = page("questions/table.md")
    assert [name for name in sorted(columns) if name not in text] == []


def test_every_bundled_set_has_its_page():
    assert [name for name in vrest.datasets() if f"vrest datasets {name}" not in page("data.md")] == []


def test_links_between_pages_lead_somewhere():
    for path in DOCS.rglob("*.md"):
        if "_build" in path.parts:
            continue
        for target in re.findall(r"\]\((?!https?:)([^)#]+?)(?:#[\w-]+)?\)", path.read_text(encoding="utf-8")):
            found = path.parent / target
            notebook = DOCS.parent / "notebooks" / found.name
            assert found.exists() or notebook.exists() or target.startswith("/.."), f"{path.name}: {target}"


def test_the_version_is_said_once_and_repeated_truly():
    root = DOCS.parent
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"\nversion: {version}\n" in (root / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {version}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")

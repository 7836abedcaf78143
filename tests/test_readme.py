"""What the README shows is run."""

import re
from pathlib import Path

import pytest

import vrest
from vrest.cli import parser_of

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("glanced")
def test_the_four_lines_of_python():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1]
    with pytest.warns(vrest.DataWarning, match="Na_o under 30 mM"):
        exec(code, scope := {})
    assert scope["fit"].summary()["parameter"].tolist()[0] == "P_Na/P_K"


def test_the_commands_can_be_typed():
    commands = re.findall(r"uv run vrest (.*?)(?:\s{2,}#.*)?$", README, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        name, *typed = command.split()
        parser_of(name).parse(typed)


def test_the_first_set_persuades_and_the_second_is_an_honest_counter_example():
    first, second = re.findall(r"uv run vrest fit (\w+)", README)[:2]
    known = vrest.datasets()
    assert any("law holds" in line for line in known[first].says)
    assert any("rejected" in line for line in known[second].says)


def test_figures_quoted_are_the_fits_own(gluconate_fit):
    row = gluconate_fit.summary().iloc[0]
    quoted = re.search(r"P_Na/P_K ([\d.]+), 89 % interval ([\d.]+)–([\d.]+)", README)
    for text, value in zip(quoted.groups(), row[["mean", "lower", "upper"]], strict=True):
        assert float(text) == pytest.approx(value, abs=0.15 * row["sd"])


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target

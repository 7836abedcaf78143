"""`vrest explain`: the numbers add up, and the command prints and draws them."""

from math import log

import pytest

from vrest.cli import main
from vrest.models.errors import ConfigurationError
from vrest.models.textbook.explain import explain

V_T = 26.7268  # mV at 37 °C
OUT, IN = {"K": 5.0, "Na": 150.0, "Cl": 120.0}, {"K": 140.0, "Na": 15.0, "Cl": 10.0}
RATIOS = {"Na": 0.04, "Cl": 0.45}


def test_the_textbook_cell_taken_apart():
    of = explain(OUT, IN, RATIOS, pump_mV=10.0, cooled_by_C=20.0)
    assert of.nernst_mV == pytest.approx({"K": -89.06, "Na": 61.54, "Cl": -66.41}, abs=0.01)
    assert of.steps_mV["sodium"] == pytest.approx(V_T * log((5 + 0.04 * 150) / (140 + 0.04 * 15) * 140 / 5), abs=1e-3)
    assert 20 < of.steps_mV["sodium"] < 22  # sodium's pull at P_K = 25 P_Na
    assert sum(list(of.steps_mV.values())[:3]) == pytest.approx(-67.6, abs=0.05)
    assert of.steps_mV["pump"] == pytest.approx(-10.0, abs=1e-9)
    assert of.V_m_mV == pytest.approx(sum(of.steps_mV.values()), abs=1e-9)
    assert of.cooling_mV == pytest.approx({"thermodynamic": 4.9, "leak": -6.3, "pump": 12.4}, abs=0.05)
    assert of.charge.share_of_K == pytest.approx(1.7e-5, abs=1e-6)


def test_poisoning_from_minus_70_to_minus_66_and_then_to_donnan():
    """P_K : P_Na : P_Cl = 1 : 0.0524 : 0.6 holds −70 mV with its pump in balance."""
    of = explain(OUT, IN, {"Na": 0.0524, "Cl": 0.6})
    assert of.steps_mV["pump"] == pytest.approx(-of.balanced_mV)
    assert of.run_down.before_mV == pytest.approx(-70.0, abs=0.05)
    assert of.run_down.V_m_mV[0] == pytest.approx(-66.0, abs=0.3)
    assert of.run_down.V_m_mV[-1] == pytest.approx(of.donnan_mV, abs=0.1)


def test_what_cannot_cross_takes_no_part_in_the_end():
    assert explain(OUT, IN, {"Na": 0.04, "Cl": 0.0}).donnan_mV == pytest.approx(0.0, abs=1e-9)


def test_the_command_prints_a_table(capsys):
    assert main(["explain", "--K-o", "2.5", "--pump", "5", "--temperature", "25", "--cool", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["what", "value", "unit", "meaning"]
    assert any(line.startswith("E_K") and "-103.42" in line for line in lines)  # 25.693 mV · log(2.5 / 140)
    assert any(line.startswith("pump adds") and "-5.00" in line for line in lines)
    assert any(line.startswith("cooling by 5 °C: leak") for line in lines)


def test_what_is_nothing_has_no_sign(capsys):
    assert main(["explain", "--pump", "1e-308"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines if line.startswith(("pump adds", "pump current"))] == ["0.00", "0"]


def test_the_command_draws(tmp_path):
    picture = tmp_path / "parts.png"
    assert main(["explain", "--plot", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--K-o", "0"], "K outside = 0: it must be between 1e-06 and 1000"),
        (["--Cl-i", "-3"], "Cl inside = -3"),
        (["--P-Na", "-0.1"], "P_Na/P_K = -0.1"),
        (["--K-o", "1e308"], "--K-o: 1e308 is not between"),
        (["--K-o", "2e3"], "K outside = 2000: it must be between"),
        (["--diameter", "1e-308"], "diameter = 1e-308: it must be between 0.1 and 10000"),
        (["--pump", "400"], "pump_mV = 400: it must be between 0 and 100"),
        (["--temperature", "310"], "between −2 and 50 °C"),
        (["--temperature", "10", "--cool", "30"], "between −2 and 50 °C"),
        (["--plot", "/dev/null/parts.png"], "/dev/null/parts.png cannot be written"),
        (["--plot", "parts.foo"], "--plot parts.foo: Format 'foo' is not supported"),
    ],
)
def test_bad_input_gets_a_sentence(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_the_function_refuses_what_the_command_refuses():
    with pytest.raises(ConfigurationError, match="Na inside = nan"):
        explain(OUT, {**IN, "Na": float("nan")}, RATIOS)


def test_it_is_said_where_the_run_down_starts_when_it_is_not_the_state_above(capsys):
    balanced = explain(OUT, IN, RATIOS, pump_mV=20.0)
    assert abs(balanced.run_down.before_mV - balanced.V_m_mV) > 5
    assert main(["explain", "--pump", "20"]) == 0
    said = capsys.readouterr().err
    assert f"starts from the balanced state, {balanced.run_down.before_mV:.1f} mV" in said
    assert f"not from the {balanced.V_m_mV:.1f} mV above" in said
    # Without chloride the pump in balance is the one state there is, and there is nothing to say.
    steady = explain(OUT, IN, {"Na": 0.04, "Cl": 0.0})
    assert steady.V_m_mV == pytest.approx(steady.run_down.before_mV, abs=1e-6)
    assert main(["explain", "--P-Cl", "0"]) == 0
    assert capsys.readouterr().err == ""

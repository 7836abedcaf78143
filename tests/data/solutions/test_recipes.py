"""Recipes become the ions that a chemist writes down by hand, and tables take their baths from them."""

from dataclasses import replace
from pathlib import Path

import pytest

from vrest.cli import main
from vrest.data import from_frame, read_csv, read_solutions
from vrest.data.solutions.recipes import solutions
from vrest.data.solutions.species import charge
from vrest.models.errors import DataError, DataWarning, UnknownNameError

CONTROL = "[control]\nNaCl = 140\nKCl = 5\nCaCl2 = 2\nHEPES = 10\nNaOH = 4\n"
RECIPES = CONTROL + "[high-K]\nNaCl = 100\nKCl = 45\nCaCl2 = 2\nHEPES = 10\nNaOH = 4\n[pipette]\nKCl = 140\nNaCl = 10\n"


def made(**recipe: float | str):
    return solutions({"it": recipe})["it"]


def major(solution) -> dict[str, float]:
    """What there is more than 0.05 mM of."""
    return {name: c for name, c in solution.ions.items() if c > 0.05}


def test_a_slice_saline_by_hand():
    acsf = made(NaCl=124, KCl=3, NaHCO3=26, NaH2PO4=1.25, CaCl2=2, MgSO4=1, glucose=10)
    strong = {"K": 3, "Na": 151.25, "Cl": 131, "Ca": 2, "Mg": 1, "SO4": 1}
    assert {name: acsf.ions[name] for name in strong} == pytest.approx(strong)
    # Under 5 % CO2 the phosphate gives a proton to most of a mM of bicarbonate, and the pH is near 7.4.
    assert acsf.ions["HCO3"] == pytest.approx(26 - acsf.ions["HPO4"], abs=0.2)
    assert acsf.pH == pytest.approx(7.4, abs=0.05)
    assert "taken as gassed with 5 % CO2" in acsf.said[0]
    assert charge(acsf.forms) == pytest.approx(0, abs=1e-6)
    assert acsf.free == {}  # what phosphate binds is less than a tenth


def test_a_titrated_buffer_counts_as_an_anion():
    control = made(NaCl=140, KCl=5, CaCl2=2, HEPES=10, NaOH=4)
    assert control.ions == pytest.approx({"K": 5, "Na": 144, "Cl": 149, "Ca": 2, "HEPES-": 4}, abs=1e-3)
    assert control.osmolarity == pytest.approx(5 + 144 + 149 + 2 + 10, abs=1e-3)
    assert control.ionic_strength == pytest.approx((5 + 144 + 149 + 4) / 2 + 4 * 2 / 2, abs=1e-3)
    assert major(made(HEPES=10)) == {}  # without a titrant the acid hardly dissociates


# recipe, ions by hand: protons go where they bind most firmly, whatever bottle they came from
BUFFERS = [
    ({"Tris": 10, "HCl": 6}, {"Cl": 6, "Tris": 6}),
    ({"Tris-HCl": 6, "Tris": 4}, {"Cl": 6, "Tris": 6}),
    ({"EGTA": 5, "KOH": 10}, {"K": 10, "EGTA2-": 5}),
    ({"K2EGTA": 5}, {"K": 10, "EGTA2-": 5}),
    ({"K4EGTA": 5, "HCl": 10}, {"K": 20, "Cl": 10, "EGTA2-": 5}),
    ({"NaH2PO4": 1, "Na2HPO4": 4}, {"Na": 9, "H2PO4": 1, "HPO4": 4}),
    ({"NaH2PO4": 5, "NaOH": 4}, {"Na": 9, "H2PO4": 1, "HPO4": 4}),
    ({"Na2HPO4": 2, "HCl": 1}, {"Na": 4, "Cl": 1, "H2PO4": 1, "HPO4": 1}),
    ({"NMDG": 100, "methanesulfonic acid": 90}, {"methanesulfonate": 90, "NMDG": 90}),
    ({"HEPES": 10, "Tris": 3}, {"HEPES-": 2.8, "Tris": 2.8}),
]


@pytest.mark.parametrize(("recipe", "ions"), BUFFERS)
def test_buffers_take_up_what_titrants_bring(recipe, ions):
    solution = made(**recipe)
    assert major(solution) == pytest.approx(ions, abs=0.15)
    assert charge(solution.forms) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("NaCL = 1", "NaCL: unknown salt. The nearest known names are NaCl,"),
        ("NaCl = -1", "NaCl = -1: is not a concentration in mM from 0 to 6000."),
        ('NaCl = "much"', "NaCl = 'much': is not an amount: write mM as a number, or text such as \"140 mM\""),
        ("NaCl = 2,5", "NaCl = '2,5': is not an amount"),
        ("NaCl = true", "NaCl = true: is not an amount"),
        ("NaCl = nan", "NaCl = nan: is not a concentration in mM"),
        ("BSA = 2 g/L", "BSA = '2 g/L': no molar mass is known for BSA; give it in mM."),
        ("pH = 73", "pH = 73: is not a pH from 4 to 10.5"),
        ("pH = 7.3\nPH = 7.4\ntitrant = KOH", "PH = 7.4: is there in other letters too; keep one."),
        ("titrant = KOH", "titrant: needs a pH beside it"),
        ('titrant = "KQH"', "titrant = 'KQH': unknown salt."),
        ("temperature_C = 300", "temperature_C = 300: is not a temperature from -2 to 50 °C."),
        ("CO2 = 5 g", "CO2 = '5 g': write CO2 = \"5 %\" for the gas"),
    ],
)
def test_a_bad_recipe_is_named_by_solution_and_salt(tmp_path, line, said):
    path = tmp_path / "baths.toml"
    path.write_text(f"{CONTROL}[odd]\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_solutions(path)
    assert str(caught.value).startswith(f"baths.toml, [odd] {said}")


NO_NAME = "baths.toml, [ions] (empty name): write it as X = {valence = -1, mobility = 0.3}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "baths.toml: holds no solution; write a heading such as [control]"),
        (b"NaCl = 140\n", "baths.toml, NaCl: is not a recipe; put salts and their mM under a heading [NaCl]."),
        (b"[a]\nNaCl 140\n", "baths.toml: not readable as TOML: Expected '=' after a key"),
        (b"[a]\nNaCl = 140\nNaCl = 3\n", "each name once in a recipe."),
        (b"\x80\x04\x95pickle", "it is not UTF-8 text."),
        (b"[a]\nNaCl = 1\n[ions]\nX = 'a'\n", "baths.toml, [ions] X: write it as X = {valence = -1, mobility = 0.3}"),
        (b"[a]\nNaCl = 1\n[ions]\nX = 0.3\n", "baths.toml, [ions] X: write it as X = {valence = -1, mobility = 0.3}"),
        (b'[a]\nNaCl = 1\n[ions.""]\nvalence = -1\n', NO_NAME),
        (b'[a]\nNaCl = 1\n[ions]\n"" = {valence = -1}\n', NO_NAME),
        (b'[a]\nNaCl = 1\n[ions]\n"-" = {valence = -1}\n', "baths.toml, [ions] -: write it as X"),
        (b'[a]\n"" = 1\n', "baths.toml, [a] : unknown salt."),
        (b"[a]\nNaCl = " + b"[" * 5000 + b"]" * 5000, "brackets within brackets"),
        (b"[a]\nNaCl = " + b"{a=" * 3000 + b"1" + b"}" * 3000, "brackets within brackets"),
        (b"[" + b"a." * 3000 + b"b]\nNaCl = 1\n[c]\n" + b"K" * 9000 + b" = 1\n", "is too long for a salt's name"),
        (b"[a]\nNaCl = " + b"9" * 5000, "a number of too many digits"),
    ],
)  # fmt: skip
def test_a_bad_file_is_a_sentence(tmp_path, content, said):
    path = tmp_path / "baths.toml"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_solutions(path)
    assert said in str(caught.value)


def test_quotes_are_not_needed(tmp_path):
    bare, quoted = tmp_path / "bare.toml", tmp_path / "quoted.toml"
    bare.write_text(
        "[2.5 mM K]\nsodium chloride = 140 mM  # a note\nMgCl2 6*H2O = 1\nCaCl2.2H2O = 2\n(NH4)2SO4 = 1e0\n"
        "D-glucose = 1.8 g/L\nHEPES = 10\npH = 7.4\ntitrant = NaOH\n",
        encoding="utf-8",
    )
    quoted.write_text(
        '["2.5 mM K"]\n"sodium chloride" = "140 mM"\n"MgCl2 6*H2O" = 1\n"CaCl2.2H2O" = 2\n"(NH4)2SO4" = 1\n'
        '"D-glucose" = "1.8 g/L"\nHEPES = 10\npH = 7.4\ntitrant = "NaOH"\n',
        encoding="utf-8",
    )
    read = read_solutions(bare)
    assert read == read_solutions(quoted)
    assert read["2.5 mM K"].ions["NH4"] == 2


def test_an_ion_of_ones_own():
    own = solutions({"ions": {"my-anion": {"valence": -1, "mobility": 0.27}}, "it": {"K-my-anion": 100}})
    assert own["it"].ions == {"K": 100, "my-anion": 100}


def test_the_same_salt_twice_is_pointed_out():
    twice = made(**{"NaCl": 100, "sodium chloride": 40})
    assert twice.ions["Na"] == 140
    assert twice.notes == ("it: NaCl and sodium chloride are the same salt; their amounts are added.",)


def table(tmp_path, text: str, **options):
    (tmp_path / "baths.toml").write_text(RECIPES, encoding="utf-8")
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    return read_csv(tmp_path / "table.csv", solutions=tmp_path / "baths.toml", **options)


def test_a_table_takes_its_baths_from_recipes(tmp_path):
    text = (
        "solution,K_o_mM,temperature_C,V_m_mV,ljp\n"
        "control,,20,-65,corrected\nhigh-K,45,20,-30,corrected\n,9,20,-50,corrected\n"
    )
    with pytest.raises(DataError, match=r"row 4, column Na_o_mM: empty, and the row names no solution"):
        table(tmp_path, text)
    recordings = table(tmp_path, text.replace("\n,9,20,-50,corrected", ""))  # any warning would fail this
    assert recordings["ion"].values.tolist() == ["K", "Na", "Cl", "Ca"]
    assert recordings["c_o"].values.tolist() == [[5, 144, 149, 2], [45, 104, 149, 2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("solution,K_o_mM,temperature_C,V_m_mV,ljp\ncontrol,5.4,20,-65,corrected\n",
         "table.csv, row 2, column K_o_mM: 5.4 contradicts the recipe of 'control', 5 mM; correct one of them"),
        ("solution,temperature_C,V_m_mV,ljp\ncontrl,20,-65,corrected\n",
         "table.csv, row 2, column solution: the solutions file has no 'contrl'. Did you mean 'control'?"),
        ("bath,temperature_C,V_m_mV,ljp\ncontrol,20,-65,corrected\n",
         "table.csv, column solution: missing, and --solutions needs it"),
    ],
    ids=["contradiction", "unknown", "no-column"],
)  # fmt: skip
def test_what_recipe_and_table_must_agree_on(tmp_path, text, said):
    with pytest.raises(DataError) as caught:
        table(tmp_path, text)
    assert str(caught.value).startswith(said)


def test_without_recipes_the_column_solution_is_a_label_only(tmp_path):
    (tmp_path / "table.csv").write_text("solution,temperature_C,V_m_mV,ljp\ncontrol,20,-65,corrected\n")
    with pytest.raises(DataError, match="or the recipes of the column solution with --solutions FILE"):
        read_csv(tmp_path / "table.csv")


def test_junction_potentials_are_computed_and_subtracted(tmp_path):
    from vrest.data.solutions.junction import dependable_junction

    text = "solution,temperature_C,V_m_mV,ljp\ncontrol,20,-65,compute\nhigh-K,30,-30,compute\nhigh-K,30,-31,corrected\n"
    recordings = table(tmp_path, text, pipette="pipette")
    recipes = read_solutions(tmp_path / "baths.toml")
    expected = [dependable_junction(recipes["pipette"], recipes[b], t).mV for b, t in (("control", 20), ("high-K", 30))]
    assert recordings["ljp"].values.tolist() == [*expected, 0]
    assert recordings["V_m"].values.tolist() == [-65 - expected[0], -30 - expected[1], -31]
    assert recordings.attrs["ljp"] == "subtracted"


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({}, DataError, "column ljp: compute needs the baths' recipes: --solutions FILE and --pipette NAME."),
        ({"pipette": "pipete"}, UnknownNameError, "the solutions file has no 'pipete'. Did you mean 'pipette'?"),
    ],
)
def test_computing_needs_recipes_and_a_pipette(tmp_path, options, error, said):
    with pytest.raises(error) as caught:
        table(tmp_path, "solution,temperature_C,V_m_mV,ljp\ncontrol,20,-65,compute\n", **options)
    assert said in str(caught.value)


def test_a_pipette_without_use_is_pointed_out():
    import pandas as pd

    frame = pd.DataFrame({"solution": ["a"], "temperature_C": 20, "V_m_mV": -65, "ljp": "corrected"})
    with pytest.warns(DataWarning, match="--pipette a is not used: no row has compute"):
        from_frame(frame, solutions=solutions({"a": {"KCl": 5}}), pipette="a")


def test_the_command_shows_each_bath_and_writes_the_table(tmp_path, capsys):
    (tmp_path / "baths.toml").write_text(RECIPES, encoding="utf-8")
    arguments = ["solutions", str(tmp_path / "baths.toml"), "--pipette", "pipette", "--temperature", "25"]
    assert main([*arguments, "--out", str(tmp_path / "baths.csv")]) == 0
    printed, said = capsys.readouterr()
    control = next(line for line in printed.splitlines() if line.startswith("control"))
    assert {"5", "144", "149", "2", "310"} <= set(control.split())
    assert "V_m = V_recorded - E" in said
    assert "From high-K to control E changes by" in said
    header, *rows = (tmp_path / "baths.csv").read_text().splitlines()
    assert header == "solution,K_mM,Na_mM,Cl_mM,Ca_mM,HEPES-_mM,pH,ionic_strength_mM,osmolarity_mosm_L,ljp_mV"
    assert [row.split(",")[0] for row in rows] == ["control", "high-K", "pipette"]
    assert rows[-1].endswith(",")  # a pipette has no junction potential against itself
    assert main([*arguments, "--out", str(tmp_path / "baths.csv")]) == 2
    assert main([*arguments[:2], "--pipette", "pipet"]) == 2
    assert "Did you mean 'pipette'?" in capsys.readouterr().err


def test_other_peoples_columns_and_recipes_on_the_command_line(tmp_path, capsys):
    (tmp_path / "baths.toml").write_text(RECIPES, encoding="utf-8")
    (tmp_path / "names.toml").write_text('V_m_mV = "RMP (mV)"\nsolution = "bath"\ntemperature_C = "no such"\n')
    (tmp_path / "t.csv").write_text("bath,T,RMP (mV),ljp\ncontrol,20,-60,compute\nhigh-K,20,-20,compute\n")
    arguments = [
        "check",
        str(tmp_path / "t.csv"),
        "--map-file",
        str(tmp_path / "names.toml"),
        "--map",
        "temperature_C=T",
    ]
    arguments += ["--solutions", str(tmp_path / "baths.toml"), "--inside", "K=140,Na=10,Cl=10", "--law", "ghk"]
    assert main([*arguments, "--pipette", "pipette"]) == 0
    assert "From high-K to control E changes by" in capsys.readouterr().err
    assert main(arguments) == 2
    assert "compute needs the baths' recipes" in capsys.readouterr().err
    (tmp_path / "names.toml").write_text("V_m_mV = 3\n")
    assert main(arguments) == 2
    assert "V_m_mV = 3 is not a name" in capsys.readouterr().err


def test_saved_results_find_their_recipes_again(tmp_path, monkeypatch, gluconate_fit):
    """config.toml repeats the analysis from the results' own folder, where the recipes are not."""
    from vrest.fitting.experiment.config import Config, read_config
    from vrest.fitting.fit import Fit

    monkeypatch.chdir(tmp_path)
    Path("baths.toml").write_text(RECIPES, encoding="utf-8")
    tree = gluconate_fit.tree.copy()
    config = Config(law="ghk", solutions="baths.toml")
    Fit(tree, replace(gluconate_fit.experiment, config=config)).save("run")
    assert 'solutions = "../baths.toml"' in Path("run/config.toml").read_text(encoding="utf-8")
    monkeypatch.chdir("run")
    assert Path(str(read_config("config.toml").solutions)).exists()


def test_the_configuration_keeps_recipes_and_pipette(tmp_path):
    from vrest.fitting.experiment.config import Config, parse_config, read_config

    config = Config(solutions="baths.toml", pipette="pipette")
    assert parse_config(config.to_toml()) == config
    (tmp_path / "baths.toml").write_text(RECIPES, encoding="utf-8")
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    assert read_config(tmp_path / "config.toml").solutions == str(tmp_path / "baths.toml")

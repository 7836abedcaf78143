"""Tables whose junction potentials are computed: patch and sharp electrodes, bare wires in the bath, and signs."""

from math import log

import pytest

from vrest.cli import main
from vrest.data import read_csv
from vrest.models.constants import thermal_voltage
from vrest.models.errors import DataError, DataWarning

BATHS = (
    "[ringer]\nNaCl = 117\nKCl = 2.5\nCaCl2 = 1.8\n[low-Cl]\nNa-gluconate = 107\nNaCl = 10\nKCl = 2.5\nCaCl2 = 1.8\n"
    "[no-Cl]\nNa-gluconate = 120\n[e3M]\nKCl = 3000\n[e05M]\nKCl = 500\n[patch]\nK-gluconate = 130\nKCl = 10\n"
)


def table(tmp_path, text: str, **options):
    (tmp_path / "baths.toml").write_text(BATHS, encoding="utf-8")
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    return read_csv(tmp_path / "table.csv", solutions=tmp_path / "baths.toml", **options)


SARTORIUS = "solution,temperature_C,V_m_mV,ljp\nringer,22,-90.7,compute\n"


def test_a_sharp_electrode_in_frog_sartorius(tmp_path):
    """Published: -2.6 mV, the tip against the cytoplasm less the tip against the bath; the bath alone gives +1.0."""
    read = table(tmp_path, SARTORIUS, pipette="e3M", inside={"K": 140, "Na": 10})
    assert read["V_m"].item() == pytest.approx(-90.7 - 2.6, abs=0.1)
    said = read.attrs["junctions"]
    assert "Row 2 as read: −90.7 mV recorded, junction potential 2.6: V_m = −93.3 mV." in said
    assert "Inside anions that nobody names balance the charge with 0.15 of potassium's mobility" in said
    assert "0 to 0.33 give -3.1 to -2.1 mV" in said


def test_the_column_electrode_decides(tmp_path):
    sharp = SARTORIUS.replace("ljp\n", "ljp,electrode\n").replace("compute", "compute,sharp")
    as_patch = table(tmp_path, sharp.replace("sharp", "patch"), pipette="e05M", inside={"K": 500})
    as_sharp = table(tmp_path, sharp, pipette="e05M", inside={"K": 140, "Na": 10})
    assert as_sharp["ljp"].item() > as_patch["ljp"].item() + 1  # more potassium in the tip than inside, still
    assert as_sharp["electrode"].values.tolist() == ["sharp"]


def test_inside_concentrations_by_row(tmp_path):
    columns = (
        "solution,temperature_C,V_m_mV,ljp,K_i_mM,Na_i_mM\nringer,22,-90.7,compute,140,10\nringer,22,-90,compute,70,5\n"
    )
    by_row = table(tmp_path, columns, pipette="e3M")["ljp"].values
    for found, K, Na in zip(by_row, (140, 70), (10, 5), strict=True):
        for_all = table(tmp_path, SARTORIUS, pipette="e3M", inside={"K": K, "Na": Na})["ljp"].item()
        assert found == for_all
    assert abs(by_row[1] - by_row[0]) > 0.3


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (SARTORIUS, {"pipette": "e3M"}, "row 2, column ljp: a sharp electrode's tip has a junction with the cytoplasm too"),
        (SARTORIUS.replace("ljp\n", "ljp,electrode\n").replace("compute", "compute,microelectrode"), {"pipette": "e3M"},
         "row 2, column electrode: 'microelectrode' is not one of the words patch or sharp; type sharp, or say --read"),
        (SARTORIUS.replace("ljp\n", "ljp,bath_electrode\n").replace("compute", "compute,Ag/AgCl"), {"pipette": "patch"},
         "row 2, column bath_electrode: 'Ag/AgCl' is not one of the words bridge or AgCl; type AgCl, or say --read"),
        ("solution,temperature_C,V_m_mV,ljp,bath_electrode\nringer,22,-65,compute,AgCl\nno-Cl,22,-60,compute,AgCl\n",
         {"pipette": "patch"}, "row 3, column ljp: a bare Ag/AgCl wire has no potential without chloride in no-Cl"),
    ],
    ids=["inside", "case", "word", "chloride"],
)  # fmt: skip
def test_what_electrodes_need(tmp_path, text, options, said):
    with pytest.raises(DataError) as caught:
        table(tmp_path, text, **options)
    assert said in str(caught.value)


def test_a_bare_wire_moves_with_chloride(tmp_path):
    """Its potential is E0 - V_T ln Cl: in low chloride the wire is more positive, and V_recorded too negative."""
    text = "solution,temperature_C,V_m_mV,ljp,bath_electrode\nringer,22,-65,compute,AgCl\nlow-Cl,22,-65,compute,AgCl\n"
    wired = table(tmp_path, text, pipette="patch")
    bridged = table(tmp_path, text.replace("AgCl", "bridge"), pipette="patch")
    shift = thermal_voltage(22) * log((10 + 2.5 + 3.6) / (117 + 2.5 + 3.6))
    assert shift == pytest.approx(-51.7, abs=0.1)
    assert wired["ljp"].values[0] == bridged["ljp"].values[0]
    assert wired["V_m"].values[1] == pytest.approx(-65 - bridged["ljp"].values[0] - shift)
    assert "V_recorded is 51.7 mV too negative" in wired.attrs["junctions"]
    assert "zeroed in ringer, the first row's bath" in wired.attrs["junctions"]


TYPED = "K_o_mM,Na_o_mM,temperature_C,V_m_mV,ljp_mV\n2.5,151,34,-79.2,{0}\n10,144,34,-57,{0}\n"


def test_an_unusual_sign_is_questioned_and_the_first_row_echoed(tmp_path, capsys):
    (tmp_path / "t.csv").write_text(TYPED.format("-14"))
    said = r"ljp_mV: is −14\.0 and makes V_m less negative .*meant to be added, type 14;"
    with pytest.warns(DataWarning, match=said):
        read = read_csv(tmp_path / "t.csv")
    assert read.attrs["junctions"] == "Row 2 as read: −79.2 mV recorded, junction potential −14.0: V_m = −65.2 mV."
    (tmp_path / "t.csv").write_text(TYPED.format("14"))  # any warning would fail this
    assert "V_m = −93.2 mV" in read_csv(tmp_path / "t.csv").attrs["junctions"]
    (tmp_path / "t.csv").write_text(TYPED.format("14").replace("-79.2,14", "-79.2,0"))  # nothing was done to the first
    assert read_csv(tmp_path / "t.csv").attrs["junctions"].startswith("Row 3 as read: −57.0 mV recorded")
    (tmp_path / "t.csv").write_text(TYPED.format("14"))
    assert main(["check", str(tmp_path / "t.csv"), "--inside", "K=130,Na=12", "--law", "ghk"]) == 0
    assert "−79.2 mV recorded, junction potential 14.0: V_m = −93.2 mV" in capsys.readouterr().err


def test_small_negative_values_are_questioned_only_where_most_are(tmp_path):
    (tmp_path / "t.csv").write_text(TYPED.format("-2"))
    with pytest.warns(DataWarning, match=r"is −2\.0 and makes V_m less negative"):
        read_csv(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text(TYPED.format("4").replace("-57,4", "-57,-2"))  # any warning would fail this
    read_csv(tmp_path / "t.csv")


def test_a_bare_wire_beside_typed_values_is_pointed_out(tmp_path):
    text = TYPED.format("4").replace("ljp_mV\n", "ljp_mV,bath_electrode\n").replace(",4\n", ",4,AgCl\n")
    (tmp_path / "t.csv").write_text(text)
    with pytest.warns(DataWarning, match="column bath_electrode: AgCl changes nothing"):
        read_csv(tmp_path / "t.csv")


def test_a_sharp_electrodes_typed_sign_is_not_questioned(tmp_path):
    text = TYPED.format("-2.6").replace("ljp_mV\n", "ljp_mV,electrode\n").replace("-2.6\n", "-2.6,sharp\n")
    (tmp_path / "t.csv").write_text(text)
    assert read_csv(tmp_path / "t.csv")["V_m"].values[0] == pytest.approx(-76.6)


def test_what_chelators_leave_free_is_the_baths_calcium(tmp_path):
    (tmp_path / "baths.toml").write_text(
        BATHS + "[zero Ca]\nNaCl = 140\nKCl = 3\nCaCl2 = 1\nEGTA = 5\nHEPES = 10\npH = 7.4\ntitrant = NaOH\n"
    )
    (tmp_path / "t.csv").write_text("solution,temperature_C,V_m_mV,ljp\nzero Ca,22,-65,corrected\n")
    with pytest.warns(DataWarning, match="column Ca_o_mM: is .* of 1 mM in 'zero Ca', which its chelators leave free"):
        read = read_csv(tmp_path / "t.csv", solutions=tmp_path / "baths.toml")
    assert read["c_o"].sel(ion="Ca").item() < 1e-4
    # 2 protons of 5 EGTA, 2 of 1 Ca, HEPES
    assert read["c_o"].sel(ion="Na").item() == pytest.approx(140 + 16.3, abs=0.5)


def test_minor_ions_of_unknown_mobility_are_named_for_tables_too(tmp_path):
    text = "solution,temperature_C,V_m_mV,ljp\nringer,22,-65,compute\n"
    assert "No mobility" not in table(tmp_path, text, pipette="patch").attrs["junctions"]
    (tmp_path / "more.toml").write_text(BATHS + "[gtp]\nK-gluconate = 130\nNa3GTP = 0.3\nNa2-phosphocreatine = 10\n")
    said = read_csv(tmp_path / "table.csv", solutions=tmp_path / "more.toml", pipette="gtp").attrs["junctions"]
    assert "No mobility is published for some minor ions (phosphocreatine" in said
    (tmp_path / "more.toml").write_text(BATHS + "[lacto]\nK-lactobionate = 130\n")
    asked = "row 2, column ljp: lacto: no source gives a dependable mobility for lactobionate"
    with pytest.raises(DataError, match=asked):
        read_csv(tmp_path / "table.csv", solutions=tmp_path / "more.toml", pipette="lacto")


def test_inside_potassium_that_is_not_the_pipettes_is_questioned(tmp_path):
    text = "solution,temperature_C,V_m_mV,ljp\nringer,22,-65,compute\n"
    said = r"the pipette \(patch\) holds 140 mM K, titrant included, and inside K is given as 120 mM"
    with pytest.warns(DataWarning, match=said):
        table(tmp_path, text, pipette="patch", inside={"K": 120, "Na": 10})
    table(tmp_path, text, pipette="patch", inside={"K": 138})  # any warning would fail this
    table(tmp_path, SARTORIUS, pipette="e3M", inside={"K": 120})


def test_a_bath_without_potassium_or_without_ions(tmp_path, capsys):
    (tmp_path / "few.toml").write_text("[no K]\nNaCl = 140\n[pip]\nKCl = 140\n[sugar]\nsucrose = 300\n")
    (tmp_path / "t.csv").write_text("solution,temperature_C,V_m_mV,ljp\nno K,22,-90,compute\n")
    with pytest.warns(DataWarning, match="without external K the pump stops"):
        read = read_csv(tmp_path / "t.csv", solutions=tmp_path / "few.toml", pipette="pip")
    assert read["c_o"].sel(ion="K").item() == 0
    assert main(["solutions", str(tmp_path / "few.toml"), "--pipette", "pip"]) == 0
    assert "sugar: holds no ions, and has no junction potential." in capsys.readouterr().err


def test_the_command_offers_both_methods(tmp_path, capsys):
    (tmp_path / "baths.toml").write_text(BATHS, encoding="utf-8")
    shown, command = [], ["solutions", str(tmp_path / "baths.toml"), "--pipette"]
    for method, name in (("henderson", "Henderson's equation"), ("nernst-planck", "Nernst-Planck")):
        out = tmp_path / f"{method}.csv"
        assert main([*command, "patch", "--method", method, "--out", str(out)]) == 0
        shown.append(dict(zip(*(line.split(",") for line in out.read_text().splitlines()[:2]), strict=True)))
        assert name in capsys.readouterr().err
    assert 0.1 < float(shown[1]["ljp_mV"]) - float(shown[0]["ljp_mV"]) < 1
    assert main([*command, "patch", "--method", "planck"]) == 2
    assert "--method planck: choose henderson or nernst-planck." in capsys.readouterr().err
    assert main([*command, "e3M"]) == 0
    said = capsys.readouterr().err
    assert "ljp_mV here is E_tip:bath alone" in said
    assert "V_m = V_recorded - E" not in said


@pytest.mark.parametrize("electrode", ["patch", "sharp"])
def test_a_bath_used_at_two_temperatures_has_a_potential_at_each(tmp_path, electrode):
    """Every junction potential is V_T times a number of the solutions alone, so it grows as the kelvins do."""
    at = (("ringer", 10), ("ringer", 20), ("ringer", 37), ("low-Cl", 20))
    rows = "".join(f"{bath},{T},-80,compute,{electrode}\n" for bath, T in at)
    options = {"pipette": "e3M" if electrode == "sharp" else "patch", "inside": {"K": 140, "Na": 10}}
    read = table(tmp_path, f"solution,temperature_C,V_m_mV,ljp,electrode\n{rows}", **options)
    said, ljp = read.attrs["junctions"], read["ljp"].values
    assert ljp[2] / ljp[0] == pytest.approx((37 + 273.15) / (10 + 273.15))
    assert "ringer at 10 °C" in said
    assert "ringer at 37 °C" in said
    assert "20 °C" not in said.replace("−80.0 mV recorded", ""), "the ends of the range are enough; low-Cl has one"
    if electrode == "patch":
        assert f"{ljp[0]:.1f} mV (ringer at 10 °C), {ljp[2]:.1f} mV (ringer at 37 °C), {ljp[3]:.1f} mV (low-Cl)" in said

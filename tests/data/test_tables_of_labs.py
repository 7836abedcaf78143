"""Tables as labs keep them: read with every repair listed, or asked with the option that, pasted, works."""

import json
import os
import re
import shlex
from contextlib import suppress
from dataclasses import fields
from threading import Thread
from time import process_time

import numpy as np
import pytest

from vrest.cli import parser_of
from vrest.data import read_csv
from vrest.data.tables import grid, reader
from vrest.data.tables.options import ReadOptions
from vrest.fitting.experiment.config import Config, parse_config
from vrest.flags import settings_from
from vrest.models.errors import DataError, DataWarning, RepairWarning

BATHS = ((2.5, 150, -70.2), (5, 147.5, -63.2), (10, 142.5, -55.1), (20, 132.5, -45.2))
NAMES = "cell,genotype,K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,V_m_mV"


def plain(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


def written(tmp_path, text: str | bytes, name: str = "t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def mended(path, **options):
    """The Dataset, and the repairs as sentences, which the warnings repeat."""
    with pytest.warns(DataWarning) as caught:
        recordings = read_csv(path, **options)
    said = [str(w.message).removeprefix(f"{path.name}: ") for w in caught if w.category is RepairWarning]
    assert said == json.loads(recordings.attrs.get("repairs", "[]"))
    return recordings, said


def question(path, **options) -> str:
    with pytest.raises(DataError) as caught:
        read_csv(path, **options)
    return str(caught.value)


def pasted(path, said: str, which: int = 0):
    """What is read once one of the options in a question is typed as it stands there."""
    flags = r"--(?:map|read|sheet|wide|blocked|allow|error|decimal|temperature|encoding|K-o)"
    options = re.findall(rf"""{flags} (?:"[^"]*"|'[^']*'|[^\s;()"']+(?:"[^"]*")?)""", said)
    assert len(options) > which, said
    typed = shlex.split(options[which].rstrip("."))
    config = settings_from(parser_of("check").parse([str(path), *typed]))
    with pytest.warns(DataWarning):
        return read_csv(path, config.reading())


def rows_of(recordings) -> list[tuple[float, ...]]:
    K = recordings["c_o"].sel(ion="K").values
    return list(
        zip(K.tolist(), recordings["temperature"].values.tolist(), recordings["V_m"].values.tolist(), strict=True)
    )


EXPECTED = [(K, 22.0, V) for K, _, V in BATHS]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize(("delimiter", "decimal"), [(",", "."), ("\t", "."), ("\t", ","), (";", ","), (";", ".")])
def test_a_lab_s_names_delimiters_and_encodings(tmp_path, encoding, delimiter, decimal):
    head = ["Cell", "Genotype", "[K+]o (mM)", "[Na+]o (mM)", "Temp (°C)", "RMP (mV)"]
    rows = [["c1", "WT", str(K), str(Na), "22", str(V)] for K, Na, V in BATHS]
    lines = [delimiter.join(head), *(delimiter.join(x.replace(".", decimal) for x in row) for row in rows)]
    recordings, said = mended(written(tmp_path, "\r\n".join(lines).encode(encoding)))
    assert rows_of(recordings) == EXPECTED
    np.testing.assert_array_equal(recordings["c_o"].sel(ion="Na"), [Na for _, Na, _ in BATHS])
    assert recordings["cell"].values.tolist() == ["c1"] * 4
    assert recordings["Genotype"].values.tolist() == ["WT"] * 4
    assert any("'RMP (mV)' as V_m_mV" in line and "'[K+]o (mM)' as K_o_mM" in line for line in said)
    form = [
        line for line in said if line.startswith("read as") and delimiter + encoding not in (",utf-8", ",utf-8-sig")
    ]
    assert all("cp1252" in line for line in form if encoding == "cp1252")
    assert bool(form) == (delimiter != "," or encoding in ("cp1252", "utf-16", "utf-16-le"))
    assert ("read with decimal commas." in said) == (decimal == ",")


MESSY = plain(
    NAMES + ",comments",
    ",,mM,mM,mM,°C,mV,",
    "c1,WT,2.5,150,140,RT,−70.2,",
    "c1,WT,5,147.5,140,22°C,-63.2,",
    "c2,WT,10,142.5,140,22 °C,-,bad seal?",
    "c2,WT,20,132.5,140,RT,n.d.,",
    ",,,,,,,",
    "c3,KO,2.5,150,140,22\u00a0°C,,",
    "c3,KO,5,147.5,140,RT,−52.5,",
    "Mean ± SEM,,,,,,−65.3 ± 2.1,",
    "Notes: electrodes 5 MΩ; no LJP correction,,,,,,,",
)


def test_a_messy_table_is_asked_one_question_and_then_read(tmp_path):
    path = written(tmp_path, MESSY)
    said = question(path)
    assert said == (
        "t.csv, row 3, column temperature_C: 'RT' is not a number; if the room was at 22 °C, say so with --temperature 22 "
        "or --read RT=22. It stands in rows 3 and 9."
    )
    for recordings in (pasted(path, said), pasted(path, said, 1)):
        assert rows_of(recordings) == [(2.5, 22, -70.2), (5, 22, -63.2), (5, 22, -52.5)]
        assert recordings["row"].values.tolist() == [3, 4, 9]
    _, lines = mended(path, temperature_C=22)
    assert lines == [
        "row 2 is a row of units: mM, mM, mM, °C, mV.",
        "row 10 left out: a mean or total, not a recording.",
        "row 11 below the table left out ('Notes: electrodes 5 MΩ; no LJP correction').",
        "3 rows without V_m left out (rows 5, 6 and 8).",
        "2 temperatures ('RT'; rows 3 and 9) taken as 22 °C.",
        "1 number with their unit beside them read without it ('22°C'; column temperature_C, row 4).",
        "2 numbers with a typographic minus sign read with - ('−70.2'; column V_m_mV, rows 3 and 9).",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (plain("K_o_mM,temperature_C,V_m_mV", "5,22,−70"), "typographic minus"),
        (plain("K_o_mM,temperature_C,RMP (mV)", "5,22,-70"), "columns taken"),
        (plain("K_o_mM;temperature_C;V_m_mV", "5;22;-70"), "semicolons"),
        (plain("A title", "K_o_mM,temperature_C,V_m_mV", "5,22,-70"), "above the header"),
        (plain("K_o_mM,temperature_C,V_m_mV", "5,22,-70", "5,22,n.d."), "without V_m"),
        (plain("K_o_mM,temperature_C,V_m_mV", "mM,°C,mV", "5,22,-70"), "row of units"),
        (plain("K_o_mM,temperature_C,V_m_mV", "5,22 °C,-70"), "unit beside"),
        (
            plain("K_o_mM,temperature_C,V_m_mV", "5,22,-70", "K_o_mM,temperature_C,V_m_mV", "9,22,-60"),
            "header stands again",
        ),
        (plain("K_o_mM,temperature_C,c1,c2", "5,22,-70,-71"), "made long"),
        (plain(",K_o_mM,temperature_C,V_m_mV", "1,5,22,-70"), "row numbers"),
        (plain("K_o_mM,temperature_C,V_m_mV,pump", "5,22,-70,Blocked"), "other letters"),
    ],
)
def test_no_repair_is_silent_and_strict_refuses_each(tmp_path, text, kind):
    path = written(tmp_path, text)
    _, said = mended(path)
    assert any(kind in line for line in said)
    strict = question(path, strict=True)
    assert kind in strict
    assert "With --strict nothing is repaired." in strict


def test_a_table_in_the_contract_s_form_is_read_strictly_and_without_repairs(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,ljp", "5,22,-70,corrected"))
    assert "repairs" not in read_csv(path, strict=True).attrs  # a warning would fail this


def test_the_configuration_holds_every_option_of_the_reader():
    missing = {f.name for f in fields(ReadOptions)} - {f.name for f in fields(Config)}
    assert missing == {"potentials"}
    config = Config(
        texts={"RT": "22"}, K_o_mM=2.5, blocked="none", allow=["V_m_mV"], strict=True, sheet="A1:F9", inside={"K": 140}
    )
    assert parse_config(config.to_toml()).reading() == config.reading()
    assert config.reading().constants == {"K_o_mM": 2.5}
    assert config.reading().inside == {"K": 140}


def test_answers_are_no_repairs(tmp_path):
    path = written(tmp_path, plain("Ko;Temp;Vm;ljp", "5;RT;-70,5;corrected").encode("cp1252"))
    told = {"K_o_mM": "Ko", "temperature_C": "Temp", "V_m_mV": "Vm"}
    options = {"columns": told, "delimiter": ";", "decimal": ",", "texts": {"RT": 22}}
    with pytest.warns(RepairWarning, match="read as told"):
        recordings = read_csv(path, strict=True, **options)
    assert rows_of(recordings) == [(5, 22, -70.5)]


def test_means_with_an_error_of_unknown_kind_are_asked(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,n", "2.5,22,−71.3 ± 1.3,6", "5,22,−65.2 ± 1.2,9"))
    said = question(path)
    assert "'−71.3 ± 1.3' holds a mean and its error (rows 2 and 3); say which error it is with --error sem" in said
    np.testing.assert_array_equal(pasted(path, said)["V_m_error"], [1.3, 1.2])
    sd = pasted(path, said, 1)
    np.testing.assert_allclose(sd["V_m_error"], [1.3 / 6**0.5, 0.4])
    assert sd["V_m"].values.tolist() == [-71.3, -65.2]


@pytest.mark.parametrize(
    ("header", "cell", "error"),
    [
        ('"V_m (mV, mean ± SEM)",n', "-70.5 ± 2,4", 2),
        ("RMP ± SD (mV),n", "-70.5 ± 2,4", 1),
        ("Vm (mV) mean +/- s.e.m.,n", "-70.5 +/- 2,4", 2),
        ("Vm,SD,n", "-70.5,2,4", 1),
        ("Vm,SEM (mV),n", "-70.5,2,4", 2),
        ("Vm ± SD (mV),comment", "-70.5 ± 2 (n = 4),x", 1),
    ],
)
def test_means_whose_header_says_which_error(tmp_path, header, cell, error):
    recordings, _ = mended(written(tmp_path, plain(f"K_o_mM,temperature_C,{header}", f"5,22,{cell}")))
    assert recordings["V_m"].item() == -70.5
    assert recordings["V_m_error"].item() == error


@pytest.mark.parametrize(
    ("column", "text", "suggested"),
    [
        ("K_o_mM", "02. Mai", 2.5), ("K_o_mM", "2. May", 2.5), ("K_o_mM", "5-Mar", 5.3), ("K_o_mM", "2024-05-02", 2.5),
        ("K_o_mM", "02.05.2024", 2.5), ("temperature_C", "33–34 °C", 33.5), ("temperature_C", "33 to 34", 33.5),
        ("temperature_C", "295 K", 21.85), ("temperature_C", "~22", 22), ("temperature_C", "22 ± 1", 22),
        ("K_o_mM", "<0.1", 0.1), ("K_o_mM", "K-free", 0), ("K_o_mM", "8 µM", 0.008), ("V_m_mV", "-0.070 V", -70),
        ("V_m_mV", "ca. -70", -70), ("R_in_MOhm", "1.5 GΩ", 1500),
    ],
)  # fmt: skip
def test_a_doubtful_number_is_asked_and_the_option_works(tmp_path, column, text, suggested):
    good = {"K_o_mM": "5", "temperature_C": "22", "V_m_mV": "-70", "R_in_MOhm": "100"}
    path = written(tmp_path, plain(",".join(good), ",".join(good.values()), ",".join((good | {column: text}).values())))
    said = question(path)
    assert said.startswith(f"t.csv, row 3, column {column}: {text!r}")
    recordings = pasted(path, said)
    value = {"K_o_mM": recordings["c_o"].sel(ion="K"), "V_m_mV": recordings["V_m"], "R_in_MOhm": recordings["R_in"]}
    assert value.get(column, recordings["temperature"]).values[1] == pytest.approx(suggested, abs=1e-12)


def test_potentials_that_are_all_positive_are_asked(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,RMP (mV)", "2.5,22,70", "5,22,65", "10,22,55"))
    said = question(path)
    assert "column V_m_mV (your 'RMP (mV)'): every value is positive (55 to 70)." in said
    assert pasted(path, said)["V_m"].values.tolist() == [-70, -65, -55]
    assert pasted(path, said, 1)["V_m"].values.tolist() == [70, 65, 55]


def test_potentials_near_zero_may_be_positive(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,ljp", "140,22,3,corrected", "150,22,5,corrected"))
    assert read_csv(path)["V_m"].values.tolist() == [3, 5]


def test_limits_of_plausibility_can_be_lifted(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV", "5,35,-76", "0,35,-155"))
    said = question(path)
    assert said.startswith("t.csv, row 3, column V_m_mV: '-155' is outside -150 to 60 mV")
    assert pasted(path, said)["V_m"].values.tolist() == [-76, -155]


DRUGS = plain("K_o_mM,temperature_C,drug,V_m_mV", "5,37,control,-70", "5,37,ouabain,-62", "5,37,wash (no ouabain),-69")


def test_a_blocker_in_a_label_is_asked_and_never_ignored(tmp_path):
    path = written(tmp_path, DRUGS)
    said = question(path)
    assert said.startswith(
        "t.csv, column drug: 'ouabain', 'wash (no ouabain)' in rows 3 and 4: was the Na/K pump blocked there?"
    )
    assert pasted(path, said)["blocked"].values.tolist() == [False, True, False]
    assert pasted(path, said, 1)["blocked"].values.tolist() == [False, False, False]


@pytest.mark.parametrize(
    "word", ["Ouabain 1 mM", "strophanthidin", "dihydro-ouabain", "DHO", "digoxin", "pump blocker"]
)
@pytest.mark.parametrize("column", ["my drug", "treatment", "solution", "cell_type"])
def test_blockers_are_known_by_many_names_in_any_label(tmp_path, word, column):
    path = written(tmp_path, plain(f"K_o_mM,temperature_C,{column},V_m_mV", "5,37,control,-70", f"5,37,{word},-62"))
    assert pasted(path, question(path))["blocked"].values.tolist() == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "Cells in 1 mM ouabain\n" + plain(NAMES, "a,WT,5,145,140,37,-62"),
        plain(NAMES, "a,WT,5,145,140,37,-62", "* all with ouabain"),
    ],
)
def test_a_blocker_beside_the_table_is_asked_about(tmp_path, text):
    path = written(tmp_path, text)
    said = question(path)
    assert "ouabain' stands beside the table: was the Na/K pump blocked?" in said
    assert pasted(path, said)["blocked"].item()
    assert not pasted(path, said, 1)["blocked"].item()


def test_remarks_right_of_the_table_are_left_out_and_slipped_rows_are_not(tmp_path):
    _, said = mended(written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,", "5,22,-70,bad seal", "5,22,-71,")))
    assert said == ["1 remark right of the table left out ('bad seal')."]
    assert "has 4 values" in question(written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV", "5,22,-70,bad")))
    assert "has 4 values" in question(written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,", "5,22,-70,2")))


def test_labels_typed_once_for_several_rows_are_pointed_out(tmp_path):
    rows = ["WT,5,22,-70,corrected", ",5,22,-71,corrected", "KO,5,22,-60,corrected", ",5,22,-61,corrected"]
    path = written(tmp_path, plain("genotype,K_o_mM,temperature_C,V_m_mV,ljp", *rows))
    with pytest.warns(DataWarning, match="column genotype: is empty in rows 3 and 5: these rows have no such label"):
        read_csv(path)


def test_a_stated_pump_is_not_asked_about(tmp_path):
    text = plain("K_o_mM,temperature_C,drug,V_m_mV,pump,ljp", "5,37,ouabain,-62,blocked,corrected")
    assert read_csv(written(tmp_path, text))["blocked"].item()


def test_a_potassium_free_solution_is_noted(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,saline,V_m_mV,ljp", "0,37,K-free,-90,corrected"))
    with pytest.warns(
        DataWarning, match=r"'K-free': without external K the pump stops.*--blocked \"saline == 'K-free'\""
    ):
        assert not read_csv(path)["blocked"].item()


WIDE = [
    ("K_o_mM,temperature_C,c1,c2,c3", ["2.5,22,-70,-71,-69", "5,22,-65,,-64"], {}, "cell"),
    ("[K+]o (mM),WT 1,WT 2,ko-3", ["2.5,-70,-71,-69", "5,-65,n.d.,-64"], {"temperature_C": 22}, "cell"),
    ("Cell;K 2,5 mM;K 5 mM", ["c1;-70;-65", "c2;-71;", "c3;-69;-64"], {"temperature_C": 22}, "K_o_mM"),
    ("Cell,2.5 mM K+,5 mM K+", ["c1,-70,-65", "c2,-71,", "c3,-69,-64", "Mean,-70,-64.5"], {"temperature_C": 22}, "K_o_mM"),
]  # fmt: skip


@pytest.mark.parametrize(("header", "rows", "options", "column"), WIDE)
def test_wide_tables_are_made_long(tmp_path, header, rows, options, column):
    recordings, said = mended(written(tmp_path, plain(header, *rows)), **options)
    assert sorted(rows_of(recordings)) == [(2.5, 22, -71), (2.5, 22, -70), (2.5, 22, -69), (5, 22, -65), (5, 22, -64)]
    assert any("made long" in line and f"their headers are {column}" in line for line in said)
    assert len(set(recordings["cell"].values.tolist())) == 3


def test_groups_above_a_wide_table_are_kept(tmp_path):
    text = plain(",,WT,,KO,", "K_o_mM,temperature_C,c1,c2,c3,Mean", "5,22,-70,-71,-60,-67", "10,22,-60,-61,-50,-57")
    recordings, said = mended(written(tmp_path, text))
    assert recordings["group"].values.tolist() == ["WT", "WT", "KO"] * 2
    assert recordings["V_m"].values.tolist() == [-70, -71, -60, -60, -61, -50]
    assert "what stands above their headers is the column group (WT, KO)." in said


def test_a_row_of_units_that_contradicts_the_header_is_a_fault(tmp_path):
    said = question(written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV", "M,°C,mV", "5,22,-70")))
    assert said == "t.csv, column K_o_mM: 'M' in the row of units contradicts the header."


@pytest.mark.parametrize(
    ("header", "row", "which", "expected"),
    [
        ("Cell,2.5,5", "c1,-70,-65", 0, [(2.5, 22, -70), (5, 22, -65)]),
        ("K_o_mM,before,after", "5,-70,-65", 0, [(5, 22, -70), (5, 22, -65)]),
        ("K_o_mM,before,after", "5,-70,-65", 2, [(5, 22, -70)]),
    ],
)
def test_wide_tables_of_unknown_kind_are_asked(tmp_path, header, row, which, expected):
    path = written(tmp_path, plain(f"{header},temperature_C", f"{row},22"))
    assert rows_of(pasted(path, question(path), which)) == expected


def test_several_tables_on_a_sheet_are_asked(tmp_path):
    one, two = "cell,Ko,Temp,Vm", "a,5,22,-70"
    stacked = written(tmp_path, plain(one, two, "", "cell,type,Ko,Temp,Vm", "d,KO,10,22,-60"))
    said = question(stacked)
    assert rows_of(pasted(stacked, said)) == [(5, 22, -70)]
    assert rows_of(pasted(stacked, said, 1)) == [(10, 22, -60)]
    titled = written(tmp_path, plain("WT,,,", one, two, "KO,,,", one, "d,10,22,-60"))
    assert rows_of(pasted(titled, question(titled), 1)) == [(10, 22, -60)]
    beside = written(tmp_path, plain(f"{one},,{one}", f"{two},,d,10,22,-60"))
    assert rows_of(pasted(beside, question(beside), 1)) == [(10, 22, -60)]


def test_a_heading_among_the_rows_is_asked_about(tmp_path):
    said = question(written(tmp_path, plain("cell,Ko,Temp,Vm", "a,5,22,-70", "KO,,,", "d,5,22,-60")))
    assert said.startswith("t.csv, row 3: holds only 'KO'; if it heads the rows below, type it in a column of its own")


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Ko (mM),T (K),Vm (V)", "5,295.15,-0.07", (5, 22, -70)),
        ("external K+ (M),Temp (°F),Vm", "0.005,71.6,-70", (5, 22, -70)),
        ("Ko,T,Vm", "mM,K,V\n5,295.15,-0.07", (5, 22, -70)),
        ("K_o,temp_C,rmp", "5,22,-70", (5, 22, -70)),
        ("K_out_mM,Bath temperature,Em [mV]", "5,22,-70", (5, 22, -70)),
        ("[K]o,temperature / °C,Ruhepotential (mV)", "5,22,-70", (5, 22, -70)),
    ],
)
def test_units_of_the_header_are_used(tmp_path, header, row, expected):
    recordings, _ = mended(written(tmp_path, plain(header, row)))
    np.testing.assert_allclose(rows_of(recordings), [expected], rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("K+ (mM),temperature_C,V_m_mV", "K_o_mM"), ("K_o_mM,T,V_m_mV", "temperature_C"), ("K_o_mM,temperature_C,V", "V_m_mV"),
        ("K_o_mM,temperature_C,potential", "V_m_mV"),
    ],
)  # fmt: skip
def test_headers_with_several_readings_are_asked(tmp_path, header, column):
    path = written(tmp_path, plain(header, "5,22,-70"))
    said = question(path)
    assert said.startswith(f"t.csv, column {column}: missing. The table has")
    assert rows_of(pasted(path, said)) == [(5, 22, -70)]


def test_two_columns_for_one_quantity_are_asked(tmp_path):
    path = written(tmp_path, plain("Ko,Temp,RMP (mV),Vm (mV)", "5,22,-70,-71"))
    said = question(path)
    assert said.startswith("t.csv, column V_m_mV: 2 columns may be meant;")
    assert len(said.splitlines()) == 1
    assert pasted(path, said)["V_m"].item() == -70
    assert pasted(path, said, 1)["V_m"].item() == -71


def test_a_junction_potential_of_unknown_sign_is_asked(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,LJP (mV)", "5,22,-70,10"))
    said = question(path)
    assert (
        "column LJP (mV): would be ignored; rename it to ljp_mV if it holds the liquid junction potential to subtract"
        in said
    )


def test_a_knockout_is_no_potassium(tmp_path):
    path = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV,KO,ljp", "5,22,-70,yes,corrected"))
    assert read_csv(path)["KO"].item() == "yes"


def test_constants_for_the_file(tmp_path):
    path = written(tmp_path, plain("Cell,RMP", "a,-70", "b,-71"))
    recordings, said = mended(path, K_o_mM=2.5, Na_o_mM=150, temperature_C=22)
    assert rows_of(recordings) == [(2.5, 22, -70), (2.5, 22, -71)]
    assert "K_o_mM is 2.5 in every row, as --K-o 2.5 says." in said
    assert "would" not in question(path, temperature_C=22)
    assert rows_of(pasted(written(tmp_path, plain("temperature_C,RMP", "22,-70")), question(path, temperature_C=22)))
    table = written(tmp_path, plain("K_o_mM,temperature_C,V_m_mV", "5,22,-70"))
    assert "column K_o_mM: the table has its own values; leave --K-o 2.5 out" in question(table, K_o_mM=2.5)


def test_formulas_made_inert_are_read_back(tmp_path):
    text = plain(
        "cell,K_o_mM,temperature_C,V_m_mV,ljp",
        "'=A1,5,22,-70,corrected",
        "''-x,5,22,-71,corrected",
        "'s,5,22,-72,corrected",
    )
    assert read_csv(written(tmp_path, text))["cell"].values.tolist() == ["=A1", "'-x", "'s"]


def test_mixed_encodings_are_asked(tmp_path):
    text = plain("cell,K_o_mM,temperature_C,V_m_mV", "µ,5,22,-70").encode() + "°,5,22,-70\n".encode("cp1252")
    assert question(written(tmp_path, text)).startswith("t.csv, row 3: mixes encodings: UTF-8, and the byte 0xb0")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_an_endless_pipe_is_read_to_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "MOST_BYTES", 1000)
    monkeypatch.setattr(reader, "MOST_BYTES", 1000)
    os.mkfifo(tmp_path / "t.csv")

    def pour():
        with suppress(BrokenPipeError), (tmp_path / "t.csv").open("w") as pipe:
            while True:
                pipe.write("5,22,-70\n" * 1000)

    Thread(target=pour, daemon=True).start()
    assert question(tmp_path / "t.csv").startswith("t.csv: is larger than")


def test_very_wide_tables_are_refused_or_read_in_linear_time(tmp_path):
    names = [f"note {k}" for k in range(1900)]
    text = plain(
        ",".join(["K_o_mM", "temperature_C", "V_m_mV", *names, "ljp"]), ",".join(["5,22,-70", *"x" * 1900, "corrected"])
    )
    start = process_time()
    assert read_csv(written(tmp_path, text))["note 7"].item() == "x"
    assert process_time() - start < 3
    assert question(written(tmp_path, ",".join(["x"] * 50_000))).endswith(
        "has 50000 columns; more than 2000 are not read."
    )

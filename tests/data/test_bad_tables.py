"""Every bad table gets a sentence that names the place, quotes the value and says what to type."""

import re

import pandas as pd
import pytest

from tests.data.test_tables_of_labs import plain
from vrest.data import from_frame, read_csv
from vrest.models.errors import ConfigurationError, DataError

HEADER = "cell,cell_type,K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,pump,V_m_mV,ljp_mV"
GOOD = "a,muscle,5,140,145,20,on,-65,4"
LAST = "c,muscle,20,125,145,20,on,-40,4"
MORE = "b,muscle,10,135,145,20,on,-55,4"


def table_with(**values: str) -> str:
    """Two good rows and a third, number 4 in the spreadsheet, with some cells replaced."""
    row = dict(zip(HEADER.split(","), LAST.split(","), strict=True)) | values
    return "\n".join([HEADER, GOOD, MORE, ",".join(row.values())]) + "\n"


def complaint(tmp_path, content: str | bytes, **options) -> str:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read_csv(path, **options)
    return str(caught.value)


# column, what is typed in row 4, what is said of it
CELLS = [
    ("V_m_mV", "-0.065 V", "'-0.065 V' holds another unit than the column, mV: --read \"-0.065 V=-65\"."),
    ("V_m_mV", "-65 ± 2", "'-65 ± 2' holds a mean and its error (row 4); say which error it is with --error sem"),
    (
        "V_m_mV",
        "1_0",
        "'1_0' is not a number; type the value, or delete the row, or say what it means with --read 1_0=NUMBER.",
    ),
    (
        "V_m_mV",
        "lost",
        "'lost' is not a number; type the value, or delete the row, or say what it means with --read lost=NUMBER.",
    ),
    ("V_m_mV", "-inf", "'-inf' is not a finite number; type the value, or delete the row."),
    ("V_m_mV", "#REF!", "'#REF!' is a spreadsheet's error message; repair the formula"),
    ("K_o_mM", "", "empty; a number in mM is needed in every row (0 for a bath without K)"),
    ("ljp_mV", "", "empty; a number in mV is needed in every row (0 where nothing is to be subtracted)"),
    ("K_o_mM", "<0.1", "'<0.1' is not one number; type the best single value, or say it, as in: --read \"<0.1=0.1\"."),
    ("V_m_mV", "-0.065", "'-0.065' looks like volts among millivolts; multiply it by 1000."),
    ("V_m_mV", "-650", "'-650' is outside -150 to 60 mV, where resting potentials lie. Check its decimal point"),
    ("V_m_mV", "65", "'65' is outside -150 to 60 mV, where resting potentials lie. Is the minus sign missing?"),
    ("temperature_C", "295.15", "'295.15' looks like kelvin; type 22 (in °C)."),
    ("temperature_C", "68", "'68' is above 50 °C; if it is in °F, type 20 (in °C)."),
    ("temperature_C", "121.9", "'121.9' is above 50 °C; if it is in °F, type 49.9 (in °C)."),
    ("temperature_C", "122.1", "'122.1' is outside -2 to 50 °C; check the number, or delete the row."),
    ("temperature_C", "325", "'325' is outside -2 to 50 °C; check the number, or delete the row."),
    ("V_m_mV", "149", "'149' is outside -150 to 60 mV, where resting potentials lie. Is the minus sign missing?"),
    ("V_m_mV", "151", "'151' is outside -150 to 60 mV, where resting potentials lie. Check its decimal point"),
    ("temperature_C", "-10", "'-10' is outside -2 to 50 °C; check the number, or delete the row."),
    ("K_o_mM", "-5", "'-5' is negative; a concentration is 0 or more."),
    ("K_o_mM", "1e308", "'1e308' is above 1000 mM; check the decimal point"),
    ("Cl_o_mM", "1450", "'1450' is above 1000 mM; check the decimal point, or divide by 1000 if it is in µM."),
    (
        "Na_o_mM",
        "0.14",
        "'0.14' is exactly a thousandth of a value in another row; if it is in M, multiply it by 1000.",
    ),
    ("ljp_mV", "40", "'40' is outside -30 to 30 mV; check its unit."),
    (
        "pump",
        "ouabain",
        "'ouabain' is not one of the words on or blocked; type blocked, or say --read ouabain=blocked.",
    ),
    (
        "pump",
        "blokced",
        "'blokced' is not one of the words on or blocked; type on or blocked, or say --read blokced=blocked. Did",
    ),
    ("pump", "", "empty; type on or blocked in every row, or delete the column if the pump always ran."),
    ("cell", "", "empty; type the name of the cell in every row, or delete the column."),
    ("cell_type", "", "empty; type the cell type in every row, or delete the column."),
]


@pytest.mark.parametrize(("column", "value", "said"), CELLS)
def test_a_bad_cell_is_named_by_row_and_column(tmp_path, column, value, said):
    assert complaint(tmp_path, table_with(**{column: value})).startswith(f"table.csv, row 4, column {column}: {said}")


@pytest.mark.parametrize(
    ("column", "value", "more"),
    [
        ("temperature_C", "-2", ""), ("temperature_C", "50", ""), ("V_m_mV", "-150", ""), ("V_m_mV", "60", ""),
        ("V_m_mV", "-0.16", ""),  # a potential near 0 mV, not one in volts; nor the next, in a bath rich in potassium
        ("V_m_mV", "-0.065", "K_o_mM=51"),
        ("V_m_mV", "-0.065", "b,muscle,10,135,145,20,on,4,4\nb,muscle,10,135,145,20,on,-9,4\n"),  # most are small
        ("ljp_mV", "30", ""),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::vrest.DataWarning")
def test_what_lies_within_the_limits_is_taken(tmp_path, column, value, more):
    changed = dict([more.split("=")]) if "=" in more else {}
    (tmp_path / "table.csv").write_text(table_with(**{column: value}, **changed) + ("" if changed else more))
    rows = read_csv(tmp_path / "table.csv")
    said = {"temperature_C": rows["temperature"], "V_m_mV": rows["V_m"] + rows["ljp"], "ljp_mV": rows["ljp"]}[column]
    assert said.values[2] == pytest.approx(float(value))


IMPOSSIBLE = [
    ("V_m_mV", "1001"),
    ("V_m_mV", "-1e300"),
    ("K_o_mM", "-1"),
    ("K_o_mM", "20001"),
    ("temperature_C", "-274"),
]


@pytest.mark.parametrize(("column", "value"), IMPOSSIBLE)
def test_what_cannot_be_is_refused_also_where_limits_are_lifted(tmp_path, column, value):
    said = complaint(tmp_path, table_with(**{column: value}), allow=[column])
    assert said.startswith(f"table.csv, row 4, column {column}: '{value}' is outside ")
    assert said.endswith("where nothing lies; check the number.")


MEANS = "K_o_mM,temperature_C,V_m_mV,V_m_sd_mV,V_m_sem_mV,n"
INSIDE = "K_o_mM,K_i_mM,temperature_C,V_m_mV"
SMALL = "K_o_mM,temperature_C,V_m_mV"
RESISTANCE = "K_o_mM,temperature_C,V_m_mV,R_in_MOhm,R_in_sd_MOhm,C_m_pF,R_seal_GOhm"
# table, the exact beginning of what is said, and the remedy in it
TABLES = [
    ("", ": is empty: there is no header and no row.", "no header"),
    ("\n\n,,\n", ": is empty: there is no header and no row.", "no header"),
    (HEADER + "\n", ": has a header but no rows;", "add one row per measured potential"),
    (plain("5,20,-65", "10,20,-55"), ", row 1: holds numbers where the column names belong", "add a header"),
    (plain(HEADER, '"' + GOOD), ', row 2: a quotation mark (") here is never closed', "remove it"),
    (b"PK\x03\x04rest", ": is a damaged spreadsheet or another archive;", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0rest", ": cannot be read as a spreadsheet: it is damaged", "save the sheet as CSV"),
    (b"\x89HDF\r\n", ": is a netCDF or HDF5 file, not a table;", "from_frame"),
    (b"K_o_mM\x00", ": holds binary data, not text;", "give a CSV file"),
    (plain(HEADER, GOOD, GOOD[:-2]), ", row 3: has 8 values, the header names 9 columns;", "before column ljp_mV"),
    (plain(HEADER, GOOD, GOOD + ",3"), ", row 3: has 10 values, the header names 9 columns.", "-65.3"),
    (
        plain(SMALL, "5,20,-0.065", "10,20,-0.055"),
        ", column V_m_mV: the values (-0.065 to -0.055) look like volts;",
        "multiply the column by 1000",
    ),
    (
        plain("Na_o_mM,Cl_o_mM," + SMALL, "0.14,0.145,5,20,-65", "0,0.15,5,20,-70"),
        ", column Na_o_mM: no value exceeds 0.14: they look like M;",
        "column Cl_o_mM: no value exceeds 0.15",
    ),
    (
        plain(f"{SMALL},K_o_sd_mM", "5,20,-65,1e-308"),
        ", row 2, column K_o_sd_mM: '1e-308' is next to nothing in mM",
        "check the number",
    ),
    (
        plain(f"{SMALL},C_m_pF", "5,20,-65,1e-308"),
        ", row 2, column C_m_pF: '1e-308' is next to nothing in pF",
        "check the number",
    ),
    (plain(SMALL, "0.005,20,-65"), ", column K_o_mM: no value exceeds 0.005: they look like M;", "by 1000"),
    (plain(INSIDE, "5,0.14,20,-65"), ", column K_i_mM: no value exceeds 0.14: they look like M;", "by 1000"),
    (
        plain(INSIDE, "5,140,20,-65", "5,0,20,-66"),
        ", row 3, column K_i_mM: '0' is impossible inside a cell;",
        "leave it empty",
    ),
    (
        plain(SMALL + ",ljp", "5,20,-65,done"),
        ", row 2, column ljp: 'done' is not the word corrected or compute;",
        "ljp_mV",
    ),
    (plain(SMALL + ",ljp", "5,20,-65,compute"), ", column ljp: compute needs the baths' recipes:", "--pipette NAME"),
    (plain(SMALL + ",ljp,ljp_mV", "5,20,-65,corrected,4"), ", column ljp_mV: contradicts column ljp", "keep the one"),
    (
        plain("cell,cell_type," + SMALL, "a,muscle,5,20,-65", "a,neurone,5,20,-60"),
        ", row 3, column cell_type: cell 'a' is 'neurone' here and 'muscle' in row 2;",
        "different names",
    ),
    (
        plain(MEANS, "5,20,-65,3,1,9", "5,20,-65,3,2,9"),
        ", row 3, column V_m_sem_mV: '2' contradicts V_m_sd_mV (3): V_m_sd_mV / sqrt(n) is 1.",
        "Keep one",
    ),
    (plain(MEANS, "5,20,-65,1,2,"), ", row 2, column V_m_sem_mV: '2' contradicts V_m_sd_mV (1):", "swapped"),
    (plain(MEANS, "5,20,-65,0,,9"), ", row 2, column V_m_sd_mV: '0' is not above zero;", "leave it empty"),
    (plain(MEANS, "5,20,-65,,-1,9"), ", row 2, column V_m_sem_mV: '-1' is not above zero;", "leave it empty"),
    (plain(MEANS, "5,20,-65,3,,2.5"), ", row 2, column n: '2.5' is not a whole number;", "how many"),
    (plain(MEANS, "5,20,-65,3,,0"), ", row 2, column n: '0' is not above zero;", "number of measurements"),
    (plain(MEANS, "5,20,-65,3,,9", "5,20,-64,3,,"), ", row 3, column V_m_sd_mV: '3' has no n beside it:", "Add n"),
    (plain(SMALL + ",V_m_sd_mV", "5,20,-65,3"), ", column V_m_sd_mV: needs a column n:", "sqrt(n)"),
    (plain(RESISTANCE, "5,20,-65,0,,,"), ", row 2, column R_in_MOhm: '0' is not above zero;", "input resistance"),
    (plain(RESISTANCE, "5,20,-65,,20,,"), ", row 2, column R_in_sd_MOhm: '20' has no R_in_MOhm", "add that"),
    (plain(RESISTANCE, "5,20,-65,,,-30,"), ", row 2, column C_m_pF: '-30' is not above zero;", "capacitance"),
    (plain(RESISTANCE, "5,20,-65,,,,5000"), ", row 2, column R_seal_GOhm: '5000' is outside 0 to 1000 GOhm;", "unit"),
]


@pytest.mark.parametrize(("content", "start", "remedy"), TABLES)
def test_a_bad_table_is_explained(tmp_path, content, start, remedy):
    said = complaint(tmp_path, content)
    assert said.startswith(f"table.csv{start}")
    assert remedy in said


# header, the exact beginning of what is said, and the remedy in it
HEADERS = [
    ("K_o_mM,V_m_mV", ", column temperature_C: missing. Add it", "--temperature 20"),
    ("temperature_C,V_m_mV", ", column K_o_mM: missing. Add it", "Its columns are: temperature_C, V_m_mV."),
    ("K_o_mM,temperature_C,V_m_mV,solutoin", ", column solutoin: would be ignored;", "rename it to solution"),
    ("K_o_mM,temperature_C,V_m_mV,Kx_o_mM", ", column Kx_o_mM: unknown ion 'Kx'. Did you mean 'K'?", "Known ions"),
    ("K_o_mM,temperature_C,V_m_mV,Na_i_mM", ", column Na_i_mM: needs a column Na_o_mM beside it", "0 where"),
    ("K_o_mM,temperature_C,V_m_mV,V_m_mV", ", column V_m_mV: is there twice;", "keep one"),
    ("K_o_mM,temperature_C,V_m_mV,k_o_mm", ", column K_o_mM: is there twice, as 'k_o_mm' too;", "keep one"),
    ("K_o_mM,temperature_C,V_m_mV,blocked", ", column blocked: the toolkit uses this name itself;", "rename"),
    ("K_o_mM,,temperature_C,V_m_mV", ": column 2 has no name", "name it in the header"),
]


@pytest.mark.parametrize(("header", "start", "remedy"), HEADERS)
def test_a_bad_header_is_explained(tmp_path, header, start, remedy):
    numbers = {"K_o_mM": "5", "temperature_C": "20", "V_m_mV": "-65"}
    row = ",".join(numbers.get(name, "1") for name in header.split(","))
    said = complaint(tmp_path, plain(header, row))
    assert said.startswith(f"table.csv{start}")
    assert remedy in said


def test_all_faults_are_reported_together_by_row(tmp_path):
    content = plain(
        HEADER + ",Na_i_mmM",
        "a,muscle,5,140,145,20,on,−6?5,4,12",
        "b,muscle,10,135,145,295,on,-55,4,12",
        "",
        "b,nerve,-10,135,145,20,off,lost,4,12",
        "c,muscle,10,135",
    )
    lines = complaint(tmp_path, content).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "table.csv, column Na_i_mmM",
        "table.csv, row 2, column V_m_mV",
        "table.csv, row 3, column temperature_C",
        "table.csv, row 5, column V_m_mV",
        "table.csv, row 5, column K_o_mM",
        "table.csv, row 5, column pump",
        "table.csv, row 5, column cell_type",
        "table.csv, row 6",
    ]


def test_many_faults_of_a_kind_are_counted_not_listed(tmp_path):
    lines = complaint(tmp_path, plain(SMALL, *[f"5,20,lost{k}" for k in range(400)], "5,68,-65")).splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [f"table.csv, row {row}, column V_m_mV" for row in (2, 3, 4)]
    assert lines[3].startswith("table.csv, row 402, column temperature_C: '68'")
    assert lines[4].startswith("table.csv, column V_m_mV: … and 397 more of the same kind, rows 5, 6, 7,")
    assert lines[4].endswith("… 401.")
    assert len(lines) == 5


def test_the_same_text_in_many_rows_is_asked_once(tmp_path):
    said = complaint(tmp_path, plain(SMALL, "5,20,-65", *["5,lost,-65"] * 30))
    assert said.startswith("table.csv, row 3, column temperature_C: 'lost' is not a number;")
    assert said.endswith("It stands in rows 3, 4, 5, 6, 7, 8, 9, 10, … 32.")
    assert len(said.splitlines()) == 1


def test_faults_of_many_kinds_are_cut(tmp_path):
    rows = [f"5,20,-65,{state}" for state in "abcdefghijklmnopqrstuvwxyzABCDE"]
    lines = complaint(tmp_path, plain(SMALL + ",pump", *rows)).splitlines()
    assert len(lines) == 26
    assert lines[-1] == "table.csv: … and 6 more faults of other kinds."


def test_row_numbers_are_the_spreadsheet_s(tmp_path):
    # two blank rows, one of them of bare commas, and a line break inside a quoted cell
    content = plain(SMALL + ",note", '5,20,-65,"two\nlines"', "", ",,,,", "5,20,lost,")
    assert complaint(tmp_path, content).startswith("table.csv, row 5, column V_m_mV: 'lost'")


def test_a_mapped_column_is_named_both_ways(tmp_path):
    content = plain("K_o_mM,temperature_C,RMP (mV)", "5,20,lost")
    said = complaint(tmp_path, content, columns={"V_m_mV": "RMP (mV)"})
    assert said.startswith("table.csv, row 2, column V_m_mV (your 'RMP (mV)'): 'lost' is not a number")


def test_a_map_to_a_column_that_is_not_there(tmp_path):
    said = complaint(tmp_path, plain("K_o_mM,temperature_C,RMP", "5,20,-65"), columns={"V_m_mV": "RPM"})
    assert said.startswith("table.csv: --map V_m_mV=RPM: there is no column 'RPM'. Did you mean 'RMP'?")


def test_a_map_that_reads_one_column_twice(tmp_path):
    columns = {"V_m_mV": "x", "K_o_mM": "x"}
    said = complaint(tmp_path, plain("x,temperature_C", "5,20"), columns=columns)
    assert said.startswith("table.csv: --map K_o_mM=x: the column 'x' is already read as V_m_mV.")


def test_temperature_in_the_table_and_beside_it(tmp_path):
    said = complaint(tmp_path, plain(SMALL, "5,20,-65"), temperature_C=22)
    assert said.startswith(
        "table.csv, column temperature_C: the table has its own temperatures; leave --temperature 22"
    )


def test_a_decimal_point_where_a_comma_was_announced(tmp_path):
    content = plain(SMALL.replace(",", ";"), "5;20;-65.3")
    said = complaint(tmp_path, content, delimiter=";", decimal=",")
    assert said.startswith("table.csv, row 2, column V_m_mV: '-65.3' has a point although --decimal , was given")


def test_limits_on_baths_hold_for_plans(tmp_path):
    said = complaint(tmp_path, plain("K_o_mM,temperature_C", "5,20", "5,295"), potentials=False)
    assert said.startswith("table.csv, row 3, column temperature_C: '295' looks like kelvin; type 21.85")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (
            {"temperature_C": 293.15},
            "--temperature 293.15: a bath's temperature is between -2 and 50 °C. It looks like",
        ),
        ({"encoding": "utf9"}, "--encoding utf9: no such encoding"),
        ({"delimiter": "ab"}, "--delimiter ab: give one character, or the word tab."),
        ({"decimal": ";"}, '--decimal ";": the decimal mark is . or ,'),
    ],
)
def test_a_bad_option_is_a_sentence(tmp_path, option, said):
    path = tmp_path / "table.csv"
    path.write_text(plain(SMALL, "5,20,-65"))
    with pytest.raises(ConfigurationError, match=f"^{re.escape(said)}"):
        read_csv(path, **option)


def test_missing_files_and_folders(tmp_path):
    (tmp_path / "table.csv").write_text(SMALL)
    with pytest.raises(DataError, match=r"^tabel\.csv: there is no such file in .* Did you mean 'table\.csv'\?"):
        read_csv(tmp_path / "tabel.csv")
    with pytest.raises(DataError, match=r"is a folder; give the path of a table in it\. It holds table\.csv\."):
        read_csv(tmp_path)
    with pytest.raises(DataError, match=r"^x\.csv: there is no such file"):
        read_csv(tmp_path / "nowhere" / "x.csv")


def test_frames_are_checked_alike():
    frame = pd.DataFrame({"K_o_mM": [5.0, None], "temperature_C": 20, "V_m_mV": [-65.0, -60.0], "ljp": "corrected"})
    with pytest.raises(DataError, match=r"^mine, row 3, column K_o_mM: empty; a number in mM is needed"):
        from_frame(frame, name="mine")

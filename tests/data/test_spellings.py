"""Numbers as people and spreadsheets spell them, in every locale: each is read right, or asked; none is read wrong."""

import csv
import io
import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.test_tables_of_labs import rows_of
from vrest.data import from_frame, read_csv
from vrest.data.tables.faults import Faults
from vrest.data.tables.numbers import Spelling, read_number, to_numbers
from vrest.data.tables.schema import COLUMNS
from vrest.models.errors import DataError

K, V, R, T = COLUMNS["K_o_mM"], COLUMNS["V_m_mV"], COLUMNS["R_in_MOhm"], COLUMNS["temperature_C"]
POINT, COMMA, STATED = Spelling("."), Spelling(",", local=True), Spelling(",", stated=True, local=True)
SEMICOLONS = Spelling(".", local=True)
ASKED = None


@pytest.mark.parametrize(
    ("text", "column", "spelling", "value"),
    [
        ("1,5", K, POINT, 1.5), ("1,5", K, COMMA, 1.5), ("1.5", K, COMMA, 1.5), ("1.5", K, STATED, ASKED),
        ("-70,25", V, POINT, -70.25), ("-70,123", V, POINT, -70.123), ("-70.123", V, SEMICOLONS, -70.123),
        ("1,234", R, POINT, ASKED), ("1,234", R, COMMA, 1.234), ("1.234", R, POINT, 1.234), ("1.234", R, SEMICOLONS, ASKED),
        ("1.234", R, COMMA, ASKED), ("0.234", R, SEMICOLONS, 0.234), ("0,234", R, POINT, 0.234),
        ("1.234,5", R, POINT, ASKED), ("1.234,5", R, COMMA, ASKED), ("1.234,5", R, STATED, 1234.5),
        ("1,234.5", R, POINT, ASKED), ("1,234.5", R, Spelling(".", stated=True), 1234.5), ("1.234.567", R, STATED, ASKED),
        ("12,34,5", R, POINT, ASKED), ("1'234", R, POINT, 1234), ("1’234", R, COMMA, 1234), ("1 234", R, POINT, 1234),
        ("1\u202f234,5", R, COMMA, 1234.5), ("1 23", R, POINT, ASKED), ("1'23", R, POINT, ASKED), ("5 mM", K, POINT, 5),
        ("5mM", K, POINT, 5), ("5 mmol/l", K, POINT, 5), ("5 µM", K, POINT, ASKED), ("5 mg", K, POINT, ASKED),
        ("5 m", K, POINT, ASKED), ("-70 mV", V, POINT, -70), ("−70,5 mV", V, COMMA, -70.5), ("-0.07 V", V, POINT, ASKED),
        ("22 °C", T, POINT, 22), ("22\u00a0°C", T, POINT, 22), ("22C", T, POINT, 22), ("295 K", T, POINT, ASKED),
        ("72 F", T, POINT, ASKED), ("100 MΩ", R, POINT, 100), ("0.1 GΩ", R, POINT, ASKED), ("100 Ω", R, POINT, ASKED),
        ("1e3", R, POINT, 1000), ("1E+2", R, POINT, 100), ("1,5e2", R, COMMA, 150), ("1e−1", K, POINT, 0.1),
        ("1e999", R, POINT, ASKED), ("−5", V, POINT, -5), ("–5", V, POINT, -5), ("- 5", V, POINT, -5), ("+5", K, POINT, 5),
        ("--5", V, POINT, ASKED), ("5-", V, POINT, ASKED), ("(5)", V, POINT, ASKED), ("−-5", V, POINT, ASKED),
        ("5−3", V, POINT, ASKED), ("５", K, POINT, 5), ("−７０．５", V, POINT, -70.5), ("٥", K, POINT, ASKED),
        ("5²", K, POINT, ASKED), ("½", K, POINT, ASKED), ("10⁻³", K, POINT, ASKED), ("Ⅴ", K, POINT, ASKED),
        ("0x10", K, POINT, ASKED), ("1_000", R, POINT, ASKED), ("1__0", K, POINT, ASKED), ("50 %", K, POINT, ASKED),
        ("5,", K, POINT, ASKED), (",5", K, POINT, 0.5), ("5.", K, POINT, 5), (".5", K, POINT, 0.5), ("inf", K, POINT, ASKED),
        ("nan", K, POINT, ASKED), ("1d3", K, POINT, ASKED), ("TRUE", K, POINT, ASKED), ("5 5", K, POINT, ASKED),
        ("~5", K, POINT, ASKED), ("<5", K, POINT, ASKED), ("5?", K, POINT, ASKED), ("5*", K, POINT, ASKED),
        ("5 (?)", K, POINT, ASKED), ("5/2", K, POINT, ASKED), ("2:30", K, POINT, ASKED), ("\u200b5", K, POINT, 5),
        ("5\ufeff", K, POINT, 5), ("\u00ad5", V, POINT, ASKED),
    ],
)  # fmt: skip
def test_spellings(text, column, spelling, value):
    reading = read_number(text, column, spelling)
    if value is ASKED:
        assert np.isnan(reading.value)
        assert reading.question.startswith((repr(text), "holds"))
    else:
        assert reading.value == value
        assert reading.question == ""
        if re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", text):
            assert reading.codes == ()


MARKS = st.sampled_from([*"0123456789" * 2, *".,'’ -−–+eExX_%±()/~<", *"５٥²\u00a0\u202f", " mM", " mV", "°C", "n.d."])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(MARKS, min_size=1, max_size=9).map("".join),
    st.sampled_from([K, V, R, T]),
    st.sampled_from([POINT, COMMA, STATED, SEMICOLONS]),
)
def test_whatever_is_read_has_the_figures_that_were_typed(text, column, spelling):
    """Figures, sign and decimal place, by other means than the reader's: the last mark among figures, or none."""
    text = text.strip()
    reading = read_number(text, column, spelling)
    if np.isnan(reading.value):
        return
    figures = text.translate(str.maketrans("５", "5")).replace("E", "e")
    assert figures.isascii() or not re.search(r"[٥²]", figures)
    mantissa, _, exponent = re.sub(r"[^0-9.,e+\-−–]", "", re.sub(r"mM|mV|°C", "", figures)).partition("e")
    assert (reading.value < 0) == (bool(re.match(r"[-−–]", mantissa)) and reading.value != 0)
    whole, _, rest = re.match(r"[-+−–]?([0-9.,]*?)(?:([.,])([0-9]*))?$", mantissa).groups()
    candidates = {
        float(f"{re.sub('[.,]', '', whole) or 0}.{rest or 0}e{exponent.replace('−', '-').replace('–', '-') or 0}")
    }
    assert abs(reading.value) in candidates


def test_every_text_of_a_column_counts_once_in_its_repairs():
    faults = Faults("t.csv")
    values = to_numbers(["-70", "−71", "−72", "-73 mV", ""], COLUMNS["V_m_sd_mV"], [2, 3, 4, 5, 6], faults, POINT, {})
    np.testing.assert_array_equal(values, [-70, -71, -72, -73, np.nan])
    assert [repair.text for repair in faults.repairs] == [
        "2 numbers with a typographic minus sign read with - ('−71'; column V_m_sd_mV, rows 3 and 4).",
        "1 number with their unit beside them read without it ('-73 mV'; column V_m_sd_mV, row 5).",
    ]


# An apostrophe before =, +, - or @ is a spreadsheet's own sign for text, and no part of a name.
labels = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="\r\n"), min_size=1, max_size=8
).filter(lambda text: not re.match("'+[=+@-]", text))
tables = st.lists(
    st.tuples(
        labels.filter(lambda text: not re.search(r"(?i)mean|avg|sem|sd|median|average|std", text)),
        st.floats(2.5, 500), st.floats(-2, 50), st.floats(-149, -11),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def frame_of(rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["cell", "K_o_mM", "temperature_C", "V_m_mV"])
    return frame.assign(ljp="corrected", note="a, b; c")


def write_csv2(frame: pd.DataFrame) -> str:
    """As R's write.csv2: semicolons, decimal commas, 15 figures, texts quoted, row names under an empty header."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(["", *frame.columns])
    for k, row in enumerate(frame.itertuples(index=False), 1):
        writer.writerow([str(k), *(Number(f"{x:.15g}".replace(".", ",")) if isinstance(x, float) else x for x in row)])
    return out.getvalue()


class Number(float):
    """What the csv module writes unquoted, as it is spelled."""

    def __new__(cls, text):
        made = super().__new__(cls, text.replace(",", "."))
        made.text = text
        return made

    def __repr__(self):
        return self.text

    __str__ = __repr__


def excel(frame: pd.DataFrame) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        sheet.append([str(x) if isinstance(x, str) else x for x in row])
        for cell in sheet[sheet.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


WRITERS = {
    "pandas": lambda frame: frame.to_csv(index=False).encode(),
    "pandas with an index": lambda frame: frame.to_csv().encode(),
    "pandas, decimal commas": lambda frame: frame.to_csv(index=False, sep=";", decimal=",").encode("utf-8-sig"),
    "pandas, tabs, UTF-16": lambda frame: frame.to_csv(index=False, sep="\t").encode("utf-16"),
    "write.csv2": lambda frame: write_csv2(frame).encode(),
}


@pytest.mark.filterwarnings("ignore::vrest.models.errors.DataWarning")
@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=tables)
def test_what_others_write_comes_back_equal(tmp_path, writer, rows):
    frame = frame_of(rows)
    path = tmp_path / "t.csv"
    path.write_bytes(WRITERS[writer](frame))
    recordings = read_csv(path)
    np.testing.assert_allclose(rows_of(recordings), [row[1:] for row in rows], rtol=1e-14)
    assert recordings["cell"].values.tolist() == [row[0] for row in rows]


@pytest.mark.filterwarnings("ignore::vrest.models.errors.DataWarning")
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=tables)
def test_what_openpyxl_writes_comes_back_equal(tmp_path, rows):
    path = tmp_path / "t.xlsx"
    path.write_bytes(excel(frame_of(rows)))
    recordings = read_csv(path)
    np.testing.assert_allclose(rows_of(recordings), [row[1:] for row in rows], rtol=1e-14)
    assert recordings["cell"].values.tolist() == [row[0] for row in rows]


@pytest.mark.filterwarnings("ignore::vrest.models.errors.DataWarning")
@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200) | st.text(st.sampled_from("cellK_o_mMV_m,;\t\n \"'-0.5°RT±"), max_size=120).map(str.encode)
)
def test_any_file_is_read_or_refused_in_sentences(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "t.csv"
    path.write_bytes(content)
    try:
        read_csv(path)
    except DataError as error:
        said = str(error)
    else:
        return
    assert all(line.startswith("t.csv") for line in said.splitlines()), said


def test_control_characters_of_a_table_are_shown_and_do_nothing(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\x1b[31mred,b\x0bc\n1,2\n")
    with pytest.raises(DataError) as refused:
        read_csv(path)
    said = str(refused.value)
    assert r"\x1b[31mred, b\x0bc" in said
    assert all(line.isprintable() for line in said.splitlines())


@pytest.mark.filterwarnings("ignore::vrest.models.errors.DataWarning")
def test_a_frame_is_repaired_alike():
    frame = pd.DataFrame({"Ko": [5.0, 10], "Temp": ["22 °C", "22"], "Vm": ["−70", None]})
    assert rows_of(from_frame(frame)) == [(5, 22, -70)]

"""Workbooks: values, and what a reader of values alone would not see."""

import base64
import io
import re
import zipfile
import zlib
from contextlib import suppress
from datetime import date
from time import process_time

import numpy as np
import openpyxl
import pytest

from tests.data.test_tables_of_labs import mended, pasted, question, rows_of, written
from vrest.data import read_csv
from vrest.data.tables import cells as bounds
from vrest.models.errors import DataError

NUMBERS = ("K_o_mM", "Na_o_mM", "Cl_o_mM", "temperature_C", "ljp_mV", "V_m_mV")
HEAD = ["cell", "K_o_mM", "temperature_C", "V_m_mV"]
ROWS = [["c1", 2.5, 22, -70.2], ["c1", 5, 22, -65], ["c2", 2.5, 22, -71]]
EXPECTED = [(2.5, 22, -70.2), (5, 22, -65), (2.5, 22, -71)]
# 3 rows with a lab's names, by xlwt 1.3
XLS = (
    "c-rk)Jxo(k6#nje{ZA<^79yCChD2<E1zlX=si+L3q@q!S8ZFSlP+HQk=pu?8O^i+w7ZMg1#KoVeiEa)i7#&PZOj;e8Of+$TKF>YxJpt)J6D4Zy*W7c@JwNx"
    "JzI*O@KW~;IrMU+!W&DC(=%|=}c-F}THNP_mgY>2;S*Q0=GZp?R_<gjI9ygxWz4ppIl>1$VhDFy)qQEC=XEBMvd@d8)MjYZ8(n7}2LsZ}{NkVAms2Z4#GTp)"
    "SK3hIxdVnQ2nD&ruNepAj80^?@XYpyRjddZ&c^|RQ2bOfB5wBzxU%4qPTQ?3CE~c}8r=ryr#5`!<`ZKvqA)PHDN*g$jZ)Obm>YUUUF(uz#xd6$(Z<Kqh$Zu;"
    "dU>fEHPVgdvDCtt;!r}B(dWDkLV;@Pf>&s-b0pQF)=ec|=K9NjNDL#>zn2g02`w~=ohmt80pG;65k9JG4Hz4aZpYQO7^IgYzA0#@4dgddX{b8!$EBC&<O^&3"
    "D^DLR>nr>D8-7;91xGFu!Im8-{SB8fU_UL4Kjc47(d<)Yk<t+8>sYaVQI>R>CS=&zQ>|?w$_N?RM#21&3J#H<2HWI`y^p`J37v39lXrnvP82QWJ47x;@n7t$"
    "M#Bh3HSBZ~In>SSqpBA=bH|^V7JysE5Hp0{z$*UuNjx_sPStFfBx;>YuGMC`F<kfkOog8Zf%es^ev*!3M)705ptKzM(jobFN_NfVL-UGAJyH{(#LupENZw&z"
    "`C@3f>C@3f>C~St{XIkqyUOuO~?RNyP{at63T19;(`EN0VJpHEV#q<br)E986ru=DwTR3xxE&4d$3nfm`>IIBrgyR^mIe+OLPptnxTXqcpz9UrY`juMZ{KM=2"
    "0J*EvRR"
)


def book(*sheets: list[list], edit=lambda sheet: None, names=("Data", "More")) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in zip(names, sheets, strict=False):
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    edit(workbook.worksheets[0])
    made = io.BytesIO()
    workbook.save(made)
    return made.getvalue()


def ods(rows: list[list], hidden: int = -1) -> bytes:
    """A LibreOffice sheet, as version 24 writes one, with the endless empty row at its end."""

    def cell(value) -> str:
        if value == "#DIV/0!":
            kind = (
                'table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"'
            )
        elif isinstance(value, date):
            kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        elif isinstance(value, str):
            kind = 'office:value-type="string"'
        else:
            kind = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"

    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in names)
    spaces += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    marks = [' table:visibility="filter"' if k == hidden else "" for k in range(len(rows))]
    body = "".join(
        f"<table:table-row{mark}>{''.join(map(cell, row))}</table:table-row>"
        for mark, row in zip(marks, rows, strict=True)
    )
    body += '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    sheet = f'<office:spreadsheet><table:table table:name="Data">{body}</table:table-row></table:table></office:spreadsheet>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body>{sheet}</office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return made.getvalue()


@pytest.mark.parametrize(("name", "content"), [("t.xlsx", book([HEAD, *ROWS])), ("t.ods", ods([HEAD, *ROWS]))])
def test_a_sheet_reads_as_its_text_does(tmp_path, name, content):
    recordings, said = mended(written(tmp_path, content, name))
    assert rows_of(recordings) == EXPECTED
    assert recordings["cell"].values.tolist() == ["c1", "c1", "c2"]
    assert said == []


def test_an_old_workbook_reads_too(tmp_path):
    recordings, _ = mended(written(tmp_path, zlib.decompress(base64.b85decode(XLS)), "t.xls"))
    assert rows_of(recordings) == [(2.5, 22, -70.2), (5, 22, -65.1)]


def test_numbers_are_exact_and_whole_labels_have_no_point(tmp_path):
    values = np.random.default_rng(3).normal(-70, 9, 200)
    recordings, _ = mended(
        written(tmp_path, book([HEAD, *([k, 1 / 3, 22, V] for k, V in enumerate(values))]), "t.xlsx")
    )
    np.testing.assert_allclose(recordings["V_m"], values, rtol=1e-15)  # openpyxl writes 16 digits
    assert recordings["cell"].values.tolist() == [str(k) for k in range(200)]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: s.merge_cells("A2:A3"), "1 cell merged over several rows: each of these has the value."),
        (lambda s: s.row_dimensions[3].__setattr__("hidden", True), "hidden row 3 is read like the others."),
        (lambda s: s.column_dimensions["B"].__setattr__("hidden", True), "hidden columns (1) are read like the others."),
        (lambda s: s.__setitem__("D2", "-70.2"), "1 number stored as text read as numbers ('-70.2'; column V_m_mV, row 2)."),
        (lambda s: s.insert_rows(1), ""),
    ],
)  # fmt: skip
def test_what_is_not_seen_in_the_values_is_said(tmp_path, edit, said):
    path = written(tmp_path, book([HEAD, *ROWS], edit=edit), "t.xlsx")
    recordings, lines = mended(path)
    assert rows_of(recordings) == EXPECTED
    assert recordings["cell"].values.tolist() == ["c1", "c1", "c2"]
    assert lines == ([said] if said else [])


def test_hidden_rows_of_libreoffice_are_said(tmp_path):
    _, said = mended(written(tmp_path, ods([HEAD, *ROWS], hidden=2), "t.ods"))
    assert said == ["hidden rows (1 in the file) are read like the others."]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "=1/0",
            "holds a formula that was never calculated; open the file in the spreadsheet, save it, and read it again.",
        ),
        ("#DIV/0!", "'#DIV/0!' is a spreadsheet's error message;"),
        (date(2024, 5, 2), "'2024-05-02' is a date, which spreadsheets make of numbers;"),
    ],
)
def test_cells_that_hold_no_value_are_faults(tmp_path, cell, said):
    row = ["c2", 2.5, 22, cell]
    path = written(tmp_path, book([HEAD, *ROWS, row]), "t.xlsx")
    assert question(path).startswith(f"t.xlsx, row 5, column V_m_mV: {said}")
    if cell != "=1/0":
        path = written(tmp_path, ods([HEAD, *ROWS, row]), "t.ods")
        assert question(path).startswith(f"t.ods, row 5, column V_m_mV: {said}")


def test_a_date_made_of_a_number_is_asked(tmp_path):
    path = written(tmp_path, book([HEAD, ["c1", date(2024, 5, 2), 22, -70.2]]), "t.xlsx")
    assert rows_of(pasted(path, question(path))) == [(2.5, 22, -70.2)]


def test_sheets_are_chosen_by_what_they_hold_or_asked(tmp_path):
    other = [HEAD, ["d", 10, 22, -60]]
    notes = written(tmp_path, book([["Notes", "of the day"]], other), "t.xlsx")
    recordings, said = mended(notes)
    assert rows_of(recordings) == [(10, 22, -60)]
    assert said == ["sheet 'More' is read; not read: 'Data'."]
    both = written(tmp_path, book([HEAD, *ROWS], other), "t.xlsx")
    asked = question(both)
    assert asked == "t.xlsx: has several sheets that hold tables; choose one with --sheet Data or --sheet More."
    assert rows_of(pasted(both, asked, 1)) == [(10, 22, -60)]
    assert question(both, sheet="Mora").startswith("t.xlsx: has no sheet 'Mora'. Did you mean 'More'?")


def test_two_tables_beside_each_other_on_a_sheet_are_asked(tmp_path):
    path = written(tmp_path, book([[*HEAD, None, *HEAD], [*ROWS[0], None, "d", 10, 22, -60]]), "t.xlsx")
    asked = question(path)
    assert "--sheet 'Data!A1:D2' or --sheet 'Data!F1:I2'" in asked
    assert rows_of(pasted(path, asked, 1)) == [(10, 22, -60)]


def test_a_text_has_no_sheets(tmp_path):
    assert question(written(tmp_path, "K_o_mM,temperature_C,V_m_mV\n5,22,-70\n"), sheet="Data").startswith(
        "t.csv: is text and has no sheet 'Data'; leave --sheet out, or name cells as in --sheet A1:F9."
    )


def test_workbooks_that_would_fill_the_memory_are_refused(tmp_path):
    def far(sheet):
        sheet["T1048576"] = 1

    path = written(tmp_path, book([HEAD, *ROWS], edit=far), "t.xlsx")
    assert question(path) == "t.xlsx: a sheet reaches to row 1048576, column T; delete what stands far off."
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(bounds.MOST_BYTES + 1))
    assert (
        question(written(tmp_path, bomb.getvalue(), "t.xlsx"))
        == "t.xlsx: is larger than 256 MB when unpacked, and no table is."
    )


@pytest.mark.parametrize("at", range(0, 100, 10))
def test_damaged_workbooks_are_a_sentence(tmp_path, at):
    for content in (book([HEAD, *ROWS]), ods([HEAD, *ROWS]), zlib.decompress(base64.b85decode(XLS))):
        cut = len(content) * at // 100
        for damaged in (content[:cut], content[:cut] + bytes(40) + content[cut + 40 :]):
            path = written(tmp_path, damaged, "t.xlsx")
            with suppress(UserWarning), suppress(DataError):  # read, or refused in a sentence; anything else fails
                read_csv(path)


def test_a_file_that_stops_the_library_is_a_sentence(tmp_path):
    """A cell so far off that calamine gives up by ending its process."""
    parts = {"A1:D4": "A1:XFD1048576", 'r="D4"': "r='XFD1048576'"}
    with zipfile.ZipFile(io.BytesIO(book([HEAD, *ROWS]))) as source, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as made:
        for name in source.namelist():
            text = source.read(name).decode()
            for old, new in parts.items():
                text = text.replace(old, new)
            made.writestr(name, text)
    assert question(tmp_path / "t.xlsx").startswith("t.xlsx: cannot be read as a spreadsheet: it is damaged;")


def test_large_workbooks_read_fast(tmp_path):
    count = 20_000
    typed = zip("BCDEFG", ("2.5", "147.5", "130", "22", "4.1", "-{1}"), strict=True)
    numbers = "".join(f'<c r="{c}{{0}}"><v>{v}</v></c>' for c, v in typed)
    head = "".join(
        f'<c r="{c}1" t="inlineStr"><is><t>{name}</t></is></c>' for c, name in zip("BCDEFG", NUMBERS, strict=True)
    )
    rows = "".join(f'<row r="{k}">{numbers.format(k, 60 + k / 1000)}</row>' for k in range(2, count + 2))
    with zipfile.ZipFile(io.BytesIO(book([HEAD]))) as source, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as made:
        for name in source.namelist():
            part = source.read(name).decode()
            made.writestr(name, re.sub("(?<=<sheetData>).*(?=</sheetData>)", f'<row r="1">{head}</row>{rows}', part))
    start = process_time()
    recordings = read_csv(tmp_path / "t.xlsx")
    assert process_time() - start < 2.5  # 0.9 s where nothing else runs
    assert recordings.sizes["obs"] == count

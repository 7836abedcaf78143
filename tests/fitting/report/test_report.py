"""The report: complete, self-contained, made again from fit.nc alone, and inert to whatever names a table has."""

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from tests.chromium import BROWSER, visit
from vrest.cli import main
from vrest.fitting.checks.words import Mark
from vrest.fitting.comparison import elpd
from vrest.fitting.comparison.laws import LawComparison
from vrest.fitting.fit import Fit
from vrest.fitting.report.gallery import pictures
from vrest.fitting.report.law_report import law_report_html, plot_behind
from vrest.fitting.report.page import image, words
from vrest.fitting.report.report import report_html
from vrest.models.notes import About, Note, notes_as_json

EVIL = [
    "<script>document.title='owned'</script>",
    "\"'><img src=x onerror=owned()>",
    "=cmd|' /C calc'!A0",
    "😀 $x^ ../../etc",
]
VOID = {"meta", "br", "path", "rect", "use", "circle", "stop"}


class Page(HTMLParser):
    """What a browser would find: tags with their attributes, headings, and whether every tag is closed in order."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.open, self.headings = [], [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def evil_fit(gluconate_fit) -> Fit:
    """A fit whose source, labels, cells and types are what an attacker would type, with rows for types and cells."""
    recordings = gluconate_fit.experiment.recordings
    n = recordings.sizes["obs"]
    cells = [f"{EVIL[i % 4]} {i % 12}" for i in range(n)]
    types = [EVIL[i % 4] for i in range(n)]
    recordings = recordings.assign_coords(cell=("obs", cells), saline=("obs", types), cell_type=("obs", types))
    tree = gluconate_fit.tree.copy()
    tree.attrs = {
        **tree.attrs,
        "source": f"../{EVIL[0]}{EVIL[1]}.csv",
        "notes": notes_as_json([Note(About.ROWS, EVIL[0])]),
    }
    fit = Fit(tree, replace(gluconate_fit.experiment, recordings=recordings))
    table = gluconate_fit.summary()
    grouped = [table[:1].assign(group=group) for group in dict.fromkeys([*types, *cells])]
    fit.__dict__["_summary"] = pd.concat([*grouped, table[1:]], ignore_index=True)
    fit.__dict__["_verdict"] = gluconate_fit.verdict()
    return fit


@pytest.fixture(scope="module")
def evil_page(evil_fit) -> str:
    return report_html(evil_fit)


@pytest.fixture(scope="module")
def page(gluconate_fit) -> str:
    return report_html(gluconate_fit)


@pytest.fixture
def undrawn(monkeypatch):
    """Pages without their pictures, for tests of their words."""
    monkeypatch.setattr("vrest.fitting.report.page.image", lambda draw, told: "<svg></svg>")


def text_of(html: str) -> str:
    """What a reader sees of HTML."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_the_first_screen_has_question_answer_belief_and_figure_and_the_rest_follows(page, gluconate_fit):
    titles = ("The answer", "Can it", "Parameters", "The verdict in full", "Pictures", "Methods", "Where it comes")
    places = [page.index(f"<h2>{title}") for title in titles]
    assert places == sorted(places)
    first, rest = page[: places[2]], page[places[2] :]
    row = gluconate_fit.summary().iloc[0]
    assert "What do these recordings say of P<sub>Na</sub>/P<sub>K</sub>?" in first
    assert f'<th scope="row">P<sub>Na</sub>/P<sub>K</sub></th><td data-label="median">{row["median"]:.4f}</td>' in first
    assert "89% interval" in first
    assert "The membrane lets K through" in first
    assert first.count("<svg") == 1
    assert text_of(re.findall(r'<p class="good">.*</p>', first)[0]) == "Sampling ✓ ok"
    rested = gluconate_fit.robustness()
    assert ("<h2>What the answers rest on" in page) == (len(rested) > 0)
    for line in str(gluconate_fit.verdict()).splitlines():  # their beginnings are headings and marks
        line = re.sub(r"^([A-Z].*?: (ok|not judged)\. |Caution: )", "", line).strip()
        assert f"<p>{words(line)}</p>" in page or f"</b> {words(line)}</p>" in first
    for kept in (
        gluconate_fit.tree.attrs["data_sha256"],
        "seed",
        "vrest fit --config config.toml",
        "@article{Goldman1943",
    ):
        assert kept in rest


def test_a_parameter_stands_once_unless_one_asks_for_every_number(page, potassium_fit, undrawn):
    plain = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert plain.count('<th scope="row">P<sub>Na</sub>/P<sub>K</sub></th>') == 1
    weak = report_html(potassium_fit)
    folded = dict(re.findall(r"<summary>(.*?)</summary>(.*?)</details>", weak, re.DOTALL))
    (unsaid,) = (html for summary, html in folded.items() if text_of(summary).startswith("The recordings do not say"))
    table = potassium_fit.summary().query("contraction < 0.5")
    assert {"Q10_pump", "Q10_leak"} <= set(table["parameter"])
    assert len(re.findall("<tr>", unsaid)) == len(table) + 1
    assert "largely the prior" in unsaid


def test_cautions_stand_among_the_first_lines(gluconate_fit, undrawn):
    tree = gluconate_fit.tree.copy()
    tree.attrs = {**tree.attrs, "cautions": notes_as_json([Note(About.TABLE, "No junction potential is given.")])}
    html = report_html(Fit(tree, gluconate_fit.experiment))
    assert html.index("<b>Caution.</b> No junction potential is given.") < html.index("<h2>Parameters")


def test_groups_open_with_their_difference_in_mV(typed_fit, monkeypatch, undrawn):
    fit, _ = typed_fit
    html = report_html(fit)
    first = text_of(html[html.index('<p class="asked">') : html.index("<h2>Parameters")])
    assert "Do A and B (cell_type) differ, in what, and by how much?" in first
    assert first.index("Vm of A lies") < first.index("In the reference bath") < first.index("PNa/PK of A is")
    assert "Cells are the units: 6 in A, 6 in B." in first
    assert "Differences in mV" in html
    assert "more differences" not in html
    monkeypatch.setattr("vrest.fitting.report.report._SENTENCES", 2)
    assert re.search("<summary>[0-9] more differences</summary>\\s*<ul><li>P<sub>Na", report_html(fit))


def left_out(law: str, shift: float) -> elpd.LeftOut:
    return elpd.LeftOut(law, "row", np.random.default_rng(1).normal(-2, 0.5, 50) + shift, 0)


def test_compared_laws_open_with_the_judgement_and_hold_every_law(full_fit, gluconate_fit, failed, request):
    table = elpd.comparison([left_out("ghk", 0.0), left_out("ghk-pump", 0.2)])
    found = LawComparison(table, {"ghk": gluconate_fit, "ghk-pump": full_fit}, ())
    html = law_report_html(found)
    Page(html)
    first = text_of(html[html.index('<p class="asked">') : html.index("<h2>The comparison")])
    assert "Which of ghk, ghk-pump predicts best what it has not seen?" in first
    assert "ghk-pump predicts better than ghk (difference 10.0" in first
    assert first.index("predicts better") < first.index("ghk: sampling ✓ ok, fit")
    assert [text_of(s) for s in re.findall("<summary>(.*?)</summary>", html)][:2] == ["ghk", "ghk-pump"]
    request.getfixturevalue("undrawn")
    short = law_report_html(replace(found, fits={"ghk": gluconate_fit, "ghk-pump": failed(full_fit)}))
    assert short.index("Sampling fell short for ghk-pump: do not use") < short.index("predicts better")
    axes = plot_behind(found, "row")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ghk-pump", "ghk"]
    pyplot.close("all")


def test_no_column_is_cut_where_the_page_is_narrow(page):
    """Every table of numbers becomes blocks of lines, each with the name of its column."""
    cells = re.findall(r"<td[^>]*>", page[: page.index("<h2>Where it comes")])
    assert len(cells) > 20
    assert all(cell.startswith("<td data-label=") for cell in cells)
    assert "overflow-x" not in page


def test_page_needs_nothing_but_itself_and_can_be_heard(page):
    found = Page(page)
    assert "script" not in {tag for tag, _ in found.tags}
    for tag, attributes in found.tags:
        assert not {name for name in attributes if name.startswith("on")}
        for name in {"src", "href", "xlink:href", "data", "action"} & set(attributes):
            assert attributes[name].startswith(("#", "data:")) or (tag == "a" and "doi.org" in attributes[name])
    assert not re.search(r"@import|url\((?!#)", page)
    assert all(after <= before + 1 for before, after in zip(found.headings, found.headings[1:], strict=False))
    pictures = [attributes for tag, attributes in found.tags if tag == "svg"]
    assert len(pictures) >= 5
    assert all(len(attributes["aria-label"]) > 30 and attributes["role"] == "img" for attributes in pictures)
    assert len(page.encode()) < 3e6


def test_colours_have_contrast_AA(page):
    def luminance(colour: str) -> float:
        colour = colour * 2 if len(colour) == 3 else colour
        c = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    schemes = re.findall(r":root \{(.*?)\}", page, re.DOTALL)
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): #(\w+)", scheme))
        for name in ("ink", "faint", "link", "good", "amber", "bad"):
            for ground in ("paper", "card"):
                light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_hostile_names_are_words(evil_page):
    found = Page(evil_page)
    assert {tag for tag, _ in found.tags} & {"script", "img", "iframe"} == set()
    for text in ("&lt;script&gt;document.title", "=cmd|", "😀 $x^ ../../etc"):
        assert text in evil_page
    assert "<script" not in evil_page


def test_every_group_has_its_series_and_names_are_no_mathematics(typed_fit, monkeypatch):
    """Pictures of a fit of two groups, one of which is called what Matplotlib would take for a broken formula."""
    fit, _ = typed_fit
    evil = f"$x^$ {'y' * 40}"
    levels = replace(fit.experiment.levels, groups=(evil, "B"))
    tree = fit.tree.copy()
    for name in ("posterior", "prior"):
        tree[name] = tree[name].to_dataset().assign_coords(population=[evil, "B"])
    hostile = Fit(tree, replace(fit.experiment, levels=levels))
    hostile.__dict__.update(_summary=fit.summary().replace({"group": {"A": evil}}), _verdict=fit.verdict())
    drawn = {title: (told, image(draw, told)) for title, told, draw in pictures(hostile)}
    once = dict(drawn.values())
    monkeypatch.setattr("vrest.fitting.report.page.image", lambda draw, told: once.get(told) or image(draw, told))
    html = report_html(hostile)
    assert "67 resting potentials in 6 conditions" in html
    assert [t for t in drawn if t.startswith("The pump")] == [f"The pump, bath by bath, {name}" for name in (evil, "B")]
    ratios = re.findall(r">([^<>]*)</text>", drawn["Ratios"][1])
    assert any("$x^$" in word and "…" in word for word in ratios)
    first = html[: html.index("<h2>Parameters")]
    assert any(word.startswith("$x^$ y") and "…" in word for word in re.findall(r">([^<>]*)</text>", first))
    for title in ("Posterior against prior",):
        shown = re.findall(r">([^<>]*)</text>", drawn[title][1])
        assert any(word.startswith("$x^$ y") and "…" in word and len(word) < 30 for word in shown), title
    assert "Vm(mV)" in re.sub(r"<[^>]*>|\s", "", drawn["Posterior predictive check"][1])


def test_hostile_groups_are_no_formulas_in_csv_and_no_markup_in_tables(evil_fit, tmp_path):
    folder = evil_fit.save(tmp_path / "run")
    groups = pd.read_csv(folder / "summary.csv", keep_default_na=False)["group"]
    assert not groups.str.match(r"[=+\-@\t\r]").any()
    assert groups.str.startswith("'=cmd").any()
    assert "<script" not in evil_fit.summary("html")
    assert re.search(r"(?<!\\)[|]", evil_fit.summary("markdown").split("\n")[4].strip("| ").replace(" | ", "")) is None
    assert r"\$x\textasciicircum{}" in evil_fit.summary("latex")
    assert "<script" not in evil_fit._repr_html_()
    assert "<script" not in evil_fit.experiment.recordings._repr_html_()


def test_a_failed_fit_says_so_before_it_says_anything_else(gluconate_fit, failed, page, undrawn):
    short = failed(gluconate_fit)
    assert short.verdict().parts[0].mark is Mark.BAD
    failure = report_html(short)
    assert failure.index("Do not use these numbers") < failure.index("There is none")
    assert gluconate_fit.verdict().parts[0].mark is Mark.GOOD
    assert "Do not use these numbers" not in page
    first = text_of(failure[: failure.index("<h2>Parameters")])
    assert "There is none: the sampling fell short." in first
    assert "The membrane lets K through" not in first


@pytest.mark.usefixtures("undrawn")
def test_a_report_judges_nothing_that_the_verdict_withholds(potassium_fit, failed):
    judged, withheld = (text_of(report_html(fit)) for fit in (potassium_fit, failed(potassium_fit)))
    for judgement in ("The recordings do not say:", "largely the prior", "tell them apart badly", "are confounded"):
        assert judgement in judged
        assert judgement not in withheld


def test_of_laws_whose_sampling_fell_short_it_is_not_said_that_they_do_not_describe(full_fit, failed):
    none = "None of these laws describes the recordings"
    for short, fit in ((False, full_fit), (True, failed(full_fit))):
        wrong = Fit(fit.tree, fit.experiment)
        misfit = replace(fit.verdict(), fit=replace(fit.verdict().fit, ok=False))
        wrong.__dict__["_verdict"] = misfit  # a cached property's place
        found = LawComparison(elpd.comparison([left_out("ghk-pump", 0.0)]), {"ghk-pump": wrong}, ())
        assert any(sentence.startswith(none) for sentence in found.sentences) != short


def test_report_is_made_again_from_the_file_alone(gluconate_fit, tmp_path, capsys):
    folder = gluconate_fit.save(tmp_path / "run", report=True)
    first = (folder / "report.html").read_bytes()
    alone = tmp_path / "alone"
    alone.mkdir()
    (folder / "fit.nc").rename(alone / "fit.nc")
    assert main(["report", str(alone / "fit.nc")]) == 0
    assert (alone / "report.html").read_bytes() == first
    (alone / "report.html").write_text("<html>someone's thesis</html>")
    assert main(["report", str(alone)]) == 2
    assert "not replaced" in capsys.readouterr().err
    assert sorted(p.name for p in alone.iterdir()) == [".written-by-vrest.sha256", "fit.nc", "report.html"]
    assert not pyplot.get_fignums()


def test_a_picture_of_very_many_dots_is_made_of_dots(monkeypatch):
    before = pyplot.get_fignums()
    assert image(pyplot.subplots, "an & empty frame").startswith("<svg")
    monkeypatch.setattr("vrest.fitting.report.page._LARGEST_SVG", 1000)
    dots = image(pyplot.subplots, "an & empty frame")
    assert dots.startswith('<img src="data:image/png;base64,')
    assert dots.endswith('alt="an &amp; empty frame">')
    assert pyplot.get_fignums() == before


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize(("width", "dark", "ground"), [(1280, False, "255, 255, 255"), (400, True, "18, 22, 27")])
def test_chromium_shows_the_page_whole_and_runs_nothing(evil_page, tmp_path, width, dark, ground):
    found, console = visit(evil_page, tmp_path, width, dark)
    title = f"script>{EVIL[1]}.csv: ghk"  # what follows the last / of the source
    assert found == {"title": title, "too_wide": False, "width": width, "fetched": 0, "ground": f"rgb({ground})"}
    assert console == ""


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
def test_chromium_would_have_noticed(page, tmp_path):
    """Negative control: a script that runs, a picture from elsewhere and a line too long for the page are seen."""
    fetch = "<img src='http://127.0.0.1:9/pixel.png'>"  # nobody listens there
    added = f"<script>document.title = 'owned'; console.log('heard')</script>{fetch}"
    found, console = visit(page.replace("</main>", f"{added}<pre style='width: 3000px'>1</pre></main>"), tmp_path)
    assert (found["title"], found["too_wide"], found["fetched"]) == ("owned", True, 1)
    assert "heard" in console

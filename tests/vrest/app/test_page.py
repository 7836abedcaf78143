"""The page in headless Chromium, as a person uses it, against the command line; and what goes wrong around it."""

import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest

from tests.chromium import BROWSER
from tests.many_cells import many_cells
from vrest.data.tables.table import to_frame

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium: apt-get install chromium"),
]
COMMAND = [sys.executable, "-m", "vrest"]
OWN_NAMES = {"V_m_mV": "RMP (mV)", "temperature_C": "Temp (°C)", "cell_type": "genotype"}

MOVES = """async () => {
    const range = document.querySelector("[aria-label='K outside, mM']"), here = document.getElementById("here"), took = [];
    for (let i = 0; i < 40; i++) {
        const begun = performance.now();
        const drawn = new Promise((go) => new MutationObserver(go).observe(here, { childList: true }));
        range.value = Number(range.min) + (Number(range.max) - Number(range.min)) * ((i * 7) % 40) / 40;
        range.dispatchEvent(new Event("input"));
        await drawn;
        took.push(performance.now() - begun);
    }
    return took;
}"""
"""Moves a slider and waits until its answer is drawn; milliseconds of each move."""


class Server:
    """A running `vrest app`."""

    def __init__(self, folder: Path):
        self.folder = folder
        command = [*COMMAND, "app", "--no-browser", "--folder", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder.parent)
        self.url = self.process.stdout.readline().strip()

    def children(self, module: str) -> list[int]:
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid), "-f", module], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def end(self, how: int = signal.SIGINT) -> None:
        self.process.send_signal(how)
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("app") / "kept")
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    inside = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=inside)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """A page that is held to silence: no error, nothing asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    context.set_default_timeout(60_000)
    opened, said = context.new_page(), []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on(
        "request",
        lambda asked: said.append(asked.url) if not asked.url.startswith(("http://127.0.0.1", "blob:")) else None,
    )
    opened.said = said
    opened.goto(server.url)
    opened.wait_for_selector(".drop")
    yield opened
    assert [one for one in said if "status of 4" not in one] == []  # refusals are shown as sentences
    context.close()


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """Two genotypes, as a lab keeps them: a workbook with its own names."""
    data, _ = many_cells(seed=3, cells=4, K_o=(2.5, 10, 40), temperatures=(22,))
    frame = to_frame(data).rename(columns=OWN_NAMES)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(frame))
    for row in frame.itertuples(index=False):
        sheet.append(list(row))
    path = tmp_path_factory.mktemp("lab") / "clean.xlsx"
    book.save(path)
    return path


def take(page, path: Path) -> None:
    page.click(".brand")
    page.set_input_files("#file", path)


def to(page, name: str) -> None:
    page.click(f"#pages >> text={name}")
    page.wait_for_selector(f".page.{name.lower()} h1")


def quick(page, **settings: str) -> None:
    """Few draws, by the fields under "More settings"."""
    for name, value in {"robustness": "off", "chains": "2", "draws": "300", "tune": "300", **settings}.items():
        page.evaluate("name => { document.getElementById(`set-${name}`).closest('details').open = true }", name)
        field = page.locator(f"#set-{name}")
        with page.expect_response(lambda answer: answer.url.endswith("/save")):
            if name == "robustness":
                field.select_option(value)
            else:
                field.fill(value)
                field.press("Enter")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_whole_path(page, server, workbook, tmp_path):
    take(page, workbook)
    page.wait_for_selector("text=2 columns are guessed")
    page.click("text=These columns are right")
    page.wait_for_selector("text=On to the question")
    assert "48 potentials understood" in page.locator(".summary").inner_text()
    page.click("text=On to the question")
    for ion, mM in (("K", "140"), ("Na", "12"), ("Cl", "10")):
        box = page.get_by_label(f"{ion} inside, mean, mM")
        with page.expect_response(lambda answer: answer.url.endswith("/check")):
            box.fill(mM)
            box.press("Tab")
    page.wait_for_selector("text=What to expect")
    quick(page)
    to(page, "Fit")
    page.click("#start")
    page.wait_for_selector("progress")
    page.wait_for_selector(".verdict")
    assert "Sampling" in page.locator(".verdict").inner_text()
    shown = page.locator(".answer").inner_text()
    assert "P_Na/P_K" in shown

    with page.expect_download() as archive:
        page.click("text=All of it (zip)")
    archive.value.save_as(tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as packed:
        packed.extractall(tmp_path)
    (run,) = [p for p in tmp_path.iterdir() if p.is_dir()]
    with page.expect_download() as settings:
        page.click("text=Settings (config.toml)")
    assert Path(settings.value.path()).read_bytes() == (run / "config.toml").read_bytes()
    analysis = server.folder / "clean"
    again = [
        *COMMAND,
        "fit",
        "--config",
        str(analysis / run.name / "config.toml"),
        "--out",
        str(tmp_path / "again"),
        "--no-report",
    ]
    done = subprocess.run(again, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert (tmp_path / "again/summary.csv").read_bytes() == (run / "summary.csv").read_bytes()
    (ratio,) = [row for row in rows_of(run / "summary.csv") if row["parameter"] == "P_Na/P_K" and row["group"] == ""]
    assert f"{float(ratio['median']):#.3g}" in shown

    to(page, "Explore")
    page.wait_for_selector("#here b")
    before = page.locator("#here").inner_text()
    page.get_by_label("K outside, mM", exact=True).fill("3")
    page.wait_for_function("before => document.getElementById('here').innerText !== before", arg=before)

    took = page.evaluate(MOVES)
    assert statistics.median(took) < 50, took  # ms, as a hand feels it

    to(page, "Compare")
    page.select_option("#by", "genotype")
    page.click("#compare-groups")
    page.wait_for_selector("progress")
    page.wait_for_selector(".answer .lead")
    lead = page.locator(".answer .lead").inner_text()
    assert lead.startswith("V_m of A lies")
    assert " mV " in lead
    (contrast,) = [
        row for row in rows_of(analysis / "ghk-pump-by-genotype/contrasts.csv") if row["parameter"] == "V_m_mV"
    ]
    assert f"{abs(float(contrast['median'])):.1f} mV" in lead

    page.reload()  # what was done survives
    page.wait_for_selector(".answer .lead")
    to(page, "Question")
    assert page.get_by_label("K inside, mean, mM").input_value() == "140"


def begin_long_fit(page) -> str:
    """A fit that lasts until it is stopped; the name of its analysis."""
    page.click(".brand")
    page.click("text=Take crayfish_muscle")
    page.wait_for_selector("text=On to the question")
    to(page, "Question")
    quick(page, draws="400000")
    to(page, "Fit")
    page.click("#start")
    page.wait_for_selector(".under progress")
    return page.url.split("/#/")[1].split("/")[0]


def test_changes_that_come_faster_than_their_answers_are_all_kept(page, server):
    page.click(".brand")
    page.click("text=Take crayfish_muscle")
    page.wait_for_selector("text=On to the question")
    name = page.url.split("/#/")[1].split("/")[0]
    to(page, "Question")
    page.route("**/save", lambda route: (time.sleep(0.2), route.continue_()))
    typed = {"draws": "1234", "tune": "567", "chains": "3"}
    page.evaluate(
        """typed => Promise.all(Object.entries(typed).map(async ([name, text], i) => {
            await new Promise(go => setTimeout(go, 150 * i));  // the first is answered between the second and the third
            const field = document.getElementById(`set-${name}`);
            field.value = text;
            field.dispatchEvent(new Event("change"));
        }))""",
        typed,
    )
    to(page, "Fit")
    page.click("#start")
    page.wait_for_selector(".under progress")
    (run,) = (server.folder / name / "runs").glob("*.json")
    argv = json.loads(run.read_text())["argv"]
    assert typed.items() <= {flag.removeprefix("--"): text for flag, text in pairwise(argv)}.items()
    page.click("text=Cancel")
    page.wait_for_selector(".under progress", state="detached")


def test_a_fit_that_is_killed_or_cancelled_is_a_sentence_and_the_page_lives(page, server):
    name = begin_long_fit(page)
    page.wait_for_selector("text=% of")
    (job,) = server.children("vrest.app.job")
    os.kill(job, signal.SIGKILL)
    page.wait_for_selector("text=ended from outside (signal 9)")
    page.get_by_role("button", name="Start it again").click()
    page.wait_for_selector(".under progress")
    page.close()  # a closed tab
    other = page.context.new_page()
    other.goto(server.url.split("?")[0] + f"#/{name}/fit")
    other.wait_for_selector(".under progress")
    other.click("text=Cancel")
    other.wait_for_selector("text=stopped; nothing was written")
    assert server.children("vrest.app.job") == []
    (worker,) = server.children("vrest.app.worker")
    os.kill(worker, signal.SIGKILL)
    other.click("#pages >> text=Table")  # says that the worker ended, where that was noticed only now
    other.reload()
    other.wait_for_selector("text=potentials understood")
    kept = {p.name for p in (server.folder / name).iterdir() if not p.name.startswith(".")}
    assert kept == {"analysis.json", "runs"}, "nothing of a fit that did not end"


def test_a_fit_that_ended_with_the_server_is_found_again(browser, tmp_path):
    first = Server(tmp_path / "kept")
    page = browser.new_page()
    page.goto(first.url)
    name = begin_long_fit(page)
    page.wait_for_selector("text=% of")
    (job,) = first.children("vrest.app.job")
    first.end(signal.SIGKILL)
    until = time.monotonic() + 20
    while Path(f"/proc/{job}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{job}").exists(), "the fit dies with its parent"
    second = Server(tmp_path / "kept")
    page.goto(second.url)
    page.goto(second.url.split("?")[0] + f"#/{name}/fit")
    page.wait_for_selector("text=The fit ended with vrest app; nothing was written")
    page.close()
    second.end()


def test_names_are_inert_and_faults_are_marked(page, tmp_path):
    table = tmp_path / "names.csv"
    table.write_text(
        'V_m_mV,K_o_mM,temperature_C,cell,<img src=x onerror=alert(1)>\n-70,5,22,"<script>alert(1)</script>",x\n-7x,5,22,c2,y\n'
    )
    take(page, table)
    page.wait_for_selector("text=1 fault")
    assert page.locator(".cell.fault").inner_text() == "-7x"
    assert page.locator(".cell.fault").get_attribute("aria-invalid") == "true"
    assert page.locator("img[src=x]").count() == 0
    page.dblclick(".cell.fault")
    page.keyboard.type("-71")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=2 potentials understood")
    page.keyboard.press("Control+z")
    page.wait_for_selector("text=1 fault")
    assert page.locator(".cell.fault").inner_text() == "-7x"
    assert table.read_text().splitlines()[2].startswith("-7x")


def test_a_damaged_upload_is_a_sentence(page, tmp_path):
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 20)
    take(page, broken)
    page.wait_for_selector("#trouble >> text=broken.xlsx")
    page.click(".brand")
    page.wait_for_selector(".drop")


def test_paste_into_an_empty_table(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("text=Begin with an empty table")
    page.wait_for_selector(".grid .cell")
    page.evaluate(
        "navigator.clipboard.writeText('c1\\t2.5\\t140\\t120\\t22\\ton\\t-82\\nc2\\t5\\t138\\t120\\t22\\ton\\t-73\\n')"
    )
    page.click(".row:nth-child(2) .cell >> nth=0")
    page.keyboard.press("Control+V")
    page.wait_for_selector("text=2 potentials understood")
    row = ["c3", "10", "133", "120", "22", "on", "-58"]
    page.evaluate("text => navigator.clipboard.writeText(text)", "\t".join(row))
    page.click(".row:nth-child(4) .cell >> nth=0")  # below the last
    page.keyboard.press("Control+V")
    page.wait_for_selector("text=3 potentials understood")
    page.dblclick(".row:nth-child(1) .cell >> nth=7")  # right of the last
    page.keyboard.type("ljp")
    page.keyboard.press("Enter")
    page.wait_for_selector("[aria-label='Column ljp is read as']")


def test_the_page_for_students_says_what_the_command_says(page, server):
    page.click("#pages >> text=Learn")
    page.wait_for_selector("text=after 60 min")
    printed = subprocess.run([*COMMAND, "explain"], capture_output=True, text=True, check=True).stdout
    (hour,) = [line for line in printed.splitlines() if "after 1 h " in line]
    V_m = float(hour.split("after 1 h")[1].split()[0])
    assert f"after 60 min V_m is {V_m:.1f} mV".replace("-", "−") in page.locator("main").inner_text()


def test_a_fault_of_a_column_that_is_not_there_names_it(page, tmp_path):
    table = tmp_path / "letter.txt"
    table.write_text("Dear Sir,\nplease find\nthe data\n")
    take(page, table)
    page.wait_for_selector("text=3 faults")
    assert "V_m_mV missing" in page.locator(".faults").inner_text()


def test_the_command_on_the_question_follows_what_is_typed(page):
    page.click(".brand")
    page.click("text=Take simulated_series")
    page.wait_for_selector("text=On to the question")
    to(page, "Question")
    box = page.get_by_label("K inside, mean, mM")
    box.fill("133")
    box.press("Tab")
    page.wait_for_selector(".command >> text=K=133")
    page.click("text=More settings")
    page.fill("#set-draws", "-5")
    page.press("#set-draws", "Enter")
    page.wait_for_selector("#trouble >> text=Draws: -5 is not a whole number from 50 to 1000000")
    assert "--draws" not in page.locator(".command").inner_text()


def test_what_could_not_be_kept_is_said_and_not_shown_as_if_it_were(page):
    page.click(".brand")
    page.click("text=Take simulated_series")
    page.wait_for_selector("text=On to the question")
    refusal = {"status": 422, "json": {"error": "No space left on device."}}
    page.route("**/edit", lambda route: route.fulfill(**refusal))
    page.route("**/save", lambda route: route.fulfill(**refusal))
    cell = page.locator("[id$='-1-0'].cell")
    before = cell.inner_text()
    cell.dblclick()
    page.keyboard.type("4.5")
    page.keyboard.press("Enter")
    page.wait_for_selector("#trouble >> text=No space left")
    assert cell.inner_text() == before
    to(page, "Question")
    page.check("[name=law][value=ghk]")
    page.wait_for_selector("#trouble >> text=No space left")
    page.wait_for_selector("text=What to expect")
    assert page.locator("[name=law]:checked").get_attribute("value") == "ghk-pump"
    assert page.locator("#trouble >> text=No space left").count() == 1

"""The pictures of `docs/app.md`: what a person sees on the way from a table to an answer. Needs Chromium; takes a minute.

Run as `uv run python docs/pictures/app.py`; the pictures go into `docs/pictures/app`.
"""

import io
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which

import numpy as np
import pandas as pd
from PIL import Image
from playwright.sync_api import Page, sync_playwright

import vrest

OUT = Path(__file__).with_suffix("")
BROWSER = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
OWN_NAMES = {"K_o_mM": "[K+]o (mM)", "temperature_C": "Temp (°C)", "V_m_mV": "RMP (mV)", "cell_type": "genotype"}
FALSE = "-8O.2"
"""What somebody typed in the first row: the letter O for a zero."""


def lab_table() -> pd.DataFrame:
    """Four cells of each of two genotypes, one of which has the higher P_Na/P_K; as a lab would name the columns."""
    rng = np.random.default_rng(4)
    plan = pd.DataFrame({"K_o_mM": [3, 12, 40, 3, 12], "temperature_C": 22.0, "pump": ["on"] * 3 + ["blocked"] * 2})
    plan["Na_o_mM"], plan["Cl_o_mM"] = 150 - plan["K_o_mM"], 130
    cells = []
    for genotype, ratio in {"wild type": 0.03, "knock-out": 0.06}.items():
        for k in range(1, 5):
            truth = {"P_Na/P_K": ratio * np.exp(rng.normal(0, 0.15)), "P_Cl/P_K": 0.1, "pump_mV": 5.0, "sigma_mV": 1.0}
            truth |= {"Q10_pump": 2.3, "Q10_leak": 1.4}
            inside = {"K": 140, "Na": 12, "Cl": 10}
            made = vrest.to_frame(vrest.simulate(plan, truth, inside=inside, seed=int(rng.integers(1000))))
            cells.append(made.assign(cell=f"{genotype[0]}{k}", cell_type=genotype, ljp="corrected"))
    table = pd.concat(cells).round({"V_m_mV": 1})
    first = ["cell", "cell_type", "K_o_mM", "Na_o_mM", "Cl_o_mM", "temperature_C", "pump", "V_m_mV", "ljp"]
    return table[first].rename(columns=OWN_NAMES)


def keep(page: Page, name: str, height: int = 720) -> None:
    """Keep what is in sight, in few colours."""
    shot = page.screenshot(clip={"x": 0, "y": 0, "width": 1180, "height": height})
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    picture.quantize(160, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


def walk(page: Page, table: Path, right: str) -> None:
    """From the table to the answer, with a picture of each page."""
    page.set_input_files("#file", table)
    page.wait_for_selector("text=1 fault")
    page.click(".cell.fault")
    keep(page, "table")
    page.keyboard.type(right)
    page.keyboard.press("Enter")
    page.click("text=These columns are right")
    page.click("text=On to the question")
    for ion, mean, sd in (("K", "140", "10"), ("Na", "12", "3"), ("Cl", "10", "3")):
        for what, text in (("mean", mean), ("uncertainty", sd)):
            with page.expect_response(lambda answer: answer.url.endswith("/check")):
                page.fill(f"#inside-{ion}-{what}", text)
                page.press(f"#inside-{ion}-{what}", "Tab")
    page.wait_for_selector(".beside:not(.waiting) >> text=On to the fit")
    keep(page, "question")
    page.click("text=On to the fit")
    page.click("#start")
    page.wait_for_selector("text=% of")
    keep(page, "running", 430)
    page.wait_for_selector(".verdict", timeout=300_000)
    page.evaluate("scrollTo(0, 0)")
    keep(page, "fit")
    page.click("#pages >> text=Explore")
    page.wait_for_selector("#here b")
    page.get_by_label("P_Na/P_K, typed").fill("0.1")
    page.get_by_label("P_Na/P_K, typed").press("Enter")
    page.wait_for_selector("#misfit b")
    keep(page, "explore")
    page.click("#pages >> text=Compare")
    page.select_option("#by", "genotype")
    page.click("#compare-groups")
    page.wait_for_selector(".answer .lead", timeout=300_000)
    page.locator(".result").evaluate("result => result.scrollIntoView()")
    keep(page, "compare")
    page.click("#pages >> text=Plan")
    page.click("text=Start from the table's baths")
    page.wait_for_selector("text=Rows that would help most")
    keep(page, "plan")
    page.click("#pages >> text=Learn")
    page.wait_for_selector("text=after 60 min")
    keep(page, "learn")


def main() -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        table, path = lab_table(), Path(folder) / "recordings.csv"
        right = str(table["RMP (mV)"].iloc[0])
        table["RMP (mV)"] = [FALSE, *map(str, table["RMP (mV)"][1:])]
        table.to_csv(path, index=False)
        command = [sys.executable, "-m", "vrest", "app", "--no-browser", "--folder", f"{folder}/vrest-app"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
                page = browser.new_page(
                    viewport={"width": 1180, "height": 720}, color_scheme="light", reduced_motion="reduce"
                )
                page.goto(server.stdout.readline().strip())
                walk(page, path, right)
                browser.close()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


if __name__ == "__main__":
    main()

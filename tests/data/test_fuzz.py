"""Whatever a file holds, it is read or refused in a sentence, soon: every reader of vrest, on damaged and invented files."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.data.recordings.signals import trace
from tests.data.recordings.written import write_abf
from vrest.data import from_frame, read_csv, read_solutions, select
from vrest.data.recordings.baseline import resting_potential
from vrest.data.recordings.formats import read_recording
from vrest.fitting.experiment.config import parse_config
from vrest.fitting.experiment.inside import parse_insides
from vrest.fitting.planning.simulate import read_truth
from vrest.models.errors import VrestError, VrestWarning
from vrest.models.priors import parse_prior

FEW = settings(max_examples=38, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=700, deadline=None, suppress_health_check=list(HealthCheck))
LONGEST_s = 5.0
MOST_CHARACTERS = 25_000  # of a sentence: names are quoted as they were typed

TABLE = (
    b"cell,cell_type,K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,pump,V_m_mV,V_m_sd_mV,n,ljp_mV,R_in_MOhm\n"
    b"a1,A,2.5,140,150,22,on,-75.3,2.1,5,4.2,150\na1,A,5,137.5,150,22,on,-66.1,2.0,5,4.2,140\n"
    b"b1,B,10,132.5,150,22,blocked,-52.7,1.9,4,4.2,120\n"
)
RECIPES = '[control]\nNaCl = 140\nKCl = 5\nCaCl2 = 2\nHEPES = "10 mM"\npH = 7.4\ntitrant = "NaOH"\n[p]\nKCl = 140\n'
CONFIG = (
    'law = "ghk"\nions = ["K", "Na"]\nseed = 3\n[inside]\nK = "140+-10"\n[priors]\n"P_Na/P_K" = "LogNormal(log 0.04, 1)"\n'
    "[reference]\nK_o_mM = 5\ntemperature_C = 22\n[sampling]\ndraws = 500\n"
)
TRUTH = '"P_Na/P_K" = 0.03\npump_mV = { A = 5, B = 8 }\nsigma_mV = 1.5\n'
PIECES = [
    "NaN", "-inf", "1e999", "", " ", "\t", ";", ",", '"', "'", "\n", "\r", "\0", "=1+1", "−65,3", "٣", "1_000", "0x10", "[", "{",
    "[[", "= ", "a.b", "K_o_mM", "V_m_mV", "ljp", "±", "°C", "\ufeff", "\ud7ff", "9" * 400, "x" * 5000, "blocked", "compute",
    "pH", "titrant", "[ions]", "valence = 9", "K2SO4·5H2O", "µM", "#", "(", "))", "**", "not ", "cell", "~", "@", "`",
]  # fmt: skip


def edited(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file with some stretches replaced by others: typing errors, truncation, bytes of another encoding."""
    piece = st.sampled_from([p.encode("utf-8") for p in PIECES]) | st.binary(max_size=6)
    edit = st.tuples(st.integers(0, len(whole)), st.integers(0, 12) | st.just(len(whole)), piece)

    def apply(edits: list[tuple[int, int, bytes]]) -> bytes:
        content = whole
        for at, length, put in edits:
            content = content[:at] + put + content[at + length :]
        return content

    return st.lists(edit, min_size=1, max_size=4).map(apply)


def is_answered(read: Callable[[], object]) -> object:
    """What reading gives, or None where it is refused in plain sentences; whatever else it does fails the test."""
    started = time.process_time()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VrestWarning)
            return read()
    except VrestError as error:
        refusal = str(error)
    assert time.process_time() - started < LONGEST_s
    assert refusal.strip()
    assert max(map(len, refusal.splitlines())) < MOST_CHARACTERS
    return None


def reads_table(content: bytes, folder: Path) -> None:
    (folder / "t.csv").write_bytes(content)
    recordings = is_answered(lambda: read_csv(folder / "t.csv"))
    if recordings is not None:
        assert np.isfinite(recordings["V_m"]).all()
        assert (recordings["c_o"].isnull() | (recordings["c_o"] >= 0)).all()
        assert np.isfinite(recordings["temperature"]).all()


def reads_recipes(content: bytes, folder: Path) -> None:
    (folder / "s.toml").write_bytes(content)
    made = is_answered(lambda: read_solutions(folder / "s.toml"))
    assert made is None or all(np.isfinite(c) and c >= 0 for s in made.values() for c in s.ions.values())


def reads_configuration(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "replace")
    config = is_answered(lambda: parse_config(text, "c.toml"))
    assert config is None or is_answered(lambda: parse_config(config.to_toml())) == config


def reads_truth(content: bytes, folder: Path) -> None:
    (folder / "t.toml").write_bytes(content)
    is_answered(lambda: read_truth(folder / "t.toml"))


def reads_recording(content: bytes, folder: Path) -> None:
    (folder / "r.abf").write_bytes(content)
    rest = is_answered(lambda: resting_potential(read_recording(folder / "r.abf")))
    assert rest is None or np.isfinite(rest.V_m)


def answers_query(content: bytes, folder: Path) -> None:
    text = content.decode("utf-8", "replace")
    import pandas as pd

    rows = pd.DataFrame(
        {"cell": ["a", "b"], "V_m_mV": [-70, -60], "K_o_mM": [2, 5], "temperature_C": 22, "ljp": "corrected"}
    )
    recordings = from_frame(rows)
    chosen = is_answered(lambda: select(recordings, text))
    assert chosen is None or set(chosen["row"].values) <= {2, 3}
    for parse in (parse_prior, parse_insides):
        is_answered(lambda parse=parse: parse(text))


ABF = "an ABF that is written when it is needed"
READERS = {
    "table": (TABLE, reads_table),
    "recipes": (RECIPES.encode(), reads_recipes),
    "configuration": (CONFIG.encode(), reads_configuration),
    "truth": (TRUTH.encode(), reads_truth),
    "query": (b"(cell == 'a') & (K_o_mM * 2 > 3) | cell.str.contains('b')", answers_query),
    "prior": (b"LogNormal(log 0.04, 1.0)", answers_query),
    "inside": (b"K=140+-10,Na=12,Cl=passive", answers_query),
    "recording": (ABF, reads_recording),
}


def fuzz(name: str, how: settings, folder: Path) -> None:
    whole, reads = READERS[name]
    if whole is ABF:
        whole = write_abf(folder / "whole.abf", trace(0.2)).read_bytes()
    reads(whole, folder)

    @how
    @given(edited(whole))
    @example(b"")
    @example(whole[: len(whole) // 2])
    def run(content: bytes) -> None:
        reads(content, folder)

    run()


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_or_refuses(name, tmp_path):
    fuzz(name, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_or_refuses_thousands(name, tmp_path):
    fuzz(name, MANY, tmp_path)

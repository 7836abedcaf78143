"""Fits that many tests look at are made once. What they need is imported then: pytest reads this file in every process."""

import os
from pathlib import Path

import pytest

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # before NumPy: threads that wait for one another take another test's core


def fitted(*of, **settings):
    """A fit as users make it, whatever a module that happens to be the first to ask for it has shortened."""
    from vrest.fitting.checks import run
    from vrest.fitting.fit import fit
    from vrest.fitting.sampling.refits import LOOK

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "MOST_RERUNS", 2)
        patch.setattr(run, "LOOK", LOOK)
        return fit(*of, progress=False, **settings)


@pytest.fixture(scope="session")
def full_fit():
    """K_o × temperature × block, 42 rows, 1.5 mV: everything is identified."""
    from tests.synthetic import INSIDE, recordings

    return fitted(recordings(seed=1), inside=INSIDE, seed=1)


@pytest.fixture(scope="session")
def potassium_fit():
    """A K_o series alone: the pump and P_Na/P_K cannot be told apart."""
    from tests.synthetic import INSIDE, recordings

    series = recordings(seed=2, temperatures=[22], pump=[False], repeats=3)
    return fitted(series, inside=INSIDE, seed=1, robustness="off")


@pytest.fixture(scope="session")
def gluconate_fit():
    """The three K-gluconate salines of the bundled set under GHK."""
    import vrest

    rows, where = vrest.load_data("crayfish_muscle"), "saline.str.contains('gluconate')"
    return fitted(rows, "ghk", ions="K,Na", inside="K=250+-60,Na=20", where=where, robustness="off")


@pytest.fixture(scope="session")
def typed_fit():
    """Six cells of each of two types, P_Na/P_K twice as large in B; cell A0 has a single row left."""
    import numpy as np

    from tests.many_cells import many_cells
    from tests.synthetic import INSIDE

    data, truth = many_cells(seed=3, cells=6, K_o=(2.5, 10, 40), temperatures=(22,))
    rows = np.flatnonzero((data["cell"] != "A0") | (np.arange(data.sizes["obs"]) == 1))
    return fitted(data.isel(obs=rows), inside=INSIDE, by="cell_type", seed=1, robustness="off"), truth


@pytest.fixture(scope="session")
def failed():
    """What makes of a fit one whose every draw diverged."""
    from vrest.fitting.fit import Fit

    def of(fit):
        tree = fit.tree.copy(deep=True)
        tree["sample_stats"]["diverging"] = tree["sample_stats"]["diverging"] | (tree["sample_stats"]["energy"] > -1e9)
        return Fit(tree, fit.experiment)

    return of


@pytest.fixture(scope="module")
def sampled_once():
    """For tests to which it is nothing that few draws fall short of the sampling checks: no fit is repeated, longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vrest.fitting.checks.run.MOST_RERUNS", 0)
        yield


@pytest.fixture
def glanced(monkeypatch):
    """For tests to which it is nothing how exactly robustness and cures are known: their fits are short."""
    from vrest.fitting.experiment.config import Sampling

    monkeypatch.setattr("vrest.fitting.checks.run.LOOK", Sampling(chains=2, draws=100, tune=150, sampler="nutpie"))


@pytest.fixture
def undrawn(monkeypatch):
    """For tests to which it is nothing what pictures show: their files are there, and nothing is drawn into them."""
    from matplotlib.figure import Figure

    draw = Figure.savefig

    def savefig(figure, where, **how):
        return Path(where).write_bytes(b"") if isinstance(where, str | os.PathLike) else draw(figure, where, **how)

    monkeypatch.setattr(Figure, "savefig", savefig)


@pytest.fixture
def repeated(monkeypatch):
    """Of every fit it is noted that its sampling was repeated."""
    from vrest.fitting.checks.run import run
    from vrest.models.notes import About, Note, notes_as_json

    def noted(*of, **more):
        fitted = run(*of, **more)
        fitted.tree.attrs["notes"] = notes_as_json([*fitted.experiment.notes, Note(About.SAMPLING, "It was repeated.")])
        return fitted

    for verb in ("fit", "comparison.laws", "planning.single_cells"):
        monkeypatch.setattr(f"vrest.fitting.{verb}.run", noted)

"""nutpie's private interface: that it is there, and what happens where it is not."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.designs import pooled
from vrest.fitting.checks.run import run
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.model.model import build_model
from vrest.fitting.sampling import by_nutpie
from vrest.fitting.sampling.array_stats import OF_CHAINS, OF_DRAWS, array_stats
from vrest.fitting.sampling.sampling import _say, draw
from vrest.models.arrays import namespace
from vrest.models.errors import SamplerWarning

SHORT = Sampling(chains=2, draws=100, tune=100)


def test_nutpies_core_is_as_it_was_when_this_was_written():
    """The first test to fail where nutpie changes: see `fitting/sampling/__init__.py`."""
    lib = by_nutpie.core()
    taken = {
        lib.PySampler.from_pymc: "(settings, cores, model, progress_type, extra_callback, extra_callback_rate, store)",
        lib.LogpFunc: "(ptr, user_data_ptr, keep_alive)",
        lib.ExpandFunc: "(dim, expanded_dim, ptr, user_data_ptr, keep_alive)",
        lib.PyMcModel: "(density, expand, variables, dim, dim_sizes, coords, init_func, transform_adapter)",
        lib.PyVariable.new_variables: "($cls, names, item_types, shapes, dim_sizes, dims)",
    }
    assert {function.__text_signature__ for function in taken} == set(taken.values())
    assert {"finished_draws", "divergences"} <= set(dir(lib.PyChainProgress))
    assert {"wait", "abort", "take_results"} <= set(dir(lib.PySampler))


@pytest.mark.parametrize("gone", ["whole", "name", "argument", "value", "statistic"])
def test_without_that_interface_pymc_samples_and_it_is_said_once(monkeypatch, gone):
    class Other:
        def __getattr__(self, name):
            if gone == "name" and name == "PyMcModel":
                raise AttributeError("no PyMcModel")
            found = getattr(real, name)
            if gone == "value" and name == "PySampler":
                return SimpleNamespace(from_pymc=lambda *of: int("no store of that kind"))
            return (lambda *of: found()) if gone == "argument" and name == "LogpFunc" else found

    real = by_nutpie.core()
    monkeypatch.setattr(by_nutpie, "core", Other)
    if gone == "whole":
        monkeypatch.setattr(by_nutpie, "core", lambda: (_ for _ in ()).throw(ImportError("no nutpie._lib")))
    if gone == "statistic":
        monkeypatch.setattr(by_nutpie, "STATISTICS", (*by_nutpie.STATISTICS, "renamed"))
    asked = []

    def public(experiment, sampling, seed, cores, progress, sampler):
        asked.append(sampler)
        zeros = np.zeros((2, 100))
        return {"p_Na": ((), zeros)}, {"diverging": zeros > 0}, 100

    monkeypatch.setattr("vrest.fitting.sampling.sampling.draw_by_pymc", public)
    _say.cache_clear()
    with pytest.warns(SamplerWarning, match="PyMC samples.*not one that vrest knows") as said:
        samplers = [draw(pooled(), SHORT, seed=1).sampler for _ in range(3)]
    assert (asked, samplers) == (["pymc"] * 3, ["pymc"] * 3)
    assert len(said) == 1


def test_a_law_that_cannot_be_traced_is_sampled_by_pymc_and_it_is_said(monkeypatch):
    experiment = pooled(law="ghk")

    def potential(theta, at, reference):
        return experiment.law.potential(theta, at, reference) + 0.0 * namespace(theta["P_Na/P_K"]).arctan(
            theta["P_Na/P_K"]
        )

    _say.cache_clear()
    asked = []

    def public(*of):
        asked.append(of[-1])
        return {"p_Na": ((), np.zeros((2, 100)))}, {"diverging": np.zeros((2, 100), bool)}, 100

    monkeypatch.setattr("vrest.fitting.sampling.sampling.draw_by_pymc", public)
    own = replace(experiment, law=replace(experiment.law, name="mine", potential=potential))
    with pytest.warns(SamplerWarning, match="PyMC samples.*the law mine cannot be compiled.*arctan"):
        draw(own, SHORT, seed=1)
    assert asked == ["pymc"]
    assert build_model(own).free_RVs, "PyMC has it"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")  # in PyMC's own leapfrog steps
def test_pymc_draws_from_the_same_posterior():
    experiment = pooled(law="ghk", ions="K,Na", inside="K=140+-5,Na=12")
    mine = draw(experiment, Sampling(), seed=1, cores=2).posterior
    theirs = draw(experiment, Sampling(sampler="pymc"), seed=1, cores=2).posterior
    for name in mine:
        assert mine[name].mean().item() == pytest.approx(theirs[name].mean().item(), abs=0.1 * mine[name].std().item())
        assert mine[name].std().item() == pytest.approx(theirs[name].std().item(), rel=0.1)


@pytest.mark.thorough
def test_nutpies_core_comes_alone_and_leaves_the_rest_to_others():
    code = """
import sys
from vrest.fitting.sampling.array_stats import array_stats
from vrest.fitting.sampling.by_nutpie import core
lib, ess = core(), array_stats().ess
beside = {"arviz", "arviz_base", "arviz_stats", "xarray_einstats", "numba", "matplotlib"}
assert not {m.split(".")[0] for m in sys.modules} & beside
assert "nutpie" not in sys.modules
import arviz, nutpie
assert nutpie._lib is lib and callable(nutpie.sample)
assert arviz.loo and arviz.ess is not ess
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_arviz_gives_the_same_numbers_alone_as_whole():
    from arviz_stats.base import array_stats as whole

    x = np.random.default_rng(1).normal(size=(4, 300)).cumsum(axis=1)
    alone = array_stats()
    for function in ("ess", "rhat", "bfmi"):
        assert np.array_equal(getattr(alone, function)(x), getattr(whole, function)(x))
    assert np.array_equal(alone.psislw(x)[1], whole.psislw(x)[1])


@pytest.fixture
def other_arviz(monkeypatch):
    """arviz-stats without the array functions that are taken from it, where pytest has imported it whole."""
    import arviz_stats.base

    monkeypatch.delattr(arviz_stats.base, "array_stats")
    array_stats.cache_clear()
    yield
    array_stats.cache_clear()


def test_without_its_array_functions_arviz_gives_the_same_by_its_accessor_and_it_is_said_once(other_arviz):
    from arviz_stats.base.array import array_stats as arrays

    rng = np.random.default_rng(1)
    x, weight, many = rng.normal(size=(4, 300)).cumsum(axis=1), rng.uniform(size=(4, 300)), rng.normal(size=(4, 300, 3))
    with pytest.warns(SamplerWarning, match="ArviZ.*takes longer.*no attribute 'array_stats'") as said:
        found = [array_stats() for _ in range(3)][-1]
    assert len(said) == 1
    assert set(vars(found)) == {*OF_CHAINS, *OF_DRAWS}
    powers = {"lower_w": weight, "upper_w": 1 - weight, "lower_alpha": 0.99, "upper_alpha": 1.01}
    for name, of, how in (
        ("ess", x, {"method": "tail", "prob": (0.05, 0.95)}),
        ("ess", many, {"method": "mean", "chain_axis": 0, "draw_axis": 1}),
        ("rhat", x, {}),
        ("bfmi", x, {}),
        ("power_scale_lw", x, {"alpha": 0.99, "axis": (-2, -1)}),
        ("power_scale_sense", x, powers),
    ):
        assert np.array_equal(getattr(found, name)(of, **how), getattr(arrays, name)(of, **how)), name
    for name, of, how in (("psislw", x, {"r_eff": 0.7}), ("psislw", x[0], {}), ("uniformity_test", weight[0], {})):
        for mine, theirs in zip(getattr(found, name)(of, **how), getattr(arrays, name)(of, **how), strict=True):
            assert np.array_equal(mine, theirs), name


def test_a_fit_goes_on_without_arvizs_array_functions(other_arviz):
    with pytest.warns(SamplerWarning, match="ArviZ"):
        summary = run(pooled(law="ghk", robustness="off"), progress=False).summary()
    assert np.isfinite(summary[["ess_bulk", "r_hat"]]).all(axis=None)


def test_a_bar_shows_how_far_the_chains_have_come(capsys):
    draw(pooled(), SHORT, seed=1, progress=True)
    shown = capsys.readouterr().err
    assert "of 400 draws" in shown
    draw(pooled(), SHORT, seed=1)
    assert capsys.readouterr().err == ""

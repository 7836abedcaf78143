"""nutpie's private interface: that it is there, and what happens where it is not."""

import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest

from tests.designs import pooled
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.sampling import by_nutpie
from vrest.fitting.sampling.sampling import draw
from vrest.models.errors import SamplerWarning

SHORT = Sampling(chains=2, draws=100, tune=100)


def test_nutpie_is_as_it_was_when_this_was_written():
    """The first test to fail where nutpie changes: see `fitting/sampling/__init__.py`."""
    from nutpie.compile_pymc import CompiledPyMCModel

    assert {field.name for field in fields(CompiledPyMCModel)} == {
        "dims", "compiled_logp_func", "compiled_expand_func", "initial_point_func", "shared_data", "shared_var_keys",
        "user_data", "n_expanded", "shape_info", "logp_func", "expand_func", "_n_dim", "_shapes", "_coords",
        "_transform_adapt_args", "reparameterized_names",
    }  # fmt: skip


@pytest.mark.parametrize("gone", ["class", "argument"])
def test_without_that_interface_pymc_samples_and_it_is_said(monkeypatch, gone):
    import nutpie.compile_pymc as theirs

    def other(*args, **kwargs):
        raise TypeError("unexpected keyword argument")

    if gone == "class":
        monkeypatch.delattr(theirs, "CompiledPyMCModel")
    else:
        monkeypatch.setattr(theirs, "CompiledPyMCModel", other)
    asked = []

    def public(experiment, sampling, seed, cores, progress, sampler):
        asked.append(sampler)
        zeros = np.zeros((2, 100))
        return {"p_Na": zeros}, {"diverging": zeros > 0}, 100

    monkeypatch.setattr("vrest.fitting.sampling.sampling.draw_by_pymc", public)
    with pytest.warns(SamplerWarning, match="not one that vrest knows.*PyMC samples instead"):
        draws = draw(pooled(), SHORT, seed=1)
    assert (asked, draws.sampler) == (["pymc"], "pymc")


@pytest.mark.slow
def test_pymc_draws_from_the_same_posterior():
    experiment = pooled(law="ghk", ions="K,Na", inside="K=140+-5,Na=12")
    mine = draw(experiment, Sampling(), seed=1, cores=2).posterior
    theirs = draw(experiment, Sampling(sampler="pymc"), seed=1, cores=2).posterior
    for name in mine:
        assert mine[name].mean().item() == pytest.approx(theirs[name].mean().item(), abs=0.1 * mine[name].std().item())
        assert mine[name].std().item() == pytest.approx(theirs[name].std().item(), rel=0.1)


def test_chains_begin_around_the_start_and_move(monkeypatch):
    seen = []
    model = by_nutpie._model
    monkeypatch.setattr(by_nutpie, "_model", lambda density, start: seen.append(model(density, start)) or seen[-1])
    draws = draw(pooled(), SHORT, seed=1)
    places = [seen[0].initial_point_func(seed) for seed in (1, 2)]
    assert np.all(np.abs(places[0] - places[1]) <= 2)
    assert draws.posterior["pump_mV"].std() > 0


def test_nutpie_comes_without_the_plotting_library_and_leaves_it_to_others():
    code = """
import sys
from vrest.fitting.sampling.by_nutpie import import_nutpie
nutpie = import_nutpie()
assert "arviz" not in sys.modules and "matplotlib" not in sys.modules
import arviz
assert arviz.__version__ and sys.modules["nutpie.sample"].arviz.from_dict is arviz.from_dict
"""
    subprocess.run([sys.executable, "-c", code], check=True)

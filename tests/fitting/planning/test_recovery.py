"""Recovery and calibration: right where all is right, and each kind of error noticed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.planning import recovery
from vrest.fitting.planning.recovery import RANKED, Job, _judge, generate, recover, simulate_and_fit
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.sampling import traced
from vrest.fitting.sampling.workers import Workers
from vrest.models.compiling import functions
from vrest.models.errors import ConfigurationError
from vrest.models.ions import ion
from vrest.models.parameters import Quantity, permeability_ratio
from vrest.models.priors import Normal


def plan(rows=None, **settings):
    rows = recordings(K_o=(2.5, 10, 40), temperatures=(22,), pump=(False,), repeats=4) if rows is None else rows
    return prepare(rows.drop_vars("V_m"), configure(**{"inside": INSIDE, **settings}))


def small(**settings):
    """P_Na/P_K, of which the rows say much, K_i, of which they say little, and the scatter."""
    return plan(law="ghk", ions="K,Na", inside="K=140+-5,Na=12", **settings)


def shifted(experiment, rng, truth):
    """Truths from a prior of K_i one sd above the model's; where data decide, as on P_Na/P_K, a prior leaves no trace."""
    other = [replace(p, prior=Normal(145, 5)) if p.name == "K_i_mM" else p for p in experiment.parameters]
    return generate(replace(experiment, parameters=tuple(other)), rng, truth)


def noisier(experiment, rng, truth):
    """Recordings with 1/0.7 of the scatter that the truth says."""
    drawn = draw_truth(experiment, rng, truth)
    return drawn, simulate(experiment, drawn.assign(sigma_mV=drawn["sigma_mV"] / 0.7), rng)


def test_what_is_right_is_found_calibrated_and_a_shifted_prior_and_a_wrong_scatter_are_not():
    right = recover(small(), 50)
    assert right.calibrated()
    assert list(right.table().columns) == ["parameter", "coverage_50", "coverage_89", "bias_sd", "sbc_p"]
    assert right.table()["coverage_89"].between(0.78, 0.99).all()
    assert right.table()["coverage_50"].between(0.33, 0.67).all()
    assert (right.ranks["contraction"].sel(quantity="P_Na/P_K") > 0.5).mean() > 0.9

    wrong_prior = recover(small(), 40, generate=shifted)
    assert not wrong_prior.calibrated()
    assert wrong_prior.table().set_index("parameter")["sbc_p"]["K_i_mM"] < 1e-3
    wrong_scatter = recover(small(), 30, generate=noisier)
    assert not wrong_scatter.calibrated()


def test_a_stated_truth_is_found_and_its_ranks_are_not_judged():
    found = recover(small(interval=0.6), 20, truth={"P_Na/P_K": 0.04, "K_i_mM": 140, "sigma_mV": 1.0})
    assert json.loads(found.ranks.attrs["truth"]) == {"P_Na/P_K": 0.04, "K_i_mM": 140, "sigma_mV": 1.0}
    held = (found.ranks["lower"] <= found.ranks["truth"]) & (found.ranks["truth"] <= found.ranks["upper"])
    assert found.table()["coverage_60"].to_numpy() == pytest.approx(held.mean("simulation").to_numpy())
    assert (found.table()["coverage_60"] < 1).any()
    assert "The 60% interval held the truth" in " ".join(found.verdict())
    assert "60% interval" in found.plot_recovery().get_supylabel() + "".join(
        axes.get_ylabel() for axes in found.plot_recovery().axes
    )
    table = found.table().set_index("parameter")
    assert table["sbc_p"].isna().all()
    assert found.calibrated() is None
    assert (found.ranks["truth"].sel(quantity="P_Na/P_K") == 0.04).all()
    assert abs(table["bias_sd"]["P_Na/P_K"]) < 4 / np.sqrt(20)
    assert "At this truth" in " ".join(found.verdict())


def fake(monkeypatch, calls):
    """A sampler that knows the posterior, so that only the counting is tried: truth + Normal(0, 1) noise twice over."""

    def sampled(experiment, sampling, seed):
        calls.append((seed, sampling.draws))
        rng = np.random.default_rng(seed)
        return xr.Dataset(
            {p.symbol: (("chain", "draw"), p.prior.draw(rng, (2, sampling.draws))) for p in experiment.parameters}
        ), (1 if len(calls) == 1 else 0)

    monkeypatch.setattr(recovery, "sampled", sampled)


def test_a_stopped_run_goes_on_where_it_stopped_and_ends_the_same(monkeypatch, tmp_path):
    calls: list = []
    fake(monkeypatch, calls)
    whole = recover(small(), 30, log=tmp_path / "whole" / "simulations.jsonl")
    text = (tmp_path / "whole" / "simulations.jsonl").read_text()
    assert whole.ranks["reruns"].sum() == 1  # the one with a divergence, and longer
    assert sorted({draws for _, draws in calls}) == [500, 2000]

    lines = text.splitlines(keepends=True)
    log = tmp_path / "part" / "simulations.jsonl"
    log.parent.mkdir()
    log.write_text("".join(lines[:11]) + lines[11][:40])  # killed in the middle of a line
    calls.clear()
    calls.append((0, 0))
    again = recover(small(), 30, log=log)
    assert len(calls) == 1 + 20
    assert again.ranks.identical(whole.ranks)
    assert sorted(log.read_text().splitlines()) == sorted(text.splitlines())
    log.write_text(lines[0][:40])  # killed in the very first line
    calls.clear()
    assert recover(small(), 30, log=log).ranks.identical(whole.ranks)
    for damaged in (text.replace('"median": ', '"median": 1', 1), "\0" + text, text.replace("{", "[")):
        log.write_text(damaged)
        with pytest.raises(ConfigurationError, match="is damaged; start anew"):
            recover(small(), 30, log=log)


def test_an_unfinished_run_with_other_settings_is_not_mixed_in(monkeypatch, tmp_path):
    fake(monkeypatch, [])
    log = tmp_path / "run" / "simulations.jsonl"
    recover(small(), 20, log=log)
    with pytest.raises(ConfigurationError, match="other settings"):
        recover(plan(law="ghk", ions="K,Na", inside="K=120+-5,Na=12"), 20, log=log)


def test_ranks_are_uniform_where_the_draws_are_from_the_posterior(monkeypatch):
    """The prior is the posterior where nothing is learned: the fake's draws are right, and so must the ranks be."""
    fake(monkeypatch, [])
    right = recover(small(), 150)
    assert right.table().set_index("parameter")["sbc_p"][["P_Na/P_K", "K_i_mM", "sigma_mV"]].min() > 0.01
    assert right.ranks["rank"].max() <= RANKED
    assert np.abs(right.ranks["contraction"].sel(quantity="P_Na/P_K").mean()) < 0.07


def test_a_simulation_has_numbers_of_its_own_whoever_does_it():
    job = Job(small(), None)
    assert simulate_and_fit(job, 7) == simulate_and_fit(job, 7)
    truths = [simulate_and_fit(job, k)["of"]["P_Na/P_K"]["truth"] for k in (1, 2)]
    assert truths[0] != truths[1]


@pytest.mark.slow
@pytest.mark.parametrize("law", ["ghk", "ghk-pump", "ghk-pump-kinetic", "mullins-noda", "chord"])
def test_every_law_is_calibrated(law):
    inside = "K=140,Na=12" if law == "mullins-noda" else INSIDE
    rows = recordings(K_o=(2.5, 4, 6, 10)) if law == "chord" else recordings()
    found = recover(plan(rows, law=law, inside=inside), 400, workers=Workers(2))
    assert found.calibrated(), found.table().to_string()


@pytest.mark.slow
def test_the_hierarchy_is_calibrated():
    rows, _ = many_cells(cells=6, K_o=(2.5, 5, 10, 40), temperatures=(22,))
    found = recover(plan(rows, by="cell_type", ions="K,Na", inside="K=140,Na=12"), 200, workers=Workers(2))
    assert {"P_Na/P_K (A)", "P_Na/P_K spread", "P_Na/P_K (A0)"} <= set(found.table()["parameter"])
    assert found.calibrated(), found.table().to_string()


def without_jacobian(monkeypatch):
    """The density of log P_Na/P_K taken for that of P_Na/P_K."""
    right = traced.Traced.sampled

    def wrong(self, parameter, dims=None):
        x = right(self, parameter, dims)
        self.terms += [-functions.log(x)] if parameter.symbol == "p_Na" else []
        return x

    monkeypatch.setattr(traced.Traced, "sampled", wrong)


def wrong_root(monkeypatch):
    """A potential that is 2 % off."""
    right = traced.describe

    def describe(experiment, language):
        law = replace(experiment.law, potential=lambda *of: 1.02 * experiment.law.potential(*of))
        right(replace(experiment, law=law), language)

    monkeypatch.setattr(traced, "describe", describe)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [without_jacobian, wrong_root])
def test_a_wrong_density_is_noticed(monkeypatch, wrong):
    wrong(monkeypatch)
    vague = plan(
        recordings(K_o=(40,), temperatures=(22,), pump=(False,), repeats=3),
        law="ghk",
        ions="K,Na",
        inside="K=140,Na=12",
    )
    assert not recover(vague, 400).calibrated()  # where data decide, a Jacobian hardly counts


@pytest.mark.slow
def test_a_run_that_was_killed_ends_like_one_that_was_not(tmp_path):
    frame = to_frame(recordings(K_o=(2.5, 10, 40), temperatures=(22,)).drop_vars("V_m"))
    frame.to_csv(tmp_path / "plan.csv", index=False)
    command = [sys.executable, "-m", "vrest", "recover", "plan.csv", "--law", "ghk", "--ions", "K,Na", "--n", "60"]
    command += ["--inside", "K=140+-20,Na=12"]
    subprocess.run([*command, "--out", "whole"], cwd=tmp_path, check=True, capture_output=True)
    log = tmp_path / ".killed-unfinished" / "simulations.jsonl"
    process = subprocess.Popen([*command, "--out", "killed", "--workers", "2"], cwd=tmp_path, start_new_session=True)
    while not log.exists() or len(log.read_text().splitlines()) < 20:
        time.sleep(0.05)
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {
        json.loads(line[9:]).get("simulation") for line in log.read_text().splitlines(keepends=True) if line[-1] == "\n"
    }
    assert 19 <= len(before) < 60
    subprocess.run([*command, "--out", "killed"], cwd=tmp_path, check=True, capture_output=True)
    assert not log.parent.exists()
    assert Path(tmp_path / "killed/recovery.csv").read_text() == Path(tmp_path / "whole/recovery.csv").read_text()
    assert xr.open_dataset(tmp_path / "killed/ranks.nc").identical(xr.open_dataset(tmp_path / "whole/ranks.nc"))


@pytest.mark.parametrize("draws", [50, 100, 525, 1000, 1333])
def test_ranks_are_among_as_many_draws_whatever_their_number(draws):
    flat = np.random.default_rng(draws).permutation(np.arange(2 * draws)).reshape(2, draws)
    q = Quantity("x", "1", "x")
    assert [_judge(q, flat, truth, 0.89)["rank"] for truth in (-1.0, 2.0 * draws)] == [0, RANKED]
    # Of evenly spaced draws of a uniform, about half lie below its middle: 50 of 100, binomial sd 5.
    assert abs(_judge(q, flat, draws - 0.5, 0.89)["rank"] - RANKED / 2) < 20


def test_bias_is_the_estimate_less_the_truth_in_posterior_sds_on_the_own_scale():
    draws = np.exp(np.array([[1.0, 3.0], [1.0, 3.0]]))
    judged = _judge(permeability_ratio(ion("Na")), draws, np.exp(1.0), 0.5)
    assert (judged["z"], judged["sd"]) == (pytest.approx((2.0 - 1.0) / 1.0), pytest.approx(1.0))
    plain = _judge(Quantity("x", "mV", "x"), np.array([[1.0, 3.0]] * 50), 4.0, 0.5)
    assert plain["z"] == pytest.approx(-2.0)
    assert (plain["inside"], plain["inside_50"], plain["rank"]) == (False, False, RANKED)
    assert _judge(Quantity("x", "mV", "x"), np.array([[1.0, 3.0]] * 50), 2.0, 0.5)["inside_50"]


def stopped_after(k: int):
    """A generator that a person stops in simulation number `k`."""
    made = iter(range(k))

    def stop(experiment, rng, truth):
        if next(made, None) is None:
            raise KeyboardInterrupt
        return generate(experiment, rng, truth)

    return stop


def test_a_person_who_stops_it_is_told_what_is_kept(monkeypatch, tmp_path):
    fake(monkeypatch, [])
    log = tmp_path / ".run-unfinished" / "simulations.jsonl"
    with pytest.raises(KeyboardInterrupt) as stopped:
        recover(small(), 20, log=log, generate=stopped_after(7))
    kept = len(log.read_text().splitlines()) - 1
    assert kept in (6, 7)
    sentence = f"{kept} of 20 simulations are kept in {log.parent}: the same command goes on with them"
    assert stopped.value.__notes__ == [sentence]
    with pytest.raises(KeyboardInterrupt) as stopped:
        recover(small(), 20, generate=stopped_after(7))
    assert not hasattr(stopped.value, "__notes__"), "without a log nothing is kept"
    with pytest.raises(KeyboardInterrupt) as stopped:
        recover(small(), 20, log=tmp_path / "other" / "simulations.jsonl", generate=stopped_after(0))
    assert not hasattr(stopped.value, "__notes__"), "nothing was finished"

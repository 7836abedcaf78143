"""What answers rest on: reweighted draws against fits of the changed experiment, and what counts."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.text import Text
from scipy.stats import norm

import vrest
from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks.power_scaling import SENSITIVE, sensitivity
from vrest.fitting.checks.robustness import (
    COLUMNS,
    RATIO_COUNTS,
    from_dataset,
    judge_table,
    robustness,
    smoothed,
    to_dataset,
    two_sided,
    weighted_quantiles,
)
from vrest.fitting.checks.variations import Kind, variations
from vrest.fitting.checks.words import say_robustness
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.draws import with_derived
from vrest.fitting.sampling.refits import sampled
from vrest.models.parameters import P_K, PUMP, Q10_LEAK
from vrest.models.priors import HalfNormal, LogNormal, Normal


def drawn(experiment):
    return with_derived(sampled(experiment, Sampling(chains=2, draws=1000, tune=500), 1)[0], experiment)


@pytest.fixture(scope="module")
def experiment():
    return prepare(recordings(temperatures=[22], repeats=2), configure(inside=INSIDE))


@pytest.fixture(scope="module")
def found(experiment):
    return robustness(experiment, drawn(experiment), drawn)


def row(found, answer, changed, to):
    table = found.table
    return table[(table["answer"] == answer) & (table["changed"] == changed) & (table["to"] == to)].iloc[0]


@pytest.mark.parametrize(
    ("changed", "to", "config"),
    [
        ("P_Na/P_K", "LogNormal(log 0.04, 2)", {"priors": {"P_Na/P_K": "LogNormal(log 0.04, 2)"}}),
        ("pump_mV", "HalfNormal(4)", {"priors": {"pump_mV": "HalfNormal(4)"}}),
        ("K_i_mM", "154 mM", {"inside": "K=154,Na=12,Cl=10"}),
        ("Na_i_mM", "10.8 mM", {"inside": "K=140,Na=10.8,Cl=10"}),
    ],
)
def test_a_change_gives_what_a_fit_with_it_gives(experiment, found, changed, to, config):
    """The oracle is an experiment built from the changed configuration, and sampled."""
    other = drawn(prepare(experiment.recordings, configure(**{"inside": INSIDE, **config})))
    base = drawn(experiment)
    for answer, symbol, log in (("P_Na/P_K", "p_Na", True), ("pump_mV", "pump_mV", False)):
        scale = np.log if log else np.asarray
        x, y = (scale(d[symbol].to_numpy()) for d in (base, other))
        assert row(found, answer, changed, to)["shift_sd"] == pytest.approx(
            (np.median(y) - np.median(x)) / x.std(), abs=0.2
        )


def test_left_out_rows_and_shifted_potentials_are_fitted_so(experiment, found):
    rows = experiment.recordings["row"].to_numpy()
    kept = prepare(experiment.recordings.isel(obs=rows != rows[3]), configure(inside=INSIDE))
    x, y = (np.log(drawn(e)["p_Na"].to_numpy()) for e in (experiment, kept))
    expected = (np.median(y) - np.median(x)) / x.std()
    assert row(found, "P_Na/P_K", f"row {rows[3]}", "left out")["shift_sd"] == pytest.approx(expected, abs=0.2)
    unloaded = experiment.recordings.assign(V_m=experiment.recordings["V_m"] / 0.9)
    y = np.log(drawn(prepare(unloaded, configure(inside=INSIDE)))["p_Na"].to_numpy())
    seal = found.table[(found.table["changed"] == "R_seal_GOhm") & (found.table["answer"] == "P_Na/P_K")].iloc[0]
    assert seal["median"] == pytest.approx(np.exp(np.median(y)), rel=0.03)


def test_what_is_given_with_its_error_is_not_changed_again(experiment):
    def changed(**more):
        table = experiment.recordings.copy()
        for name, value in more.pop("columns", {}).items():
            table[name] = ("obs", np.full(table.sizes["obs"], value))
        table.attrs.update(more.pop("attrs", {}))
        e = prepare(table, configure(**{"inside": INSIDE, **more}))
        return {v.changed for v in variations(e) if v.kind is Kind.ASSUMPTION}

    assert changed() == {"K_i_mM", "Na_i_mM", "Cl_i_mM", "R_seal_GOhm"}
    assert changed(inside="K=140+-0,Na=12+-1,Cl=10+-0") == {"R_seal_GOhm"}
    assert "ljp_mV" in changed(attrs={"ljp": "unknown"})
    assert "ljp_mV" in changed(attrs={"ljp": "subtracted"})


def test_full_leaves_out_every_row_of_a_longer_table():
    def left_out(how):
        e = prepare(recordings(repeats=2), configure(inside=INSIDE, robustness=how))
        return sum(v.kind is Kind.LEFT_OUT for v in variations(e))

    assert (left_out("on"), left_out("full")) == (0, 84)


def test_only_large_and_relevant_shifts_count():
    def table(kind, shift, before, after, answer="P_Na/P_K"):
        from vrest.fitting.checks.robustness import _counts
        from vrest.models.ions import ions
        from vrest.models.parameters import PUMP, permeability_ratio

        q = PUMP if answer == "pump_mV" else permeability_ratio(ions(["Na"])[0])
        return _counts(kind, q, shift, before, after)

    assert table(Kind.PRIOR, 0.6, 0.03, 0.0301)
    assert not table(Kind.PRIOR, 0.4, 0.03, 0.05)
    assert not table(Kind.ASSUMPTION, 0.9, 0.03, 0.05)
    assert table(Kind.ASSUMPTION, -1.1, 0.03, 0.03 * (1 - RATIO_COUNTS - 0.01))
    assert not table(Kind.LEFT_OUT, 1.1, 0.03, 0.03 * (1 + RATIO_COUNTS - 0.01))
    assert table(Kind.LEFT_OUT, 1.1, 5.0, 6.1, "pump_mV")
    assert not table(Kind.LEFT_OUT, 1.1, 5.0, 5.9, "pump_mV")


def test_weights_that_a_few_draws_carry_are_refused():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    assert smoothed(0.3 * x) is not None
    assert smoothed(4.0 * x) is None
    assert smoothed(np.zeros(1000)) == pytest.approx(np.full(1000, 1e-3))
    weight = smoothed(0.5 * x)  # Normal(0, 1) tilted by exp(x / 2) is Normal(1/2, 1)
    assert weighted_quantiles(x, weight, 0.89)[1] == pytest.approx(0.5, abs=0.15)
    assert weighted_quantiles(x, None, 0.5) == pytest.approx(tuple(np.quantile(x, [0.25, 0.5, 0.75])))


def test_weighted_draws_have_the_quantiles_of_draws_that_stand_so_often():
    """As Hazen places draws, in the middles of their weights."""
    x, often = np.random.default_rng(1).normal(size=200), np.tile([1, 3], 100)
    expected = np.quantile(x, [0.055, 0.5, 0.945], method="hazen")
    assert weighted_quantiles(x, np.full(200, 1 / 200), 0.89) == pytest.approx(tuple(expected))
    repeated = np.quantile(np.repeat(x, often), [0.1, 0.5, 0.9], method="hazen")
    assert weighted_quantiles(x, often / often.sum(), 0.8) == pytest.approx(tuple(repeated), abs=0.03)


@pytest.mark.parametrize(
    ("parameter", "value", "p"),
    [
        (PUMP.with_prior(HalfNormal(8)), 20.0, 2 * norm.sf(20 / 8)),
        (Q10_LEAK.with_prior(Normal(1.4, 0.3)), 0.9, 2 * norm.sf(0.5 / 0.3)),
        (
            PUMP.with_prior(Normal(1, 10)),
            0.01,
            norm.sf(0.099) / norm.cdf(0.1),
        ),  # where it ends it is nearly as high as anywhere
        (P_K.with_prior(LogNormal(1e-6, 2.0)), 1e-4, 2 * norm.sf(np.log(100) / 2)),
        (P_K.with_prior(LogNormal(1e-6, 2.0)), 1e-8, 2 * norm.sf(np.log(100) / 2)),
    ],
    ids=lambda x: getattr(x, "name", None),
)
def test_how_far_out_a_value_lies_under_its_prior(parameter, value, p):
    assert two_sided(parameter, value) == pytest.approx(p, abs=4 * np.sqrt(p / 20_000))


def test_what_an_answer_rests_on_is_told_by_the_largest_of_its_shifts_of_either_sign():
    columns = {"answer": "pump_mV", "group": "", "changed": "K_i_mM", "kind": "prior", "base": 1.0, "median": 1.0}
    moved = pd.DataFrame([columns | {"shift_sd": x, "counts": abs(x) > 1} for x in (0.5, -3.0, 2.0)])
    assert judge_table(moved, (), ()).rests_on == (("pump_mV", "K_i_mM", -3.0),)


def test_a_prior_that_the_data_contradict_is_named():
    """On and blocked differ by 20 mV; the prior HalfNormal(4) holds 20 mV for impossible."""
    theta = {"P_Na/P_K": 0.06, "P_Cl/P_K": 0.1, "pump_mV": 20.0, "Q10_pump": 2.3, "Q10_leak": 1.4}
    table = recordings(temperatures=[22], theta=theta)
    fought = prepare(table, configure(inside=INSIDE, priors={"pump_mV": "HalfNormal(4)"}))
    conflict = robustness(fought, drawn(fought), drawn).conflicts
    assert [c.parameter for c in conflict] == ["pump_mV"]
    assert conflict[0].wider == "HalfNormal(8)"
    assert conflict[0].wider_median > conflict[0].median
    agreed = prepare(table, configure(inside=INSIDE, priors={"pump_mV": "HalfNormal(20)"}))
    assert robustness(agreed, drawn(agreed), drawn).conflicts == ()


def test_alternative_priors_are_wider_and_moved_by_their_sd():
    assert LogNormal(0.04, 1.0).alternatives == (LogNormal(0.04, 2.0), LogNormal(0.0147, 1.0), LogNormal(0.109, 1.0))
    assert HalfNormal(8).alternatives == (HalfNormal(16), HalfNormal(4))
    assert Normal(1.4, 0.3).alternatives == (Normal(1.4, 0.6), Normal(1.4 - 0.3, 0.3), Normal(1.4 + 0.3, 0.3))


def test_it_is_kept_in_a_tree_and_read_back(found):
    again = from_dataset(to_dataset(found))
    pd.testing.assert_frame_equal(again.table, found.table, check_dtype=False)
    assert (again.ok, again.rests_on, again.conflicts) == (found.ok, found.rests_on, found.conflicts)
    calm = judge_table(found.table.assign(counts=False), (), ())
    assert (calm.ok, calm.rests_on) == (True, ())


def test_the_picture_shows_each_change_from_the_largest(full_fit):
    axes = full_fit.plot_robustness("P_Na/P_K")
    table = full_fit.robustness().query("answer == 'P_Na/P_K'")
    largest = table.loc[table["shift_sd"].abs().idxmax()]
    assert axes.get_yticklabels()[-1].get_text() == f"{largest['changed']}: {largest['to']}"
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    assert min(abs(np.array(ends) - largest["median"])) < 1e-12
    axes.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.findobj(Text) if text.get_text() and text.get_visible()]
    assert len(boxes) > len(ends)
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]
    pyplot.close(axes.figure)
    with pytest.raises(vrest.UnknownNameError, match="Did you mean 'pump_mV'"):
        full_fit.plot_robustness("pump_V")


def test_a_fit_without_it_says_so(potassium_fit):
    assert len(potassium_fit.robustness()) == 0
    with pytest.raises(vrest.ConfigurationError, match="was not computed"):
        potassium_fit.plot_robustness("P_Na/P_K")


def test_power_scaling_is_arviz(full_fit):
    """`arviz_stats.psense` on the tree, one prior at a time; it imports what a fit does without."""
    from arviz_stats import psense

    tree, found = full_fit.tree, full_fit.verdict().robustness.sensitivities
    assert len({answer for answer, _, _ in found}) > 3
    symbols = {q.name: q.symbol for q in full_fit.experiment.quantities}
    for answer, prior, value in found:
        theirs = psense(tree, var_names=[symbols[answer]], group_var_names=[symbols[prior]])[symbols[answer]]
        assert value == pytest.approx(float(theirs), abs=1e-3), (answer, prior)


def test_an_answer_that_is_its_prior_is_sensitive_to_it_and_one_that_is_not_is_not():
    """A Normal prior to a power is a Normal of another sd: the answer is the prior's draw, or has nothing to do with it."""
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, 4, 2000))
    of_itself, of_another = sensitivity(-0.5 * x**2, x, other)
    assert of_itself > SENSITIVE
    assert of_another < SENSITIVE


def test_what_power_scaling_finds_alone_is_said():
    calm = judge_table(
        pd.DataFrame(columns=[*COLUMNS, "kind", "base", "counts"]), sensitivities=(("pump_mV", "P_Na/P_K", 0.08),)
    )
    assert calm.rests_on == (("pump_mV", "P_Na/P_K", 0.0),)
    assert "pump_mV rests on the prior of P_Na/P_K" in str(say_robustness(calm))
    below = judge_table(calm.table, sensitivities=(("pump_mV", "P_Na/P_K", 0.05),))
    assert (below.ok, below.rests_on) == (True, ())

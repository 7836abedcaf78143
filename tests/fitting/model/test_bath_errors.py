"""Errors of baths and thermometers, against Monte Carlo with equations of the test's own."""

import numpy as np
import pandas as pd
import pytest
from scipy.constants import R, physical_constants
from scipy.optimize import brentq
from scipy.stats import norm

import vrest
from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.data.tables.reader import from_frame
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.draws import parameter_values
from vrest.fitting.planning.simulate import draw_truth, simulate, truth_in_toml
from vrest.models.errors import DataError

pytestmark = pytest.mark.usefixtures("sampled_once")

F = physical_constants["Faraday constant"][0]
P_NA = 0.03
K_SD = {3.0: 0.3, 10.0: 0.8}


def goldman(p, K_o, Na_o, T, K_i=140.0, Na_i=12.0):
    return 1e3 * R * (T + 273.15) / F * np.log((K_o + p * Na_o) / (K_i + p * Na_i))


def table(V_m=None, rows: int = 6, **columns):
    """Rows of two baths, K_o known to 10 % and to 8 %."""
    K = np.repeat([3.0, 10.0], rows)
    data = {
        "K_o_mM": K, "Na_o_mM": 149 - K, "temperature_C": np.full(2 * rows, 22.0), "ljp": ["corrected"] * 2 * rows,
        "solution": np.repeat(["low", "high"], rows), "K_o_sd_mM": np.repeat([K_SD[3.0], K_SD[10.0]], rows), **columns,
    }  # fmt: skip
    if V_m is not None:
        data["V_m_mV"] = V_m
    return pd.DataFrame(data)


def read(frame, potentials=True):
    return from_frame(frame, name="table.csv", potentials=potentials)


SETTINGS = {"law": "ghk", "ions": "K,Na", "inside": "K=140+-0,Na=12+-0", "robustness": "off"}


def test_what_a_bath_error_does_to_potentials_is_what_monte_carlo_says():
    """The pump's law solved by bisection for baths drawn at random: mean shift, and its sd, in every row of a bath at once."""
    rows = recordings(temperatures=(25,), K_o=(3, 10, 60)).assign(
        K_o_sd=("obs", np.repeat([0.3, 0.5, 0.0], 2)), temperature_sd=("obs", np.full(6, 2.0))
    )
    e = prepare(rows, configure(inside=INSIDE, reference={"K_o_mM": 3, "temperature_C": 25}))
    rng = np.random.default_rng(1)
    truths = [draw_truth(e, rng, {**TRUTH, "sigma_mV": 1.0}) for _ in range(400)]
    found = np.array([e.row_mean(parameter_values(x, e, flat=True))[0] for x in truths])

    def balance(V, K_o, T, blocked, j):
        u = V * F / (1e3 * R * (T + 273.15))
        b = lambda x: x / np.expm1(x) if abs(x) > 1e-9 else 1.0 - x / 2  # noqa: E731
        ions = ((1, 1.0, K_o, 140.0), (1, 0.03, 149.0 - nominal, 12.0), (-1, 0.1, 130.0, 10.0))
        leak = sum(z * p * (i * b(-z * u) - o * b(z * u)) for z, p, o, i in ions)
        return leak + (0.0 if blocked else j * (2.52 / 1.4) ** ((T - 25) / 10))

    # The pump's current is the one that gives 5 mV in the reference bath.
    nominal = 3.0
    rest = brentq(balance, -150, 50, args=(3.0, 25.0, True, 0.0))
    j = -balance(rest - 5.0, 3.0, 25.0, True, 0.0)
    simulated = []
    for _ in range(400):
        warm, baths = rng.normal(25, 2.0), {3: rng.normal(3, 0.3), 10: rng.normal(10, 0.5), 60: 60.0}
        row = []
        for nominal in (3, 10, 60):
            row += [brentq(balance, -150, 50, args=(baths[nominal], warm, blocked, j)) for blocked in (False, True)]
        simulated.append(row)
    simulated = np.array(simulated)
    spread = simulated.std(axis=0)
    assert found.mean(axis=0) == pytest.approx(simulated.mean(axis=0), abs=5 * spread.max() / 20)
    assert found.std(axis=0) == pytest.approx(spread, rel=0.2)
    assert np.corrcoef(found.T) == pytest.approx(np.corrcoef(simulated.T), abs=0.2)
    assert np.corrcoef(found.T)[0, 1] > 0.9  # on and blocked in one bath err together


def test_the_posterior_is_that_of_importance_sampling():
    """Six rows of each of two baths: their error is one, and does not average out."""
    rng = np.random.default_rng(4)
    frame = table()
    V_m = goldman(P_NA, frame["K_o_mM"] * np.repeat([1.1, 0.95], 6), frame["Na_o_mM"], 22.0) + rng.normal(0, 0.5, 12)
    fits = [
        vrest.fit(rows, seed=1, **SETTINGS).summary().set_index(["parameter", "group"])
        for rows in (table(V_m), table(V_m).drop(columns="K_o_sd_mM"))
    ]
    y, n = V_m.to_numpy().reshape(2, 6), 400_000
    p, sigma = 0.03 * np.exp(0.6 * rng.standard_normal(n)), 0.6 * np.exp(0.4 * rng.standard_normal(n))
    # The proposal of each bath is where the rows' mean would put it, with twice the width.
    log_w = norm(np.log(0.04), 1).logpdf(np.log(p)) - norm(np.log(0.03), 0.6).logpdf(np.log(p))
    log_w += norm(0, 5).logpdf(sigma) + np.log(sigma) - norm(np.log(0.6), 0.4).logpdf(np.log(sigma))
    K = []
    for rows, (nominal, sd) in zip(y, K_SD.items(), strict=True):
        drive = np.exp(rows.mean() * F / (1e3 * R * 295.15)) * (140 + 12 * p)
        middle, width = drive - p * (149 - nominal), 0.02 * drive
        K.append(rng.normal(middle, width))
        log_w += norm(nominal, sd).logpdf(K[-1]) - norm(middle, width).logpdf(K[-1])
        mean = goldman(p, K[-1], 149 - nominal, 22.0)
        log_w += sum(norm(mean, sigma).logpdf(x) for x in rows)
    w = np.exp(log_w - np.nanmax(log_w))
    w = np.nan_to_num(w) / np.nansum(w)
    assert 1 / np.sum(w**2) > 1000, "too few effective draws to compare with"

    def moments(x):
        m = np.sum(w * np.where(w > 0, x, 0.0))
        return m, np.sqrt(np.sum(w * np.where(w > 0, x - m, 0.0) ** 2))

    mean, sd = moments(p)
    found = fits[0].loc[("P_Na/P_K", "")]
    assert found["mean"] == pytest.approx(mean, abs=0.15 * sd)
    assert found["sd"] == pytest.approx(sd, rel=0.1)
    for label, draws, nominal in zip(("low, 3 ± 0.3 mM", "high, 10 ± 0.8 mM"), K, K_SD, strict=True):
        mean, sd = moments(draws - nominal)
        assert fits[0].loc[("K_o_error_mM", label), "mean"] == pytest.approx(mean, abs=0.15 * sd)
        assert fits[0].loc[("K_o_error_mM", label), "sd"] == pytest.approx(sd, rel=0.1)
    # As if it were known, the bath makes P_Na/P_K several times too certain.
    assert fits[1].loc[("P_Na/P_K", ""), "sd"] < 0.5 * found["sd"]


def test_which_rows_share_an_error_and_which_bath_is_known():
    frame = table(rows=4)
    frame["K_o_sd_mM"] = [0.3] * 4 + [0.0] * 4
    frame["temperature_C"] = [22.0, 22, 30, 30] * 2
    frame["temperature_sd_C"] = 0.5
    e = prepare(read(frame.assign(V_m_mV=-60.0 - np.arange(8.0))), configure(**SETTINGS))
    of = {x.column: x for x in e.bath_errors}
    assert of["K_o_mM"].labels == ("low, 3 ± 0.3 mM",)
    assert of["K_o_mM"].of_row[e.condition_of_row].tolist() == [0] * 4 + [-1] * 4
    assert of["temperature_C"].labels == ("22 ± 0.5 °C", "30 ± 0.5 °C")
    assert of["temperature_C"].of_row[e.condition_of_row].tolist() == [0, 0, 1, 1] * 2
    apart = prepare(read(frame.assign(V_m_mV=-60.0 - np.arange(8.0), solution=list("abababab"))), configure(**SETTINGS))
    assert len(apart.bath_errors[0].labels) == 2  # the same concentration, made twice
    assert apart.conditions.size == 6  # two temperatures, in each of two low baths and in the high one, which is known
    said = " ".join(map(str, e.notes))
    assert "1 error is inferred of K_o_mM, one for all rows of a solution" in said
    assert "2 errors are inferred of temperature_C" in said


def test_errors_of_ions_that_the_model_has_not_are_said_to_be_unused():
    frame = table(V_m=np.full(12, -70.0) + np.arange(12), Cl_o_mM=130.0, Cl_o_sd_mM=5.0)
    e = prepare(read(frame), configure(**SETTINGS))
    assert any("Cl_o_sd_mM is not used: Cl is not among the model's ions" in str(n) for n in e.notes)
    assert [x.column for x in e.bath_errors] == ["K_o_mM"]


def test_a_nominally_potassium_free_bath_holds_a_little():
    """0 ± 0.2 mM cannot be below 0; the mean of a half-Normal is 0.8 of its sd."""
    rows = recordings(K_o=(0.0,), temperatures=(22,)).assign(K_o_sd=("obs", np.full(2, 0.2)))
    e = prepare(rows, configure(law="ghk", inside=INSIDE))
    error = np.random.default_rng(0).normal(0, 0.2, (4000, 1))
    K = e.true_conditions({"K_o_error_mM": error}).c_o["K"]
    assert K.min() >= 0
    assert K.mean() == pytest.approx(0.2 * np.sqrt(2 / np.pi), rel=0.05)


def test_what_is_simulated_errs_alike_in_a_bath_and_is_written_down():
    e = prepare(read(table(rows=50), potentials=False), configure(**SETTINGS))
    rng = np.random.default_rng(3)
    truth = draw_truth(e, rng, {"P_Na/P_K": P_NA, "sigma_mV": 0.2})
    errors = truth["K_o_error_mM"].to_numpy().ravel()
    made = simulate(e, truth, rng).recordings["V_m"].to_numpy().reshape(2, 50).mean(axis=1)
    expected = [goldman(P_NA, K + x, 149 - K, 22.0) for K, x in zip(K_SD, errors, strict=True)]
    assert made == pytest.approx(expected, abs=0.15)
    assert made != pytest.approx([goldman(P_NA, K, 149 - K, 22.0) for K in K_SD], abs=0.15)
    assert "[drawn.K_o_error_mM]" in truth_in_toml(e, truth)


def test_predictions_carry_the_errors_of_their_baths(full_fit):
    """K_o 5 ± 1 mM: the potential's own slope times 1 mM is added to what the parameters leave open."""
    baths = {"K_o_mM": [5.0, 5.0], "Na_o_mM": 144.0, "Cl_o_mM": 130.0, "temperature_C": 25.0, "pump": "blocked"}
    frame = pd.DataFrame(baths)
    known, unsure = (full_fit.predict(frame.assign(K_o_sd_mM=[sd, 0.0])) for sd in (0.0, 1.0))
    ends = [full_fit.predict(frame.assign(K_o_mM=k))["median"][0] for k in (4.0, 6.0)]
    slope = (ends[1] - ends[0]) / 2
    half = [(x["upper"] - x["lower"])[0] / 2 for x in (known, unsure)]
    assert half[1] == pytest.approx(np.hypot(half[0], norm.ppf(0.945) * slope), rel=0.1)
    assert unsure.loc[1, "lower"] == known.loc[1, "lower"]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"K_o_sd_mM": -0.1}, r"table.csv, row 2, column K_o_sd_mM: '-0.1' is negative"),
        ({"K_o_sd_mM": [0.1] * 11 + [np.nan]}, r"row 13, column K_o_sd_mM"),
        ({"temperature_sd_C": 40.0}, r"row 2, column temperature_sd_C: '40.0' is outside 0 to 10"),
        ({"Ca_o_sd_mM": 0.1}, r"column Ca_o_sd_mM: has no column Ca_o_mM beside it"),
        ({"K_o_sd_mM": ["a"] + [0.1] * 11}, r"row 2, column K_o_sd_mM: 'a'"),
    ],
)
def test_faulty_errors_are_refused(columns, said):
    with pytest.raises(DataError, match=said):
        read(table(V_m=np.linspace(-80, -60, 12), **columns))


def test_an_error_meant_in_percent_is_pointed_out():
    with pytest.warns(
        vrest.DataWarning, match="K_o_sd_mM: is 5 mM in row 2, more than half of K_o_mM .3.. If it was meant"
    ):
        read(table(V_m=np.linspace(-80, -60, 12), K_o_sd_mM=5.0))


def test_the_table_is_written_as_it_was_read():
    recorded = read(table(V_m=np.linspace(-80, -60, 12), temperature_sd_C=0.5))
    frame = to_frame(recorded)
    assert frame["K_o_sd_mM"].tolist() == table()["K_o_sd_mM"].tolist()
    assert to_frame(read(frame)).equals(frame)

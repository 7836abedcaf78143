"""Many cells: partial pooling recovers types and cells, shrinks as it should, and says when it cannot be done."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import fit
from vrest.fitting.model.cells import log_prior, place_cells, with_cells
from vrest.fitting.model.linear import cells_alone, mode
from vrest.fitting.model.model import build_model
from vrest.fitting.model.tiers import from_place, place_prior
from vrest.models.errors import ConfigurationError, UnknownNameError

pytestmark = pytest.mark.usefixtures("sampled_once")


def experiment(data, **settings):
    return prepare(data, configure(**{"inside": INSIDE, **settings}))


def test_types_and_cells_are_recovered(typed_fit):
    result, truth = typed_fit
    assert result.verdict().sampling.ok, str(result.verdict())
    table = result.summary().set_index(["parameter", "group"])
    for kind, p_Na in (("A", 0.03), ("B", 0.06)):
        row = table.loc["P_Na/P_K", kind]
        assert abs(np.log(row["median"] / p_Na)) < 4 * row["sd"] / row["mean"]
    cells = [c for c in truth if c != "A0"]
    for name in ("P_Na/P_K", "pump_mV"):
        z = [(table.loc[name, c]["mean"] - truth[c][name]) / table.loc[name, c]["sd"] for c in cells]
        assert np.mean(np.square(z)) < 2.5
    inside = [
        table.loc["P_Na/P_K", c]["lower"] < truth[c]["P_Na/P_K"] < table.loc["P_Na/P_K", c]["upper"] for c in cells
    ]
    assert np.mean(inside) > 0.6


def test_summary_and_tree_carry_groups_and_cells(typed_fit):
    result, truth = typed_fit
    table = result.summary()
    groups = set(table.loc[table["parameter"] == "P_Na/P_K", "group"])
    assert groups == {"A", "B", *truth}
    assert set(table.loc[table["parameter"] == "Q10_pump", "group"]) == {""}
    assert "P_Na/P_K spread" in set(table["parameter"])
    posterior = result.tree["posterior"]
    assert posterior["p_Na"].dims == ("chain", "draw", "population")
    assert posterior["p_Na_cell"].dims == ("chain", "draw", "cell")
    assert list(posterior["cell"].to_numpy()) == list(truth)
    assert set(result.tree["log_prior"].data_vars) >= {"p_Na", "p_Na_spread", "sigma_mV"}
    assert not [name for name, x in result.tree["log_prior"].items() if "cell" in x.dims]


def test_a_cell_with_one_row_is_pulled_to_its_type_and_says_so_with_its_width(typed_fit):
    result, _ = typed_fit
    table = result.summary().set_index(["parameter", "group"])
    lone, kind = (table.loc["P_Na/P_K", g] for g in ("A0", "A"))
    cells = np.log(result.tree["posterior"]["p_Na_cell"].to_dataset(name="x")["x"])
    assert cells.sel(cell="A0").std() > 1.3 * cells.sel(cell="A1").std()
    assert abs(np.log(lone["median"] / kind["median"])) < 0.25
    spread = table.loc["P_Na/P_K spread", "A"]["median"]
    # In the linear limit a cell keeps precision / (precision + 1/spread²) of its own estimate.
    assert lone["sd"] / lone["mean"] < 1.3 * spread * np.sqrt(1 + 1 / 5)


def test_shrinkage_has_the_closed_form_of_the_linear_limit():
    """A cell's posterior mean is the precision-weighted mean of its own estimate and its type's, on the log scale."""
    data, _ = many_cells(
        seed=5, cells=8, types={"A": {}}, spread=0.3, sigma=3.0, K_o=(2.5, 40), temperatures=(22,), pump=[False]
    )
    fixed = {"P_Cl/P_K": 0.1, "pump_mV": 5.0, "Q10_pump": 2.5, "Q10_leak": 1.4, "sigma_mV": 3.0, "P_Na/P_K spread": 0.3}
    result = fit(data, inside=INSIDE, priors=fixed, progress=False, robustness="off")
    table = result.summary().set_index(["parameter", "group"])
    middle = np.log(table.loc["P_Na/P_K", ""]["median"])
    for cell in ("A0", "A3"):
        rows = data.isel(obs=np.flatnonzero(data["cell"] == cell))
        estimate, precision = _alone(rows, fixed)
        expected = (precision * estimate + middle / 0.3**2) / (precision + 1 / 0.3**2)
        posterior = np.log(result.tree["posterior"]["p_Na_cell"].sel(cell=cell).to_numpy())
        assert posterior.mean() == pytest.approx(expected, abs=0.05)


def _alone(rows, fixed):
    """Maximum likelihood of one cell's log P_Na/P_K on a fine grid, and its precision, by GHK's root itself."""
    from scipy.optimize import brentq

    V_T = 8.314462618 * 295.15 / 96485.33212 * 1e3
    c_o, y = rows["c_o"].to_numpy(), rows["V_m"].to_numpy()

    def model(p, K, Na, Cl, j):
        A, B = 140 + p * 12 + 0.1 * Cl, K + p * Na + 0.1 * 10
        b = lambda x: 1.0 if x == 0 else x / np.expm1(x)  # noqa: E731
        return V_T * brentq(lambda u: A * b(-u) - B * b(u) + j, -20, 20, xtol=1e-12)

    def log_likelihood(log_p):
        p = np.exp(log_p)
        A, B = 140 + p * 12 + 0.1 * c_o[0, 2], 2.5 + p * 146.5 + 0.1 * 10
        u = np.log(B / A) - fixed["pump_mV"] / V_T
        j = B * u / np.expm1(u) - A * -u / np.expm1(-u)
        return -0.5 * sum((v - model(p, *c, j)) ** 2 for v, c in zip(y, c_o, strict=True)) / fixed["sigma_mV"] ** 2

    grid = np.log(0.03) + np.linspace(-2, 2, 401)
    values = np.array([log_likelihood(x) for x in grid])
    weight = np.exp(values - values.max())
    mean = np.sum(weight * grid) / weight.sum()
    return mean, 1 / (np.sum(weight * (grid - mean) ** 2) / weight.sum())


def test_what_cells_say_alone_follows_their_rows():
    data, truth = many_cells(seed=2, cells=4, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,))
    estimate, rich = cells_alone(experiment(data))["P_Na/P_K"]
    _, poor = cells_alone(experiment(data.isel(obs=np.arange(0, data.sizes["obs"], 3))))["P_Na/P_K"]
    assert rich.max() < 0.2**2 < poor.min()
    true = np.log([cell["P_Na/P_K"] for cell in truth.values()])
    np.testing.assert_allclose(estimate, true, atol=4 * np.sqrt(rich.max()))
    values, sigma = mode(experiment(recordings()))
    assert values["P_Na/P_K"] == pytest.approx(0.03, rel=0.2)
    assert sigma == pytest.approx(1.5, rel=0.3)


@pytest.mark.parametrize("width", [1e-6, 0.1, 3.0])
def test_the_coordinate_of_a_cell_is_its_posterior_in_standard_units(width):
    """Drawn from its prior it gives back Normal(middle, width); at 0 the mean of prior and estimate by precision."""
    middle, estimate, variance = -3.0, -2.5, 0.2**2
    mu, sd = place_prior(middle, width, estimate, variance)
    ends = [from_place(mu + z * sd, middle, width, estimate, variance) for z in (0.0, 1.0)]
    assert ends[0] == pytest.approx(middle, abs=1e-12)
    assert ends[1] - ends[0] == pytest.approx(width)
    precision = np.array([1 / width**2, 1 / variance])
    x = from_place(np.array([0.0, 1.0]), middle, width, estimate, variance)
    assert x[0] == pytest.approx(precision @ [middle, estimate] / precision.sum())
    assert x[1] - x[0] == pytest.approx(precision.sum() ** -0.5)


def test_the_sign_of_a_spread_means_nothing():
    data, _ = many_cells(seed=1, cells=3, types={"A": {}}, K_o=(2.5, 10), temperatures=(22,))
    e = experiment(data, vary=["P_Na/P_K"], offset="cell")
    dims = ("chain", "draw")
    plus = xr.Dataset({p.symbol: (dims, np.full((1, 1), p.prior.typical)) for p in e.parameters})
    plus["p_Na_spread_signed"], plus["offset_cell_sd_mV_signed"] = (dims, [[0.7]]), (dims, [[0.5]])
    plus["p_Na_cell_place"] = ((*dims, "cell"), [[[-1.0, 0.5, 2.0]]])
    plus["offset_cell_mV_place"] = ((*dims, "cell_offset"), [[[-1.0, 0.0, 1.0]]])
    minus = plus.copy()
    for name in ("p_Na_spread_signed", "p_Na_cell_place", "offset_cell_sd_mV_signed", "offset_cell_mV_place"):
        minus[name] = -plus[name]
    found = with_cells(plus, e)
    xr.testing.assert_allclose(found, with_cells(minus, e))
    assert float(found["p_Na_spread"].squeeze()) == pytest.approx(0.7 * 1.0)
    assert not [name for name in found if str(name).endswith(("_signed", "_place"))]


@pytest.mark.slow
def test_everything_at_once_ends_with_a_verdict_and_a_report(tmp_path):
    data, _ = many_cells(seed=3, cells=5, sigma=1.2, K_o=(2.5, 10, 40), temperatures=(22,))
    n, K_o = data.sizes["obs"], data["c_o"].sel(ion="K").to_numpy()
    old = [int(name[1:]) % 2 for name in data["cell"].to_numpy().tolist()]
    data = data.assign_coords(
        age=("obs", np.where(old, "old", "young")), solution=("obs", [f"K{x:g}" for x in K_o])
    ).assign(ljp_sd=("obs", np.ones(n)))
    result = fit(
        data, inside="K=140+-10,Na=12,Cl=10", by="cell_type,age", spread="group", offset="cell,solution",
        vary=["P_Na/P_K", "pump_mV"], robust=True, seed=1, progress=False,
    )  # fmt: skip
    assert result.verdict().sampling.divergences == 0, str(result.verdict())
    page = result.report(tmp_path / "report.html").read_text(encoding="utf-8")
    for words in ("offset_cell (mV), cell by cell", "solution by solution", "bath by bath", "one for each solution"):
        assert words.replace(" (mV)", "_mV") in page
    assert "error of the liquid junction potential" in str(result.methods())


def test_too_few_cells_or_conditions_are_pooled_and_it_is_said():
    two, _ = many_cells(seed=1, cells=2, types={"A": {}}, K_o=(2.5, 10), temperatures=(22,))
    e = experiment(two)
    assert e.levels.cells == ()
    assert "too few" in e.notes[0].text
    many, _ = many_cells(seed=1, cells=5, types={"A": {}}, K_o=(2.5,), temperatures=(22,), pump=[False])
    e = experiment(many)
    assert e.levels.cells == ()
    assert "one condition only" in e.notes[0].text


def test_vary_chooses_what_differs_and_an_empty_list_pools():
    data, _ = many_cells(seed=1, cells=3, types={"A": {}}, K_o=(2.5, 10), temperatures=(22,))
    e = experiment(data, vary=["P_Na/P_K"])
    assert list(e.spreads) == ["P_Na/P_K"]
    assert experiment(data, vary=[]).levels.cells == ()
    with pytest.raises(UnknownNameError, match="Did you mean 'pump_mV'"):
        experiment(data, vary=["pump"])


def test_groups_without_cells_have_parameters_of_their_own():
    data, _ = many_cells(seed=1, cells=1, K_o=(2.5, 10, 40), temperatures=(22,))
    e = experiment(data.drop_vars("cell"), by="cell_type")
    assert (e.levels.cells, e.levels.groups) == ((), ("A", "B"))
    model = build_model(e)
    assert model.named_vars_to_dims["p_Na"] == ("population",)
    assert model["Q10_pump"].ndim == 0


def test_a_cell_in_two_groups_is_an_entry_in_each():
    data, _ = many_cells(seed=1, cells=3, types={"A": {}}, K_o=(2.5, 10), temperatures=(22,))
    data = data.assign_coords(drug=("obs", np.where(data["blocked"], "ouabain", "none")))
    e = experiment(data, by="drug")
    assert set(e.levels.cells) == {f"A{k} ({d})" for k in range(3) for d in ("none", "ouabain")}
    data = data.assign_coords(age=("obs", np.where(data["cell"] == "A0", "old", "young")))
    assert set(experiment(data, by="drug, age").levels.groups) == {
        f"{d} / {a}" for d in ("none", "ouabain") for a in ("old", "young")
    }


def test_bad_groupings():
    data, _ = many_cells(seed=1, cells=3, K_o=(2.5, 10), temperatures=(22,))
    with pytest.raises(UnknownNameError, match="Did you mean 'cell_type'"):
        experiment(data, by="celltype")
    with pytest.raises(ConfigurationError, match="all rows have the same value"):
        experiment(data.isel(obs=np.flatnonzero(data["cell_type"] == "A")), by="cell_type")
    with pytest.raises(ConfigurationError, match="needs a column solution"):
        experiment(data, offset=["solution"])


@pytest.mark.slow
def test_electrode_offsets_are_recovered_where_conditions_tell_them():
    data, _ = many_cells(
        seed=4, cells=6, types={"A": {}}, spread=0.05, sigma=0.7, K_o=(2.5, 10, 40, 100), temperatures=(22,)
    )
    rng = np.random.default_rng(1)
    offsets = dict(zip(dict.fromkeys(data["cell"].to_numpy().tolist()), rng.normal(0, 4, 6), strict=True))
    data["V_m"] = data["V_m"] + [offsets[c] for c in data["cell"].to_numpy().tolist()]
    result = fit(data, inside=INSIDE, offset="cell", priors={"P_Cl/P_K": 0.1}, seed=1, progress=False)
    table = result.summary().set_index(["parameter", "group"])
    found = np.array([table.loc["offset_cell_mV", c]["mean"] for c in offsets])
    assert np.corrcoef(found, list(offsets.values()))[0, 1] > 0.9
    assert table.loc["offset_cell_sd_mV", ""]["median"] > 1.5


def with_junction_error(sd_mV, **plan):
    data = recordings(seed=1, temperatures=(22,), repeats=2, sigma=1.0, **plan)
    return data.assign(ljp_sd=("obs", np.full(data.sizes["obs"], sd_mV)))


def test_a_junction_potentials_error_is_one_offset_for_each_solution():
    data = with_junction_error(2.0)
    assert experiment(data).labels_of("ljp")[0] == ("all baths ± 2 mV",)
    bath = np.where(data["c_o"].sel(ion="K") < 10, "low", "high")
    data = data.assign_coords(solution=("obs", bath))
    data["ljp_sd"] = ("obs", np.where(bath == "low", 1.0, 3.0))
    e = experiment(data)
    assert e.labels_of("ljp")[0] == ("low ± 1 mV", "high ± 3 mV")
    assert e.offset_sd("ljp", None) == pytest.approx([1.0, 3.0])
    model = build_model(e)
    assert model.named_vars_to_dims["offset_ljp_mV_place"] == ("ljp_offset",)


@pytest.mark.slow
def test_a_junction_potentials_error_widens_what_it_is_mistaken_for_and_the_verdict_says_so():
    settings = {"law": "ghk", "ions": "K,Na", "inside": "K=140+-10,Na=12", "progress": False}
    data = with_junction_error(4.0, pump=[False])
    sure, unsure = fit(data.drop_vars("ljp_sd"), **settings), fit(data, **settings)
    K_i = [one.summary().set_index("parameter").loc["K_i_mM", "sd"] for one in (sure, unsure)]
    assert K_i[1] > 1.5 * K_i[0]
    assert [pair[:2] for pair in unsure.verdict().identification.confounded] == [
        ("K_i_mM", "offset_ljp_mV (all baths ± 4 mV)")
    ]


def test_a_parameter_that_can_be_negative_differs_between_cells_by_differences():
    """`rectification` has no logarithm: its cells are Normal around their type's, and so are the densities."""
    data, _ = many_cells(seed=1, cells=3, types={"A": {}, "B": {}}, K_o=(2.5, 10), temperatures=(22,))
    e = experiment(data, vary=["rectification"], options=["rectification"], by="cell_type")
    n = 20_000
    shape = (1, n)
    population = xr.Dataset(
        {"rectification": (("chain", "draw", "population"), np.broadcast_to([-0.3, 0.2], (*shape, 2))),
         "rectification_spread": (("chain", "draw"), np.full(shape, 0.1))},
        {"population": ["A", "B"]},
    )  # fmt: skip
    cells = place_cells(population, e, np.random.default_rng(1))["rectification_cell"]
    assert cells.mean("draw").to_numpy().ravel() == pytest.approx([-0.3] * 3 + [0.2] * 3, abs=4 * 0.1 / np.sqrt(n))
    assert cells.std("draw").to_numpy().ravel() == pytest.approx(0.1, rel=0.03)

    alone = cells_alone(e)["rectification"]
    place = np.array([-1.0, 0.5, 2.0, 0.0, 1.0, -2.0])
    sampled = population.isel(draw=[0]).drop_vars("rectification_spread")
    sampled["rectification_spread_signed"] = (
        ("chain", "draw"),
        [[0.1 / 0.25]],
    )  # in units of the prior, HalfNormal(0.25)
    sampled["rectification_cell_place"] = (("chain", "draw", "cell"), place[None, None])
    found = with_cells(sampled, e)
    middle, width = np.repeat([-0.3, 0.2], 3), 0.1
    # Each cell given its population: the precision-weighted mean of both, in units of its own sd.
    precision = 1 / width**2 + 1 / alone[1]
    expected = (middle / width**2 + alone[0] / alone[1]) / precision + place / np.sqrt(precision)
    assert found["rectification_cell"].to_numpy().ravel() == pytest.approx(expected)


def test_the_log_prior_is_of_populations_and_of_the_spread_between_cells():
    data, _ = many_cells(seed=1, cells=3, types={"A": {}}, K_o=(2.5, 10), temperatures=(22,))
    e, dims = experiment(data, vary=["P_Na/P_K"]), ("chain", "draw")
    posterior = xr.Dataset({p.symbol: (dims, np.full((1, 1), p.prior.typical)) for p in e.parameters})
    posterior["p_Na_spread"] = (dims, [[0.2]])
    posterior["p_Na_cell"] = ((*dims, "cell"), [[[0.03, 0.04, 0.06]]])
    found = log_prior(posterior, e)
    assert "p_Na_cell" not in found
    assert found["p_Na_spread"].item() == pytest.approx(np.log(2) + norm(0, 1.0).logpdf(0.2))
    assert found["sigma_mV"].item() == pytest.approx(np.log(2) + norm(0, 5.0).logpdf(5 * np.sqrt(2 / np.pi)))

"""The further pictures: what is drawn is what the fit says."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib import pyplot

import vrest
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.experiment.interval import bounds
from vrest.fitting.experiment.levels import Levels
from vrest.fitting.fit import Fit
from vrest.fitting.report.gallery import pictures, series_caption
from vrest.fitting.report.pictures import (
    plot_cells,
    plot_pair,
    plot_residuals,
    plot_temperature,
    short_words,
    temperature_parts,
)
from vrest.fitting.report.plots import COLOURS, bands_of, thinned_draws
from vrest.models.parameters import offset_sd
from vrest.models.textbook.cooling import cooling

pytestmark = pytest.mark.usefixtures("sampled_once")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def test_pump_at_the_reference_is_pump_mV(full_fit):
    axes = full_fit.plot_pump()
    assert "crossed" not in axes.get_xlabel()
    dormant = Fit(full_fit.tree, replace(full_fit.experiment, dormant=("Cl",))).plot_pump()
    assert "as if no Cl crossed" in dormant.get_xlabel(), "a passive ion that the fit left out holds V_m back at once"
    assert "(mV)" in axes.get_xlabel()
    assert "89% interval" in axes.get_xlabel()
    words = [label.get_text() for label in axes.get_yticklabels()]
    assert len(words) == 21
    drawn = axes.collections[1].get_offsets()[words.index("K_o 2.5, Na_o 146.5 mM, 15 °C"), 0]
    pump = thinned_draws(full_fit)["pump_mV"]
    assert drawn == pytest.approx(np.median(pump), rel=1e-9)
    low, high = axes.collections[0].get_segments()[words.index("K_o 2.5, Na_o 146.5 mM, 15 °C")][:, 0]
    assert (low, high) == pytest.approx(bounds(pump, 0.89))


def test_a_law_without_pump_has_none_to_draw(gluconate_fit):
    with pytest.raises(vrest.ConfigurationError, match="ghk has no pump"):
        gluconate_fit.plot_pump()


def test_parts_of_temperature_add_up_and_are_those_of_cooling(full_fit):
    experiment = full_fit.experiment
    one = {name: x[:1] for name, x in thinned_draws(full_fit).items()}
    parts = temperature_parts(experiment, one, np.array([25.0, 35.0]))
    reference = experiment.reference
    at = replace(reference, temperature_C=np.array([15.0, 25.0, 35.0]))
    V_m = experiment.law.potential(experiment.theta(one), at, reference)[0]
    assert sum(parts.values())[0] == pytest.approx(V_m[1:] - V_m[0])
    for name, part in cooling({name: x[0] for name, x in one.items()}, reference, 35.0).items():
        assert parts[name][0, 1] == pytest.approx(part, abs=1e-9)


def test_temperature_picture_has_the_recordings_of_the_reference_bath(full_fit):
    axes = plot_temperature(full_fit)
    dots = axes.lines[-1].get_xydata()
    assert dots[:, 0].tolist() == [15, 25, 35]
    assert set(dots[:, 1]) <= set(full_fit.experiment.recordings["V_m"].to_numpy())
    assert [text.get_text() for text in axes.get_legend().get_texts()][1:] == [
        "thermodynamic part alone", "leak part alone", "pump part alone",
    ]  # fmt: skip


def recorded(axes, *markers: str) -> list[float]:
    """V_m of the recordings that an axes shows with those markers."""
    return sorted(float(y) for line in axes.lines if line.get_marker() in markers for y in line.get_ydata())


def assert_as_told(fit, axes):
    """The words beside the picture speak of what is in it, and of nothing else."""
    told, lines = series_caption(fit), axes.lines
    assert ("Diamonds" in told) == bool(recorded(axes, "d"))
    assert ("broken lines" in told) == any(line.get_linestyle() == "--" for line in lines)
    assert ("logarithmic" in told) == (axes.get_xscale() == "log")
    for line in lines:  # nothing is drawn where nobody sees it
        if line.get_transform() == axes.transData:
            for data, limits in ((line.get_xdata(), axes.get_xlim()), (line.get_ydata(), axes.get_ylim())):
                assert np.all((np.asarray(data) >= limits[0]) & (np.asarray(data) <= limits[1]))
    assert ("each group" in told) == bool(fit.experiment.levels.groups)


def test_groups_are_overlaid_each_with_its_rows_colour_and_curve(typed_fit):
    fit, _ = typed_fit
    group_of_row = fit.experiment.recordings["cell_type"].to_numpy()
    V_m = fit.experiment.recordings["V_m"].to_numpy()
    both, alone = fit.plot_series(), fit.plot_series(group="B")
    assert recorded(both, "o") == sorted(V_m[group_of_row == "A"])
    assert recorded(both, "s") == sorted(V_m[group_of_row == "B"])
    assert recorded(alone, "o") == sorted(V_m[group_of_row == "B"])
    curves = {str(line.get_label()): line for line in both.lines}
    assert curves["A"].get_color() != curves["B"].get_color() == curves["B, pump blocked"].get_color()
    at = replace(fit.experiment.reference, temperature_C=np.array([22.0]))
    for group in ("A", "B"):
        own = fit.experiment.pooled().theta(thinned_draws(fit, group))
        V_m_here = np.median(fit.experiment.law.potential(own, at, fit.experiment.reference))
        assert curves[group].get_ydata()[0] == pytest.approx(V_m_here, abs=1e-6)
    assert [text.get_text() for text in both.get_legend().get_texts()][:3] == ["A", "B", "pump blocked"]
    by_temperature = {str(line.get_label()): line for line in fit.plot_series(by=False).lines}
    assert by_temperature["A, 22 °C"].get_color() == by_temperature["B, 22 °C"].get_color() == COLOURS[0]
    assert both.get_title() == "ghk-pump: median and 89% interval"
    assert_as_told(fit, both)
    with pytest.raises(vrest.UnknownNameError, match="Groups: A, B"):
        fit.plot_series(group="C")


def test_rows_of_one_bath_stand_at_a_place_for_each_group():
    table = pd.DataFrame({"Genotype": ["WT"] * 3 + ["KO"] * 3, "K_o_mM": 2.5, "Na_o_mM": 150.0, "temperature_C": 32.0})
    table = table.assign(ljp="corrected", V_m_mV=[-70.0, -71, -69, -65, -66, -64])
    few = Sampling(chains=2, draws=100, tune=100)
    fit = vrest.fit(table, "ghk", inside="K=140,Na=12", by="Genotype", sampling=few, progress=False)
    axes = fit.plot_series()
    assert [label.get_text() for label in axes.get_xticklabels()] == ["WT", "KO"]
    assert (recorded(axes, "o"), recorded(axes, "s")) == ([-71, -70, -69], [-66, -65, -64])
    assert axes.get_xlabel().startswith("$K_o$ 2.5 mM")
    assert "$E_K$" in axes.get_xlabel()
    assert_as_told(fit, axes)


@pytest.mark.parametrize(
    ("temperatures", "names"),
    [
        ([15, 22.25, 22, 30], ["15 °C", "22 °C", "22.25 °C", "30 °C"]),
        ([*np.linspace(21.6, 22.4, 9), *np.linspace(31, 32.5, 4), 36], ["21.6–22.4 °C", "31–32.5 °C", "36 °C"]),
        (np.linspace(15, 35, 40), ["15–19.6 °C", "20.1–24.7 °C", "25.3–29.9 °C", "30.4–35 °C"]),
        (np.arange(0, 50, 2), None),
    ],
    ids=["few", "apart", "gliding", "very many"],
)
def test_temperatures_off_a_thermometer_share_a_colour(temperatures, names):
    band, found = bands_of(np.asarray(temperatures, float))
    assert found == names or (names is None and len(found) == len(COLOURS))
    order = np.argsort(temperatures)
    assert np.all(np.diff(band[order]) >= 0)
    assert set(band) == set(range(len(found)))


def test_a_series_at_gliding_temperatures_has_a_curve_a_band():
    plan = recordings(K_o=(2.5, 5, 10, 20, 40), temperatures=(22,), repeats=3)
    glided = plan.assign(temperature=plan["temperature"] + np.linspace(-0.4, 0.4, plan.sizes["obs"]))
    few = Sampling(chains=2, draws=50, tune=50)
    axes = vrest.fit(glided, inside=INSIDE, sampling=few, robustness="off", progress=False).plot_series()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[:2] == ["21.6–22.4 °C", "pump blocked"]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert sum(len(line.get_ydata()) for line in dots) == plan.sizes["obs"], (
        "all are on the curve, none a bath of its own"
    )


def test_another_bath_of_the_same_potassium_has_symbols_of_its_own():
    """The Na-free recordings of the bundled set are no circles on the curve of the salines with sodium."""
    recordings = vrest.load_data("crayfish_muscle")
    few = Sampling(chains=2, draws=50, tune=50)
    settings = {"ions": "K,Na", "inside": "K=250+-60,Na=20", "sampling": few, "robustness": "off"}
    fit = vrest.fit(recordings, "ghk", progress=False, **settings)
    axes = fit.plot_series()
    V_m = recordings["V_m"].to_numpy()[recordings["saline"].to_numpy() == "Na-free"]
    assert recorded(axes, "d") == sorted(V_m)
    assert "Na-free" in [text.get_text() for text in axes.texts]
    assert_as_told(fit, axes)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[1:3] == ["other bath, as named", "expected there"]


def test_without_potassium_outside_there_is_no_E_K():
    plan = recordings(law="ghk", K_o=(0, 2.5, 10), temperatures=(22,), pump=(False,), repeats=2)
    few = Sampling(chains=2, draws=50, tune=50)
    axes = vrest.fit(plan, "ghk", inside=INSIDE, sampling=few, robustness="off", progress=False).plot_series()
    (E_K,) = (line for line in axes.lines if line.get_label() == "$E_K$")
    assert E_K.get_xdata().min() == pytest.approx(2.5)
    assert E_K.get_ydata()[0] == pytest.approx(25.4345 * np.log(2.5 / 140), abs=0.02)
    assert [text.get_text() for text in axes.texts] == ["K-free"]
    assert min(min(line.get_xdata()) for line in axes.lines if len(line.get_xdata())) < 1  # where its recordings stand


def test_very_many_cells_are_thinned_from_the_least_to_the_greatest(gluconate_fit):
    recordings = gluconate_fit.experiment.recordings
    cells = [f"cell {i:02d} {'long ' * 9}{i:02d}" for i in range(recordings.sizes["obs"])] * 2
    twice = xr.concat([recordings, recordings], "obs").assign_coords(
        cell=("obs", [f"{c}{i}" for i, c in enumerate(cells)])
    )
    fit = Fit(gluconate_fit.tree, replace(gluconate_fit.experiment, recordings=twice))
    row, names = gluconate_fit.summary()[:1], twice["cell"].to_numpy()
    fit.__dict__["_summary"] = pd.concat([row.assign(group=name, median=-i) for i, name in enumerate(names)])
    fit.__dict__["_verdict"] = gluconate_fit.verdict()
    axes = plot_cells(fit, "P_Na/P_K")
    drawn = axes.collections[1].get_offsets()[:, 0]
    assert len(drawn) == 60
    assert np.all(np.diff(drawn) > 0)
    assert (drawn[0], drawn[-1]) == (1 - len(names), 0)
    assert max(len(label.get_text()) for label in axes.get_yticklabels()) < 30


def test_pump_block_is_no_bath(typed_fit):
    """A bath whose first row is a blocked one is named without it: all baths are shown with the pump running."""
    fit, _ = typed_fit
    at = replace(fit.experiment.conditions, blocked=np.ones(len(fit.experiment.conditions.blocked)))
    words = Fit(fit.tree, replace(fit.experiment, conditions=at)).plot_pump().get_yticklabels()
    assert [label.get_text() for label in words] == [
        "K_o 2.5, Na_o 146.5 mM",
        "K_o 10, Na_o 139 mM",
        "K_o 40, Na_o 109 mM",
    ]


def test_temperatures_have_a_picture_where_there_are_several(full_fit, potassium_fit):
    several, one = ([title for title, *_ in pictures(fit)] for fit in (full_fit, potassium_fit))
    assert set(several) - set(one) >= {"Potential against temperature"}
    assert len(several) == len(set(several))


def test_residuals_are_sorted_by_any_column(gluconate_fit):
    axes = plot_residuals(gluconate_fit, "saline")
    words = [label.get_text() for label in axes.get_yticklabels()]
    saline = gluconate_fit.experiment.recordings["saline"].to_numpy()
    assert words == list(dict.fromkeys(saline))
    assert sum(len(line.get_xdata()) for line in axes.lines) >= len(saline)
    simulated = gluconate_fit.tree["posterior_predictive"]["V_m"].mean(("chain", "draw")).to_numpy()
    residual = gluconate_fit.experiment.recordings["V_m"].to_numpy() - simulated
    assert axes.collections[1].get_offsets()[0, 0] == pytest.approx(residual[saline == words[0]].mean(), abs=0.3)
    assert len(plot_residuals(gluconate_fit).get_yticklabels()) == gluconate_fit.experiment.n_conditions
    with pytest.raises(vrest.UnknownNameError, match="Did you mean 'saline'"):
        plot_residuals(gluconate_fit, "salin")


def test_of_many_labels_those_whose_rows_lie_farthest_off_are_shown(full_fit):
    e = full_fit.experiment
    names = np.array([f"r{i:02d}" for i in range(e.recordings.sizes["obs"])])
    fit = Fit(full_fit.tree, replace(e, recordings=e.recordings.assign_coords(notebook=("obs", names))))
    shown = [label.get_text() for label in plot_residuals(fit, "notebook").get_yticklabels()]
    expected = full_fit.tree["posterior_predictive"]["V_m"].mean(("chain", "draw")).to_numpy()
    off = np.abs(e.recordings["V_m"].to_numpy() - expected)
    assert (len(shown), len(names)) == (30, 42)
    assert off[np.isin(names, shown)].min() > off[~np.isin(names, shown)].max() - 0.3


def test_confounded_pair(potassium_fit):
    axes = plot_pair(potassium_fit, "P_Na/P_K", "pump_mV")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("P_Na/P_K", "pump (mV)")
    r = next(r for a, b, r in potassium_fit.verdict().identification.confounded if {a, b} == {"P_Na/P_K", "pump_mV"})
    assert axes.get_title() == f"correlation {r:+.2f}".replace("-", "−")


def test_cells_stand_under_their_type(gluconate_fit):
    cells = tuple(f"cell {i}" for i in range(6))
    levels = Levels("cell_type", ("b", "a"), cells, np.array([0, 0, 1, 1, 1, 1]))
    fit = Fit(gluconate_fit.tree, replace(gluconate_fit.experiment, levels=levels))
    row = gluconate_fit.summary()[:1]
    groups = ["b", "a", *cells]
    fit.__dict__["_summary"] = pd.concat([row.assign(group=g, median=i) for i, g in enumerate(groups)])
    fit.__dict__["_verdict"] = gluconate_fit.verdict()
    axes = plot_cells(fit, "P_Na/P_K")
    words = [label.get_text() for label in axes.get_yticklabels()]
    assert words == ["a", "cell 2", "cell 3", "cell 4", "cell 5", "b", "cell 0", "cell 1"]
    assert axes.collections[1].get_offsets()[:, 0].tolist() == [groups.index(word) for word in words]
    with pytest.raises(vrest.ConfigurationError, match="for single cells"):
        plot_cells(gluconate_fit, "P_Na/P_K")


def test_conditions_are_told_by_what_differs(full_fit):
    at = full_fit.experiment.conditions
    one_bath = at.take(np.flatnonzero((at.c_o["K"] == 5) & (at.temperature_C < 30)))
    assert sorted(short_words(one_bath)) == ["15 °C", "15 °C, blocked", "25 °C", "25 °C, blocked"]
    assert short_words(at.take(np.array([0]))) == ["K_o 2.5, Na_o 146.5, Cl_o 130, K_i 140, Na_i 12, Cl_i 10 mM, 15 °C"]


def test_a_pair_with_an_electrode_offset_is_drawn_by_the_label_that_the_verdict_gives_it(typed_fit):
    fit, posterior = typed_fit[0], typed_fit[0].tree["posterior"].to_dataset()
    cells = fit.experiment.levels.cells
    rng = np.random.default_rng(1)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], len(cells))
    tree = fit.tree.copy()
    tree["posterior"] = posterior.assign(offset_cell_mV=(("chain", "draw", "cell_offset"), rng.normal(size=shape)))
    experiment = replace(fit.experiment, offsets={"cell": offset_sd("cell")})
    drawn = replace(fit, tree=tree, experiment=experiment)
    offsets = tree["posterior"]["offset_cell_mV"].to_numpy()
    for other, x in (
        ("offset_cell_mV (B1)", offsets[..., cells.index("B1")]),
        ("offset_cell_mV (mean)", offsets.mean(-1)),
    ):
        axes = plot_pair(drawn, "P_Na/P_K (B)", other)
        r = np.corrcoef(posterior["p_Na"].to_numpy()[..., 1].ravel(), x.ravel())[0, 1]
        assert axes.get_title() == f"correlation {r:+.2f}".replace("-", "−")
        assert axes.get_ylabel() == "offset_cell (mV)"


def test_a_prior_and_its_posterior_share_an_axis_and_go_by_both_names(typed_fit, full_fit):
    fit, _ = typed_fit
    axes = fit.plot_prior_posterior("P_Na/P_K")
    assert axes.get_xlabel() == fit.plot_prior_posterior("p_Na").get_xlabel() == "P_Na/P_K"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["A", "B"]
    _, posterior = axes.patches[0].get_data(), axes.patches[2].get_data()
    draws = np.log10(fit.tree["posterior"]["p_Na"].sel(population="A").to_numpy())
    assert posterior.edges[[0, -1]] == pytest.approx(np.quantile(draws, (0.002, 0.998)))
    assert full_fit.plot_prior_posterior("pump_mV").get_legend() is None
    with pytest.raises(vrest.UnknownNameError, match="Did you mean 'p_Na'"):
        fit.plot_prior_posterior("p_Naa")


def test_the_predictive_picture_has_the_recordings_and_forty_tables(full_fit):
    *simulated, strong = full_fit.plot_predictive().lines
    assert strong.get_xdata().tolist() == sorted(full_fit.experiment.recordings["V_m"].to_numpy())
    assert len(simulated) == 40


def test_ranks_stay_within_the_grey_where_chains_agree_and_leave_it_where_one_strays(full_fit):
    def beyond(fit) -> int:
        axes = fit.plot_ranks("P_Na/P_K")
        bound = axes.patches[0].get_height() / 2
        return sum(bool(np.abs(line.get_ydata()).max() > bound) for line in axes.lines)

    assert beyond(full_fit) == 0
    tree = full_fit.tree.copy(deep=True)
    tree["posterior"]["p_Na"][0] *= 1.2
    assert beyond(Fit(tree, full_fit.experiment)) >= 1


def test_every_picture_draws_into_axes_that_it_is_given(typed_fit):
    fit, _ = typed_fit
    drawn = [
        fit.plot_series, fit.plot_pump, fit.plot_temperature, fit.plot_contrasts, fit.plot_residuals, fit.plot_predictive,
        lambda axes: fit.plot_pair("P_Na/P_K (A)", "pump_mV (A)", axes), lambda axes: fit.plot_cells("p_Na", axes),
        lambda axes: fit.plot_prior_posterior("pump_mV", axes), lambda axes: fit.plot_ranks("pump_mV", axes),
        lambda axes: fit.plot_pump(axes, "B"), lambda axes: fit.plot_temperature(axes, "B"),
    ]  # fmt: skip
    for draw in drawn:
        axes = pyplot.figure().add_subplot()
        assert draw(axes=axes) is axes
        assert axes.has_data()
    with pytest.raises(vrest.UnknownNameError, match="no parameter 'P_K'"):
        fit.plot_pair("P_K", "pump_mV (A)")

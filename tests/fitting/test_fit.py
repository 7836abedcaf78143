"""Real fits, few and small: truth recovered, least squares matched, samplers agree, results complete."""

import json
import warnings

import arviz as az
import h5py
import numpy as np
import pytest
from scipy.optimize import least_squares

import vrest
from tests.synthetic import INSIDE, TRUTH, recordings
from vrest.fitting.experiment.config import Sampling, parse_config
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import fit
from vrest.fitting.model.model import build_model
from vrest.fitting.results import store
from vrest.fitting.results.summary import COLUMNS
from vrest.fitting.sampling.sampling import draw


def test_truth_is_recovered_where_it_is_identified(full_fit):
    table = full_fit.summary().set_index("parameter")
    for name in ("P_Na/P_K", "P_Cl/P_K", "pump_mV"):
        assert abs(table["mean"][name] - TRUTH[name]) < 4 * table["sd"][name]
        assert table["contraction"][name] > 0.9
    assert abs(table["mean"]["Q10_pump/Q10_leak"] - 1.8) < 4 * table["sd"]["Q10_pump/Q10_leak"]
    assert full_fit.verdict().sampling.ok


def test_summary_is_the_tables_and_the_trees(full_fit):
    table = full_fit.summary()
    assert list(table.columns) == COLUMNS
    assert list(table["parameter"]) == [
        "P_Na/P_K", "P_Cl/P_K", "pump_mV", "Q10_pump", "Q10_leak", "pump_current_mM", "Q10_pump/Q10_leak", "sigma_mV",
    ]  # fmt: skip
    theirs = az.summary(full_fit.tree, var_names=["p_Na"], round_to="none", ci_prob=0.89, ci_kind="eti", kind="all")
    row = table.iloc[0]
    assert row["mean"] == pytest.approx(theirs["mean"].iloc[0])
    assert row["lower"] == pytest.approx(theirs["eti89_lb"].iloc[0], rel=1e-2)
    assert row["ess_bulk"] == pytest.approx(theirs["ess_bulk"].iloc[0], rel=1e-3)
    assert row["r_hat"] == pytest.approx(theirs["r_hat"].iloc[0], abs=1e-3)


def test_the_tree_has_every_group_and_arviz_takes_it(full_fit):
    assert set(full_fit.tree.children) == {
        "posterior", "prior", "prior_predictive", "posterior_predictive", "log_likelihood", "log_prior", "sample_stats",
        "observed_data", "constant_data", "robustness",
    }  # fmt: skip
    assert full_fit.tree["posterior"]["p_Na"].attrs["units"] == "1"
    pointwise = full_fit.tree["log_likelihood"]["V_m"].mean(("chain", "draw"))
    assert az.loo(full_fit.tree).elpd == pytest.approx(float(pointwise.sum()), abs=8)
    assert len(az.psense_summary(full_fit.tree, var_names=["p_Na", "pump_mV"])) == 2


def test_gluconate_salines_agree_with_least_squares(gluconate_fit):
    """Least squares on the same rows, by an independent formula, with the prior on K_i as one more residual."""
    rows = vrest.to_frame(gluconate_fit.experiment.recordings)
    V_T = 8.314462618 * 293.15 / 96485.33212 * 1e3

    def residuals(x):
        p, K_i = np.exp(x[0]), x[1]
        return rows["V_m_mV"] - V_T * np.log((rows["K_o_mM"] + p * rows["Na_o_mM"]) / (K_i + p * 20))

    best = least_squares(residuals, [np.log(0.05), 250])
    rms = np.sqrt(np.mean(best.fun**2))
    assert (len(rows), round(rms, 1)) == (51, 7.1)
    table = gluconate_fit.summary().set_index("parameter")
    assert abs(table["mean"]["P_Na/P_K"] - np.exp(best.x[0])) < 0.5 * table["sd"]["P_Na/P_K"]
    assert abs(table["mean"]["K_i_mM"] - best.x[1]) < 0.5 * table["sd"]["K_i_mM"]
    posterior = gluconate_fit.tree["posterior"].to_dataset()
    correlation = np.corrcoef(posterior["p_Na"].to_numpy().ravel(), posterior["K_i_mM"].to_numpy().ravel())[0, 1]
    assert 0.7 < correlation < 0.8


def test_potassium_series_alone_confounds_pump_and_sodium(potassium_fit):
    identification = potassium_fit.verdict().identification
    assert not identification.ok
    assert {"pump_mV", "P_Na/P_K"} in [set(pair[:2]) for pair in identification.confounded]
    assert "block the pump" in identification.advice[0]
    assert "pump_mV by" in identification.advice[0]


def test_sodium_free_saline_breaks_the_law_and_is_named():
    with pytest.warns(vrest.DataWarning, match="Na_o under 30 mM"):
        result = fit(vrest.load_data("crayfish_muscle"), "ghk-pump", seed=1, progress=False, robustness="off")
    verdict = result.verdict()
    assert not verdict.fit.ok
    assert verdict.fit.p_value < 1e-6
    assert "Na-free" in verdict.fit.shared[0].what
    assert "Na-free" in str(verdict)


@pytest.mark.slow
def test_samplers_agree(full_fit):
    """PyMC's own sampler on PyMC's own density against nutpie on ours."""
    ours = full_fit.summary().set_index("parameter")
    settings = Sampling(draws=700, tune=700, sampler="pymc")
    other = fit(recordings(seed=1), inside=INSIDE, seed=2, sampling=settings, progress=False)
    theirs = other.summary().set_index("parameter")
    error = ours["sd"] * np.sqrt(1 / ours["ess_bulk"] + 1 / theirs["ess_bulk"])
    assert (abs(ours["mean"] - theirs["mean"]) < 4.5 * error).all()


def test_same_seed_same_draws_other_seed_other_draws():
    e = prepare(recordings(), configure(inside=INSIDE, law="ghk", ions="K,Na"))

    def draws(seed):
        return draw(e, Sampling(draws=50, tune=50), seed, cores=2).posterior["p_Na"].to_numpy()

    assert (draws(3) == draws(3)).all()
    assert (draws(3) != draws(4)).any()


def test_the_figure_is_saved_in_further_formats_at_journal_size(full_fit, tmp_path):
    folder = full_fit.save(tmp_path / "run", figure="svg,pdf", picture=False)
    assert sorted(p.name for p in folder.glob("figure*")) == ["figure.pdf", "figure.svg"]
    svg = (folder / "figure.svg").read_text()
    assert 'width="339.84pt"' in svg  # 120 mm
    assert "pump blocked</text>" in svg  # words that an editor can change
    assert (full_fit.save(tmp_path / "again", figure=["svg"], picture=False) / "figure.svg").read_text() == svg
    with pytest.raises(vrest.UnknownNameError, match="figure: there is no format 'jpeg'"):
        full_fit.save(tmp_path / "other", figure="jpeg")
    assert not (tmp_path / "other").exists()


@pytest.mark.usefixtures("undrawn")
def test_saved_and_loaded_fit_is_the_same(full_fit, tmp_path):
    folder = full_fit.save(tmp_path / "run")
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.toml",
        "figure.png",
        "fit.nc",
        "robustness.csv",
        "summary.csv",
        "verdict.json",
        "written-by-vrest.sha256",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    again = vrest.load(folder)
    assert repr(again) == repr(full_fit)
    assert vrest.load(folder / "fit.nc").summary().equals(full_fit.summary())
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict["sampling"]["ok"] is True
    assert set(verdict) == {
        "sampling",
        "fit",
        "identification",
        "robustness",
        "cures",
        "odd_cells",
        "cautions",
        "repairs",
    }
    config = parse_config((folder / "config.toml").read_text(encoding="utf-8"))
    assert config.sampling.sampler == "auto"
    attributes = again.tree.attrs
    assert attributes["sampler"] == "nutpie"
    assert parse_config(attributes["config"]) == config
    assert {"pymc", "vrest", "numpy"} <= set(json.loads(attributes["versions"]))


def test_long_arrays_are_packed_and_come_back_as_they_were(full_fit, tmp_path, monkeypatch):
    plain, packed = full_fit.save(tmp_path / "plain", picture=False), []
    monkeypatch.setattr(store, "_LARGE", 100)
    full_fit.save(tmp_path / "packed", picture=False)
    with h5py.File(tmp_path / "packed/fit.nc") as file:
        file.visititems(lambda name, item: packed.append(name) if getattr(item, "compression", None) else None)
    assert {"posterior/p_Na", "log_likelihood/V_m", "constant_data/c_o"} <= set(packed)
    assert not {"observed_data/V_m", "posterior/chain"} & set(packed)
    assert vrest.load(tmp_path / "packed").tree.identical(vrest.load(plain).tree)


def test_saving_over_a_fit_takes_force_and_never_removes_other_folders(full_fit, tmp_path):
    full_fit.save(tmp_path / "run", picture=False)
    with pytest.raises(vrest.ConfigurationError, match="force=True"):
        full_fit.save(tmp_path / "run")
    full_fit.save(tmp_path / "run", force=True, picture=False)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(vrest.ConfigurationError, match="not replaced"):
        full_fit.save(tmp_path / "thesis", force=True)


def test_a_failure_while_saving_leaves_nothing(full_fit, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "vrest.fitting.results.store._save_figure", lambda *_: (_ for _ in ()).throw(OSError("disk full"))
    )
    with pytest.raises(OSError, match="disk full"):
        full_fit.save(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_loading_what_is_no_fit(tmp_path):
    with pytest.raises(vrest.ConfigurationError, match="there is no fit here"):
        vrest.load(tmp_path)
    (tmp_path / "fit.nc").write_bytes(b"\x80\x04\x95 not a netCDF file")
    with pytest.raises(vrest.ConfigurationError, match="not a fit that vrest wrote"):
        vrest.load(tmp_path)


def test_a_short_run_is_repeated_twice_and_longer(monkeypatch):
    lengths = []

    def stuck(experiment, sampling, seed, progress=False, cores=1):
        """A sampler that never converges: each chain stays at its own place."""
        import xarray as xr

        from vrest.fitting.model.draws import Draws

        lengths.append(sampling.draws)
        rng = np.random.default_rng(seed)
        shape = (sampling.chains, sampling.draws)
        place = rng.uniform(1, 2, (sampling.chains, 1))
        dims = ("chain", "draw")
        draws = {rv.name: (dims, place + 0.01 * rng.normal(size=shape)) for rv in build_model(experiment).free_RVs}
        stats = {"diverging": (dims, np.zeros(shape, bool)), "energy": (dims, rng.normal(size=shape))}
        coords = {"chain": np.arange(shape[0]), "draw": np.arange(shape[1])}
        return Draws(xr.Dataset(draws, coords), xr.Dataset(stats, coords), "mocked")

    monkeypatch.setattr("vrest.fitting.checks.run.draw", stuck)
    result = fit(recordings(), inside=INSIDE, sampling=Sampling(draws=200), progress=False, robustness="off")
    assert lengths == [200, 1000, 2000]
    assert result.experiment.config.sampling.draws == 200  # what was asked is what is saved and asked again
    assert parse_config(result.tree.attrs["config"]) == result.experiment.config
    assert result.sampling.draws == 2000
    assert not result.verdict().sampling.ok
    assert "Do not use these numbers" in str(result.verdict())
    assert "repeated twice, longer" in result.notes[-1].text


def test_a_fit_shows_itself(full_fit):
    text = repr(full_fit)
    assert "P_Na/P_K" in text
    assert "89% interval" in text
    html = full_fit._repr_html_()
    assert html.count("<table") == 1
    assert "<script" not in html


def test_large_tables_keep_thinned_draws_by_row(monkeypatch):
    monkeypatch.setattr("vrest.fitting.results.tree.LARGE_TABLE", 40)
    from vrest.fitting.model.draws import Draws
    from vrest.fitting.results.tree import assemble

    e = prepare(recordings(), configure(inside=INSIDE))
    import xarray as xr

    rng = np.random.default_rng(1)
    dims, coords = ("chain", "draw"), {"chain": np.arange(4), "draw": np.arange(1000)}
    draws = xr.Dataset({p.symbol: (dims, p.prior.draw(rng, (4, 1000))) for p in e.parameters}, coords)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = assemble(e, Draws(draws, xr.Dataset(coords=coords), "pymc"), np.random.SeedSequence(1))
    assert tree["log_likelihood"]["V_m"].sizes == {"chain": 4, "draw": 100, "obs": 42}
    assert "every 10th draw" in tree["log_likelihood"].attrs["thinned"]
    assert tree["posterior"].sizes["draw"] == 1000
    monkeypatch.setattr("vrest.fitting.results.tree.MOST_VALUES", 42 * 20)
    fewer = assemble(e, Draws(draws, xr.Dataset(coords=coords), "pymc"), np.random.SeedSequence(1))
    assert fewer["log_likelihood"]["V_m"].sizes == {"chain": 4, "draw": 5, "obs": 42}
    assert fewer["log_likelihood"]["V_m"].dtype == np.float32


@pytest.mark.slow
def test_recovery_over_twenty_seeds():
    """K_o × temperature × block, 42 rows: at least 75 % of true values inside their 89 % intervals, none 4 sd away."""
    inside, total = 0, 0
    for seed in range(20):
        table = fit(recordings(seed=100 + seed), inside=INSIDE, seed=seed, progress=False)
        posterior, summary = table.tree["posterior"].to_dataset(), table.summary().set_index("parameter")
        truth = {k: TRUTH[k] for k in ("P_Na/P_K", "P_Cl/P_K", "pump_mV")} | {"Q10_pump/Q10_leak": 1.8, "sigma_mV": 1.5}
        for name, value in truth.items():
            symbol = next(q.symbol for q in table.experiment.quantities if q.name == name)
            logs = np.log(posterior[symbol].to_numpy())
            assert abs(logs.mean() - np.log(value)) < 4 * logs.std(), (seed, name)
            inside += summary["lower"][name] <= value <= summary["upper"][name]
            total += 1
    assert inside >= 0.75 * total

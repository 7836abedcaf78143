"""V_m in baths that were not measured: of populations, new cells and recorded ones, and where an ion comes back."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import norm

from tests.many_cells import many_cells
from tests.synthetic import recordings
from vrest.cli import main
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.fit import Fit
from vrest.models.errors import ConfigurationError, DataWarning, UnknownNameError

BATHS = pd.DataFrame(
    {"K_o_mM": [4.0, 40.0], "Na_o_mM": [145.0, 109.0], "Cl_o_mM": 130.0, "temperature_C": 22.0, "pump": "on"}
)


def test_prediction_of_population_new_and_recorded_cell_are_three_things(typed_fit):
    result, _ = typed_fit
    population, new = result.predict(BATHS), result.predict(BATHS, cell="new")
    assert list(population.columns[-4:]) == ["cell_type", "median", "lower", "upper"]
    assert len(population) == 4  # two baths, two types

    def width(table):
        return (table["upper"] - table["lower"]).to_numpy()

    assert (width(new) > 1.2 * width(population)).all()
    assert new["median"].to_numpy() == pytest.approx(population["median"].to_numpy(), abs=1.0)
    cell = result.predict(BATHS, cell="B2")
    assert len(cell) == 2
    assert set(cell["cell_type"]) == {"B"}
    typed = result.predict(BATHS.assign(cell_type=["A", "B"]))
    assert list(typed["cell_type"]) == ["A", "B"]


def test_prediction_in_a_measured_bath_is_the_posterior_of_that_condition(full_fit):
    baths = pd.DataFrame(
        {"K_o_mM": [10.0], "Na_o_mM": [139.0], "Cl_o_mM": [130.0], "temperature_C": [25.0], "pump": ["blocked"]}
    )
    row = full_fit.predict(baths).iloc[0]
    posterior = full_fit.tree["posterior"].to_dataset()
    V_T = 8.314462618 * 298.15 / 96485.33212 * 1e3  # blocked, so GHK's closed form
    p_Na, p_Cl = (posterior[name].to_numpy().ravel() for name in ("p_Na", "p_Cl"))
    V_m = V_T * np.log((10 + p_Na * 139 + p_Cl * 10) / (140 + p_Na * 12 + p_Cl * 130))
    assert row["median"] == pytest.approx(np.median(V_m), abs=1e-6)
    assert (row["lower"], row["upper"]) == pytest.approx(tuple(np.quantile(V_m, [0.055, 0.945])), abs=1e-6)


def test_prediction_refuses_what_it_does_not_know(typed_fit, full_fit):
    result, _ = typed_fit
    with pytest.raises(UnknownNameError, match="Did you mean 'B2'"):
        result.predict(BATHS, cell="b2")
    with pytest.raises(UnknownNameError, match="The fit has A, B"):
        result.predict(BATHS.assign(cell_type=["A", "C"]))
    with pytest.raises(ConfigurationError, match="cells were not told apart"):
        full_fit.predict(BATHS, cell="new")


def test_predict_on_the_command_line(typed_fit, tmp_path, capsys):
    typed_fit[0].save(tmp_path / "run")
    BATHS.to_csv(tmp_path / "baths.csv", index=False)
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "baths.csv"), "--out", str(tmp_path / "v.csv")]) == 0
    table = pd.read_csv(tmp_path / "v.csv")
    assert list(table.columns) == [*BATHS.columns, "cell_type", "median", "lower", "upper"]
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "baths.csv"), "--out", str(tmp_path / "v.csv")]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "baths.csv"), "--cell", "B9"]) == 2
    assert "unknown cell 'B9'" in capsys.readouterr().err


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_a_new_cell_differs_from_its_population_by_the_spread(spread):
    """All else known, V_m rises with P_Na/P_K: its quantiles are GHK's of those of a lognormal, by hand."""
    data, _ = many_cells(seed=1, cells=4, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,), pump=(True,))
    e = prepare(data, configure(law="ghk", ions="K,Na", inside="K=140,Na=12", vary=["P_Na/P_K"]))
    shape, dims = (4, 2000), ("chain", "draw")
    posterior = xr.Dataset({name: (dims, np.full(shape, x)) for name, x in
                            {"p_Na": 0.05, "sigma_mV": 1.0, "p_Na_spread": spread}.items()})  # fmt: skip
    fit = Fit(xr.DataTree.from_dict({"posterior": posterior}), e)
    bath = BATHS[["K_o_mM", "Na_o_mM", "temperature_C"]].iloc[:1]
    new, population = (fit.predict(bath, cell=who).iloc[0] for who in ("new", "population"))

    def ghk(p_Na):
        return 8.314462618 * 295.15 / 96485.33212 * 1e3 * np.log((4 + p_Na * 145) / (140 + p_Na * 12))

    assert population[["median", "lower", "upper"]].to_numpy(float) == pytest.approx(ghk(0.05))
    ends = ghk(0.05 * np.exp(spread * norm.ppf([0.5, 0.055, 0.945])))
    assert new[["median", "lower", "upper"]].to_numpy(float) == pytest.approx(ends, abs=0.06 * np.ptp(ends))


def test_a_blocked_bath_brings_back_the_passive_chloride_that_the_fit_left_out(potassium_fit):
    """At equilibrium with the pump on, chloride holds V_m back at once: less is lost than without it."""
    data = recordings(seed=2, temperatures=[22], pump=[False], repeats=3)
    experiment = prepare(data, configure(inside="K=140,Na=12,Cl=passive"))
    posterior = potassium_fit.tree["posterior"].to_dataset()
    tree = potassium_fit.tree.copy()
    tree["posterior"] = posterior.drop_vars("p_Cl")
    fit = Fit(tree, experiment)
    baths = pd.DataFrame({"K_o_mM": [5.0, 5.0], "Na_o_mM": 144.0, "Cl_o_mM": 130.0, "temperature_C": 22.0})
    baths["pump"] = ["on", "blocked"]
    with pytest.warns(DataWarning, match=r"Cl is passive.* in blocked baths it acts, with P_Cl/P_K ~ LogNormal"):
        on, blocked = fit.predict(baths)["median"]
    with pytest.warns(DataWarning, match="the baths lack Cl_o_mM: blocked baths are predicted as if no Cl crossed"):
        without = fit.predict(baths.drop(columns="Cl_o_mM"))["median"]
    assert without[0] == pytest.approx(on), "with the pump on a passive ion carries no current"
    # By hand, for each draw: GHK with chloride where it was, Cl_i = Cl_o exp(u).
    p_Na, pump = (posterior[name].to_numpy().ravel() for name in ("p_Na", "pump_mV"))
    V_T = 8.314462618 * 295.15 / 96485.33212 * 1e3
    p_Cl = np.exp(np.random.default_rng(0).normal(np.log(0.3), 1.0, (200, 1)))  # the default prior
    K, Na = 5 + p_Na * 144, 140 + p_Na * 12
    at_reference = fit.experiment.reference
    assert (at_reference.c_o["K"], at_reference.temperature_C) == (2.5, 22.0)
    u = _u_with_pump(p_Na, pump / V_T)
    by_hand = V_T * np.log((K + p_Cl * 130 * np.exp(u)) / (Na + p_Cl * 130))
    assert blocked == pytest.approx(np.median(by_hand), abs=0.1)
    assert on < blocked < without[1] - 0.3


def _u_with_pump(p_Na: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """V_m / V_T at K_o 5, Na_o 144 of a pump that adds `shift` at K_o 2.5, Na_o 146.5: the zero-current equation, bisected."""

    def b(x):
        return x / np.expm1(x)

    A, B, B_reference = 140 + p_Na * 12, 5 + p_Na * 144, 2.5 + p_Na * 146.5
    at = np.log(B_reference / A) - shift
    j = B_reference * b(at) - A * b(-at)
    low, high = np.full_like(A, -8.0), np.full_like(A, -0.1)
    for _ in range(60):
        middle = (low + high) / 2
        above = A * b(-middle) - B * b(middle) + j > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return middle

"""Every law gives back the parameters that made the data, judged as any fit is; long runs, hence slow."""

import pytest

import vrest
from tests.law_synthetic import TRUTH, law_recordings

pytestmark = pytest.mark.slow

REFERENCE = {"K_o_mM": 5.0, "temperature_C": 25.0}
BATHS = {"ghk-pump-kinetic": (0.0, 0.5, 2.5, 5.0, 5.0, 10.0, 20.0), "chord": (2.5, 3.5, 5.0, 5.0, 7.0, 10.0)}
INSIDE = "K=140,Na=15,Cl=passive"


@pytest.mark.parametrize(
    ("law", "options", "parameters", "informed"),
    [
        ("ghk", (), {}, ["P_Na/P_K"]),
        ("ghk-pump", (), {}, ["P_Na/P_K", "pump_mV", "Q10_pump/Q10_leak"]),
        ("ghk-pump", ("rectification",), {"rectification": 0.25}, ["P_Na/P_K", "rectification"]),
        ("ghk-pump", ("Q10_P_Na",), {"Q10_P_Na/P_K": 1.3}, ["P_Na/P_K", "Q10_P_Na/P_K"]),
        ("ghk-pump-kinetic", (), {}, ["P_Na/P_K", "P_Cl/P_K", "pump_mV", "Q10_pump/Q10_leak"]),
        ("mullins-noda", (), {}, ["P_Na/P_K", "P_Cl/P_K", "pump_mV"]),
        ("mullins-noda", ("pump_ratio",), {"pump_ratio": 1.6}, ["P_Na/P_K", "pump_ratio"]),
        ("chord", (), {}, ["g_Na/g_K", "pump_mV", "Q10_pump/Q10_leak"]),
    ],
)  # fmt: skip
def test_recovery(law, options, parameters, informed):
    """Truth within the central 99 % of every parameter's posterior, sampling in order, no lack of fit."""
    K_o = BATHS.get(law, (2.5, 5.0, 5.0, 10.0, 20.0, 40.0))
    series = law_recordings(law, K_o=K_o, truth=parameters)
    fit = vrest.fit(series, law, inside=INSIDE, reference=REFERENCE, options=options, seed=1, progress=False)
    verdict, summary = fit.verdict(), fit.summary().set_index("parameter")
    assert verdict.sampling.ok
    assert verdict.fit.ok
    posterior = fit.tree["posterior"].to_dataset()
    for parameter in fit.experiment.parameters:
        if parameter.name in TRUTH:
            low, high = posterior[parameter.symbol].quantile([0.005, 0.995]).to_numpy()
            assert low < TRUTH[parameter.name] < high, parameter.name
    assert (summary.loc[informed, "contraction"] > 0.5).all()


def implied_pump() -> float:
    """What the balanced pump of the synthetic cell adds in its reference bath, by the closed form; mV."""
    from math import log

    running = log((1.5 * 5 + 0.05 * 150) / (1.5 * 140 + 0.05 * 15))
    return 25.6926 * (log((5 + 0.05 * 150) / (140 + 0.05 * 15)) - running)


def test_ghk_pump_finds_the_pump_that_a_balanced_cell_implies_in_one_bath():
    series = law_recordings("mullins-noda", K_o=(5.0,) * 20, temperatures=(25.0,))
    fit = vrest.fit(series, "ghk-pump", inside=INSIDE, seed=1, progress=False)
    pump = fit.summary().set_index("parameter").loc["pump_mV"]
    assert pump.lower < implied_pump() < pump.upper
    balanced = vrest.fit(series, "mullins-noda", inside="K=140,Na=15", seed=1, progress=False)
    pump = balanced.summary().set_index("parameter").loc["pump_mV"]
    assert pump.lower < implied_pump() < pump.upper


def test_over_many_baths_the_verdict_says_that_a_constant_pump_is_the_wrong_law():
    K_o = (1.0, 2.5, 5.0, 5.0, 10.0, 20.0, 40.0, 80.0) * 4
    series = law_recordings("mullins-noda", K_o=K_o, sigma=0.5)
    fits = {
        law: vrest.fit(series, law, inside=INSIDE, reference=REFERENCE, seed=1, progress=False).verdict().fit
        for law in ("ghk-pump", "mullins-noda")
    }
    assert fits["mullins-noda"].ok
    assert fits["ghk-pump"].p_value < 1e-6

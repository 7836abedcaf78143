"""Data sets of one kind with a known truth, many of them: how often does the verdict say what it should?"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import vrest
from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.checks.robustness import PRIOR_COUNTS
from vrest.fitting.checks.variations import varied_parameters, with_prior
from vrest.fitting.fit import Fit, fit
from vrest.fitting.model.draws import with_derived
from vrest.fitting.sampling.refits import QUICK, sampled
from vrest.models.conditions import Conditions
from vrest.models.ions import ions
from vrest.models.laws.registry import LAWS

SERIES = (2.5, 5, 10, 20, 40, 60, 80)
LONG = tuple(np.geomspace(1.5, 80, 26).round(2))
HELD = {"robustness": "off"}
_AREA_cm2 = 5e-5


@dataclass(frozen=True)
class Study:
    """One kind of data set and one question about the fits to them.

    Attributes
    ----------
    made : from a seed to a table and the settings that it is fitted with.
    seen : the question: whether a fit shows it.
    among : of which fits it is asked; default: of all.
    most, least : the goal: bounds on the share of those fits that do.
    """

    made: Callable[[int], tuple[Any, dict[str, Any]]]
    seen: Callable[[Fit], bool]
    most: float = 1.0
    least: float = 0.0
    among: Callable[[Fit], bool] = lambda fitted: True

    def one(self, seed: int) -> Fit:
        """The fit to one data set."""
        table, settings = self.made(seed)
        return fit(table, seed=seed, progress=False, **settings)


def membrane(seed: int) -> dict[str, float]:
    """A membrane drawn from those that laboratories meet."""
    rng = np.random.default_rng((seed, 7))
    return {
        "P_Na/P_K": float(np.exp(rng.uniform(np.log(0.01), np.log(0.08)))),
        "P_Cl/P_K": float(np.exp(rng.uniform(np.log(0.05), np.log(0.4)))),
        "pump_mV": float(rng.uniform(3, 12)),
        "Q10_pump": float(rng.lognormal(np.log(2.3), 0.15)),
        "Q10_leak": float(rng.lognormal(np.log(1.4), 0.1)),
    }


def simulated(settings: dict[str, Any] | None = None, changed: dict[str, float] | None = None, **plan):
    """`made` of a study: `recordings` of membranes drawn at random, with `changed` parameters."""

    def made(seed: int) -> tuple[xr.Dataset, dict[str, Any]]:
        table = recordings(seed=seed, theta={**membrane(seed), **(changed or {})}, **plan)
        return table, {"inside": INSIDE, **(settings or {})}

    return made


def shunted(left: float, **plan):
    """`made` of a study: recordings of which a shunt leaves so much."""

    def made(seed: int) -> tuple[xr.Dataset, dict[str, Any]]:
        rng, exact = np.random.default_rng((seed, 3)), recordings(seed=seed, theta=membrane(seed), sigma=0.0, **plan)
        return exact.assign(V_m=left * exact["V_m"] + rng.normal(0, 1.5, exact.sizes["obs"])), {"inside": INSIDE}

    return made


def vouched(seed: int, temperatures: tuple[float, ...] = (22.0,) * 3) -> tuple[pd.DataFrame, dict[str, Any]]:
    """K_o × block × temperature (°C), without chloride: inside, junction and seal are given with errors."""
    potassium = (3.5, 5, 7, 10, 14, 20, 28, 40, 56, 80)
    K, blocked, warmth = np.array([(K, b, T) for T in temperatures for K in potassium for b in (0.0, 1.0)]).T
    rng, theta = np.random.default_rng((seed, 5)), {**membrane(seed), "P_K_cm_s": 2e-6}
    c_o, c_i = {"K": K, "Na": 149.0 - K}, {"K": 138.0 + 3.0 * float(rng.normal()), "Na": 12.0 + float(rng.normal())}
    at = Conditions(ions(c_o), c_o, c_i, warmth, blocked, seal=np.full_like(K, 1e-9 / 5.0 / _AREA_cm2))
    reference, law = Conditions(at.ions, {"K": 3.5, "Na": 145.5}, c_i, 22.0), LAWS["ghk-pump"]
    V_m = law.potential(theta, at, reference)
    R_in = 1e-6 / (_AREA_cm2 * law.conductance(theta, at, reference, V_m, V_m))
    table = pd.DataFrame({f"{name}_o_mM": x for name, x in c_o.items()} | {"temperature_C": at.temperature_C})
    table["pump"] = np.where(blocked > 0, "blocked", "on")
    table["ljp_mV"], table["ljp_sd_mV"] = 10.0, 1.0
    table["V_m_mV"] = V_m + rng.normal(0, 1.5, len(K)) + 10.0 + rng.normal()
    table["R_in_MOhm"], table["C_m_pF"] = R_in * np.exp(rng.normal(0, 0.1, len(K))), 1e6 * _AREA_cm2
    table["R_seal_GOhm"] = 5.0
    return table, {"inside": "K=138+-3,Na=12+-1"}


def means(seed: int, of: int = 6) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Means of some recordings with the standard errors that these show, in place of the recordings."""
    table = recordings(seed=seed, theta=membrane(seed), K_o=LONG[::2], temperatures=(22,), repeats=of)
    frame = pd.DataFrame(
        {f"{name}_o_mM": table["c_o"].sel(ion=name).to_numpy() for name in table["ion"].to_numpy()}
        | {"V_m_mV": table["V_m"].to_numpy(), "pump": np.where(table["blocked"].to_numpy(), "blocked", "on")}
    )
    baths = frame.groupby(["K_o_mM", "Na_o_mM", "Cl_o_mM", "pump"], as_index=False)["V_m_mV"]
    found = baths.mean().assign(V_m_sem_mV=baths.sem()["V_m_mV"], temperature_C=22.0, ljp="corrected")
    return vrest.from_frame(found), {"inside": INSIDE, **HELD}


def weak(seed: int):
    """Three kinds of data set that inform less than they seem to."""
    kind = (
        simulated({"inside": "K=140+-14,Na=12+-4,Cl=10+-3"}, temperatures=(22,)),
        simulated(K_o=(2.5, 5, 10, 40), temperatures=(22,)),
        simulated(changed={"P_Na/P_K": 0.001}, temperatures=(22,)),
    )[seed % 3]
    return kind(seed)


def resting_on(fitted: Fit) -> set[str]:
    rested = fitted.verdict().robustness
    return {what for _, what, _ in rested.rests_on} if rested else set()


def judged_ok(fitted: Fit) -> bool:
    """Sampling, fit and identification alike."""
    verdict = fitted.verdict()
    return verdict.sampling.ok and verdict.fit.ok and verdict.identification.ok


def misfit(fitted: Fit) -> bool:
    return not fitted.verdict().fit.ok


def outside(fitted: Fit, name: str) -> bool:
    """Whether the membrane's own value is outside the 89 % interval; by the seed, which the data set and the fit share."""
    row = fitted.summary().set_index("parameter").loc[name]
    return not row["lower"] <= membrane(fitted.experiment.config.seed)[name] <= row["upper"]


def content_while_a_prior_decides(fitted: Fit) -> bool:
    """Ok, with no prior named, though a long fit under a doubled prior moves an answer by more than its sd."""
    experiment = fitted.experiment
    if not judged_ok(fitted) or resting_on(fitted) & {p.name for p in experiment.parameters}:
        return False
    wider = [
        with_prior(experiment, p, p.prior.alternatives[0])
        for p in varied_parameters(experiment)
        if p.prior.alternatives
    ]
    base = fitted.tree["posterior"]
    asked = [q for q in experiment.quantities if q.name in fitted.verdict().identification.asked]
    for seed, other in enumerate(wider):
        posterior = with_derived(sampled(other, QUICK, seed)[0], other)
        for q in asked:
            x, y = (q.scale.of(group[q.symbol].to_numpy()) for group in (base, posterior))
            if abs(np.median(y) - np.median(x)) > 2 * PRIOR_COUNTS * x.std():
                return True
    return False


def curing(name: str, made: Callable[[int], tuple[Any, dict[str, Any]]]) -> Study:
    """Whether what was changed, by the name that is typed, is the cure that is named first, of the fits called misfits."""

    def seen(fitted: Fit) -> bool:
        cures = fitted.verdict().cures
        return bool(cures) and name in cures[0].typed

    return Study(made, seen, least=0.8, among=misfit)


_KINETIC = {"K_K_mM": 1.5, "n_K": 1.4, "K_Na_mM": 13.0, "n_Na": 2.0}

STUDIES = {
    "K_i wrong by 10 mM, ok without a word": Study(
        simulated({"inside": "K=130,Na=12,Cl=10"}),
        lambda f: judged_ok(f) and "K_i_mM" not in resting_on(f),
        most=0.05,
    ),
    "a doubled prior moves an answer by 1 sd, ok": Study(weak, content_while_a_prior_decides, most=0.05),
    "well informed, called dependent": Study(vouched, lambda f: bool(resting_on(f)), most=0.05),
    "well informed but of Q10_pump, called dependent": Study(
        partial(vouched, temperatures=(15.0, 22.0, 35.0)),
        lambda f: any(on != "Q10_pump" for on in resting_on(f)),
        most=0.05,
    ),
    "false alarm, K series": Study(simulated(HELD, temperatures=(22,), pump=(False,), repeats=3), misfit, most=0.03),
    "false alarm, K x T x block": Study(simulated(HELD, repeats=2), misfit, most=0.03),
    "false alarm, unreplicated": Study(simulated(HELD, K_o=LONG, temperatures=(22,), pump=(False,)), misfit, most=0.03),
    "false alarm, means": Study(means, misfit, most=0.03),
    **{
        f"{name} outside its interval, means of {of}": Study(
            partial(means, of=of), partial(outside, name=name), most=0.11
        )
        for of in (2, 3)
        for name in ("P_Na/P_K", "pump_mV")
    },
    "false alarm, cells": Study(
        lambda seed: (
            many_cells(seed, cells=5, K_o=(2.5, 10, 40), temperatures=(22,))[0],
            {"inside": INSIDE, "by": "cell_type", **HELD},
        ),
        misfit,
        most=0.03,
    ),
    "false alarm, saturated": Study(
        simulated(HELD, K_o=(3, 10), temperatures=(22,), pump=(False,), repeats=4), misfit, most=0.03
    ),
    "rectification 0.6, unreplicated": Study(
        simulated(HELD, {"rectification": 0.6}, K_o=LONG, temperatures=(22,), pump=(False,)), misfit, least=0.9
    ),
    "rectification 0.3, K series": Study(
        simulated(HELD, {"rectification": 0.3}, temperatures=(22,), pump=(False,), repeats=3), misfit, least=0.5
    ),
    "shunt of 10 %, flagged or named": Study(
        shunted(0.9, temperatures=(22,), repeats=2), lambda f: misfit(f) or "R_seal_GOhm" in resting_on(f), least=0.95
    ),
    "cure: Q10_P_Na": curing("Q10_P_Na", simulated(changed={"Q10_P_Na/P_K": 1.8}, repeats=2)),
    "cure: rectification": curing(
        "rectification", simulated(changed={"rectification": 0.5}, temperatures=(22,), repeats=2)
    ),
    "cure: kinetic": curing(
        "kinetic",
        simulated(
            changed=_KINETIC, law="ghk-pump-kinetic", K_o=(0.3, 0.6, 1.2, *SERIES[:5]), temperatures=(22,), repeats=2
        ),
    ),
    "cure: seal": curing("R_seal_GOhm", shunted(0.85, temperatures=(22,), repeats=2)),
}

"""How well many simulated data sets of one plan pin its parameters down when each is fitted: what `vrest design` foretells."""

import numpy as np
import pandas as pd
import xarray as xr

import vrest
from vrest.fitting.config import Sampling
from vrest.fitting.experiment import Experiment
from vrest.fitting.linear import starting_point
from vrest.fitting.model import build_model, model_data
from vrest.fitting.posterior import group_values
from vrest.fitting.run import configure, prepare
from vrest.fitting.sampling import Sampler, compile_sampler

QUICK = Sampling(chains=2, draws=1000, tune=700)


def plan(K_o, temperatures=(22.0,), pump=("on",), sodium=(1.0,), chloride=(1.0,), repeats=1, cells=0) -> pd.DataFrame:
    """Every combination of K_o (mM, replacing Na), temperature (°C), pump, and parts of Na_o and Cl_o left; in each cell."""
    names = ["K_o_mM", "temperature_C", "pump", "sodium", "chloride", "repeat", "cell"]
    levels = [K_o, temperatures, pump, sodium, chloride, range(repeats), [f"c{i}" for i in range(max(cells, 1))]]
    frame = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    frame["Na_o_mM"] = (149 - frame["K_o_mM"]) * frame["sodium"]
    frame["Cl_o_mM"] = 130 * frame["chloride"]
    return frame.drop(columns=["sodium", "chloride", "repeat", *([] if cells else ["cell"])])


def experiment_of(rows: pd.DataFrame, **settings) -> Experiment:
    return prepare(vrest.from_frame(rows, potentials=False), configure(**settings))


def population(experiment: Experiment, truth) -> xr.Dataset:
    """A stated truth in the posterior's layout."""
    everything = (*experiment.parameters, *experiment.spreads.values())
    return xr.Dataset({p.symbol: (("chain", "draw"), np.full((1, 1), truth[p.name])) for p in everything})


def simulated(experiment: Experiment, truth, rng: np.random.Generator) -> Experiment:
    """The experiment with recordings: cells drawn from the truth, Normal scatter."""
    values = {p.name: np.asarray(truth[p.name], dtype=float) for p in experiment.parameters}
    for name, spread in experiment.spreads.items():
        values[name] = values[name] * np.exp(truth[spread.name] * rng.normal(size=len(experiment.levels.cells)))
    mean = experiment.row_mean(values)
    V_m = mean + rng.normal(0, truth["sigma_mV"], len(mean))
    plan = experiment.recordings
    return prepare(plan.assign(V_m=("obs", V_m, {"units": "mV"})), experiment.config)


def mean_sd(experiment: Experiment, truth, n: int, sampler: Sampler | None = None) -> tuple[dict[str, float], Sampler]:
    """Mean posterior sd of every quantity on its own scale over `n` data sets with the truth, and the sampler, to use again."""
    rng, found = np.random.default_rng(1), []
    for k in range(n):
        e = simulated(experiment, truth, rng)
        if sampler is None:
            sampler = compile_sampler(build_model(e), QUICK, starting_point(e), 1, exchange=True)
        data = {name: array for name, (array, _) in model_data(e).items()}
        values = group_values(sampler.draw(QUICK, k + 1, **data).posterior, e, flat=True)
        values |= e.population().derived(values)
        found.append([q.own_scale(values[q.name]).std() for q in e.quantities])
    return {q.name: sd for q, sd in zip(e.quantities, np.mean(found, axis=0), strict=True)}, sampler

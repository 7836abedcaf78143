"""Three levels against the same model written by hand in PyMC, in plain coordinates."""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytest

from tests.false_differences import plan, planned, truth
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.planning.simulate import draw_truth, simulate
from vrest.fitting.sampling.refits import sampled


@pytest.mark.slow
def test_animals_and_cells_agree_with_a_model_written_by_hand():
    """GHK of K, Na and Cl: V_m is written out, animals and cells are sampled in units of their spreads."""
    settings = {"law": "ghk", "spread": "shared"}
    experiment = planned(plan(4, 3, K_o=(2.5, 10, 40), pump=(False,)), **settings)
    rng = np.random.default_rng(5)
    given = truth(experiment, {"animal": 0.4, "cell": 0.3})
    experiment = replace(
        experiment, recordings=simulate(experiment, draw_truth(experiment, rng, given), rng).recordings
    )
    mine, divergences = sampled(experiment, Sampling(chains=4, draws=4000, tune=1000), 1)
    assert divergences == 0

    rows, levels = experiment.recordings, experiment.levels
    K, Na, Cl = (rows["c_o"].sel(ion=name).to_numpy() for name in ("K", "Na", "Cl"))
    cell, V_T = levels.entry_of_row, 8.314462618 * (rows["temperature"].to_numpy() + 273.15) / 96485.33212 * 1000
    with pm.Model():
        ratios = {}
        for name, median in (("p_Na", 0.04), ("p_Cl", 0.3)):
            group = pm.Normal(f"log_{name}", np.log(median), 1.0, shape=2)
            animals, cells = pm.HalfNormal(f"{name}_animals", 1.0), pm.HalfNormal(f"{name}_cells", 1.0)
            of_animal = animals * pm.Normal(f"{name}_a", shape=8)
            of_cell = cells * pm.Normal(f"{name}_c", shape=24)
            animal = levels.above[0].of_cell
            ratios[name] = pm.math.exp(group[levels.group_of_cell] + of_animal[animal] + of_cell)[cell]
        out = K + ratios["p_Na"] * Na + ratios["p_Cl"] * 10.0
        inside = 140.0 + ratios["p_Na"] * 12.0 + ratios["p_Cl"] * Cl
        pm.Normal("V", V_T * pm.math.log(out / inside), pm.HalfNormal("sigma", 5.0), observed=rows["V_m"].to_numpy())
        theirs = pm.sample(
            4000, tune=2000, chains=4, cores=2, target_accept=0.99, random_seed=1, progressbar=False, nuts_sampler="nutpie",
            compute_convergence_checks=False,
        )["posterior"]  # fmt: skip

    pairs = {f"{name} {k}": (np.log(mine[name].to_numpy()[..., k]), theirs[f"log_{name}"].to_numpy()[..., k])
             for name in ("p_Na", "p_Cl") for k in (0, 1)}  # fmt: skip
    for name in ("p_Na", "p_Cl"):
        pairs[f"{name} between animals"] = (
            mine[f"{name}_level_1_spread"].to_numpy(),
            theirs[f"{name}_animals"].to_numpy(),
        )
        pairs[f"{name} between cells"] = mine[f"{name}_spread"].to_numpy(), theirs[f"{name}_cells"].to_numpy()
    pairs["sigma"] = mine["sigma_mV"].to_numpy(), theirs["sigma"].to_numpy()
    apart = {what: (x.mean() - y.mean()) / y.std() for what, (x, y) in pairs.items()}
    print({what: round(float(x), 3) for what, x in apart.items()})
    assert max(map(abs, apart.values())) < 0.05

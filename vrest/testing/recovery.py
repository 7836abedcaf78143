"""A law's parameters found again in synthetic recordings."""

from collections.abc import Iterator

import numpy as np

from ..models.priors import Fixed
from .trial import COLD_C, WARM_C, Flaw, Kind, Trial


def recovery(trial: Trial) -> Iterator[Flaw]:
    """From recordings of a known truth, with little scatter, the parameters are found again."""
    if not trial.parameters:
        return

    import pandas as pd

    from ..data.tables.reader import from_frame
    from ..fitting.experiment.build import build_experiment
    from ..fitting.experiment.config import Config
    from ..fitting.model.draws import parameter_values
    from ..fitting.planning.simulate import simulate, stated_population
    from ..fitting.sampling.refits import QUICK, sampled

    levels, states = [1.0, 0.2][: 2 if trial.law.columns else 1], [0.0, 1.0][: 1 + trial.law.has_pump]
    grid = np.meshgrid([2.5, 5.0, 20.0, 80.0], [COLD_C, 27.0, WARM_C], states, levels)
    K, T, stopped, level = (x.ravel() for x in grid)
    at = trial.at(T, stopped, K=K)
    frame = pd.DataFrame(
        {s.outside: at.c_o[s.name] for s in trial.ions} | {s.inside: at.c_i[s.name] for s in trial.ions}
    )
    frame = frame.assign(
        **{name: level * x for name, x in at.columns.items()},
        V_m_mV=-70.0,
        temperature_C=at.temperature_C,
        pump=np.where(at.blocked > 0, "blocked", "on"),
    )
    rows = from_frame(frame.assign(ljp="corrected"))
    config = Config(law=trial.law.name, ions=tuple(s.name for s in trial.ions), priors={"sigma_mV": Fixed(0.5)})
    plan = build_experiment(rows, config, law=trial.law)
    theta = trial.theta()
    truth = stated_population(plan, {p.name: theta[p.name] for p in plan.parameters})
    made = simulate(plan, truth, np.random.default_rng(1))
    posterior, _ = sampled(made, QUICK, seed=1)
    drawn, true = (parameter_values(x, made, flat=True) for x in (posterior, truth))
    for p in made.parameters:
        x = p.scale.of(drawn[p.name])
        off = float((x.mean() - p.scale.of(true[p.name]).item()) / x.std())
        if abs(off) > 4:
            yield Flaw(Kind.RECOVERY, f"{p.name} is found {off:+.1f} posterior sds from its true value.")

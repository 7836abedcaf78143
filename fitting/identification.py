"""What the recordings can and cannot tell, and which further bath would tell it.

Judged on the questions that resting potentials are asked: permeability ratios, the pump, and how the pump's speed
changes with temperature relative to the leak's. The two Q10s apart are not in a steady potential: they are judged only
where input resistances were measured at several temperatures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import xarray as xr

from ..models.conditions import Conditions
from ..models.parameters import PUMP, Q10_LEAK, Q10_PUMP, Q10_RATIO, SCATTER, SIGMA, Quantity
from .experiment import Experiment, at_index, in_words
from .linear import Expectation, expect, inferred, information, reported_gradient, sensitivity
from .posterior import group_values

UNINFORMED = 0.5
"""Contraction below which the data are said not to have informed a parameter."""
CONFOUNDED = 0.8
"""Absolute posterior correlation above which two parameters are said to be told apart badly."""
RECORDINGS = 5
"""How many recordings in a proposed bath the advice reckons with."""
_WORTHWHILE = 0.1  # relative narrowing below which a bath is not worth proposing


def questions(experiment: Experiment) -> tuple[Quantity, ...]:
    """The quantities on which identification is judged."""
    temperatures = len(np.unique(experiment.conditions.temperature_C))
    asked = [q for q in experiment.parameters if q.name.endswith(("/P_K", "/g_K")) or q.name == PUMP.name]
    speeds: tuple[str, ...] = (Q10_RATIO.name,) if temperatures > 1 else ()
    if experiment.resistance:
        rows = experiment.condition_of_row[experiment.resistance.rows]
        if len(np.unique(experiment.conditions.temperature_C[rows])) > 1:
            speeds = (Q10_PUMP.name, Q10_LEAK.name)
    return (*asked, *(q for q in experiment.quantities if q.name in speeds))


def listed(experiment: Experiment) -> tuple[Quantity, ...]:
    """The questions, and what else is worth naming when it is uninformed or confounded, such as inside concentrations."""
    silent = {*SCATTER, Q10_PUMP.name, Q10_LEAK.name, Q10_RATIO.name}
    asked = questions(experiment)
    return (*asked, *(p for p in experiment.parameters if p.name not in silent and p not in asked))


@dataclass(frozen=True)
class Identification:
    """Third part of the verdict.

    Attributes
    ----------
    ok : every question is informed and none is confounded with another.
    uninformed : names with contraction below UNINFORMED.
    confounded : pairs and their correlation on the natural scale.
    advice : sentences, best first.
    """

    ok: bool
    uninformed: tuple[str, ...]
    confounded: tuple[tuple[str, str, float], ...]
    advice: tuple[str, ...]


def identify(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Identification:
    """Judge a posterior: what was learned, what is confounded, and which bath would help most."""
    posterior = tree["posterior"].to_dataset()
    values = group_values(posterior, experiment, flat=True)
    quantities, asked = listed(experiment), {q.name for q in questions(experiment)}
    table = summary.set_index(["parameter", "group"])["contraction"]
    names, questioned, contraction, draws = [], set(), [], []
    for q in quantities:
        x = posterior[q.symbol].to_numpy()
        for i, group in enumerate(experiment.levels.groups if x.ndim > 2 else ("",)):
            names.append(f"{q.name} ({group})" if group else q.name)
            questioned |= {names[-1]} if q.name in asked else set()
            contraction.append(float(table[q.name, group]))
            draws.append((x[..., i] if x.ndim > 2 else x).ravel())
    # Advice is reckoned for one population: the group of which least is known.
    apart = [np.log(x).std(axis=0) for x in values.values() if x.ndim > 1]
    worst = int(np.argmax(np.sum(apart, axis=0))) if apart else 0
    one = {name: x[:, worst] if x.ndim > 1 else x for name, x in values.items()}
    eta = np.stack([p.own_scale(one[p.name]) for p in inferred(experiment)] or [np.zeros(2)])
    return _judge(
        experiment,
        names,
        questioned,
        contraction,
        np.corrcoef(np.stack(draws)) if len(draws) > 1 else np.eye(1),
        np.linalg.pinv(np.atleast_2d(np.cov(eta))),
        {name: np.asarray(np.median(x)) for name, x in one.items()},
        tuple(_offsets_like(posterior, experiment, dict(zip(names, draws, strict=True)))),
    )


def _offsets_like(
    posterior: xr.Dataset, experiment: Experiment, draws: dict[str, np.ndarray]
) -> Iterator[tuple[str, str, float]]:
    """Each quantity that cannot be told from an electrode's offset, or from their mean, with the offset most like it."""
    for per in experiment.offsets:
        name = f"offset_{per}_mV"
        labels = posterior[f"{per}_offset"].to_numpy().astype(str)
        offsets = posterior[name].to_numpy().reshape(-1, len(labels))
        candidates = {f"{name} ({label})": x for label, x in zip(labels, offsets.T, strict=True)}
        candidates |= {f"{name} (mean)": offsets.mean(axis=1)} if len(labels) > 1 else {}
        asked = {quantity: (x, candidates) for quantity, x in draws.items()}
        for p in experiment.parameters if per == "cell" else ():
            if p.name in experiment.spreads:  # a cell's own value against its own offset
                for cell, x in zip(experiment.levels.cells, posterior[f"{p.symbol}_cell"].to_numpy().T, strict=True):
                    own = f"{name} ({cell})"
                    asked |= {f"{p.name} ({cell})": (x.T.ravel(), {own: candidates[own]})} if own in candidates else {}
        for quantity, (x, among) in asked.items():
            r = {label: float(np.corrcoef(x, offset)[0, 1]) for label, offset in among.items()}
            most = max(r, key=lambda label: abs(r[label]))
            if abs(r[most]) > CONFOUNDED:
                yield quantity, most, round(r[most], 3)


def foresee(experiment: Experiment) -> tuple[Expectation, Identification]:
    """Judge the experiment before any sampling, from the linearised posterior averaged over the prior."""
    experiment = experiment.pooled()
    quantities = listed(experiment)
    expectation = expect(experiment, quantities, experiment.config.seed)
    centre = {p.name: np.asarray(p.prior.typical) for p in experiment.parameters}
    precision = information(experiment, centre)
    names, asked = [q.name for q in quantities], {q.name for q in questions(experiment)}
    return expectation, _judge(
        experiment, names, asked, expectation.contraction, expectation.correlation, precision, centre
    )


def _judge(
    experiment: Experiment, names: list[str], asked: set[str], contraction, correlation, precision, centre, offsets=()
) -> Identification:
    """`names` may carry a group in brackets; `asked` are those of them on which identification is judged.

    `offsets` are further pairs: what cannot be told from an electrode's offset.
    """
    uninformed = tuple(name for name, c in zip(names, contraction, strict=True) if c < UNINFORMED)
    confounded = tuple(
        (names[i], names[j], round(float(correlation[i, j]), 3))
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if abs(correlation[i, j]) > CONFOUNDED
    )
    confounded += tuple(offsets)
    open_pairs = [set(pair[:2]) for pair in confounded if set(pair[:2]) <= asked]
    troubled = asked & {*uninformed, *(name for pair in confounded for name in pair[:2])}
    weak = [q for q in questions(experiment) if any(name.split(" (")[0] == q.name for name in troubled)]
    advice = advise(experiment.pooled(), precision, centre, weak)
    if {PUMP.name, Q10_RATIO.name} in open_pairs or {PUMP.name, Q10_PUMP.name} in open_pairs:
        advice.insert(0, _middle_temperature(experiment))
    return Identification(
        ok=not open_pairs and not asked & set(uninformed),
        uninformed=uninformed,
        confounded=confounded,
        advice=tuple(advice),
    )


def _middle_temperature(experiment: Experiment) -> str:
    temperatures = np.unique(experiment.conditions.temperature_C)
    middle = temperatures[np.argmin(np.abs(temperatures - temperatures.mean()))]
    return (
        f"{PUMP.name} is quoted at {experiment.reference.temperature_C:g} °C, so an error in its Q10 tilts it: quote it in"
        f" the middle of the series, with temperature_C = {middle:g} under [reference] in the configuration."
    )


def candidates(experiment: Experiment) -> list[tuple[str, Conditions]]:
    """Baths that tell parameters apart, as variations of the reference condition: what to do, and the condition."""
    at = experiment.reference
    found = []
    if experiment.law.has_pump:
        found.append(("block the pump (ouabain, minutes only)", replace(at, blocked=1.0)))
    if "Na" in at.c_o and at.c_o["Na"] > 20:
        found.append(("lower sodium", replace(at, c_o={**at.c_o, "Na": 0.1 * at.c_o["Na"]})))
    if "Cl" in at.c_o and at.c_o["Cl"] > 20:
        found.append(("lower chloride (with a salt bridge)", replace(at, c_o={**at.c_o, "Cl": 0.1 * at.c_o["Cl"]})))
    for word, degrees in (("warm", 10.0), ("cool", -10.0)):
        if experiment.law.has_pump and 4 <= at.temperature_C + degrees <= 40:
            found.append((word, replace(at, temperature_C=at.temperature_C + degrees)))
    for word, K_o in (("lower potassium", 0.5 * at.c_o["K"]), ("raise potassium", 10 * at.c_o["K"])):
        c_o = {**at.c_o, "K": K_o}
        if "Na" in c_o:  # potassium replaces sodium, as in practice
            c_o["Na"] = max(c_o["Na"] - (K_o - at.c_o["K"]), 0.0)
        found.append((word, replace(at, c_o=c_o)))
    return found


def advise(
    experiment: Experiment,
    precision: np.ndarray,
    centre: dict[str, np.ndarray],
    weak: Sequence[Quantity],
    most: int = 3,
) -> list[str]:
    """Sentences that name the baths which would narrow `weak` most, with the narrowing expected of each.

    Parameters
    ----------
    precision : of the inferred parameters on their own scales, as it stands.
    centre : values of all parameters, around which the law is linearised.
    """
    if not weak:
        return []
    sigma = float(experiment.value(centre, SIGMA.name))
    G = reported_gradient(experiment, centre, weak)

    def spread(precision: np.ndarray) -> np.ndarray:
        return np.sqrt(np.diag(G @ np.linalg.inv(precision) @ G.T))

    before = spread(precision)
    ranked = []
    for action, at in candidates(experiment):
        one = at_index(_as_arrays(at), np.array([0]))
        J = sensitivity(experiment, centre, one)[0]
        after = spread(precision + RECORDINGS * np.outer(J, J) / sigma**2)
        # A bath in which the law itself is doubtful comes after those in which it is not, whatever it promises.
        doubtful = bool(experiment.law.cautions(one))
        ranked.append(((doubtful, float(np.mean(np.log(after / before)))), action, at, 1 - after / before))
    sentences = []
    for _, action, at, narrowing in sorted(ranked, key=lambda entry: entry[0])[:most]:
        gains = [f"{q.name} by {g:.0%}" for q, g in zip(weak, narrowing, strict=True) if g >= _WORTHWHILE]
        if gains:
            sentences.append(
                f"Add rows that {action}: {RECORDINGS} recordings in {in_words(at)} would narrow {', '.join(gains)}."
            )
    if not sentences:
        sentences.append(
            f"No single further bath narrows {', '.join(q.name for q in weak)} by {_WORTHWHILE:.0%}:"
            f" more recordings, or less scatter than {sigma:.2g} mV, are needed."
        )
    return sentences


def _as_arrays(at: Conditions) -> Conditions:
    return replace(
        at,
        c_o={name: np.atleast_1d(x) for name, x in at.c_o.items()},
        c_i={name: np.atleast_1d(x) for name, x in at.c_i.items()},
        temperature_C=np.atleast_1d(at.temperature_C),
        blocked=np.atleast_1d(at.blocked),
    )

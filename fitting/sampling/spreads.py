"""Do groups differ in how much their cells differ? Then each has a spread of its own."""

from dataclasses import replace
from itertools import combinations

import numpy as np

from ...models.notes import About, Note
from ..experiment.experiment import Experiment
from .refits import LOOK, sampled

PLAINLY = 0.95
"""Probability that one group's spread is the larger, above which groups have spreads of their own: few units show no more
even of a tenfold difference, and spreads of their own where one would do cost little but width."""


def settled(experiment: Experiment, seed: int) -> Experiment:
    """The experiment with a spread for each group where the configuration leaves that open and groups plainly differ in one."""
    groups, config = experiment.levels.groups, experiment.config
    own = replace(experiment, config=replace(config, spread="group"))
    by_group = [p for p in experiment.every_spread if own.by_group(p)]
    if config.spread != "auto" or not by_group:
        return experiment
    posterior, _ = sampled(own, LOOK, seed)
    found = []
    for p in by_group:
        width = posterior[p.symbol].to_numpy().reshape(-1, len(groups))
        size = [f"{x:.2g} in {group}" for x, group in zip(np.median(width, axis=0), groups, strict=True)]
        for a, b in combinations(range(len(groups)), 2):
            above = float(np.mean(width[:, a] > width[:, b]))
            found.append((max(above, 1 - above), f"{p.name}: {size[a]}, {size[b]}"))
    certainty, what = max(found)
    if certainty <= PLAINLY:
        return experiment
    text = f"Groups plainly differ in how much they vary ({what}): each has its own spread."
    return replace(own, notes=(*experiment.notes, Note(About.ROWS, text, 'spread = "shared" for one in all')))

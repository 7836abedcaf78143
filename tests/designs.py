"""Designs of every kind of graph, and their densities called as nutpie calls them; imports no PyMC."""

import ctypes

import numpy as np

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.experiment import Experiment
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.linear import starting_point
from vrest.fitting.model.model_data import design_of, model_data
from vrest.fitting.sampling.density import Density, density_of


def pooled(**settings):
    return prepare(recordings(), configure(**{"inside": INSIDE, **settings}))


def cells(**settings):
    rows, _ = many_cells(cells=3, K_o=(2.5, 10), temperatures=(22,))
    rows = rows.assign_coords(solution=("obs", np.where(rows["c_o"].sel(ion="K") > 5, "high", "low")))
    return prepare(rows, configure(inside=INSIDE, by="cell_type", **settings))


def resistances():
    rows = recordings()
    R_in = np.where(np.arange(42) % 2, 200.0, np.nan)
    return prepare(
        rows.assign(R_in=("obs", R_in), C_m=("obs", np.full(42, 20.0))), configure(inside="K=140+-10,Na=12,Cl=passive")
    )


def sealed():
    rows = recordings()
    return prepare(
        rows.assign(R_seal=("obs", np.full(42, 5.0)), R_in=("obs", np.full(42, 200.0))), configure(inside=INSIDE)
    )


DESIGNS = {
    "pooled": pooled,
    "kinetic": lambda: pooled(law="ghk-pump-kinetic"),
    "chord": lambda: prepare(recordings(K_o=(5, 10, 15)), configure(law="chord", inside=INSIDE)),
    "seal": sealed,
    "robust": lambda: pooled(robust=True),
    "mullins-noda": lambda: pooled(law="mullins-noda", inside="K=140,Na=12"),
    "cells": cells,
    "offsets": lambda: cells(offset="cell,solution", spread="group"),
    "resistances": resistances,
}


def called(density, data, x):
    """The compiled function, called as nutpie calls it."""
    compiled = density.with_data(data, x)
    value, gradient, at = np.zeros(1), np.zeros(len(x)), np.array(x)
    types = [ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4]
    function = ctypes.CFUNCTYPE(*types)(compiled.compiled_logp_func.address)
    places = (array.ctypes.data for array in (at, gradient, value, compiled.user_data))
    return function(len(x), *places), value[0], gradient


def loaded(experiment: Experiment) -> tuple[Density, dict[str, np.ndarray], np.ndarray]:
    """The density of an experiment, its data, and the place that chains begin around."""
    density = density_of(experiment, design_of(experiment))
    data = {name: value for name, (value, _) in model_data(experiment).items()}
    return density, data, density.flatten(starting_point(experiment))


def evaluated(name: str) -> float:
    """A design's log-density where chains begin."""
    return called(*loaded(DESIGNS[name]()))[1]

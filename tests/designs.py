"""Designs of every kind of structure; imports no PyMC."""

import numpy as np

from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.fitting.experiment.prepare import configure, prepare


def pooled(**settings):
    return prepare(recordings(), configure(**{"inside": INSIDE, **settings}))


def cells(**settings):
    rows, _ = many_cells(cells=3, K_o=(2.5, 10), temperatures=(22,))
    rows = rows.assign_coords(solution=("obs", np.where(rows["c_o"].sel(ion="K") > 5, "high", "low")))
    return prepare(rows, configure(inside=INSIDE, by="cell_type", **settings))


def animals(*columns: str, mixed: bool = False, **settings):
    """6 cells of 3 (2, where types are mixed within them) animals, those of 2 litters."""
    rows, _ = many_cells(cells=3, K_o=(2.5, 10), temperatures=(22,))
    number = np.array([int(cell[1]) for cell in rows["cell"].to_numpy()]) // 2
    kind = np.full(number.shape, "") if mixed else rows["cell_type"].to_numpy()
    animal = np.char.add(kind.astype(str), number.astype(str))
    rows = rows.assign_coords(animal=("obs", animal), litter=("obs", np.where(animal == animal[0], "x", "y")))
    return prepare(rows, configure(inside=INSIDE, by="cell_type", nested_in=columns or ("animal",), **settings))


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


def one_bath():
    """A row a cell, in one bath: animals are what is told apart."""
    rows = recordings(K_o=(5,), temperatures=(22,), pump=(False,), repeats=24)
    labels = {"cell": np.arange(24).astype(str), "animal": (np.arange(24) // 6).astype(str), "sex": np.arange(24) % 2}
    rows = rows.assign_coords({name: ("obs", np.asarray(x).astype(str)) for name, x in labels.items()})
    return prepare(rows, configure(inside=INSIDE, by="sex"))


DESIGNS = {
    "pooled": pooled,
    "kinetic": lambda: pooled(law="ghk-pump-kinetic"),
    "chord": lambda: prepare(recordings(K_o=(5, 10, 15)), configure(law="chord", inside=INSIDE)),
    "seal": sealed,
    "robust": lambda: pooled(robust=True),
    "mullins-noda": lambda: pooled(law="mullins-noda", inside="K=140,Na=12"),
    "cells": cells,
    "animals": animals,
    "mixed animals": lambda: animals(mixed=True, spread="group"),
    "litters": lambda: animals("litter", "animal", spread="group", robust=True),
    "animals of one-bath cells": lambda: one_bath(),
    "robust cells": lambda: cells(robust_cells=True, options="rectification", vary=["rectification", "pump_mV"]),
    "robust cells of animals": lambda: animals(robust_cells=True, priors={"nu_cells": "Gamma(2, 0.1)"}),
    "offsets": lambda: cells(offset="cell,solution", spread="group"),
    "resistances": resistances,
}

"""The compiled density is PyMC's own, whatever the structure; and structure is all that is compiled."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor
import pytest
from pytensor.compile.mode import Mode

from tests.designs import DESIGNS, cells, pooled
from tests.many_cells import many_cells
from tests.synthetic import INSIDE, recordings
from vrest.cli import main
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model import model_data
from vrest.fitting.model.linear import starting_point
from vrest.fitting.model.model import Softplus, build_model, random_variable
from vrest.fitting.sampling.density import Density
from vrest.fitting.sampling.traced import Free
from vrest.models.compiling import machine
from vrest.models.parameters import PUMP, Parameter
from vrest.models.priors import Gamma, HalfNormal, LogNormal, Normal

FEW, MANY = 5, 50
"""Random places at which a density is compared."""
FAST = (
    "pooled",
    "mullins-noda",
    "robust",
    "cells",
    "errors",
    "junctions",
)
"""What stands for all where time is short."""


def places(density: Density, experiment, number: int = FEW, wide: float = 1.0) -> list[np.ndarray]:
    """Random places around where chains begin."""
    start = density.flatten(starting_point(experiment))
    return [start + np.random.default_rng(seed).uniform(-wide, wide, len(start)) for seed in range(number)]


def reference(experiment, density: Density):
    """PyMC's log-density and gradient as a function of the flat vector, interpreted: compiling it takes longer."""
    model = build_model(experiment)
    assert [rv.name for rv in model.free_RVs] == [p.name for p in density.free]
    values, log_density = model.value_vars, model.logp()
    mode = Mode(linker="py", optimizer="merge")
    function = pytensor.function(values, [log_density, *pytensor.grad(log_density, values)], mode=mode)
    ends = np.cumsum([p.size for p in density.free])[:-1]

    def evaluate(x: np.ndarray) -> tuple[float, np.ndarray]:
        parts = zip(np.split(x, ends), density.free, strict=True)
        found = function(*(part.reshape(p.shape) for part, p in parts))
        return float(found[0]), np.concatenate([np.ravel(slope) for slope in found[1:]])

    return evaluate


def assert_equal(experiment, number: int = FEW):
    density = Density(experiment)
    theirs = reference(experiment, density)
    apart = []
    for x in places(density, experiment, number):
        status, value, gradient = density(x)
        expected, slope = theirs(x)
        assert status == 0
        assert gradient == pytest.approx(slope, rel=1e-10, abs=1e-10 * max(1.0, np.abs(slope).max()))
        apart.append(value - expected)
    assert np.ptp(apart) <= 1e-9 * max(1.0, abs(expected)), "the constant in which the two may differ is none"


def test_a_wrong_sign_would_be_seen():
    """What the comparison is worth: the same places with one number of the table another."""
    experiment = pooled()
    density = Density(experiment)
    theirs = reference(experiment, density)
    density.table[1] = density.table[1] * 1.0001  # numbers: centres and sds of priors
    x = places(density, experiment, 1)[0]
    assert density(x)[2] != pytest.approx(theirs(x)[1], rel=1e-10)


def of_cells(number: int, types: str):
    rows, _ = many_cells(cells=number, types={t: {} for t in types}, K_o=(2.5, 10), temperatures=(22,))
    return prepare(rows, configure(inside=INSIDE, by="cell_type"))


@pytest.mark.parametrize("points", [3, pytest.param(MANY, marks=pytest.mark.thorough)])
def test_one_compilation_serves_every_number_of_cells_and_groups(points):
    sizes = [of_cells(3, "AB"), of_cells(11, "ABCDE"), of_cells(40, "AB")]
    assert len({Density(experiment).machine for experiment in sizes}) == 1
    for experiment in sizes[:1] if points == 3 else sizes:
        assert_equal(experiment, points)


def test_numbers_compile_nothing(monkeypatch):
    """Another prior's width, another K_i and its sd, a row fewer, another reference, other potentials."""
    Density(pooled(inside="K=140+-10,Na=12,Cl=10"))
    monkeypatch.setattr(machine, "_prepare", lambda: pytest.fail("it was compiled again"))
    changed = [
        pooled(inside="K=135+-3,Na=11,Cl=9"),
        pooled(
            inside="K=140+-10,Na=12,Cl=10", priors={"pump_mV": "HalfNormal(4)", "P_Na/P_K": "LogNormal(log 0.1, 2)"}
        ),
        pooled(inside="K=140+-10,Na=12,Cl=10", reference={"K_o_mM": 5, "temperature_C": 25}),
        prepare(recordings(seed=5).isel(obs=slice(1, None)), configure(inside="K=140+-10,Na=12,Cl=10")),
    ]
    found = [Density(e)(places(Density(e), e, 1)[0])[1] for e in changed]
    assert len(set(found)) == len(found)


OPTIONS = {
    "held": lambda: pooled(priors={"pump_mV": 3.0}),
    "options": lambda: pooled(options="Q10_P_Na,rectification"),
    "davies": lambda: pooled(options="davies"),
    "activities": lambda: pooled(options="activity_inside", inside="K=140+-10,Na=12,Cl=10"),
    "passive": lambda: pooled(inside="K=140,Na=12,Cl=passive"),
    "ratio": lambda: pooled(law="mullins-noda", options="pump_ratio", inside="K=140,Na=12"),
    "nernst": lambda: pooled(law="nernst", inside="K=140+-10", ions="K"),
    "robust ghk": lambda: pooled(law="ghk", robust=True),
    "calcium": lambda: prepare(with_calcium(), configure(inside=f"{INSIDE},Ca=0.0001", ions="K,Na,Cl,Ca")),
    "errors": lambda: prepare(with_errors(), configure(inside=INSIDE)),
    "robust errors": lambda: prepare(with_errors(), configure(inside=INSIDE, robust=True)),
    "junctions": lambda: prepare(with_junction_errors(), configure(inside=INSIDE)),
    "kinetic cells": lambda: cells(law="ghk-pump-kinetic", robust=True),
    "signed": lambda: cells(
        priors={"P_Na/P_K spread": 0.2}, options="rectification", vary=["rectification", "P_Na/P_K"]
    ),
    "R_in sd": lambda: prepare(with_resistance_sd(), configure(inside=INSIDE)),
    "pooled ghk": lambda: prepare(recordings(), configure(inside=INSIDE, law="ghk", vary=[])),
    "baths": lambda: prepare(with_bath_errors(), configure(inside=INSIDE)),
    "baths of means": lambda: prepare(with_bath_errors(recordings(repeats=12)), configure(inside=INSIDE, law="ghk")),
    "baths and resistances": lambda: prepare(
        with_bath_errors(with_resistance_sd()), configure(inside="K=140+-10,Na=12,Cl=passive")
    ),
    "levels of scatter": lambda: prepare(with_baths(), configure(inside=INSIDE, scatter_by="solution")),
    "levels of errors": lambda: prepare(
        with_baths(with_errors()),
        configure(inside=INSIDE, scatter_by="solution,pump", robust=True, priors={"sigma_mV": 2}),
    ),
    "levels and cells": lambda: cells(scatter_by="solution", offset="cell"),
    "groups without cells": lambda: prepare(grouped_rows(), configure(inside=INSIDE, by="sex")),
}


STRUCTURES = DESIGNS | OPTIONS


@pytest.mark.parametrize(
    ("name", "points"),
    [*((n, FEW) for n in FAST), *(pytest.param(n, MANY, marks=pytest.mark.thorough) for n in STRUCTURES)],
)
def test_it_is_pymcs_density(name, points):
    assert_equal(STRUCTURES[name](), points)


def with_calcium():
    rows = recordings()
    c_o = np.column_stack([rows["c_o"].to_numpy(), np.full(42, 2.0)])
    return rows.drop_vars(["c_o", "ion"]).assign(c_o=(("obs", "ion"), c_o)).assign_coords(ion=["K", "Na", "Cl", "Ca"])


def with_baths(rows=None):
    rows = recordings() if rows is None else rows
    return rows.assign_coords(solution=("obs", np.where(rows["c_o"].sel(ion="K") > 5, "high", "low")))


def with_bath_errors(rows=None):
    """One bath is known exactly, as the potassium-free one often is; thermometers err too."""
    rows = with_baths(rows)
    K = rows["c_o"].sel(ion="K").to_numpy()
    sd = {"K_o_sd": 0.1 * K * (K > 3), "Na_o_sd": np.full(len(K), 2.0), "temperature_sd": np.full(len(K), 0.5)}
    return rows.assign({name: ("obs", x) for name, x in sd.items()})


def with_errors():
    return recordings().assign(V_m_error=("obs", np.linspace(0, 2, 42)))


def with_junction_errors():
    rows = recordings().assign(ljp_sd=("obs", np.where(np.arange(42) % 3, 1.0, 2.0)))
    return rows.assign_coords(solution=("obs", np.where(np.arange(42) % 2, "a", "b")))


def with_resistance_sd():
    rows = recordings()
    R_in = rows.assign(R_in=("obs", np.full(42, 200.0)), C_m=("obs", np.full(42, 20.0)))
    return R_in.assign(R_in_sd=("obs", np.where(np.arange(42) % 2, 20.0, np.nan)))


def grouped_rows():
    return recordings().assign_coords(sex=("obs", np.where(np.arange(42) % 2, "f", "m")))


def test_rows_and_their_means_and_squares_have_one_density(monkeypatch):
    """Exactly, gradient included, at random places: only rows that carry errors of their own are taken one by one."""
    experiment = prepare(recordings(repeats=3, K_o=(2.5, 10, 40)), configure(inside=INSIDE))
    together = Density(experiment)
    monkeypatch.setattr("vrest.fitting.sampling.traced.alike", lambda e: False)
    apart = Density(experiment)
    assert apart.machine is not together.machine
    found = [(together(x), apart(x)) for x in places(together, experiment, 5)]
    differences = [a[1] - b[1] for a, b in found]
    assert differences == pytest.approx([differences[0]] * 5, rel=1e-9)
    for (_, _, mine), (_, _, other) in found:
        assert mine == pytest.approx(other, rel=1e-11, abs=1e-11 * np.abs(other).max())
    assert "V_m_squares" in model_data.model_data(experiment, True)


def test_where_the_density_is_not_finite_it_says_so():
    density = Density(pooled())
    x = density.flatten(starting_point(pooled()))
    assert density(x)[0] == 0
    assert density(np.where(np.arange(len(x)) == 0, np.nan, x))[0] == 3


def test_long_tables_are_worked_through_in_pieces():
    """2,000 distinct rows with errors: the same as when all but each thousand are taken out, summed up."""
    rows = recordings(K_o=np.linspace(2, 80, 1000), temperatures=(22,))
    rows = rows.assign(V_m_error=("obs", np.full(2000, 0.5)))
    whole = prepare(rows, configure(inside=INSIDE, reference={"K_o_mM": 2.0}))
    x = places(Density(whole), whole, 1)[0]
    parts = [replace(whole, recordings=rows.assign(V_m_error=("obs", error))) for error in _alternately(2000)]
    nothing = replace(whole, recordings=rows.assign(V_m_error=("obs", np.full(2000, 1e6))))
    slopes = [Density(e)(x)[2] for e in (whole, *parts, nothing)]
    assert slopes[1] + slopes[2] - slopes[3] == pytest.approx(slopes[0], rel=1e-6)


def _alternately(n: int) -> list[np.ndarray]:
    return [np.where(np.arange(n) // 500 % 2 == k, 0.5, 1e6) for k in (0, 1)]


@pytest.mark.parametrize(
    ("prior", "scale"),
    [
        (LogNormal(0.04, 1.0), "log"),
        (HalfNormal(8.0), "softplus"),
        (Normal(140.0, 10.0), "log"),
        (Normal(0.0, 2.0, positive=False), "natural"),
        (Gamma(2.0, 0.1), "log"),
    ],
    ids=str,
)
def test_back_to_the_natural_scale_as_pymc_does(prior, scale):
    with pm.Model() as model:
        parameter = PUMP.with_prior(prior) if scale == "softplus" else Parameter("x", "1", "x", prior, "x")
        rv = random_variable(parameter)
    transform = model.rvs_to_transforms[rv]
    assert isinstance(transform, Softplus) == (scale == "softplus")
    x = np.linspace(-3, 3, 13)
    theirs = x if transform is None else transform.backward(x, *rv.owner.inputs).eval()
    free = Free("x", (13,), (), scale)
    assert free.constrain(x) == pytest.approx(theirs)
    assert free.unconstrain(free.constrain(x)) == pytest.approx(x)


@pytest.mark.thorough
def test_a_fit_imports_neither_pymc_nor_numba_and_repeats_byte_for_byte(tmp_path, monkeypatch, capsys):
    """In a process of its own, which finds nothing on disk, and in this one, which has compiled much else."""
    recordings(K_o=(2.5, 10), temperatures=(22,)).pipe(to_frame).to_csv(tmp_path / "rows.csv", index=False)
    code = """
import os, sys
from vrest.start import process
sys.argv = ["vrest", "fit", "rows.csv", "--inside", "K=140,Na=12,Cl=10", "--no-report", "--out", sys.argv[1]]
os._exit = lambda status: print(status)
process()
imported = {m for m, module in sys.modules.items() if module is not None}
print(*sorted({m.split(".")[0] for m in imported} & {"pymc", "pytensor", "numba", "matplotlib", "arviz", "dask"}))
"""
    done = subprocess.run([sys.executable, "-c", code, "a"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
    monkeypatch.chdir(tmp_path)
    assert (
        main(["fit", "rows.csv", "--inside", "K=140,Na=12,Cl=10", "--no-report", "--no-robustness", "--out", "b"]) == 0
    )
    assert (tmp_path / "a/summary.csv").read_bytes() == (tmp_path / "b/summary.csv").read_bytes()


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["pooled", "cells", "robust", "resistances"])
def test_summaries_repeat_byte_for_byte_in_any_process_and_from_the_saved_configuration(tmp_path, kind):
    rows, flags = recordings(), ["--inside", "K=140+-10,Na=12,Cl=10"]
    if kind == "cells":
        rows, _ = many_cells(cells=3, K_o=(2.5, 10), temperatures=(22,))
        flags += ["--by", "cell_type"]
    if kind == "robust":
        flags += ["--robust"]
    frame = to_frame(rows)
    if kind == "resistances":
        frame = frame.assign(R_in_MOhm=np.linspace(180, 220, len(frame)), C_m_pF=20.0)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    vrest = [sys.executable, "-m", "vrest", "fit"]
    again = ["--config", "a/config.toml"]
    for out, more in (("a", ["rows.csv", *flags]), ("b", ["rows.csv", *flags]), ("c", again)):
        subprocess.run([*vrest, *more, "--no-report", "--out", out], cwd=tmp_path, check=False)
    first, *others = ((tmp_path / out / "summary.csv").read_bytes() for out in "abc")
    assert others == [first, first]

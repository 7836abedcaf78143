"""The compiled density is PyMC's own, whatever the design, whether just made or kept from before."""

import subprocess
import sys

import numpy as np
import pymc as pm
import pytest
from pymc.blocking import DictToArrayBijection

from tests.designs import DESIGNS, called, cells, evaluated, loaded, pooled
from tests.synthetic import INSIDE, recordings
from vrest.data.tables.table import to_frame
from vrest.fitting.experiment.prepare import configure, prepare
from vrest.fitting.model.linear import starting_point
from vrest.fitting.model.model import Softplus, build_model, random_variable
from vrest.fitting.model.model_data import design_of, model_data
from vrest.fitting.sampling import compiler
from vrest.fitting.sampling.density import Free, density_of
from vrest.models.errors import CacheWarning
from vrest.models.parameters import Parameter, Role
from vrest.models.priors import Gamma, HalfNormal, LogNormal, Normal
from vrest.models.solver import machine_code

PLAIN = ("pooled", "mullins-noda", "kinetic", "chord")  # others call or raise what PyTensor brings, and import it
SLOW = ("cells", "offsets", "kinetic", "chord", "seal")


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in DESIGNS])
def test_it_is_pymcs_density(name):
    experiment = DESIGNS[name]()
    density, data, start = loaded(experiment)
    model = build_model(experiment)
    theirs = model.logp_dlogp_function(ravel_inputs=True)
    theirs.set_extra_values({})
    sizes = [np.shape(model.initial_point()[v.name]) for v in model.value_vars]
    assert [p.shape for p in density.free] == sizes
    for seed in range(3):
        x = start + np.random.default_rng(seed).uniform(-1, 1, len(start))
        parts = dict(
            zip(
                [v.name for v in model.value_vars],
                np.split(x, np.cumsum([p.size for p in density.free])[:-1]),
                strict=True,
            )
        )
        point = {n: part.reshape(shape) for (n, part), shape in zip(parts.items(), sizes, strict=True)}
        expected, slope = theirs(DictToArrayBijection.map(point))
        status, value, gradient = called(density, data, x)
        assert status == 0
        assert value == pytest.approx(float(expected), rel=1e-12)
        assert gradient == pytest.approx(slope, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize(
    "names",
    [
        ("pooled", "mullins-noda", "resistances", "robust"),
        pytest.param((*PLAIN, *sorted(set(DESIGNS) - set(PLAIN))), marks=pytest.mark.slow),
    ],
    ids=["few", "all"],
)
def test_machine_code_that_another_process_made_is_the_same(names):
    """All that it calls is found there, though PyTensor, which brought some of it, was not imported."""
    here = [evaluated(name) for name in names]
    code = f"""
import sys
from tests.designs import evaluated
found = []
for name in {names!r}:
    found.append(float(evaluated(name)))
    assert name not in {PLAIN!r} or "pytensor" not in sys.modules, name
print(*map(repr, found))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [float(x) for x in done.stdout.split()] == here


def test_other_recordings_are_put_in_without_compiling():
    first, second = pooled(), prepare(recordings(seed=5, K_o=(3, 30), repeats=2), configure(inside=INSIDE))
    assert design_of(first) == design_of(second)
    x = np.array([-3.0, -2.0, 4.0, 0.8, 0.3, 0.4])
    density = density_of(first, design_of(first))
    _, value, _ = called(density, {n: v for n, (v, _) in model_data(second).items()}, x)
    fresh = density_of(second, design_of(second))
    assert value == called(fresh, {n: v for n, (v, _) in model_data(second).items()}, x)[1]
    assert value != called(density, {n: v for n, (v, _) in model_data(first).items()}, x)[1]


def test_rows_and_their_means_and_squares_have_one_density(monkeypatch):
    """Exactly, gradient included, at random places; and a row's own error takes the rows apart again."""
    rows = recordings(repeats=12, K_o=(2.5, 10, 40))
    apart, seen = [], []
    for fewest in (10, 1000):
        monkeypatch.setattr("vrest.fitting.model.model_data.REPLICATES", fewest)
        experiment = prepare(rows, configure(inside=INSIDE))
        apart.append(design_of(experiment))
        density, data = density_of(experiment, apart[-1]), {n: v for n, (v, _) in model_data(experiment).items()}
        assert ("V_m_squares" in data) == (fewest == 10)
        start = density.flatten(starting_point(experiment))
        places = [start + np.random.default_rng(seed).uniform(-1, 1, len(start)) for seed in range(5)]
        seen.append([called(density, data, x) for x in places])
    for (_, value, gradient), (_, other, slope) in zip(*seen, strict=True):
        assert value == pytest.approx(other, rel=1e-12)
        assert gradient == pytest.approx(slope, rel=1e-12, abs=1e-12 * np.abs(slope).max())
    assert apart[0] != apart[1]
    monkeypatch.setattr("vrest.fitting.model.model_data.REPLICATES", 10)
    weighed = prepare(rows.assign(V_m_error=("obs", np.full(rows.sizes["obs"], 0.1))), configure(inside=INSIDE))
    assert "V_m_error" in model_data(weighed)


def test_a_design_is_told_by_all_that_the_graph_holds():
    designs = [design_of(make()) for make in DESIGNS.values()]
    designs += [design_of(pooled(priors={"pump_mV": "HalfNormal(4)"})), design_of(pooled(priors={"pump_mV": 3.0}))]
    designs += [design_of(pooled(priors={"pump_mV": 4.0})), design_of(pooled(options="Q10_P_Na"))]
    designs += [design_of(cells(spread="group")), design_of(pooled(ions="K,Na"))]
    assert len(set(designs)) == len(designs)


def test_machine_code_is_kept_and_made_again_where_the_file_is_broken(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_code, "cache_folder", lambda: tmp_path)
    made = []
    derive = compiler.derive
    monkeypatch.setattr(compiler, "derive", lambda e: made.append(1) or derive(e))
    experiment = pooled(law="nernst", inside="K=140+-10")
    x, data = np.array([4.9, 0.3]), {n: v for n, (v, _) in model_data(experiment).items()}
    first = called(density_of(experiment, design_of(experiment)), data, x)
    second = called(density_of(experiment, design_of(experiment)), data, x)
    assert len(made) == 1
    assert first[1] == second[1]
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert called(density_of(experiment, design_of(experiment)), data, x)[1] == first[1]
    assert len(made) == 2
    density_of(pooled(law="nernst", inside="K=120+-10"), design_of(pooled(law="nernst", inside="K=120+-10")))
    assert len(made) == 3  # priors are part of the graph


def test_machine_code_is_told_by_all_that_it_depends_on(monkeypatch, tmp_path):
    monkeypatch.setattr(machine_code, "cache_folder", lambda: tmp_path)
    source = tmp_path / "law.py"
    source.write_text("u = 1")
    found = [machine_code.kept(["ghk"], [source], lambda: 1), machine_code.kept(["chord"], [source], lambda: 2)]
    source.write_text("u = 2")
    found.append(machine_code.kept(["ghk"], [source], lambda: 3))
    monkeypatch.setattr(machine_code.binding, "get_host_cpu_name", lambda: "another")
    found.append(machine_code.kept(["ghk"], [source], lambda: 4))
    assert found == [1, 2, 3, 4]
    assert machine_code.kept(["ghk"], [source], lambda: 5) == 4


def test_a_folder_that_takes_no_machine_code_is_named_and_stops_nothing(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setattr(machine_code, "cache_folder", lambda: tmp_path / "file" / "vrest")
    with pytest.warns(CacheWarning, match=r"cannot be kept in .*file.vrest \(Not a dir.*compiles it anew"):
        assert machine_code.kept(["ghk"], [], lambda: 1) == 1


def test_a_further_process_fits_without_pymc_and_pytensor(tmp_path):
    """What makes a fit fast: with the machine code kept, neither is imported."""
    recordings(K_o=(2.5, 10), temperatures=(22,)).pipe(to_frame).to_csv(tmp_path / "rows.csv", index=False)
    code = """
import sys
from vrest.cli import main
arguments = ["fit", "rows.csv", "--inside", "K=140,Na=12,Cl=10", "--no-report", "--force", "--out", "fit"]
assert main(arguments) in (0, 3)
print(*sorted({m.split(".")[0] for m in sys.modules} & {"pymc", "pytensor", "matplotlib", "arviz"}))
"""
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


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
        rv = random_variable(
            Parameter("x", "1", "x", prior, "x", role=Role.PUMP if isinstance(prior, HalfNormal) else Role.OTHER)
        )
    transform = model.rvs_to_transforms[rv]
    assert isinstance(transform, Softplus) == (scale == "softplus")
    x = np.linspace(-3, 3, 13)
    theirs = x if transform is None else transform.backward(x, *rv.owner.inputs).eval()
    free = Free("x", (13,), (), scale)
    assert free.constrain(x) == pytest.approx(theirs)
    assert free.unconstrain(free.constrain(x)) == pytest.approx(x)


def test_nutpie_comes_without_the_plotting_library_and_leaves_it_to_others():
    code = """
import sys
from vrest.fitting.sampling.density import import_nutpie
nutpie = import_nutpie()
assert "arviz" not in sys.modules and "matplotlib" not in sys.modules
import arviz
assert arviz.__version__ and sys.modules["nutpie.sample"].arviz.from_dict is arviz.from_dict
"""
    subprocess.run([sys.executable, "-c", code], check=True)

"""Laws that do not come with vrest: registered, offered by an installed package, and known in other processes."""

import copyreg
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import vrest
from tests.own_law import PROTON
from vrest.models.errors import ConfigurationError, UnknownNameError
from vrest.models.laws import registry

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setattr(registry, "LAWS", dict(registry.LAWS))


def offering(monkeypatch, **values):
    points = {name.replace("_", "-"): [EntryPoint(name.replace("_", "-"), v, registry.GROUP) for v in value.split()]
              for name, value in values.items()}  # fmt: skip
    monkeypatch.setattr(registry, "_offered", lambda: points)


def test_a_law_is_known_once_it_is_registered():
    with pytest.raises(UnknownNameError, match=r"unknown law 'proton-pumps'.*vrest\.register"):
        registry.law("proton-pumps")
    assert vrest.register(PROTON) is PROTON
    assert registry.law("proton-pump") is vrest.register(PROTON)


def test_what_is_no_law_or_has_another_laws_name_is_refused():
    for what, reason in (
        ("proton", "'proton' is no law"),
        (replace(PROTON, name="proton pump"), "letters, digits"),
        (replace(PROTON, needs=("Cl",)), "leaves K out"),
        (replace(PROTON, only=("Na", "Cl")), "leaves K out"),
        (replace(PROTON, name="ghk"), r"another law called ghk, from vrest\.models\.laws\.ghk"),
    ):
        with pytest.raises(ConfigurationError, match=reason):
            vrest.register(what)
    vrest.register(PROTON)
    with pytest.raises(ConfigurationError, match=r"another law called proton-pump, from tests\.own_law"):
        vrest.register(replace(PROTON, potential=lambda theta, at, reference: 0.0))


def test_a_law_defined_again_where_it_was_takes_its_place():
    def defined(shift):
        def potential(theta, at, reference):
            return PROTON.potential(theta, at, reference) + shift

        return replace(PROTON, potential=potential)

    old, new = vrest.register(defined(0)), vrest.register(defined(1))
    assert registry.law("proton-pump") is new is not old


def test_a_package_offers_a_law(monkeypatch):
    offering(monkeypatch, proton_pump="tests.own_law:PROTON")
    assert registry.law("proton-pump") is PROTON
    assert list(registry.every_law())[-1] == "proton-pump"


@pytest.mark.parametrize(
    ("offered", "reason"),
    [
        ({"ghk": "tests.own_law:PROTON"}, "a law called ghk, which is vrest's own"),
        ({"proton_pump": "tests.no_such:PROTON"}, r"cannot be imported \(ModuleNotFoundError"),
        ({"proton_pump": "tests.own_law:PUMP"}, "is no law but a Parameter"),
        ({"pump": "tests.own_law:PROTON"}, "is the law proton-pump"),
        ({"proton_pump": "tests.own_law:PROTON tests.own_law:PUMP"}, "both offer a law called proton-pump"),
    ],
)
def test_what_a_package_offers_amiss_is_refused(monkeypatch, offered, reason):
    offering(monkeypatch, **offered)
    with pytest.raises(ConfigurationError, match=reason):
        registry.every_law()
    if "ghk" not in offered:
        with pytest.raises(ConfigurationError, match=reason):
            registry.law(next(iter(offered)).replace("_", "-"))


def test_a_registered_law_keeps_its_name_from_a_package(monkeypatch):
    offering(monkeypatch, proton_pump="tests.own_law:PROTON")
    with pytest.raises(ConfigurationError, match="another law called proton-pump"):
        vrest.register(replace(PROTON, potential=lambda theta, at, reference: 0.0))


@pytest.fixture
def python(tmp_path):
    """Runs Python where a package is installed that offers the law."""
    info = tmp_path / "proton_law-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: proton-law\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[vrest.laws]\nproton-pump = proton_law:PROTON\n")
    (tmp_path / "proton_law.py").write_text((ROOT / "tests/own_law.py").read_text())
    path = os.pathsep.join(map(str, (tmp_path, ROOT)))

    def run(*arguments):
        done = subprocess.run(
            [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_other_processes_find_a_law(python):
    """Workers: by the module that holds it; the command line: by the entry point of an installed package."""
    read = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])).summary)"
    assert PROTON.summary in python("-c", read, pickle.dumps(PROTON).hex())
    assert PROTON.summary in python("-m", "vrest", "laws")


@pytest.mark.slow
def test_workers_recover_a_law_of_a_package_and_another_process_loads_its_fit(python, tmp_path):
    bath, known = (
        "K_o_mM,temperature_C{}\n0.1,22{}\n5,22{}\n40,22{}\n",
        ("--law", "proton-pump", "--inside", "K=100+-20"),
    )
    (tmp_path / "plan.csv").write_text(bath.format(*[""] * 4))
    (tmp_path / "table.csv").write_text(
        bath.format(",V_m_mV,ljp", ",-141,corrected", ",-119,corrected", ",-86,corrected")
    )
    for workers in "12":
        python("-m", "vrest", "recover", "plan.csv", *known, "--n", "20", "--workers", workers, "--out", workers)
    one, two = ((tmp_path / workers / "recovery.csv").read_text() for workers in "12")
    assert one == two
    python("-m", "vrest", "fit", "table.csv", *known, "--no-robustness", "--out", "run")
    assert "E_pump_mV" in python("-c", "import vrest; print(vrest.load('run').summary().to_string())")


def test_a_law_that_no_module_holds_is_not_found_elsewhere():
    hidden = replace(PROTON, name="hidden")
    rebuild, arguments = copyreg.dispatch_table[type(hidden)](hidden)
    assert arguments == ("hidden", "tests.own_law")
    with pytest.raises(UnknownNameError, match=r"worker processes do not find the law hidden.*module tests\.own_law"):
        rebuild(*arguments)

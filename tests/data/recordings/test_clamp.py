"""Voltage clamp never passes for rest, and current clamp is recognised; every refusal names what overrules it."""

import numpy as np
import pytest

from vrest.data.recordings.recording import Clamp, Source
from vrest.models.errors import DataError

from .signals import RATE, rest_of, stepped, trace
from .written import abf1, abf2, atf, ibw, nwb, stimfit

rng = np.random.default_rng(5)
STEPS = [(0, 0, 1844), (0, 10, 5000)]  # of an output, from 200 to 700 ms, 10 more in each sweep


def clamped(holding: float = -70.0, slope: float = 1.0) -> list[np.ndarray]:
    """The amplifier's readout of a clamped potential: the command, and little else."""
    return [stepped(1, (2000, 7000, 10.0 * k * slope), rest=holding, seed=k) * 1.0 for k in range(4)]


def ionic(k: int) -> np.ndarray:
    """The current of a clamped cell: transients at the steps, and a conductance."""
    t = np.arange(RATE) / RATE
    current = np.where((t >= 0.2) & (t < 0.7), 50.0 * k, 0.0) - 30
    for at, sign in ((0.2, 1), (0.7, -1)):
        current += sign * 40 * k * (t >= at) * np.exp(-np.clip(t - at, 0, None) / 0.001)
    return current + rng.normal(0, 2, RATE)


@pytest.mark.parametrize("write", [abf1, abf2])
@pytest.mark.parametrize("telegraph", [{}, {0: 0}, {1: 0}, {0: 0, 1: 0}])
def test_a_potential_that_follows_its_command_is_clamped(write, telegraph, tmp_path):
    channels = {"Vm": ("mV", clamped()), "Im": ("pA", [ionic(k) for k in range(4)])}
    path = write(tmp_path / "x.abf", channels, ("mV",), epochs={0: STEPS}, holding={0: 0.0}, telegraph=telegraph)
    with pytest.raises(DataError, match=r"voltage clamp .*overrules this"):
        rest_of(path)
    with pytest.raises(DataError, match=r"voltage clamp .*--clamp current overrules this"):
        rest_of(path, choice="Vm")  # choosing a channel does not lift it
    assert rest_of(path, choice="Vm", clamp=Clamp.CURRENT).V_m == pytest.approx(-70, abs=0.2)


@pytest.mark.parametrize("telegraph", [{0: 0}, {1: 0}, {0: 0, 1: 0}])
def test_a_quiet_readout_is_clamped_where_the_amplifier_says_so(telegraph, tmp_path):
    channels = {"Vm": ("mV", [trace(2, -70, noise=0.1)]), "Im": ("pA", [rng.normal(-40, 2, 2 * RATE)])}
    path = abf1(tmp_path / "x.abf", channels, ("mV",), telegraph=telegraph, mode=3)
    with pytest.raises(DataError, match=r"the amplifier reported voltage clamp\)\. --clamp current overrules this\."):
        rest_of(path)


@pytest.mark.parametrize("write", [abf1, abf2])
def test_a_clamp_whose_command_stands_in_another_file_is_not_excused(write, tmp_path):
    """The potential steps by what is not known: it cannot be said to go its own way."""
    channels = {"Vm": ("mV", clamped()), "Im": ("pA", [ionic(k) for k in range(4)])}
    path = write(tmp_path / "x.abf", channels, ("mV",), files={0: "zap.atf"}, telegraph={0: 0})
    with pytest.raises(DataError, match=r"the amplifier reported voltage clamp\)"):
        rest_of(path)


@pytest.mark.parametrize("holding", [-70.0, -40.0, 20.0])
@pytest.mark.parametrize("telegraph", [{}, {0: 0}])
def test_a_potential_at_the_holding_voltage_is_clamped(holding, telegraph, tmp_path):
    channels = {"Vm": ("mV", [trace(2, holding + 0.8, noise=0.1)]), "Im": ("pA", [rng.normal(-3, 2, 2 * RATE)])}
    path = abf1(tmp_path / "x.abf", channels, ("mV",), holding={0: holding}, telegraph=telegraph, mode=3)
    with pytest.raises(DataError, match=r"Vm lies at the voltage commanded\)\. --clamp current overrules this\."):
        rest_of(path)


@pytest.mark.parametrize("write", ["stimfit", "atf", "igor"])
def test_formats_that_say_no_mode_are_judged_by_their_shape(write, tmp_path):
    """A clamped potential steps, and its current overshoots; an injected current steps, and the potential charges."""
    t = np.arange(RATE) / RATE
    inside = (t >= 0.2) & (t < 0.7)
    charging = [
        stepped(1, rest=-70) + 10 * k * inside * (1 - np.exp(-np.clip(t - 0.2, 0, None) / 0.02)) for k in range(1, 4)
    ]
    injected = [50.0 * k * inside + rng.normal(0, 1, RATE) for k in range(1, 4)]
    pairs = {"clamped": (clamped()[1:], [ionic(k) for k in range(1, 4)]), "free": (charging, injected)}
    for name, (v, i) in pairs.items():
        if write == "stimfit":
            path = stimfit(tmp_path / f"{name}.h5", {"Vm": ("mV", v), "Im": ("pA", i)})
        elif write == "atf":
            path = atf(
                tmp_path / f"{name}.atf",
                [c for a, b in zip(v, i, strict=True) for c in (("V", "mV", a), ("I", "pA", b))],
            )
        else:
            path = ibw(tmp_path / f"{name}_Ch0.ibw", v[2])
            ibw(tmp_path / f"{name}_Ch1.ibw", i[2], "A")
        if name == "clamped":
            with pytest.raises(DataError, match=r"transients where the potential steps\)\. --clamp current overrules"):
                rest_of(path)
        else:
            rest = rest_of(path)
            assert (rest.V_m, rest.current_from) == (pytest.approx(-70, abs=0.2), Source.MEASURED)


@pytest.mark.parametrize("inputs", ["Vm first", "Im first", "ramp"])
def test_an_output_left_in_mV_with_the_telegraph_at_0_is_current_clamp(inputs, tmp_path):
    """The potential charges with its time constant, to a level that is not the 'command'."""
    t = np.arange(RATE) / RATE
    charge = np.where((t > 0.2) & (t < 0.7), 1 - np.exp(-np.clip(t - 0.2, 0, None) / 0.012), 0)
    v = ("mV", [stepped(1, rest=-60, seed=k) + 3.7 * k * charge for k in range(4)])
    i = ("pA", [np.where((t >= 0.2) & (t < 0.7), 25.0 * k, 0) + rng.normal(0, 1, RATE) for k in range(4)])
    channels = {"Vm": v, "Im": i} if inputs == "Vm first" else {"Im": i, "Vm": v}
    path = abf1(tmp_path / "x.abf", channels, ("mV",), epochs={0: [(0, 0, 1844), (0, 2, 5000)]}, telegraph={0: 0})
    rest = rest_of(path)
    assert (rest.V_m, rest.current_from) == (pytest.approx(-60, abs=0.2), Source.MEASURED)
    assert rest.flags[0].startswith("the amplifier reported voltage clamp, but the potential moves freely")


@pytest.mark.parametrize("outputs", [("pA",), ("nA",), ("pA", "mV")])
def test_a_telegraph_that_always_says_0_beside_units_of_current_clamp(outputs, tmp_path):
    path = abf2(tmp_path / "x.abf", {"Vm": ("mV", [trace(2, -66)])}, outputs, telegraph={0: 0}, mode=3)
    rest = rest_of(path)
    assert (rest.V_m, rest.current_from) == (pytest.approx(-66, abs=0.2), Source.COMMAND)
    assert rest.flags == ["the amplifier reported voltage clamp, its units are current clamp's"]


def test_of_two_amplifiers_the_one_in_current_clamp_is_taken(tmp_path):
    channels = {"V1": ("mV", [trace(2, -70, noise=0.1)]), "V2": ("mV", [trace(2, -62)])}
    rest = rest_of(abf1(tmp_path / "x.abf", channels, ("mV", "pA"), telegraph={0: 0, 1: 1}, mode=3))
    assert (rest.channel.name, rest.V_m) == ("V2", pytest.approx(-62, abs=0.2))


def test_voltage_clamp_in_nwb(tmp_path):
    path = nwb(tmp_path / "vc.nwb", [trace(1, -300)], "VoltageClampSeries")
    reason = (
        r"vc\.nwb: no resting potential in voltage clamp \(VoltageClampSeries, and no other .*--channel N overrules"
    )
    with pytest.raises(DataError, match=reason):
        rest_of(path)


def test_currents_alone_are_refused(tmp_path):
    path = abf1(tmp_path / "x.abf", {"Im": ("pA", [ionic(2)])}, ("mV",), telegraph={0: 0})
    with pytest.raises(
        DataError, match=r"no resting potential in voltage clamp \(the amplifier reported voltage clamp\)"
    ):
        rest_of(path)

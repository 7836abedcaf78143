"""Checks try an option of a law only where the law takes it with these ions, whatever ions the experiment has."""

from dataclasses import replace

import numpy as np
import pytest

from tests.synthetic import recordings
from vrest.fitting.checks.cures import _candidates
from vrest.fitting.checks.patterns import Trace, patterns
from vrest.fitting.checks.variations import Kind, variations
from vrest.fitting.experiment.build import build_experiment
from vrest.fitting.experiment.prepare import configure
from vrest.models.errors import ConfigurationError
from vrest.models.laws.registry import LAWS

VARIED = {"Q10_P_Na": "temperature", "rectification": "K", "davies": "K"}
INSIDE = {"K": "K=140", "Na": "Na=12", "Cl": "Cl=10"}
QUESTIONS = [
    ("nernst", ("K",), "", (12, 22)),
    ("ghk", ("K",), "", (12, 22)),
    ("ghk", ("K", "Cl"), "", (12, 22)),
    ("ghk", ("K", "Na"), "", (12, 22)),
    ("ghk", ("K", "Na"), "", (22,)),
    ("ghk-pump", ("K",), "", (12, 22)),
    ("ghk-pump", ("K", "Na"), "Na", (12, 22)),  # with the pump blocked it acts, and has no permeability to warm
    ("mullins-noda", ("K", "Na", "Cl"), "", (12, 22)),
    ("chord", ("K", "Na"), "", (12, 22)),
]


def asked(law, names, passive="", temperatures=(12, 22), K_o=(2.5, 10, 40, 80)):
    """An experiment of eight rows and more, of which `passive` names an ion that is passive."""
    inside = ",".join(f"{name}=passive" if name == passive else INSIDE[name] for name in names)
    table = recordings(K_o=K_o, temperatures=temperatures, pump=(False, True))
    return build_experiment(table, configure(law=law, ions=",".join(names), inside=inside))


def looked_for(e) -> set[Trace]:
    values = {p.name: np.full(9, p.prior.typical) for p in e.parameters}
    y = np.random.default_rng(3).standard_normal(e.recordings.sizes["obs"])
    return {p.trace for p in patterns(e, y, np.zeros((9, len(y))), np.ones((9, len(y))), values, seed=1)}


def taken(e, option) -> bool:
    """Whether the experiment can be had with an option: what building it says."""
    try:
        build_experiment(e.recordings, replace(e.config, options=(option,)))
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize(("law", "names", "passive", "temperatures"), QUESTIONS)
def test_what_is_tried_is_what_can_be_asked_of_these_recordings(law, names, passive, temperatures):
    e = asked(law, names, passive, temperatures)
    could = {name for name in VARIED if name != "Q10_P_Na" or len(temperatures) > 1 if taken(e, name)}
    found = looked_for(e)
    assert {option.name for option in e.possible_options} == could
    assert (Trace.WARMS in found) == ("Q10_P_Na" in could)
    assert (Trace.RECTIFIES in found) <= ("rectification" in could)
    cures = {typed.removeprefix("--option ") for typed, _ in _candidates(e) if typed.startswith("--option")}
    assert cures == could
    structures = {v.changed for v in variations(e) if v.kind is Kind.STRUCTURE}
    assert ("Q10_P_Na" in structures) == ("Q10_P_Na" in could)


def test_two_levels_of_potassium_ask_for_nothing_that_bends_along_it():
    """A slope between two baths is P_Na/P_K's: what would bend it is not offered as a cure."""
    e = asked("ghk", ("K", "Na"), K_o=(2.5, 40))
    assert {typed for typed, _ in _candidates(e)} == {"--option Q10_P_Na", "--robust"}
    assert "--option rectification" in {typed for typed, _ in _candidates(asked("ghk", ("K", "Na"), K_o=(2.5, 10, 40)))}


def test_what_is_on_or_does_not_vary_is_not_tried_again():
    e = asked("ghk", ("K", "Na"))
    assert {option.name for option in e.possible_options} == {*VARIED}
    on = build_experiment(e.recordings, replace(e.config, options=("Q10_P_Na", "davies")))
    assert {option.name for option in on.possible_options} == {"rectification"}
    assert {option.name for option in asked("ghk", ("K", "Na"), K_o=(5,)).possible_options} == {"Q10_P_Na"}


def test_a_law_that_is_refined_by_another_names_one_that_there_is():
    refined = {law.name: law.refined_by for law in LAWS.values() if law.refined_by}
    assert refined == {"ghk-pump": "ghk-pump-kinetic"}
    assert "--law ghk-pump-kinetic" in {typed for typed, _ in _candidates(asked("ghk-pump", ("K", "Na")))}
    assert "--law ghk-pump-kinetic" not in {typed for typed, _ in _candidates(asked("ghk-pump", ("K", "Cl")))}

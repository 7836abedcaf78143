"""Priors as written, read and drawn; the registry's defaults against the published table."""

import numpy as np
import pytest
from scipy.stats import gamma, halfnorm, kstest, lognorm, norm, truncnorm

from vrest.models.errors import ConfigurationError
from vrest.models.ions import ions
from vrest.models.laws.options import OPTIONS
from vrest.models.laws.registry import LAWS
from vrest.models.parameters import (
    C_M,
    NU,
    NU_CELLS,
    P_K,
    P_K_AREA,
    PUMP,
    R_IN_SCATTER,
    RECTIFICATION,
    SIGMA,
    between_cells,
    inside_concentration,
    offset_sd,
)  # fmt: skip
from vrest.models.presets import PRESETS
from vrest.models.priors import Fixed, Gamma, HalfNormal, LogNormal, Normal, parse_prior

EXAMPLES = [
    LogNormal(0.04, 1.0),
    HalfNormal(8.0),
    Normal(14.0, 10.0),
    Normal(0.0, 2.0, positive=False),
    Gamma(2.0, 0.1),
]


@pytest.mark.parametrize("prior", [*EXAMPLES, Fixed(0.3)], ids=str)
def test_text_reads_back(prior):
    assert parse_prior(str(prior)) == prior


def test_what_is_held_has_no_spread():
    held = Fixed(0.3)
    x = held.draw(np.random.default_rng(1), 100)
    assert (held.centre, held.sd, held.typical) == (x.mean(), x.std(), np.median(x)) == (0.3, 0.0, 0.3)
    assert np.exp(held.log_density(np.array([0.3, 0.4]))).tolist() == [1.0, 0.0]


SCIPY = [
    lognorm(s=1.0, scale=0.04), halfnorm(scale=8.0), truncnorm(-1.4, np.inf, 14.0, 10.0), norm(0.0, 2.0), gamma(2.0, scale=10.0),
]  # fmt: skip


@pytest.mark.parametrize(("prior", "scipys"), list(zip(EXAMPLES, SCIPY, strict=True)), ids=list(map(str, EXAMPLES)))
def test_density_draws_and_moments_are_scipys(prior, scipys):
    x = prior.draw(np.random.default_rng(1), 100_000)
    assert kstest(x[:20_000], scipys.cdf).pvalue > 0.01
    assert prior.log_density(x[:100]) == pytest.approx(scipys.logpdf(x[:100]), rel=1e-9)
    own = prior.scale.of(x)
    assert own.std() == pytest.approx(prior.sd, rel=0.01)
    assert prior.scale.undo(own) == pytest.approx(x)
    assert scipys.cdf(prior.typical) == pytest.approx(0.5, abs=0.1)
    if prior.scale == "natural":
        assert prior.sd == pytest.approx(scipys.std())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("LogNormal(0.04)", "takes 2 numbers"),
        ("Lognormal(log 0.04, 1)", "Write it as one of"),
        ("Uniform(0, 1)", "Write it as one of"),
        ("HalfNormal(-3)", "must be above 0"),
        ("LogNormal(log -1, 1)", "must be above 0"),
        ("narrow", "Write it as one of"),
        (True, "Write it as one of"),
    ],
)
def test_what_is_no_prior_is_refused_with_the_forms_that_are(text, says):
    if text is True:
        text = "True"
    with pytest.raises(ConfigurationError, match=says):
        parse_prior(text)


def test_a_bare_number_fixes_and_lognormal_takes_the_log_mean():
    assert parse_prior(0.3) == Fixed(0.3)
    assert parse_prior("LogNormal(0, 1)") == LogNormal(1.0, 1.0)


def test_what_is_never_below_zero_stays_above_whatever_prior_is_set():
    K_i = inside_concentration(ions(["K"])[0], 140.0, 10.0)
    assert K_i.with_prior(Normal(130.0, 5.0, positive=False)).prior == Normal(130.0, 5.0)
    assert RECTIFICATION.with_prior(Normal(0.0, 1.0, positive=False)).prior == Normal(0.0, 1.0, positive=False)
    assert RECTIFICATION.with_prior(Fixed(-0.3)).prior == Fixed(-0.3)
    assert PUMP.with_prior(Fixed(0.0)).prior == Fixed(0.0)
    for parameter, value in ((PUMP, -5.0), (K_i, 0.0), (C_M, -1.0)):
        with pytest.raises(ConfigurationError, match=f"{parameter.name} = {value:g}: it must be"):
            parameter.with_prior(Fixed(value))
    with pytest.raises(ConfigurationError, match="never below 0, where all"):
        K_i.with_prior(Normal(-50.0, 1.0, positive=False))
    edge = Normal(-5.0, 1.0)
    assert K_i.with_prior(edge).prior == edge
    assert np.isfinite(edge.draw(np.random.default_rng(1), 100_000)).all()


STATED = {
    "P_Na/P_K": "LogNormal(log 0.04, 1)", "P_Cl/P_K": "LogNormal(log 0.3, 1)", "P_Ca/P_K": "LogNormal(log 0.1, 1.5)",
    "g_Na/g_K": "LogNormal(log 0.15, 1)", "g_Cl/g_K": "LogNormal(log 0.4, 1)", "g_Ca/g_K": "LogNormal(log 0.1, 1.5)",
    "pump_mV": "HalfNormal(8)", "Q10_pump": "LogNormal(log 2.3, 0.2)", "Q10_leak": "LogNormal(log 1.4, 0.15)",
    "K_K_mM": "LogNormal(log 1.5, 0.4)", "n_K": "Normal(1.4, 0.3) > 0",
    "K_Na_mM": "LogNormal(log 13, 0.4)", "n_Na": "Normal(2, 0.6) > 0",
    "Q10_P_Na/P_K": "LogNormal(log 1, 0.4)", "rectification": "Normal(0, 0.5)", "pump_ratio": "LogNormal(log 1.5, 0.2)",
    "gamma_K_i": "LogNormal(log 0.7, 0.1)", "gamma_Na_i": "LogNormal(log 0.7, 0.1)",
    "P_K_cm_s": "LogNormal(log 1e-06, 2)", "P_K_area_cm3_s": "LogNormal(log 2e-11, 3)", "C_m_uF_cm2": "Fixed(1)",
    "R_in_scatter": "HalfNormal(0.2)", "sigma_mV": "HalfNormal(5)", "nu": "Gamma(2, 0.1)", "nu_cells": "Fixed(4)",
    "P_Na/P_K spread": "HalfNormal(1)", "offset_cell_sd_mV": "HalfNormal(2)", "ljp_sd_mV": "Fixed(1)",
}  # fmt: skip
"""A change of these changes results, and is to be seen here and in the documentation."""

OF_PREPARATIONS = {
    ("skeletal-muscle", "P_Cl/P_K"): "LogNormal(log 7.8, 0.5)", ("skeletal-muscle", "g_Cl/g_K"): "LogNormal(log 6.7, 0.3)",
    ("cardiac", "P_Na/P_K"): "LogNormal(log 0.032, 0.5)", ("glia", "P_Na/P_K"): "LogNormal(log 0.005, 1)",
    ("glia", "P_Cl/P_K"): "LogNormal(log 0.01, 1)",
}  # fmt: skip


def test_default_priors_are_those_of_the_documentation():
    of_laws = [p for law in LAWS.values() for p in law.parameters(law.usable(ions(["K", "Na", "Cl", "Ca"])))]
    of_options = [p for option in OPTIONS.values() for p in option.parameters(ions(["K", "Na"]))]
    others = [
        P_K,
        P_K_AREA,
        C_M,
        R_IN_SCATTER,
        SIGMA,
        NU,
        NU_CELLS,
        offset_sd("cell"),
        offset_sd("ljp"),
        between_cells(of_laws[0]),
    ]
    assert {p.name: str(p.prior) for p in (*of_laws, *of_options, *others)} == STATED


def test_priors_of_preparations_are_those_of_the_documentation():
    found = {(name, of): str(prior) for name, priors in PRESETS.items() for of, (prior, _) in priors.items()}
    assert found == OF_PREPARATIONS
    # Chloride is 87 % of the resting conductance of muscle, K the rest.
    assert PRESETS["skeletal-muscle"]["g_Cl/g_K"][0].median == pytest.approx(0.87 / 0.13, rel=0.01)


def test_every_parameter_says_where_its_prior_comes_from():
    for law in LAWS.values():
        for p in law.parameters(law.usable(ions(["K", "Na", "Cl", "Ca"]))):
            assert p.source
            assert p.meaning
            assert p.unit
            assert "/" not in p.symbol

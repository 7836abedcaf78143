"""The parameters of an experiment, with the priors that they get: the laws' own, a preset's, and those set by the user."""

from collections.abc import Mapping, Sequence

import numpy as np

from ...models.errors import ConfigurationError, UnknownNameError, nearest
from ...models.ions import Ion
from ...models.laws.law import Law
from ...models.laws.options import option_parameters
from ...models.limits import Q10, PUMP_mV, Range
from ...models.parameters import (
    NU,
    NU_CELLS,
    SIGMA,
    SIGMA_SPREAD,
    Parameter,
    Role,
    between_cells,
    inside_concentration,
    offset_sd,
)
from ...models.presets import preset
from ...models.priors import Fixed, Prior
from .config import Config
from .inside import Inside
from .resistance import BROUGHT_BY

_LIMITS = {Role.Q10: Q10, Role.Q10_OF_RATIO: Q10, Role.PUMP: PUMP_mV}


def declared_parameters(
    law: Law,
    chosen: Sequence[Ion],
    inside: Mapping[str, Inside | None],
    config: Config,
    added: Sequence[Parameter] = (),
) -> tuple[Parameter, ...]:
    """Every parameter of a law under a configuration, with the prior it gets: defaults, and those set by the user.

    `added` are those that the recordings call for beside the law's own.
    """
    uncertain = [
        inside_concentration(s, known.mean_mM, known.sd_mM) for s in chosen if (known := inside[s.name]) and known.sd_mM
    ]
    active = [s for s in chosen if not ((known := inside[s.name]) and known.passive)]
    optional = option_parameters(law, config.options, active)
    declared = (*law.parameters(chosen), *optional, *added, *uncertain, SIGMA)
    declared += ((NU,) if config.robust else ()) + ((NU_CELLS,) if config.robust_cells else ())
    symbols = [p.symbol for p in declared]
    if twice := [name for name in dict.fromkeys(symbols) if symbols.count(name) > 1]:
        raise ConfigurationError(
            f"the law {law.name} has two parameters called {twice[0]} in the tree: name them apart."
        )
    return tuple(with_priors([preset(p, config.preset) for p in declared], config).values())


def foreseen_parameters(
    law: Law, chosen: Sequence[Ion], config: Config
) -> tuple[tuple[Parameter, ...], list[tuple[str, Parameter]]]:
    """A law's parameters with no table at hand: those sure to be there, and those that a table may add, with what adds it."""
    certain = declared_parameters(law, chosen, {s.name: config.inside.get(s.name) for s in chosen}, config)
    names = [p.name for p in certain]
    brought = [(why, p) for p, why in BROUGHT_BY.items() if law.conductance and p.name not in names]
    vary = varying_parameters([*certain, *(p for _, p in brought)], config)
    varying = [p for p in (*certain, *(p for _, p in brought)) if p.name in vary]
    spreads = [between_cells(p, robust=config.robust_cells) for p in varying]
    brought += [("cells told apart", p) for p in spreads]
    beside = [*map(offset_sd, config.offset), *([SIGMA_SPREAD] if config.scatter_by else [])]
    certain = (*certain, *with_priors(beside, config).values())
    priors_by_name([*certain, *(p for _, p in brought)], config, law, chosen)
    return certain, [(why, with_priors([p], config)[p.name]) for why, p in brought]


def with_priors(parameters: Sequence[Parameter], config: Config) -> dict[str, Parameter]:
    """Parameters by name, with the priors that the user sets by that name, or by the tree's."""
    asked = {p.name: config.priors.get(p.name, config.priors.get(p.symbol)) for p in parameters}
    for p in parameters:
        prior, limits = asked[p.name], _LIMITS.get(p.role, Range(-np.inf, np.inf))
        if prior and not limits.holds(prior.typical):
            low, high = limits
            raise ConfigurationError(
                f"priors: {p.name} = {prior}: what it is lies between {low:g} and {high:g}.", setting="priors"
            )
    return {p.name: p if (prior := asked[p.name]) is None else p.with_prior(prior) for p in parameters}


def priors_by_name(
    parameters: Sequence[Parameter], config: Config, law: Law, chosen: Sequence[Ion]
) -> dict[str, Prior]:
    """The priors that the user sets, by the parameters' names, which may be typed as the tree has them."""
    name_of = {p.symbol: p.name for p in parameters} | {p.name: p.name for p in parameters}
    found: dict[str, Prior] = {}
    for typed_name, prior in config.priors.items():
        if typed_name not in name_of:
            names = [p.name for p in parameters]
            raise UnknownNameError(
                f"priors: the law {law.name} with ions {', '.join(s.name for s in chosen)} has no parameter {typed_name!r}."
                f"{nearest(typed_name, names)} Its parameters: {', '.join(names)}.",
                setting="priors",
            )
        name = name_of[typed_name]
        if name in found:
            raise ConfigurationError(
                f"priors: {' and '.join(n for n in config.priors if name_of.get(n) == name)} are one"
                " parameter, with two priors. Keep one.",
                setting="priors",
            )
        found[name] = prior
    return found


def varying_parameters(declared: Sequence[Parameter], config: Config) -> tuple[str, ...]:
    """Names of the parameters that differ between cells, if cells there are: unless said, those that usually do."""
    sampled = [p for p in declared if p.role is not Role.SCATTER and not isinstance(p.prior, Fixed)]
    if config.vary is None:
        return tuple(p.name for p in sampled if p.varies)
    names = [p.name for p in sampled]
    for name in config.vary:
        if name not in names:
            raise UnknownNameError(
                f"vary: {name!r} is no parameter to vary.{nearest(name, names)} There are {', '.join(names)}.",
                setting="vary",
            )
    return config.vary

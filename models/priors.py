"""Prior distributions: what a parameter is believed to be before the data, in a form that people write and read."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from enum import Enum
from math import exp, lgamma, log, pi, sqrt
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from .arrays import Array, namespace
from .errors import ConfigurationError, shown
from .exact import exact

Size = int | tuple[int, ...]


class Scale(Enum):
    """Where differences are taken: on values themselves, or on their logarithms."""

    NATURAL = "natural"
    LOG = "log"

    def of(self, values: Array) -> Array:
        """`values` on this scale."""
        return namespace(values).log(values) if self is Scale.LOG else values

    def undo(self, values: Array) -> Array:
        """Undo `of`."""
        return namespace(values).exp(values) if self is Scale.LOG else values

    def slope(self, values: Array) -> Array:
        """d(value) / d(value on this scale)."""
        return values if self is Scale.LOG else 0 * values + 1.0


@dataclass(frozen=True)
class Prior(ABC):
    """A univariate prior; `scale` is where it is simple, and where contraction is judged."""

    scale: ClassVar[Scale] = Scale.NATURAL

    @property
    def reaches_below_zero(self) -> bool:
        """Whether negative values are possible under it."""
        return False

    @property
    def uncut(self) -> tuple[float, float]:
        """Mean and sd, on the prior's own scale, of the Normal that it is where it `ends_at_zero` or not."""
        return self.centre, self.sd

    @property
    def ends_at_zero(self) -> bool:
        """Whether the prior is a Normal cut off at zero."""
        return False

    @property
    @abstractmethod
    def centre(self) -> float:
        """Mean on the prior's own scale (before any cut at zero): where a search or a chain may start."""

    @property
    @abstractmethod
    def sd(self) -> float:
        """Standard deviation on the prior's own scale."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        """Independent draws on the natural scale."""

    @abstractmethod
    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Log density on the natural scale."""

    @property
    def alternatives(self) -> "tuple[Prior, ...]":
        """Priors that somebody else might have had: twice as wide (the first), and centred an sd lower and higher."""
        return ()

    @property
    def typical(self) -> float:
        """`centre` on the natural scale."""
        return float(self.scale.undo(self.centre))


@dataclass(frozen=True)
class LogNormal(Prior):
    """log x ~ Normal(log median, sigma)."""

    median: float
    sigma: float
    scale: ClassVar[Scale] = Scale.LOG

    @property
    def centre(self) -> float:
        return log(self.median)

    @property
    def sd(self) -> float:
        return self.sigma

    @property
    def alternatives(self) -> "tuple[Prior, ...]":
        moved = [float(f"{self.median * exp(side * self.sigma):.3g}") for side in (-1, 1)]
        return LogNormal(self.median, 2 * self.sigma), *(LogNormal(median, self.sigma) for median in moved)

    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        return rng.lognormal(self.centre, self.sigma, size)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return _normal(np.log(x), self.centre, self.sigma) - np.log(x)

    def __str__(self) -> str:
        return f"LogNormal(log {exact(self.median)}, {exact(self.sigma)})"


@dataclass(frozen=True)
class HalfNormal(Prior):
    """The absolute value of Normal(0, sigma)."""

    sigma: float

    @property
    def centre(self) -> float:
        return self.sigma * sqrt(2 / pi)

    @property
    def sd(self) -> float:
        return self.sigma * sqrt(1 - 2 / pi)

    @property
    def uncut(self) -> tuple[float, float]:
        return 0.0, self.sigma

    @property
    def ends_at_zero(self) -> bool:
        return True

    @property
    def alternatives(self) -> "tuple[Prior, ...]":
        return HalfNormal(2 * self.sigma), HalfNormal(self.sigma / 2)

    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        return np.abs(rng.normal(0.0, self.sigma, size))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return _normal(x, 0.0, self.sigma) + log(2)

    def __str__(self) -> str:
        return f"HalfNormal({exact(self.sigma)})"


@dataclass(frozen=True)
class Normal(Prior):
    """Normal(mean, sigma), cut off at zero where `positive`."""

    mean: float
    sigma: float
    positive: bool = True

    @property
    def centre(self) -> float:
        return self.mean

    @property
    def sd(self) -> float:
        return float(cut_at_zero(self.mean, self.sigma)[1]) if self.positive else self.sigma

    @property
    def uncut(self) -> tuple[float, float]:
        return self.mean, self.sigma

    @property
    def ends_at_zero(self) -> bool:
        return self.positive

    @property
    def reaches_below_zero(self) -> bool:
        return not self.positive

    @property
    def alternatives(self) -> "tuple[Prior, ...]":
        moved = [self.mean - self.sigma, self.mean + self.sigma]
        return Normal(self.mean, 2 * self.sigma, self.positive), *(Normal(m, self.sigma, self.positive) for m in moved)

    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        if not self.positive:
            return rng.normal(self.mean, self.sigma, size)
        below = ndtr(-self.mean / self.sigma)
        return self.mean + self.sigma * ndtri(below + (1 - below) * rng.uniform(size=size))

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return _normal(x, self.mean, self.sigma) - (log_ndtr(self.mean / self.sigma) if self.positive else 0.0)

    def __str__(self) -> str:
        return f"Normal({exact(self.mean)}, {exact(self.sigma)})" + (" > 0" if self.positive else "")


@dataclass(frozen=True)
class Gamma(Prior):
    """Gamma(shape alpha, rate beta)."""

    alpha: float
    beta: float

    @property
    def centre(self) -> float:
        return self.alpha / self.beta

    @property
    def sd(self) -> float:
        return sqrt(self.alpha) / self.beta

    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        return rng.gamma(self.alpha, 1 / self.beta, size)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        return self.alpha * log(self.beta) - lgamma(self.alpha) + (self.alpha - 1) * np.log(x) - self.beta * x

    def __str__(self) -> str:
        return f"Gamma({exact(self.alpha)}, {exact(self.beta)})"


@dataclass(frozen=True)
class Fixed(Prior):
    """No uncertainty: the parameter is held at `value` and not inferred."""

    value: float

    @property
    def centre(self) -> float:
        return self.value

    @property
    def sd(self) -> float:
        return 0.0

    def draw(self, rng: np.random.Generator, size: Size) -> np.ndarray:
        return np.full(size, self.value)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        """Of the probability, there being no density: 0 at the value."""
        return np.where(np.asarray(x) == self.value, 0.0, -np.inf)

    def __str__(self) -> str:
        return f"Fixed({exact(self.value)})"


def _refuse_absurd(text: str | float, *values: float) -> None:
    if not all(abs(value) <= MOST for value in values):  # NaN is not either
        raise ConfigurationError(
            f"the prior {text!r} holds a number that no parameter has: beyond {MOST:g}, or none at all."
        )


def believable(prior: Prior) -> bool:
    """Whether numbers can be drawn from a prior, and computed with: neither all but 0 nor all but infinite."""
    match prior:
        case LogNormal():
            return abs(prior.centre) < 45 and 1e-4 <= prior.sigma <= 10
        case Normal():
            nothing_left = prior.positive and prior.mean < -5 * prior.sigma  # further out, draws are lost in rounding
            return prior.sigma >= max(1e-20, 1e-6 * abs(prior.mean)) and not nothing_left
        case Gamma():
            return prior.alpha >= 1e-2 and 1e-20 <= prior.centre <= MOST
        case HalfNormal():
            return prior.sigma >= 1e-20
        case Fixed():
            return prior.value == 0 or abs(prior.value) >= 1e-20
    return True


def cut_at_zero(mean: Any, sigma: Any) -> tuple[Any, Any]:
    """Mean and sd of Normal(mean, sigma) cut off at zero; a mean more than 30 sigma below counts as 30."""
    cut = np.minimum(-mean / sigma, 30.0)  # further out, what is left is lost in rounding
    hazard = np.exp(_normal(cut, 0.0, 1.0) - log_ndtr(-cut))
    return sigma * (hazard - cut), sigma * np.sqrt(1 + cut * hazard - hazard**2)


def _normal(x: Any, mean: float, sigma: float) -> Any:
    return -0.5 * ((x - mean) / sigma) ** 2 - log(sigma * sqrt(2 * pi))


MOST = 1e6
"""What no number in a prior exceeds, in any unit."""

_FAMILIES: dict[str, Any] = {family.__name__: family for family in (LogNormal, HalfNormal, Normal, Gamma, Fixed)}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FORM = re.compile(rf"(\w+)\(\s*(log\s+)?({_NUMBER})\s*(?:,\s*({_NUMBER})\s*)?\)\s*(>\s*0)?")
_EXAMPLES = "LogNormal(log 0.04, 1.0), HalfNormal(8), Normal(140, 10) > 0, Gamma(2, 0.1), Fixed(0.3)"


def parse_prior(text: str | float) -> Prior:
    """The prior written as `text`, as in `LogNormal(log 0.04, 1.0)`; a bare number holds the parameter fixed."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        _refuse_absurd(text, text)
        text = f"Fixed({exact(float(text))})"
    match = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or match[1] not in _FAMILIES or (match[2] and match[1] != LogNormal.__name__):
        raise ConfigurationError(f"cannot read the prior {shown(text)}. Write it as one of: {_EXAMPLES}.")
    family = _FAMILIES[match[1]]
    values = [float(number) for number in (match[3], match[4]) if number is not None]
    _refuse_absurd(text, *values)
    wanted = [f.name for f in fields(family) if f.name != "positive"]
    if len(values) != len(wanted):
        raise ConfigurationError(f"{family.__name__} takes {len(wanted)} numbers ({', '.join(wanted)}), not {text!r}.")
    if family is LogNormal and match[2] is None:
        _refuse_absurd(text, abs(values[0]) * MOST / 100)
        values[0] = exp(values[0])  # LogNormal(-3.2, 1) gives the mean of the logarithm itself
    spread = {LogNormal: values[1:], Normal: values[1:], Gamma: values, HalfNormal: values}.get(family, [1.0])
    if min(spread) <= 0 or (family is LogNormal and values[0] <= 0):
        raise ConfigurationError(f"{text!r} is no distribution: medians, widths and rates must be above 0.")
    prior = Normal(values[0], values[1], positive=match[5] is not None) if family is Normal else family(*values)
    if not believable(prior):
        raise ConfigurationError(
            f"the prior {text!r} is out of all proportion: too narrow, too wide, or far from anything a parameter can be."
            " A number alone holds the parameter there."
        )
    return prior

"""Prior distributions: what a parameter is believed to be before the data, in a form that people write and read."""

import re
from dataclasses import dataclass, fields
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .arrays import Array
from .errors import ConfigurationError

if TYPE_CHECKING:
    from scipy.stats._distn_infrastructure import rv_frozen


@dataclass(frozen=True)
class Prior:
    """A univariate prior; `scale` ("log" or "natural") is where it is simple, and where contraction is judged."""

    scale: ClassVar[str] = "natural"

    def distribution(self) -> "rv_frozen":
        """The same distribution in SciPy: draws, densities, quantiles."""
        raise TypeError(f"{type(self).__name__} has no distribution")

    def own_scale(self, values: Array) -> Array:
        """`values` on the prior's own scale: their logarithm for LogNormal, themselves otherwise."""
        return np.log(values) if self.scale == "log" else values

    def from_own_scale(self, values: Array) -> Array:
        """Undo `own_scale`."""
        return np.exp(values) if self.scale == "log" else values

    @property
    def centre(self) -> float:
        """The mean on the prior's own scale."""
        return float(self.distribution().mean())

    @property
    def sd(self) -> float:
        """The standard deviation on the prior's own scale."""
        return float(self.distribution().std())

    def draw(self, rng: np.random.Generator, size: int | tuple[int, ...]) -> np.ndarray:
        """Independent draws on the natural scale."""
        return self.distribution().rvs(size=size, random_state=rng)

    def log_density(self, values: np.ndarray) -> np.ndarray:
        """Log density on the natural scale."""
        return self.distribution().logpdf(values)


@dataclass(frozen=True)
class LogNormal(Prior):
    """log x ~ Normal(log median, sigma)."""

    median: float
    sigma: float
    scale: ClassVar[str] = "log"

    def distribution(self):
        from scipy.stats import lognorm

        return lognorm(s=self.sigma, scale=self.median)

    @property
    def centre(self) -> float:
        return log(self.median)

    @property
    def sd(self) -> float:
        return self.sigma

    def __str__(self):
        return f"LogNormal(log {self.median:g}, {self.sigma:g})"


@dataclass(frozen=True)
class HalfNormal(Prior):
    """|Normal(0, sigma)|."""

    sigma: float

    def distribution(self):
        from scipy.stats import halfnorm

        return halfnorm(scale=self.sigma)

    def __str__(self):
        return f"HalfNormal({self.sigma:g})"


@dataclass(frozen=True)
class Normal(Prior):
    """Normal(mean, sigma), cut off at zero where `positive`."""

    mean: float
    sigma: float
    positive: bool = True

    def distribution(self):
        from scipy.stats import norm, truncnorm

        if not self.positive:
            return norm(self.mean, self.sigma)
        return truncnorm(-self.mean / self.sigma, np.inf, self.mean, self.sigma)

    def __str__(self):
        return f"Normal({self.mean:g}, {self.sigma:g})" + (" > 0" if self.positive else "")


@dataclass(frozen=True)
class Gamma(Prior):
    """Gamma(shape alpha, rate beta)."""

    alpha: float
    beta: float

    def distribution(self):
        from scipy.stats import gamma

        return gamma(self.alpha, scale=1 / self.beta)

    @property
    def sd(self) -> float:
        return sqrt(self.alpha) / self.beta

    def __str__(self):
        return f"Gamma({self.alpha:g}, {self.beta:g})"


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

    def __str__(self):
        return f"Fixed({self.value:g})"


_FAMILIES: dict[str, Any] = {family.__name__: family for family in (LogNormal, HalfNormal, Normal, Gamma, Fixed)}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_FORM = re.compile(rf"(\w+)\(\s*(log\s+)?({_NUMBER})\s*(?:,\s*({_NUMBER})\s*)?\)\s*(>\s*0)?")
_EXAMPLES = "LogNormal(log 0.04, 1.0), HalfNormal(8), Normal(140, 10) > 0, Gamma(2, 0.1), Fixed(0.3)"


def parse_prior(text: str | float) -> Prior:
    """The prior written as `text`, as in `LogNormal(log 0.04, 1.0)`; a bare number holds the parameter fixed.

    Raises
    ------
    ConfigurationError
        The text is no prior; the message shows the forms that are.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        return Fixed(float(text))
    match = _FORM.fullmatch(str(text).strip())
    if match is None or match[1] not in _FAMILIES:
        raise ConfigurationError(f"cannot read the prior {text!r}. Write it as one of: {_EXAMPLES}.")
    family = _FAMILIES[match[1]]
    values = [float(number) for number in (match[3], match[4]) if number is not None]
    wanted = [f.name for f in fields(family) if f.name != "positive"]
    if len(values) != len(wanted):
        raise ConfigurationError(f"{family.__name__} takes {len(wanted)} numbers ({', '.join(wanted)}), not {text!r}.")
    if family is LogNormal and match[2] is None:
        values[0] = exp(values[0])  # LogNormal(-3.2, 1) gives the mean of the logarithm itself
    spread = {LogNormal: values[1:], Normal: values[1:], Gamma: values, HalfNormal: values}.get(family, [1.0])
    if min(spread) <= 0 or (family is LogNormal and values[0] <= 0):
        raise ConfigurationError(f"{text!r} is no distribution: medians, widths and rates must be above 0.")
    return Normal(values[0], values[1], positive=match[5] is not None) if family is Normal else family(*values)

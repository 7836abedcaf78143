"""Several laws fitted to the same recordings, and what each predicts of what it has not seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import xarray as xr

from ...models.errors import ConfigurationError
from ...models.laws.law import Law
from ...models.laws.registry import register
from ..checks.fitted import Fitted
from ..checks.run import run
from ..checks.words import listed
from ..experiment.config import Config
from ..experiment.experiment import Experiment
from ..experiment.prepare import prepare
from ..sampling.progress import shown
from ..sampling.workers import available_cores
from . import elpd


@dataclass(frozen=True)
class LawComparison:
    """Laws compared.

    Attributes
    ----------
    table : a line for each law and scheme, best first, in the columns of comparison.csv.
    fits : each law's fit, by name.
    refits : sentences on laws that were fitted again where leaving out could not be approximated.
    """

    table: pd.DataFrame
    fits: Mapping[str, Fitted]
    refits: tuple[str, ...]

    @property
    def short(self) -> tuple[str, ...]:
        """The laws whose sampling fell short."""
        return tuple(name for name, fit in self.fits.items() if not fit.verdict().sampling.ok)

    @property
    def best(self) -> str:
        """The law that predicts left-out rows best."""
        return str(self.table["law"].iloc[0])

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the table says, in words, the most important first."""
        return tuple(self._said())

    def _said(self) -> Iterator[str]:
        if self.short:
            yield f"Sampling fell short for {listed(self.short)}: do not use this comparison."
        elif not any(fit.verdict().fit.ok for fit in self.fits.values()):
            yield "None of these laws describes the recordings: what predicts better is not yet right."
        yield from elpd.judgement(self.table, self.fits)
        if set(self.table["scheme"]) == {"row"}:
            above = next(iter(self.fits.values())).experiment.levels.above
            whole = f"Whole units of {above[0].column}" if above else "Cells"
            yield f"{whole} were not left out: it takes {elpd.FEWEST_CELLS} that are told apart, and no electrode offsets."


def experiments_of(recordings: xr.Dataset, config: Config, laws: str | Sequence[str | Law]) -> dict[str, Experiment]:
    """The recordings as each of two laws or more sees them; ConfigurationError where fewer are named."""
    given = laws.split(",") if isinstance(laws, str) else [register(x).name if isinstance(x, Law) else x for x in laws]
    names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if len(names) < 2:
        raise ConfigurationError(f"laws: {', '.join(names) or 'none'}. Name two or more, as in ghk,ghk-pump.")
    return {name: prepare(recordings, replace(config, law=name)) for name in names}


def compare_laws(experiments: Mapping[str, Experiment], progress: bool | None = None) -> LawComparison:
    """Fit every law, and leave out one row, then one cell (of nested ones: one of the outermost units), after the other."""
    fits, left, refits = {}, [], []
    progress = shown() if progress is None else progress
    for name, experiment in experiments.items():
        fits[name] = fit = run(experiment, progress=progress)
        refit = elpd.refit_of(fit, available_cores())
        rows = elpd.leave_rows_out(fit, refit, progress)
        for one in filter(None, (rows, elpd.leave_units_out(fit, experiment.config.seed, progress))):
            left.append(one)
            if one.refits:
                left_out = f"each of {one.refits} {one.scheme}s" if one.refits > 1 else f"one {one.scheme}"
                refits.append(f"{name}: fitted again without {left_out} (Pareto k above {elpd.GOOD_K}).")
    return LawComparison(elpd.comparison(left), fits, tuple(refits))

"""Every cell by itself: what a laboratory looks at before it pools. One compiled model serves cells of one design."""

import pickle
import warnings
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from ...data.tables.table import select, to_frame
from ...models.errors import ConfigurationError, DataWarning, UnknownNameError, VrestError, nearest, typed
from ..checks.fitted import Fitted
from ..checks.identification import questions
from ..checks.run import run
from ..experiment.config import Config
from ..experiment.experiment import Experiment
from ..experiment.prepare import prepare
from ..results.summary import COLUMNS
from ..results.text import digits
from ..sampling.progress import Progress
from ..sampling.workers import Workers, run_tasks


def fit_each(
    recordings: xr.Dataset, config: Config, column: str = "cell", workers: Workers | None = None
) -> tuple[dict[str, Fitted], dict[str, VrestError]]:
    """Fitted the rows of each label of `column` by themselves, all under one reference condition.

    Returns
    -------
    The fits by label, and for labels whose rows cannot be fitted the reason.
    """
    experiments, refused = _experiments(recordings, config, column)
    labels, workers = list(experiments), workers or Workers()
    fits: dict[str, Fitted] = {}
    progress = Progress(len(labels))

    def land(k: int, fit: Fitted) -> None:
        fits[labels[k]] = fit
        progress.step()

    tasks = {k: (pickle.dumps(e) if workers.elsewhere else e,) for k, e in enumerate(experiments.values())}
    run_tasks(_fit, tasks, workers, land)
    return {label: fits[label] for label in labels}, refused


def _fit(experiment: Experiment | bytes) -> Fitted:
    todo = pickle.loads(experiment) if isinstance(experiment, bytes) else experiment
    return run(todo, cores=1, progress=False)


def _experiments(
    recordings: xr.Dataset, config: Config, column: str
) -> tuple[dict[str, Experiment], dict[str, VrestError]]:
    frame = to_frame(recordings)
    if column not in frame:
        raise UnknownNameError(
            f"there is no column {column!r}.{nearest(column, frame.columns)} Columns: {', '.join(frame.columns)}."
        )
    if config.by or config.vary:
        raise ConfigurationError(
            f"each {column} is fitted by itself, so {typed('by')} and vary have nothing to compare: leave them out."
        )
    of_all = replace(config, vary=(), robustness="off")
    rows = select(recordings, config.where) if config.where else recordings
    chosen = to_frame(rows)[column].astype(object).where(lambda x: x.notna() & (x != ""))
    if chosen.isna().any():
        raise ConfigurationError(f"the column {column} is empty in some rows; fill it in, or leave them out.")
    quoted = column if column.isidentifier() else f"`{column}`"
    among = f"({config.where}) and " if config.where else ""
    queries = {str(label): f"{among}{quoted} == {label!r}" for label in dict.fromkeys(chosen.tolist())}
    refused: dict[str, VrestError] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # given once, for all rows together
        for label, where in queries.items():
            try:
                prepare(recordings, replace(of_all, where=where))
            except VrestError as error:
                refused[label] = error
    if len(refused) == len(queries):
        raise next(iter(refused.values()))
    usable = rows.isel(obs=np.flatnonzero(~chosen.astype(str).isin(refused).to_numpy()))
    whole = prepare(usable, replace(of_all, where=None))
    reference = {name: float(x) for name, x in whole.reference.bath.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return {
            label: prepare(recordings, replace(of_all, where=where, reference=reference))
            for label, where in queries.items()
            if label not in refused
        }, refused


def summary_of_each(fits: Mapping[str, Fitted]) -> pd.DataFrame:
    """All summaries as one table; `group` is the label."""
    return pd.concat([fit.summary().assign(group=label) for label, fit in fits.items()], ignore_index=True)[COLUMNS]


def table_of_each(fits: Mapping[str, Fitted]) -> pd.DataFrame:
    """One row a label: medians with intervals of what was asked, and the three judgements."""
    rows = []
    for label, fit in fits.items():
        verdict, summary = fit.verdict(), fit.summary().set_index("parameter")
        row = {"": label, "rows": fit.experiment.recordings.sizes["obs"]}
        for q in questions(fit.experiment):
            of = summary.loc[q.name]
            row[q.name] = f"{digits(of['median'])} ({digits(of['lower'])} to {digits(of['upper'])})"
        rows.append(row | {part.name: part.mark.word for part in verdict.parts[:3]})
    return pd.DataFrame(rows).fillna("")

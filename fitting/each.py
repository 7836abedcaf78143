"""Every cell by itself: what a laboratory looks at before it pools. One compiled model serves cells of one design."""

import pickle
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import xarray as xr

from ..data.table import to_frame
from ..models.errors import ConfigurationError, UnknownNameError, VrestError, nearest
from .config import Config
from .experiment import Experiment
from .many import sampler_of
from .result import Fit
from .run import prepare, run
from .summary import COLUMNS
from .workers import Progress, Workers, run_tasks


def fit_each(
    recordings: xr.Dataset, config: Config, column: str = "cell", workers: Workers | None = None
) -> tuple[dict[str, Fit], dict[str, VrestError]]:
    """Fit the rows of each label of `column` by themselves, all under one reference condition.

    Returns
    -------
    The fits by label, and for labels whose rows cannot be fitted the reason.

    Raises
    ------
    UnknownNameError, ConfigurationError
        There is no such column, or rows without a label in it.
    """
    experiments, refused = _experiments(recordings, config, column)
    labels, workers = list(experiments), workers or Workers()
    fits: dict[str, Fit] = {}
    progress = Progress(len(labels))

    def land(k: int, fit: Fit) -> None:
        fits[labels[k]] = fit
        progress.step()

    if workers.elsewhere:
        tasks = {k: (pickle.dumps(experiments[label]),) for k, label in enumerate(labels)}
        run_tasks(_fit_pickled, tasks, workers, land)
    else:
        run_tasks(_fit, {k: (experiments[label],) for k, label in enumerate(labels)}, workers, land)
    return {label: fits[label] for label in labels}, refused


def _fit(experiment: Experiment) -> Fit:
    return run(experiment, cores=1, progress=False, sampler=sampler_of(experiment))


def _fit_pickled(experiment: bytes) -> Fit:
    return _fit(pickle.loads(experiment))


def _experiments(
    recordings: xr.Dataset, config: Config, column: str
) -> tuple[dict[str, Experiment], dict[str, VrestError]]:
    frame = to_frame(recordings)
    if column not in frame:
        raise UnknownNameError(
            f"--each: there is no column {column!r}.{nearest(column, frame.columns)} Columns: {', '.join(frame.columns)}."
        )
    if config.by or config.vary:
        raise ConfigurationError(
            "--each fits every cell by itself, so --by and vary have nothing to compare: leave them out."
        )
    whole = prepare(recordings, replace(config, vary=()))
    reference = {f"{name}_o_mM": float(x) for name, x in whole.reference.c_o.items()}
    reference["temperature_C"] = float(whole.reference.temperature_C)
    labels = to_frame(whole.recordings)[column]
    if labels.isna().any() or (labels.astype(str) == "").any():
        raise ConfigurationError(f"--each: the column {column} is empty in some rows; fill it in, or leave them out.")
    experiments: dict[str, Experiment] = {}
    refused: dict[str, VrestError] = {}
    for label in dict.fromkeys(labels.tolist()):
        chosen = f"{column} == {label!r}" if column.isidentifier() else f"`{column}` == {label!r}"
        where = f"({config.where}) and {chosen}" if config.where else chosen
        of_one = replace(config, where=where, vary=(), reference=reference)
        try:
            experiments[str(label)] = prepare(recordings, of_one)
        except VrestError as error:
            refused[str(label)] = error
    if not experiments:
        raise next(iter(refused.values()))
    return experiments, refused


def summary_of_each(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """All summaries as one table; `group` is the label."""
    return pd.concat([fit.summary().assign(group=label) for label, fit in fits.items()], ignore_index=True)[COLUMNS]


def table_of_each(fits: Mapping[str, Fit]) -> pd.DataFrame:
    """One row a label: medians with intervals of what was asked, and the three judgements."""
    from .identification import questions
    from .text import digits

    rows = []
    for label, fit in fits.items():
        verdict, summary = fit.verdict(), fit.summary().set_index("parameter")
        row = {"": label, "rows": fit.experiment.recordings.sizes["obs"]}
        for q in questions(fit.experiment):
            of = summary.loc[q.name]
            row[q.name] = f"{digits(of['median'])} ({digits(of['lower'])} to {digits(of['upper'])})"
        judged = {"sampling": verdict.sampling.ok, "fit": verdict.fit.ok, "identification": verdict.identification.ok}
        rows.append(row | {name: "ok" if ok else "NOT OK" for name, ok in judged.items()})
    return pd.DataFrame(rows).fillna("")

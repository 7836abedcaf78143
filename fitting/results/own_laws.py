"""A saved fit of somebody's own law is read again only where that law is known, and is still the same."""

from pathlib import Path

import numpy as np
import xarray as xr

from ...models.errors import ConfigurationError, UnknownNameError
from ...models.laws.law import Law
from ...models.laws.registry import OWN
from ...models.laws.registry import law as law_named
from ..experiment.experiment import Experiment
from ..model.draws import parameter_values
from .loo import row_density

_SAME = 1e-3
"""Of log-likelihoods, which long tables keep in single precision."""


def law_of(tree: xr.DataTree, name: str, path: Path) -> Law:
    """The law of a saved fit; ConfigurationError where it is not known here, with what makes it known."""
    try:
        return law_named(name)
    except UnknownNameError as error:
        origin = tree.attrs.get("law_from")
        if not origin:
            raise
        raise ConfigurationError(
            f"{path}: the law {name} of this fit is not known here. To read it, {origin}."
        ) from error


def refuse_changed(tree: xr.DataTree, experiment: Experiment, path: Path) -> None:
    """Raise ConfigurationError where a law of one's own no longer gives the likelihood that was stored with the fit."""
    law, posterior = experiment.law, tree["posterior"].to_dataset()
    if law.name in OWN:
        return
    missing = [p.name for p in experiment.parameters if p.symbol not in posterior]
    if not missing:
        stored = tree["log_likelihood"]["V_m"].isel(chain=[0], draw=[0, -1])
        values = parameter_values(posterior.sel(chain=stored["chain"], draw=stored["draw"]), experiment)
        if np.allclose(row_density(values, experiment), stored.to_numpy(), rtol=_SAME, atol=_SAME):
            return
    what = f"it has no {', '.join(missing)} in it" if missing else "its equation gives other potentials"
    raise ConfigurationError(
        f"{path}: the law {law.name} has changed since this fit was made ({what}). Register it as it was, or fit again."
    )

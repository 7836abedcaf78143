"""Draw from the posterior with whichever sampler finishes the whole job first.

For one small model most of the time is compilation, and PyTensor keeps its compiled log-density on disk between
processes: nutpie then calls that function (`nutpie-light`). For a large model calls from Python would dominate, so
nutpie compiles all of it once more (`nutpie`). `pymc` and `numpyro` are there to check the others.
"""

from collections.abc import Mapping

import numpy as np
import pymc as pm
import xarray as xr
from pymc.blocking import DictToArrayBijection
from pymc.distributions.transforms import LogExpM1
from pymc.logprob.transforms import IntervalTransform, LogTransform

from .config import Sampling
from .posterior import Draws

LIGHT_ROWS = 300
"""Up to so many rows, calling the log-density from Python costs less than compiling it again."""
_STATISTICS = {
    "diverging": "diverging", "energy": "energy", "n_steps": "n_steps", "step_size": "step_size", "depth": "tree_depth",
}  # fmt: skip


def choose_sampler(model: pm.Model, sampling: Sampling) -> str:
    """The sampler that `auto` stands for with this model."""
    if sampling.sampler != "auto":
        return sampling.sampler
    return "nutpie-light" if len(model.coords["obs"]) <= LIGHT_ROWS else "nutpie"


def draw_posterior(
    model: pm.Model, sampling: Sampling, start: Mapping[str, np.ndarray], seed: int, cores: int, progress: bool = False
) -> Draws:
    """Sample `model`; the same seed gives the same draws.

    Parameters
    ----------
    model : with free parameters, a dimension `obs` and one likelihood.
    sampling : chains, draws, tuning, target_accept, sampler.
    start : a plausible value of each free parameter by its tree name; chains begin around it.
    seed : of the sampler.
    cores : processors to use.
    progress : show a bar.
    """
    sampler = choose_sampler(model, sampling)
    sample = {"nutpie-light": _nutpie_light, "nutpie": _nutpie, "pymc": _pymc, "numpyro": _numpyro}[sampler]
    posterior, statistics = sample(model, sampling, start, seed, cores, progress)
    kept = {old: new for old, new in _STATISTICS.items() if old in statistics}
    return Draws(
        posterior[[rv.name for rv in model.free_RVs]].reset_coords(drop=True),
        statistics[list(kept)].rename(kept).reset_coords(drop=True),
        sampler,
    )


def _nutpie_settings(sampling: Sampling, seed: int, cores: int, progress: bool) -> dict:
    return {
        "chains": sampling.chains,
        "draws": sampling.draws,
        "tune": sampling.tune,
        "target_accept": sampling.target_accept,
        "adaptation": "low_rank",  # permeabilities, pump and Q10s lie on ridges that a diagonal metric crawls along
        "seed": seed,
        "cores": cores,
        "progress_bar": progress,
        "save_warmup": False,
    }


def _datasets(tree: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset]:
    return tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()


def _nutpie(model, sampling, start, seed, cores, progress):
    import nutpie

    names = [rv.name for rv in model.free_RVs]
    compiled = nutpie.compile_pymc_model(model, var_names=names, freeze_model=True)
    return _datasets(nutpie.sample(compiled, **_nutpie_settings(sampling, seed, cores, progress)))


def _nutpie_light(model, sampling, start, seed, cores, progress):
    import nutpie
    from nutpie.compiled_pyfunc import from_pyfunc

    # Started from the priors' centres rather than PyMC's initial point, which would compile a function of its own.
    point = {
        model.rvs_to_values[rv].name: _unconstrain(model.rvs_to_transforms[rv], start[rv.name]) for rv in model.free_RVs
    }
    density = model.logp_dlogp_function(ravel_inputs=True, initial_point=point)
    density.set_extra_values({})
    evaluate = density._pytensor_function
    evaluate.trust_input = True
    origin = DictToArrayBijection.map({v.name: point[v.name] for v in model.value_vars}).data

    def log_density(x):
        value, gradient = evaluate(x)
        return float(value), gradient

    compiled = from_pyfunc(
        len(origin),
        make_logp_fn=lambda: log_density,
        make_expand_fn=lambda *_: lambda x: {"unconstrained": x},
        expanded_dtypes=[np.dtype("float64")],
        expanded_shapes=[(len(origin),)],
        expanded_names=["unconstrained"],
        make_initial_point_fn=lambda seed: origin + np.random.default_rng(seed).uniform(-1, 1, len(origin)),
    )
    # One core: the function is called under Python's lock and is not safe to enter twice.
    posterior, statistics = _datasets(nutpie.sample(compiled, **_nutpie_settings(sampling, seed, 1, progress)))
    flat = posterior["unconstrained"].to_numpy()
    constrained, first = {}, 0
    for rv in model.free_RVs:
        value = np.asarray(point[model.rvs_to_values[rv].name])
        x = flat[..., first : first + value.size].reshape(*flat.shape[:2], *value.shape)
        first += value.size
        dims = ("chain", "draw", *model.named_vars_to_dims.get(rv.name, ()))
        constrained[rv.name] = (dims, _constrain(model.rvs_to_transforms[rv], x))
    dims = {dim for names, _ in constrained.values() for dim in names} - {"chain", "draw"}
    coords = {dim: list(model.coords[dim] or ()) for dim in dims}
    return xr.Dataset(constrained, {"chain": posterior["chain"], "draw": posterior["draw"], **coords}), statistics


def _constrain(transform, x: np.ndarray) -> np.ndarray:
    """Back to the natural scale, for the transforms that scalar priors have; the tests hold it against PyMC's own."""
    if transform is None:
        return x
    if isinstance(transform, LogTransform | IntervalTransform):  # every interval here is (0, infinity)
        return np.exp(x)
    if isinstance(transform, LogExpM1):
        return np.logaddexp(0, x)
    raise TypeError(f"{type(transform).__name__} is not a transform of a scalar prior")


def _unconstrain(transform, x: np.ndarray) -> np.ndarray:
    """The inverse of `_constrain`."""
    if isinstance(transform, LogExpM1):
        return np.asarray(np.log(np.expm1(x)))
    return np.asarray(x if transform is None else np.log(x))


def _pymc(model, sampling, start, seed, cores, progress, nuts_sampler="pymc"):
    tree = pm.sample(
        model=model,
        draws=sampling.draws,
        tune=sampling.tune,
        chains=sampling.chains,
        cores=min(cores, sampling.chains),
        target_accept=sampling.target_accept,
        random_seed=seed,
        progressbar=progress,
        quiet=True,
        nuts_sampler=nuts_sampler,
        compute_convergence_checks=False,
    )
    return _datasets(tree)


def _numpyro(model, sampling, start, seed, cores, progress):
    from ..models.root import enable_jax

    enable_jax()
    return _pymc(model, sampling, start, seed, cores, progress, nuts_sampler="numpyro")

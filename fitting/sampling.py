"""Draw from the posterior with whichever sampler finishes the whole job first.

For one small model most of the time is compilation, and PyTensor keeps its compiled log-density on disk between
processes: nutpie then calls that function (`nutpie-light`). For a large model calls from Python would dominate, so
nutpie compiles all of it once more (`nutpie`). `pymc` and `numpyro` are there to check the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
MANY_PARAMETERS = 100
"""Above so many, the low-rank metric that follows ridges costs more than it saves."""
_STATISTICS = {
    "diverging": "diverging", "energy": "energy", "n_steps": "n_steps", "step_size": "step_size", "depth": "tree_depth",
}  # fmt: skip


def choose_sampler(model: pm.Model, sampling: Sampling) -> str:
    """The sampler that `auto` stands for with this model."""
    if sampling.sampler != "auto":
        return sampling.sampler
    return "nutpie-light" if len(model.coords["obs"]) <= LIGHT_ROWS else "nutpie"


@dataclass(frozen=True)
class Sampler:
    """A model compiled once, to be drawn from as often as wanted, each time with other data if asked.

    Attributes
    ----------
    model, name : the model, and the sampler's name.
    run : (sampling, seed, progress, data) to posterior and statistics.
    """

    model: pm.Model
    name: str
    run: Callable[[Sampling, int, bool, Mapping[str, np.ndarray]], tuple[xr.Dataset, xr.Dataset]]

    def draw(self, sampling: Sampling, seed: int, progress: bool = False, **data: np.ndarray) -> Draws:
        """Sample; the same seed gives the same draws. `data` replaces the model's data containers by name, for good."""
        posterior, statistics = self.run(sampling, seed, progress, data)
        kept = {old: new for old, new in _STATISTICS.items() if old in statistics}
        return Draws(
            posterior[[rv.name for rv in self.model.free_RVs]].reset_coords(drop=True),
            statistics[list(kept)].rename(kept).reset_coords(drop=True),
            self.name,
        )


def compile_sampler(
    model: pm.Model, sampling: Sampling, start: Mapping[str, np.ndarray], cores: int, exchange: bool = False
) -> Sampler:
    """Compile `model` for the sampler that suits it.

    Parameters
    ----------
    model : with free parameters, a dimension `obs` and one likelihood.
    sampling : names the sampler.
    start : a plausible value of each free parameter by its tree name; chains begin around it.
    cores : processors to use.
    exchange : whether other data will be put in; constants make faster code.
    """
    name = choose_sampler(model, sampling)
    build = {"nutpie-light": _nutpie_light, "nutpie": _nutpie, "pymc": _pymc, "numpyro": _numpyro}[name]
    return Sampler(model, name, build(model, start, cores, exchange))


def _nutpie_settings(sampling: Sampling, start: Mapping, seed: int, cores: int, progress: bool) -> dict:
    many = sum(np.size(value) for value in start.values()) > MANY_PARAMETERS
    return {
        "chains": sampling.chains,
        "draws": sampling.draws,
        "tune": sampling.tune // 2 if many else sampling.tune,
        "target_accept": sampling.target_accept,
        # Permeabilities and pump lie on ridges that a diagonal metric crawls along, but it is learned in half the time.
        "adaptation": "diag" if many else "low_rank",
        "seed": seed,
        "cores": cores,
        "progress_bar": progress,
        "save_warmup": False,
    }


def _datasets(tree: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset]:
    return tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()


def _nutpie(model, start, cores, exchange):
    import nutpie

    names = [rv.name for rv in model.free_RVs]
    compiled = nutpie.compile_pymc_model(model, var_names=names, freeze_model=not exchange)

    def run(sampling, seed, progress, data):
        with_data = compiled.with_data(**data) if data else compiled
        return _datasets(nutpie.sample(with_data, **_nutpie_settings(sampling, start, seed, cores, progress)))

    return run


def _nutpie_light(model, start, cores, exchange):
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

    def run(sampling, seed, progress, data):
        pm.set_data(data, model=model)
        # One core: the function is called under Python's lock and is not safe to enter twice.
        posterior, statistics = _datasets(
            nutpie.sample(compiled, **_nutpie_settings(sampling, start, seed, 1, progress))
        )
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

    return run


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


def _pymc(model, start, cores, exchange, nuts_sampler="pymc"):
    def run(sampling, seed, progress, data):
        pm.set_data(data, model=model)
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

    return run


def _numpyro(model, start, cores, exchange):
    from ..models.root import enable_jax

    enable_jax()
    return _pymc(model, start, cores, exchange, nuts_sampler="numpyro")

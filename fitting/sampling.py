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
        "return_raw_trace": True,
    }


def _nutpie_draws(compiled, settings: dict) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Draws and statistics after warm-up; nutpie's own conversion to a tree takes longer than a small fit."""
    import nutpie
    import pyarrow

    draws, statistics = (
        [pyarrow.record_batch(chain) for chain in kind]
        for kind in nutpie.sample(compiled, **settings).get_arrow_trace()
    )
    first = [int(np.sum(chain["tuning"].to_numpy(zero_copy_only=False))) for chain in statistics]
    return _arrays(draws, first), _arrays([chain.select(list(_STATISTICS)) for chain in statistics], first)


def _arrays(chains, first: list[int]) -> dict[str, np.ndarray]:
    """Columns of Arrow batches (one a chain) as arrays (chain, draw, …), each chain from its `first` row on."""
    found = {}
    for field in chains[0].schema:
        shape = [int(n) for n in (field.metadata or {}).get(b"shape", b"").decode().split(",") if n]
        columns = [chain[field.name].slice(skip) for chain, skip in zip(chains, first, strict=True)]
        flat = [column.flatten() if shape else column for column in columns]
        stacked = np.stack([x.to_numpy(zero_copy_only=False) for x in flat])
        found[field.name] = stacked.reshape(len(chains), len(columns[0]), *shape)
    return found


def _nutpie(model, start, cores, exchange):
    import nutpie

    names = [rv.name for rv in model.free_RVs]
    compiled = nutpie.compile_pymc_model(model, var_names=names, freeze_model=not exchange)
    used = {variable.name for variable in compiled.shared_var_keys}

    def run(sampling, seed, progress, data):
        with_data = compiled.with_data(**{name: x for name, x in data.items() if name in used})
        return _labelled(model, *_nutpie_draws(with_data, _nutpie_settings(sampling, seed, cores, progress)))

    return run


def _labelled(model, draws: dict[str, np.ndarray], statistics: dict[str, np.ndarray]) -> tuple[xr.Dataset, xr.Dataset]:
    """Arrays as datasets, with the model's dims and coords."""
    dims = {name: ("chain", "draw", *model.named_vars_to_dims.get(name, ())) for name in draws}
    beside = {dim for names in dims.values() for dim in names[2:]}
    chains, n = next(iter(statistics.values())).shape
    axes = {"chain": np.arange(chains), "draw": np.arange(n)}
    coords = {dim: list(model.coords[dim] or ()) for dim in beside}
    posterior = xr.Dataset({name: (dims[name], x) for name, x in draws.items()}, {**axes, **coords})
    return posterior, xr.Dataset({name: (("chain", "draw"), x) for name, x in statistics.items()}, axes)


def _nutpie_light(model, start, cores, exchange):
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
        draws, statistics = _nutpie_draws(compiled, _nutpie_settings(sampling, seed, 1, progress))
        flat, first = draws["unconstrained"], 0
        constrained = {}
        for rv in model.free_RVs:
            value = np.asarray(point[model.rvs_to_values[rv].name])
            x = flat[..., first : first + value.size].reshape(*flat.shape[:2], *value.shape)
            first += value.size
            constrained[rv.name] = _constrain(model.rvs_to_transforms[rv], x)
        return _labelled(model, constrained, statistics)

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
        return tree["posterior"].to_dataset(), tree["sample_stats"].to_dataset()

    return run


def _numpyro(model, start, cores, exchange):
    from ..models.root import enable_jax

    enable_jax()
    return _pymc(model, start, cores, exchange, nuts_sampler="numpyro")

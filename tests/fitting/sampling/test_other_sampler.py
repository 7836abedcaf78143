"""The hierarchy's posterior against the same model written by hand for another sampler."""

import numpy as np
import pytest

from tests.many_cells import many_cells
from tests.synthetic import INSIDE
from vrest.fitting.experiment.config import Sampling
from vrest.fitting.fit import fit


@pytest.mark.slow
def test_the_hierarchy_is_the_one_written_directly_in_numpyro():
    numpyro = pytest.importorskip("numpyro")
    import jax
    import jax.numpy as jnp
    from numpyro import distributions as dist

    jax.config.update("jax_enable_x64", True)
    data, _ = many_cells(seed=8, cells=8, types={"A": {}}, K_o=(2.5, 10, 40), temperatures=(22,))
    settings = Sampling(chains=4, draws=8000)
    ours = fit(data, inside=INSIDE, sampling=settings, progress=False).tree["posterior"].to_dataset()

    V_T = 8.314462618 * 295.15 / 96485.33212 * 1e3
    K, Na, Cl = (data["c_o"].sel(ion=name).to_numpy() for name in ("K", "Na", "Cl"))
    on, y = 1.0 - data["blocked"].to_numpy(), data["V_m"].to_numpy()
    cell = np.unique(data["cell"].to_numpy(), return_inverse=True)[1]

    def b(x):
        return x / jnp.expm1(x)

    def model():
        def of_cells(name, mean):
            spread = numpyro.sample(f"{name}_spread", dist.HalfNormal(0.3))
            with numpyro.plate(f"cells_{name}", 8):
                z = numpyro.sample(f"{name}_z", dist.Normal(0, 1))
            return (mean * jnp.exp(spread * z))[cell]

        p_Na = of_cells("p_Na", numpyro.sample("p_Na", dist.LogNormal(np.log(0.04), 1.0)))
        p_Cl = of_cells("p_Cl", numpyro.sample("p_Cl", dist.LogNormal(np.log(0.3), 1.0)))
        pump = of_cells("pump_mV", numpyro.sample("pump_mV", dist.HalfNormal(8.0)))
        A, B = 140 + 12 * p_Na + p_Cl * Cl, K + p_Na * Na + 10 * p_Cl
        A_r, B_r = 140 + 12 * p_Na + p_Cl * 130, 2.5 + p_Na * 146.5 + 10 * p_Cl
        u = jnp.log(B_r / A_r) - pump / V_T
        j = on * (B_r * b(u) - A_r * b(-u))
        u = jnp.log(B / A) - 1e-3
        for _ in range(6):
            e = jnp.expm1(u)
            slope = (1 - b(u) * (e + 1)) / e  # of b at u; at -u it is -1 - slope
            u = u - (A * b(-u) - B * b(u) + j) / (A * (1 + slope) - B * slope)
        numpyro.sample("y", dist.Normal(V_T * u, numpyro.sample("sigma_mV", dist.HalfNormal(5.0))), obs=y)

    kernel = numpyro.infer.NUTS(model, target_accept_prob=0.95)
    mcmc = numpyro.infer.MCMC(
        kernel, num_warmup=1000, num_samples=8000, num_chains=4, chain_method="vectorized", progress_bar=False
    )
    mcmc.run(jax.random.PRNGKey(1))
    theirs = mcmc.get_samples(group_by_chain=True)
    from arviz_stats.base import array_stats

    for name in ("p_Na", "p_Cl", "pump_mV", "sigma_mV", "p_Na_spread", "p_Cl_spread", "pump_mV_spread"):
        mine, other = ours[name].to_numpy(), np.asarray(theirs[name])
        assert min(array_stats.ess(mine), array_stats.ess(other)) > 4000
        assert abs(mine.mean() - other.mean()) < 0.1 * other.std()
        assert mine.std() == pytest.approx(other.std(), rel=0.1)

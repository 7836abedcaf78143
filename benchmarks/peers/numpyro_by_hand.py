"""NumPyro as someone who knows JAX writes it: the root by a loop without gradient, then one implicit step with it.

With the environment's JAX_COMPILATION_CACHE_DIR, JAX keeps what it compiled between processes.
"""

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from recordings import INSIDE, arguments, write

numpyro.enable_x64()


def bernoulli(x):
    small = jnp.abs(x) < 1e-5
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, 1 - x / 2 + x * x / 12, safe / jnp.expm1(safe))


def current(A, B, j, u):
    return A * bernoulli(-u) - B * bernoulli(u) + j


slope = jax.grad(lambda u, A, B, j: jnp.sum(current(A, B, j, u)))


def root(A, B, j):
    fixed = jax.lax.stop_gradient((A, B, j))
    start = jnp.log(fixed[1] / fixed[0])
    u = jax.lax.fori_loop(0, 10, lambda _, u: u - current(*fixed, u) / slope(u, *fixed), start)
    u = jax.lax.stop_gradient(u)
    return u - current(A, B, j, u) / slope(u, *fixed)


def model(data):
    p_Na = numpyro.sample("p_Na", dist.LogNormal(jnp.log(0.04), 1.0))
    p_Cl = numpyro.sample("p_Cl", dist.LogNormal(jnp.log(0.3), 1.0))
    pump_mV = numpyro.sample("pump_mV", dist.HalfNormal(8.0))
    Q10_pump = numpyro.sample("Q10_pump", dist.LogNormal(jnp.log(2.3), 0.2))
    Q10_leak = numpyro.sample("Q10_leak", dist.LogNormal(jnp.log(1.4), 0.15))
    sigma_mV = numpyro.sample("sigma_mV", dist.HalfNormal(5.0))
    A = INSIDE["K"] + p_Na * INSIDE["Na"] + p_Cl * data["Cl"]
    B = data["K"] + p_Na * data["Na"] + p_Cl * INSIDE["Cl"]
    at_reference = jnp.log(B[0] / A[0]) - pump_mV / data["V_T"][0]
    j_reference = -current(A[0], B[0], 0.0, at_reference)
    j = j_reference * (Q10_pump / Q10_leak) ** ((data["T"] - data["T"][0]) / 10) * data["on"]
    numpyro.sample("V_m", dist.Normal(data["V_T"] * root(A, B, j), sigma_mV), obs=data["V_m"])


def main() -> None:
    data, path = arguments()
    mcmc = numpyro.infer.MCMC(
        numpyro.infer.NUTS(model, target_accept_prob=0.95, dense_mass=True),
        num_warmup=1000,
        num_samples=1000,
        num_chains=4,
        chain_method="vectorized",
        progress_bar=False,
    )
    mcmc.run(jax.random.PRNGKey(1), {name: jnp.asarray(x) for name, x in data.items()})
    write(path, **mcmc.get_samples(group_by_chain=True))


if __name__ == "__main__":
    main()

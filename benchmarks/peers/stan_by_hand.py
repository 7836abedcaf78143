"""Stan through PyStan, which keeps compiled models in the user's cache folder (XDG_CACHE_HOME)."""

import contextlib
import os

import numpy as np
import stan
from recordings import INSIDE, arguments, write

PROGRAM = """
functions {
  vector outward(vector u) { return u ./ (1 - exp(-u)); }
  vector inward(vector u) { return u ./ expm1(u); }
}
data {
  int n;
  vector[n] K; vector[n] Na; vector[n] Cl; vector[n] T; vector[n] V_T; vector[n] on; vector[n] V_m;
  real K_i; real Na_i; real Cl_i;
}
parameters {
  real<lower=0> p_Na; real<lower=0> p_Cl; real<lower=0> pump_mV;
  real<lower=0> Q10_pump; real<lower=0> Q10_leak; real<lower=0> sigma_mV;
}
model {
  vector[n] A = K_i + p_Na * Na_i + p_Cl * Cl;
  vector[n] B = K + p_Na * Na + p_Cl * Cl_i;
  real u_ref = log(B[1] / A[1]) - pump_mV / V_T[1];
  real j_ref = B[1] * u_ref / expm1(u_ref) - A[1] * u_ref / (1 - exp(-u_ref));
  vector[n] j = j_ref * exp(log(Q10_pump / Q10_leak) * (T - T[1]) / 10) .* on;
  vector[n] u = log(B ./ A);
  for (k in 1:10) {
    vector[n] e = exp(u);
    vector[n] m = e - 1;
    vector[n] slope = A .* (e ./ m) .* (1 - u ./ m) - B .* (1 - u .* e ./ m) ./ m;
    u = u - (A .* outward(u) - B .* inward(u) + j) ./ slope;
  }
  p_Na ~ lognormal(log(0.04), 1);
  p_Cl ~ lognormal(log(0.3), 1);
  pump_mV ~ normal(0, 8);
  Q10_pump ~ lognormal(log(2.3), 0.2);
  Q10_leak ~ lognormal(log(1.4), 0.15);
  sigma_mV ~ normal(0, 5);
  V_m ~ normal(V_T .* u, sigma_mV);
}
"""


def main() -> None:
    data, path = arguments()
    given = {name: x.tolist() for name, x in data.items()} | {f"{ion}_i": x for ion, x in INSIDE.items()}
    with open(os.devnull, "w", encoding="utf-8") as quiet, contextlib.redirect_stderr(quiet):
        model = stan.build(PROGRAM, data={"n": len(data["K"]), **given}, random_seed=1)
        start = {"p_Na": 0.04, "p_Cl": 0.3, "pump_mV": 5.0, "Q10_pump": 2.3, "Q10_leak": 1.4, "sigma_mV": 3.0}
        trace = model.sample(num_chains=4, num_warmup=1000, num_samples=1000, delta=0.95, init=[start] * 4)
    # PyStan lays draws out as (parameter, draw, chain), flattened with the chain running fastest.
    write(path, **{name: np.reshape(trace[name], (1000, 4)).T for name in trace.param_names})


if __name__ == "__main__":
    main()

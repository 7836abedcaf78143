"""A first look at an installed package, run outside the checkout: the README's four lines and one command."""

import subprocess
import sys
from pathlib import Path

import vrest

assert "site-packages" in vrest.__file__, f"this is not the installed package: {vrest.__file__}"
assert (Path(vrest.__file__).parent / "py.typed").exists()

recordings = vrest.load_data("crayfish_muscle")
fit = vrest.fit(
    recordings,
    law="ghk",
    ions="K,Na",
    where="saline.str.contains('gluconate')",
    seed=1,
    sampling=vrest.Sampling(draws=500, tune=500),
)
print(fit.summary())
assert fit.verdict().sampling.ok

done = subprocess.run(
    [sys.executable, "-m", "vrest", "check", "crayfish_muscle", "--law", "ghk"], capture_output=True, text=True
)
assert done.returncode == 0, done.stderr
assert "84 rows of crayfish_muscle" in done.stdout
print("the installed package works")

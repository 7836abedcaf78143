"""vrest: what resting membrane potentials say about the membrane.

import vrest
recordings = vrest.load_data("crayfish_muscle")      # or vrest.read_csv("recordings.csv")
fit = vrest.fit(recordings, law="ghk-pump", seed=1)
fit.summary()
"""

import lazy_loader

# The names are in __init__.pyi, for this and for type checkers; each is imported on first use, so that `import vrest` and
# `vrest --help` do not wait for samplers.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

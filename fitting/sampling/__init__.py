"""Draws of the posterior: the compiled density, samplers, refits, workers.

Private interfaces of other libraries are used here and nowhere else (`models/solver/root.py` has those for PyTensor's Op):

* nutpie's compiled core, `nutpie._lib`, in `by_nutpie.py`: it takes the address of a compiled density, for which nutpie has no
  public way.
* arviz-stats without arviz-base, in `array_stats.py`: what it is when installed alone, since its other parts take a second to
  import.

Where nutpie is not as expected, PyMC samples its own model by its public interface; where arviz-stats is not, its public
accessor of DataArrays gives the same numbers. Both are slower, and a warning says so, once.
"""

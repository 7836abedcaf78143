"""Draws of the posterior: the compiled density, samplers, refits, workers.

Private interfaces of other libraries are used here and nowhere else (`models/solver/root.py` has those for PyTensor's Op):

* nutpie's `CompiledPyMCModel`, in `by_nutpie.py`: takes the address of a compiled density, for which nutpie has no public way.
* nutpie's import of ArviZ, delayed in `by_nutpie.py`: it brings all plots, a second, for a conversion that is not used here.

Where nutpie is not as expected, PyMC samples its own model by its public interface, slower, and a warning says so.
"""

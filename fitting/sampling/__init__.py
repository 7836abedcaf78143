"""Draws of the posterior: samplers, compiled densities, workers."""

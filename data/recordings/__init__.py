"""Resting potentials out of recording files: formats, the search for rest, its picture."""

"""Recipes as weighed out: ions, osmolarity, junction potentials."""

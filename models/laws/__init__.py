"""Membrane laws: what a law is, the laws there are, one file each, and the options that extend them."""

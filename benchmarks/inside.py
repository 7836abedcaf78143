"""The cytoplasm that every benchmark assumes, in mM."""

INSIDE = {"K": 140.0, "Na": 12.0, "Cl": 10.0}
TEXT = ",".join(f"{ion}={value:g}" for ion, value in INSIDE.items())

"""Protons, Ca and Mg among buffers and chelators: the charges at a pH, the pH of what was weighed, the titrant needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, log10, sqrt

from scipy.constants import R
from scipy.optimize import brentq

from ...models.constants import water_permittivity
from ...models.limits import ABSOLUTE_ZERO_OFFSET
from .species import METALS, WATER, Constant, Form, Species, charge, ionic_strength

LN10 = log(10)
MOST_STRENGTH = 0.5  # M; Davies' equation holds to here, and beyond it is used as it is here


def debye_hueckel(temperature_C: float) -> float:
    """A of log10 γ = -A z² f(I) in water, 0.509 at 25 °C."""
    return 1.82483e6 / (water_permittivity(temperature_C) * (temperature_C + ABSOLUTE_ZERO_OFFSET)) ** 1.5


def davies(ionic_strength: float, temperature_C: float) -> float:
    """-log10 γ of a monovalent ion at an ionic strength in M (Davies 1962)."""
    root = sqrt(I := min(ionic_strength, MOST_STRENGTH))
    return debye_hueckel(temperature_C) * (root / (1 + root) - 0.3 * I)


def log_K(constant: Constant, temperature_C: float, ionic_strength: float, product: int, *parts: int) -> float:
    """log10 of an association constant, in concentrations, elsewhere than where it was measured.

    Temperature by van 't Hoff with dH and dCp, ionic strength by Davies with the charges of product and parts.
    """
    T, T0 = temperature_C + ABSOLUTE_ZERO_OFFSET, constant.temperature + ABSOLUTE_ZERO_OFFSET
    warmed = -constant.dH * 1e3 / R * (1 / T - 1 / T0) + constant.dCp / R * (T0 / T - 1 + log(T / T0))
    dz2 = product**2 - sum(z * z for z in parts)
    screened = davies(ionic_strength, temperature_C) - davies(constant.ionic_strength, constant.temperature)
    return constant.log_K + warmed / LN10 + dz2 * screened


def dissolved_CO2(fraction: float, temperature_C: float) -> float:
    """mM of CO2 in water under a moist gas that holds this fraction of it, at one atmosphere.

    Solubility by Plummer & Busenberg (1982) Geochim Cosmochim Acta 46:1011, vapour pressure by Buck (1981).
    """
    T, t = temperature_C + ABSOLUTE_ZERO_OFFSET, temperature_C
    solubility = 108.3865 + 0.01985076 * T - 6919.53 / T - 40.45154 * log10(T) + 669365 / T**2
    vapour = 0.0061121 * exp((18.678 - t / 234.5) * t / (257.14 + t)) / 1.01325
    return 1e3 * 10**solubility * fraction * (1 - vapour)


@dataclass(frozen=True)
class Mixture:
    """What was put into the water."""

    totals: Mapping[str, float]  # mM by species, whatever their forms
    known: Mapping[str, Species]
    temperature_C: float
    CO2: float | None = None  # mM dissolved, held by the gas above it; None where no gas holds it

    @cached_property
    def ligands(self) -> dict[str, float]:
        """What takes and gives protons, in mM."""
        return {name: c for name, c in self.totals.items() if self.known[name].protons and c > 0}

    def plus(self, parts: Mapping[str, int], amount: float) -> "Mixture":
        """The same with `amount` mM of a salt more; protons and hydroxide follow from the charges."""
        totals = dict(self.totals)
        for name, n in parts.items():
            if name not in ("H", "OH"):
                totals[name] = totals.get(name, 0.0) + n * amount
        return Mixture(totals, self.known, self.temperature_C, self.CO2)

    def at(self, pH: float) -> dict[Form, float]:
        """mM of every form at this pH, neutral as a whole or not; pH is minus log10 of the proton's activity."""
        strength, forms = 0.15, {}
        for _ in range(50):
            forms = self._forms(pH, strength)
            found = max(ionic_strength(forms), 0.0) / 1e3  # trial amounts may be negative
            if abs(found - strength) < 1e-9:
                break
            strength = found
        return forms

    def pH(self) -> float:
        """The pH at which the charges add up to 0, between 0 and 14."""
        low, high = (charge(self.at(pH)) for pH in (0.0, 14.0))
        if low <= 0 or high >= 0:
            return 0.0 if low <= 0 else 14.0
        return brentq(lambda pH: charge(self.at(pH)), 0.0, 14.0, xtol=1e-9)

    def titrant(self, pH: float, parts: Mapping[str, int]) -> float:
        """mM of a salt, acid or base that bring the solution to this pH; negative where it would have to be taken out."""
        amount, step = 0.0, 1.0
        here = charge(self.at(pH))
        for _ in range(30):  # charges are nearly linear in the amount
            there = charge(self.plus(parts, amount + step).at(pH))
            if abs(there - here) < 1e-9:
                return float("nan")
            amount, step = amount - step * here / (there - here), 1e-3
            here = charge(self.plus(parts, amount).at(pH))
            if abs(here) < 1e-9:
                break
        return amount

    def _forms(self, pH: float, strength: float) -> dict[Form, float]:
        screening = davies(strength, self.temperature_C)
        hydroxide = pH - log_K(WATER, self.temperature_C, 0.0, 0, 1, -1) + screening
        forms = {(name, self.known[name].valence): c for name, c in self.totals.items() if name not in self.ligands}
        forms |= {("H", 1): 10 ** (3 - pH + screening), ("OH", -1): 10 ** (3 + hydroxide)}
        weights = {name: self._weights(name, pH, strength) for name in self.ligands}
        free = self._free_metals(weights)
        for name, total in self.ligands.items():
            shares = _shares(weights[name], free)
            scale = total / sum(shares.values())
            if self.CO2 is not None and name == "CO3":  # held by the gas
                scale = self.CO2 / shares["CO3", 0]
            for form, share in shares.items():
                forms[form] = forms.get(form, 0.0) + share * scale
        return forms | {(metal, 2): 1e3 * c for metal, c in free.items() if metal in self.totals}

    def _weights(self, name: str, pH: float, strength: float) -> dict[Form, tuple[str, float]]:
        """Every form of a ligand: the metal on it, and its concentration over the bare form's (per M of metal)."""
        ligand, t = self.known[name], self.temperature_C
        weights: dict[Form, tuple[str, float]] = {(name, z := ligand.bare): ("", 1.0)}
        by_protons = [0.0]
        screening = davies(strength, t)
        for constant in ligand.protons:
            # The proton counts by its activity, as a pH electrode does; hence its screening is taken back.
            by_protons.append(by_protons[-1] + log_K(constant, t, strength, z + 1, z, 1) + screening - pH)
            z += 1
            weights[name, z] = ("", 10 ** by_protons[-1])
        for key, constant in ligand.metals.items():
            z, held = ligand.bare + key.count("H"), by_protons[key.count("H")]
            weights[f"{key}{name}", z + 2] = (key[:2], 10 ** (held + log_K(constant, t, strength, z + 2, z, 2)))
        return weights

    def _free_metals(self, weights: Mapping[str, Mapping[Form, tuple[str, float]]]) -> dict[str, float]:
        """Free Ca and Mg in M: each in turn, given the other, until neither moves."""
        totals = {metal: self.totals.get(metal, 0.0) / 1e3 for metal in METALS}
        free = dict(totals)

        def left(value: float, metal: str) -> float:
            bound = 0.0
            for name, forms in weights.items():
                shares = _shares(forms, {**free, metal: value})
                on_it = sum(shares[form] for form, (held, _) in forms.items() if held == metal)
                bound += self.ligands[name] / 1e3 * on_it / sum(shares.values())
            return value + bound - totals[metal]

        for _ in range(200):
            before = dict(free)
            for metal in (metal for metal in METALS if totals[metal] > 0):
                free[metal] = brentq(left, 0.0, totals[metal], args=(metal,), xtol=1e-18, rtol=1e-12)
            if all(abs(free[m] - before[m]) <= 1e-10 * totals[m] for m in METALS):
                break
        return free


def _shares(forms: Mapping[Form, tuple[str, float]], free: Mapping[str, float]) -> dict[Form, float]:
    return {form: weight * free[metal] if metal else weight for form, (metal, weight) in forms.items()}

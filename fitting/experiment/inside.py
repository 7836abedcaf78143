"""What is known of the cytoplasm: `K=140+-10,Na=12,Cl=passive`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...models.errors import ConfigurationError, shown, typed
from ...models.exact import exact
from ...models.ions import ion
from ...models.limits import CONCENTRATION_mM, MOLAR_mM

TYPICAL = {"K": "120–150 (sharp electrode in squid: 400)", "Na": "5–20", "Cl": "4–30 (or Cl=passive)"}
_NUMBER = r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+"
_FORM = re.compile(rf"({_NUMBER})\s*(?:(?:\+-|\+/-|±)\s*({_NUMBER}))?\s*(?:mM)?")


@dataclass(frozen=True)
class Inside:
    """An ion's inside concentration: taken as exact (without `sd_mM`), known to be (0), uncertain, or `passive`.

    What is passive is at equilibrium, and needs no mM.
    """

    mean_mM: float = 0.0
    sd_mM: float | None = None
    passive: bool = False

    def __str__(self) -> str:
        if self.passive:
            return "passive"
        return exact(self.mean_mM) + ("" if self.sd_mM is None else f"+-{exact(self.sd_mM)}")


def parse_inside(name: str, text: object) -> Inside:
    """One ion's inside concentration, from `140`, `"140+-10"`, `(140, 10)` or `"passive"`."""
    ion(name)
    if isinstance(text, list | tuple):
        text = "+-".join(map(str, text)) if len(text) == 2 else shown(text)
    plain = isinstance(text, int | float) and not isinstance(text, bool)
    text = text.strip() if isinstance(text, str) else str(text) if plain else shown(text)
    if text == "passive":
        if name == "K":
            raise ConfigurationError("K cannot be passive: with it at equilibrium V_m is E_K whatever the membrane.")
        return Inside(passive=True)
    match = _FORM.fullmatch(text)
    if not match:
        raise ConfigurationError(
            f"cannot read {name}={text} inside. Write {name}=140, {name}=140+-10 or {name}=passive."
        )
    mean, sd = float(match[1]), float(match[2]) if match[2] else None
    if not 0 < mean <= CONCENTRATION_mM.high:
        most = f"{CONCENTRATION_mM.high:g} mM"
        raise ConfigurationError(f"{name}={text} inside: a concentration must be above 0 and at most {most}.")
    if mean < MOLAR_mM.get(ion(name).inside, 0):
        raise ConfigurationError(
            f"{name}={text} inside is too little for mM; if it is molar, type {name}={mean * 1e3:g}."
        )
    if sd is not None and sd >= mean:
        raise ConfigurationError(f"{name}={text} inside: the uncertainty must be smaller than the value itself.")
    if sd is not None and 0 < sd < 1e-6 * mean:
        raise ConfigurationError(f"{name}={text} inside: so little uncertainty is none; write {name}={mean:g}+-0.")
    return Inside(mean, sd)


def parse_insides(text: str | Mapping[str, object]) -> dict[str, Inside]:
    """Every ion's inside concentration, from `K=140+-10,Na=12,Cl=passive` or a mapping of such values."""
    if isinstance(text, str):
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        bare = [name.strip() for name, equals, _ in pairs if not equals]
        if bare:
            raise ConfigurationError(
                f"cannot read {shown(bare[0])} in {typed('inside', text[:80])}. Write it as K=140+-10,Na=12."
            )
        names = [name.strip() for name, _, _ in pairs]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ConfigurationError(f"{typed('inside', text)} gives {', '.join(sorted(twice))} twice.")
        text = {name.strip(): value for name, _, value in pairs}
    return {name: value if isinstance(value, Inside) else parse_inside(name, value) for name, value in text.items()}

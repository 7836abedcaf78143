"""Salts and amounts as labs write them: `Na2-ATP`, `calcium chloride dihydrate`, `MgCl2 6*H2O`; `140`, `"2 g/L"`."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd

from .species import HYDRATE_WATER, OTHER_NAMES, PROTON, Species, molar_mass

MOST = 6000.0  # mM; more than any salt of these lists is used at
LONGEST = 80
_MOLAR = {"M": 1e3, "mM": 1.0, "uM": 1e-3, "nM": 1e-6, "mol/L": 1e3, "mmol/L": 1.0, "umol/L": 1e-3, "nmol/L": 1e-6}
_MASS = {"g/L": 1e3, "mg/L": 1.0, "mg/mL": 1e3, "ug/mL": 1.0}
_COUNTS = {"mono": 1, "di": 2, "tri": 3, "tetra": 4, "penta": 5, "hexa": 6, "hepta": 7, "octa": 8, "deca": 10, "": 1}
_COUNTED = re.compile(
    r"(?<![A-Za-z])(mono|di|tri|tetra)[- ]?\(?(sodium|potassium|c(?:a)?esium|lithium|ammonium|magnesium|calcium|hydrochloride"
    r"|hydrobromide|Na|K|Cs|Li|Mg|Ca|Tris)\)?(?![a-z])",
    re.IGNORECASE,
)
_HYDRATE = re.compile(r"[-\s·∙⋅.*•xn,(\[]+(\d{0,2})\s*[*x·]?\s*H2O[\])]?$")
_HYDRATE_WORD = re.compile(r"[-\s,(]+(mono|di|tri|tetra|penta|hexa|hepta|octa|deca|)-?hydrate\)?$", re.IGNORECASE)
_STEREO = re.compile(r"(?<![A-Za-z])(?:(?:alpha|beta|α|β)-)?(?:DL|D|L)-?(?:\(\+\)|\([-−]\))?-(?=[a-z])")
_ACIDS = {"hydrochloric acid": "HCl", "sulfuric acid": "H2SO4", "phosphoric acid": "H3PO4", "carbonic acid": "H2CO3",
          "nitric acid": "HNO3"}  # fmt: skip
_PHOSPHATES = [
    (r"dihydrogen\s+(?:ortho)?phosphate|phosphate,?\s+\(?monobasic\)?|monobasic\s+phosphate", "H2PO4"),
    (r"(?:mono)?hydrogen\s+(?:ortho)?phosphate|phosphate,?\s+\(?dibasic\)?|dibasic\s+phosphate", "HPO4"),
    (r"phosphate,?\s+\(?tribasic\)?|tribasic\s+phosphate", "PO4"),
    (r"bicarbonate|hydrogen\s*carbonate", "HCO3"),
]
# In words (sodium citrate) the usual salt of an acid with several protons is meant.
_USUAL_CHARGE = {"CO3": -2, "citrate": -3, "succinate": -2, "phosphocreatine": -2}
# Bottles whose count of cations is often left out on paper.
_BOTTLES = {
    "ATP": "Na2ATP, K2ATP or MgATP", "GTP": "Na2GTP or Na3GTP", "citrate": "Na3citrate or K3citrate",
    "phosphocreatine": "Na2-phosphocreatine or Tris2-phosphocreatine",
}  # fmt: skip
# Only for suggestions: what people weigh most.
_USUAL = (
    "NaCl KCl CaCl2 MgCl2 MgSO4 NaHCO3 NaH2PO4 KH2PO4 Na2HPO4 NaOH KOH CsOH HCl K-gluconate Na-gluconate KMeSO4 KMeSO3 CsMeSO3 "
    "CsCl CsF LiCl BaCl2 choline-Cl TEA-Cl NMDG-Cl Tris-HCl Na2ATP K2ATP MgATP Na2GTP Na3GTP Na-pyruvate K2SO4 Na-ascorbate "
    "Na2-phosphocreatine NH4Cl Cs-gluconate K-glutamate K-aspartate QX-314-Cl QX-314-Br K4BAPTA"
)
_USUAL_SALTS = _USUAL.split()


@dataclass(frozen=True)
class Salt:
    """One formula unit: how many of each species, water of crystallisation, and what is to be said of its name."""

    parts: Mapping[str, int]
    waters: int = 0
    note: str = ""


class Names:
    """Reads names with the species known, the file's own among them."""

    def __init__(self, known: Mapping[str, Species]) -> None:
        self.known = known
        self.names = {**{name: name for name in known}, **OTHER_NAMES}
        longest_first = sorted(self.names, key=len, reverse=True)
        # Words may be written Hepes or HEPES; symbols may not, for CO is not Co.
        tokens = [f"(?i:{re.escape(n)})" if len(n) > 3 else re.escape(n) for n in longest_first]
        self.token = re.compile(rf"[\s\-·]*(\(?)({'|'.join(tokens)})(\)?)(\d{{0,2}})")
        self.lower = {name.lower(): own for name, own in self.names.items()}

    def read(self, name: str) -> Salt | str:
        """The salt, or a sentence about what is wrong with the name."""
        if len(name) > LONGEST:
            return f"is too long for a salt's name (more than {LONGEST} characters)."
        text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip()
        text, waters = _without_water(text)
        text = _STEREO.sub("", text) if text.lower() not in self.lower else text
        plain = _plain(text) if text.lower() not in self.lower else text
        parts = self._tokens(plain)
        if not parts:
            return f"unknown salt. {self._hint(plain)}"
        if words := self._in_words(plain, parts):
            return Salt(words, waters, self._said_of_words(name, words))
        (first, *others), acid = parts, ""
        if not others and self.known[first].valence < 0 and first.endswith("ate"):
            parts["H"] = -self.known[first].valence * parts[first]
            acid = f"{name} is taken as the acid; write Na-{first} or the like if a salt was weighed."
        if "OH" in parts and (buffer := next((part for part in parts if self.known[part].protons), "")):
            return f"says how its pH was set: write {buffer} alone, with pH = 7.4 and titrant = NaOH or the like."
        if wrong := self._unbalanced(parts):
            return wrong
        return Salt(parts, waters, acid or self._note(name, plain, parts))

    def mM(self, amount: object, salt: Salt) -> float | str:
        """An amount in mM: a number, or text with a unit; or what is wrong with it."""
        if isinstance(amount, str):
            match = re.fullmatch(
                r"(\d+\.?\d*|\.\d+)\s*([a-zA-Zµμ%]+(?:/[a-zA-Z]+)?)?", unicodedata.normalize("NFKC", amount).strip()
            )
            factor = self._factor(match[2], salt) if match else None
            if match is None or factor is None:
                return 'is not an amount: write mM as a number, or text such as "140 mM", "50 µM", "2 g/L".'
            if isinstance(factor, str):
                return factor
            amount = float(match[1]) * factor
        elif isinstance(amount, Mapping):
            return "is not an amount; a name with a dot stands in quotes."
        elif isinstance(amount, bool) or not isinstance(amount, int | float):
            return "is not an amount: write mM as a number."
        if not 0 <= amount <= MOST:  # NaN is not either
            return f"is not a concentration in mM from 0 to {MOST:g}."
        return float(amount)

    def _factor(self, unit: str | None, salt: Salt) -> float | str | None:
        """mM per unit."""
        unit = (unit or "mM").replace("µ", "u").replace("μ", "u").replace("/l", "/L").replace("ml", "mL")
        if unit in _MOLAR:
            return _MOLAR[unit]
        if unit not in _MASS:
            return None
        species = dict(salt.parts)
        if unweighed := [name for name in species if not self.known[name].formula]:
            return f"no molar mass is known for {', '.join(unweighed)}; give it in mM."
        # Acids are listed with all their protons; those that the salt lacks are the charge left over.
        acid = any(self.known[name].protons for name in species)
        kept = {name: n for name, n in species.items() if not (acid and name == "H")}
        missing = sum(n * self.known[name].valence for name, n in kept.items())
        grams = sum(n * molar_mass(self.known[name].formula) for name, n in kept.items())
        return _MASS[unit] / (grams - PROTON * missing + HYDRATE_WATER * salt.waters)

    def _tokens(self, text: str) -> Counter[str]:
        """How many of each species, or none where some of the text is no species."""
        parts: Counter[str] = Counter()
        at = 0
        while at < len(text):
            match = self.token.match(text, at)
            if not match or bool(match[1]) != bool(match[3]):
                return Counter()
            parts[self.names.get(match[2]) or self.lower[match[2].lower()]] += int(match[4] or 1)
            at = match.end()
        return parts

    def _unbalanced(self, parts: Mapping[str, int]) -> str:
        """What is wrong with a formula's charges; a buffer takes or gives protons until they balance."""
        buffers = {name: n for name, n in parts.items() if self.known[name].protons}
        most = sum(n * self.known[name].valence for name, n in buffers.items())
        least = sum(n * self.known[name].bare for name, n in buffers.items())
        others = {name: n for name, n in parts.items() if name not in buffers and not (buffers and name == "H")}
        charge = sum(n * self.known[name].valence for name, n in others.items())
        if not least <= -charge <= most:
            excess = charge + (most if charge + most < 0 else least)
            alone = next(iter(parts)) if len(parts) == 1 else ""
            like = f"{alone}-Cl" if alone and excess == 1 else "NaCl, CaCl2 or K2SO4"
            return f"its charges do not add up ({excess:+d}); weigh a neutral salt, as in {like}."
        H = parts.get("H", 0)
        explicit = H or {"CO3", "PO4"} & set(buffers)  # NaHCO3 and NaH2PO4 say which salt they are; Na-HEPES need not
        if buffers and explicit and -charge - least != H:
            which = " NaH2PO4 is the monobasic salt, Na2HPO4 the dibasic." if "PO4" in buffers else ""
            return f"has {H} H where its charges ask for {-charge - least}; check the formula.{which}"
        return ""

    def _in_words(self, text: str, parts: Counter[str]) -> dict[str, int]:
        """calcium chloride, Ca-gluconate: one cation, one anion, as many of each as make it neutral; else nothing."""
        ions = [name for name in parts if name != "H"]
        if len(ions) != 2 or any(parts[name] > 1 for name in ions):
            return {}
        cation, anion = sorted(ions, key=lambda name: -self.known[name].valence)
        words = " " in text and re.match("[A-Za-z]{4}", text)
        if not words and not ("-" in text and self.known[cation].valence == 2):
            return {}
        z, protons = self.known[cation].valence, parts["H"]
        charge = self.known[anion].bare + protons if protons else _USUAL_CHARGE.get(anion, self.known[anion].valence)
        if z <= 0 or charge >= 0 or self.known[cation].protons:
            return {}
        units = z // gcd(z, -charge)
        return {cation: -charge // gcd(z, -charge), anion: units} | ({"H": protons * units} if protons else {})

    def _said_of_words(self, name: str, parts: Mapping[str, int]) -> str:
        formula = "".join(f"{part}{n if n > 1 else ''}" for part, n in parts.items())
        acid = any(part in _USUAL_CHARGE and part != "CO3" for part in parts)
        return f"{name} is read as {formula}; write the formula if another salt was weighed." if acid else ""

    def _note(self, name: str, text: str, parts: Mapping[str, int]) -> str:
        for acid, bottles in _BOTTLES.items():
            if acid in parts and len(parts) == 1 and acid != "citrate":
                return f"{name} is taken as the free acid; bottles hold {bottles}: write that if it was weighed."
            counted = re.search(r"\d", text.replace(acid, "")) or len(parts) > 2
            if acid in parts and not counted and any(self.known[p].valence == 1 and n == 1 for p, n in parts.items()):
                return f"{name} is read as written, one to one; bottles often hold {bottles}: write that if it was weighed."
        return ""

    def _hint(self, text: str) -> str:
        """Names that are near in meaning: they share the rarest part that can be read."""
        inside = [n for n in self.names if len(n) > 1 and n in text and self.names[n] not in ("Na", "Cl", "K", "H")]
        rarest = self.names[max(inside, key=len)] if inside else ""
        candidates = [s for s in _USUAL_SALTS if rarest and rarest in self._tokens(s)]
        spelt = difflib.get_close_matches(text, [*_USUAL_SALTS, *self.known], n=3, cutoff=0.5)
        candidates += [rarest] if rarest else []
        near = list(dict.fromkeys([*difflib.get_close_matches(text, candidates, n=3, cutoff=0.3), *spelt]))[:3]
        known = f"The nearest known names are {', '.join(near)}."
        hint = known if near else "Salts are written as NaCl, TEA-Cl, K-gluconate."
        return f"{hint} What is missing is defined under [ions]: X = {{valence = -1}}, or valence = 0 if neutral."


def _without_water(text: str) -> tuple[str, int]:
    """The name without its water of crystallisation, and how many waters that is."""
    text = re.sub(r"[\s,(]+anhydrous\)?$", "", text, flags=re.IGNORECASE)
    if match := _HYDRATE_WORD.search(text):
        return text[: match.start()], _COUNTS[match[1].lower()]
    if (match := _HYDRATE.search(text)) and match.start():
        return text[: match.start()], int(match[1] or 1)
    return text, 0


def _plain(text: str) -> str:
    """Spellings in words, prefixes and suffixes turned into what the tokens read: Na2-ATP for ATP disodium salt."""
    text = _ACIDS.get(text.lower(), text)
    text = re.sub(r"\(([^()]*) salt\)|\(II\)", r"(\1)", text).replace("()", "")
    text = re.sub(r"[\s,(-]+(?:salt|free acid|base|free base)\)?$", "", text, flags=re.IGNORECASE)
    text = re.sub(r"sulfonic acid", "sulfonate-H", text, flags=re.IGNORECASE)
    text = re.sub(r"ic acid\b", "ate-H", text, flags=re.IGNORECASE)
    for words, symbol in _PHOSPHATES:
        text = re.sub(words, symbol, text, flags=re.IGNORECASE)
    text = re.sub(r"(?<=PO4)[\s,]*\(?(?:mono|di|tri)basic\)?", "", text)
    text = _COUNTED.sub(lambda m: f"{m[2]}{_COUNTS[m[1].lower()]}", text)
    text = re.sub(r"(?<![A-Za-z\d])(\d)\s?HCl$", r"Cl\1", text)
    return re.sub(r"(?<![A-Za-z\d])(\d)(Na|K|Cs|Li|Tris)(?![a-z\d])", r"\2\1", text)

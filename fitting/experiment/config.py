"""The configuration of an analysis: one small TOML file says everything but the data."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ...models.errors import ConfigurationError, nearest
from ...models.priors import Prior, parse_prior
from .inside import Inside, parse_insides

SAMPLERS = ("auto", "nutpie", "pymc", "numpyro")


@dataclass(frozen=True)
class Sampling:
    """How the posterior is drawn.

    Attributes
    ----------
    chains, draws, tune : independent chains, draws kept and warm-up draws of each (half as many for hierarchies of over
        100 parameters).
    target_accept : step-size target; 0.95 leaves no divergences on the designs that this program is for, 0.8 does.
    sampler : `auto` picks the quickest for the size of the job; any other of SAMPLERS insists.
    """

    chains: int = 4
    draws: int = 1000
    tune: int = 1000
    target_accept: float = 0.95
    sampler: str = "auto"

    def __post_init__(self):
        for name, least in (("chains", 2), ("draws", 50), ("tune", 50)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ConfigurationError(f"sampling: {name} must be a whole number of at least {least}, not {value!r}.")
        if not 0.5 <= self.target_accept < 1:
            raise ConfigurationError(f"sampling: target_accept lies between 0.5 and 1, not {self.target_accept!r}.")
        if self.sampler not in SAMPLERS:
            raise ConfigurationError(
                f"sampling: unknown sampler {self.sampler!r}.{nearest(self.sampler, SAMPLERS)}"
                f" Samplers: {', '.join(SAMPLERS)}."
            )


@dataclass(frozen=True)
class Config:
    """One analysis, apart from the recordings themselves.

    Attributes
    ----------
    data : path of the table or name of a bundled set, where known.
    data_sha256 : the table's hash when the analysis was run; a table that has changed since is pointed out.
    law : name of the membrane law.
    ions : names of the ions; none means those of K, Na, Cl that the table has.
    inside : inside concentrations by ion name.
    priors : priors that replace the law's defaults, by parameter name.
    reference : the bath (`K_o_mM`, …) and `temperature_C` that `pump_mV` and Q10s refer to; empty picks the commonest.
    where : a pandas query that chooses rows.
    temperature_C : one temperature for a table without that column.
    columns : the table's own column names by contract name.
    by : column that sorts cells into groups (several, joined by commas, are crossed).
    vary : names of the parameters that differ between cells; none given means ratios and the pump, an empty list none.
    spread : `shared` by all groups, or `group`: one for each.
    offset : `cell`, `solution` or both: whose electrode offset is inferred.
    solutions, pipette : the file of recipes that the table's baths are taken from, and the solution in the pipette.
    options : names of the options that are added to the law.
    preset : the preparation whose priors replace the defaults, if any.
    robust : Student t scatter instead of Normal.
    seed : every random number of the analysis follows from it.
    sampling : see `Sampling`.
    """

    data: str | None = None
    data_sha256: str | None = None
    law: str = "ghk-pump"
    ions: tuple[str, ...] = ()
    inside: Mapping[str, Inside] = field(default_factory=dict)
    priors: Mapping[str, Prior] = field(default_factory=dict)
    reference: Mapping[str, float] = field(default_factory=dict)
    where: str | None = None
    temperature_C: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    by: str | None = None
    vary: tuple[str, ...] | None = None
    spread: str = "shared"
    offset: tuple[str, ...] = ()
    solutions: str | None = None
    pipette: str | None = None
    options: tuple[str, ...] = ()
    preset: str | None = None
    robust: bool = False
    seed: int = 1
    sampling: Sampling = field(default_factory=Sampling)

    def updated(self, **changes: Any) -> "Config":
        """A copy with those of `changes` that are not None; inside concentrations and priors are merged by name."""
        given = {name: value for name, value in changes.items() if value is not None}
        for name in ("inside", "priors"):
            if name in given:
                given[name] = {**getattr(self, name), **given[name]}
        return replace(self, **given)

    def to_toml(self) -> str:
        """The configuration as TOML text, which `parse_config` reads back to an equal one."""
        import tomli_w

        table = {
            **asdict(self),
            "ions": list(self.ions),
            "options": list(self.options),
            "offset": list(self.offset),
            "inside": {name: str(value) for name, value in self.inside.items()},
            "priors": {name: str(prior) for name, prior in self.priors.items()},
        }
        kept = {key: value for key, value in table.items() if value not in (None, {}, [])}
        return tomli_w.dumps(kept if self.vary is None else {**kept, "vary": list(self.vary)})


def parse_config(text: str, name: str = "configuration") -> Config:
    """A configuration from TOML text; `name` stands in error messages.

    Raises
    ------
    ConfigurationError
        Not TOML, an unknown setting (with the nearest known one), or a value of the wrong kind.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{name}: not readable as TOML: {error}.") from error
    try:
        _refuse_unknown(table, [f.name for f in fields(Config)])
        sampling = table.pop("sampling", {})
        _refuse_unknown(sampling, [f.name for f in fields(Sampling)], "sampling.")
        for key, kind in _KINDS.items():
            if key in table and (not isinstance(table[key], kind) or isinstance(table[key], bool) != (kind is bool)):
                raise ConfigurationError(f"{key} = {table[key]!r} is not {_IN_WORDS[kind]}.")
        table["ions"] = tuple(table.get("ions", ()))
        for key in ("options", "offset", *(("vary",) if "vary" in table else ())):
            table[key] = tuple(table.get(key, ()))
        for key, words in (("spread", ("shared", "group")), ("offset", ("cell", "solution"))):
            for word in (table[key],) if isinstance(table.get(key), str) else table.get(key, ()):
                if word not in words:
                    raise ConfigurationError(f"{key} = {word!r} is not one of {', '.join(words)}.")
        table["inside"] = parse_insides(table.get("inside", {}))
        table["priors"] = {key: parse_prior(value) for key, value in table.get("priors", {}).items()}
        return Config(**table, sampling=Sampling(**sampling))
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error


_KINDS: dict[str, Any] = {
    "data": str, "law": str, "where": str, "preset": str, "by": str, "spread": str, "solutions": str, "pipette": str,
    "ions": list, "options": list, "vary": list, "offset": list, "inside": dict, "priors": dict, "reference": dict,
    "columns": dict, "robust": bool, "seed": int, "temperature_C": (int, float),
}  # fmt: skip
_IN_WORDS = {
    str: "text in quotes", list: 'a list such as ["K", "Na"]', dict: "a table", bool: "true or false",
    int: "a whole number", (int, float): "a number",
}  # fmt: skip


def read_config(path: str | Path) -> Config:
    """The configuration in a file; relative paths are taken from the file's folder."""
    path = Path(path)
    try:
        config = parse_config(path.read_text(encoding="utf-8"), path.name)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigurationError(f"{path}: there is no such configuration file.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not a TOML file (it is not UTF-8 text).") from error
    named = {name: getattr(config, name) for name in ("data", "solutions")}
    beside = {name: path.parent / file for name, file in named.items() if file}
    found: dict[str, Any] = {name: str(file) for name, file in beside.items() if file.exists()}
    return replace(config, **found)


def _refuse_unknown(table: Mapping[str, Any], known: list[str], prefix: str = "") -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(f"unknown setting {prefix}{key}.{nearest(key, known)} Known: {', '.join(known)}.")

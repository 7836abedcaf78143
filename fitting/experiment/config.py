"""The configuration of an analysis: one small TOML file says everything but the data.

Each setting is declared here, once; see `settings` for what the declarations serve.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...models.errors import ConfigurationError, VrestError
from ...models.files import read_text
from .command import Command
from .inside import Inside
from .readings import (
    columns_typed,
    insides_in_file,
    insides_typed,
    law_named,
    levels_typed,
    priors_in_file,
    texts_typed,
)
from .settings import (
    ONE_FIT,
    SAMPLING,
    TABLE,
    declaration,
    documented,
    read,
    read_all,
    refuse_unknown,
    setting,
    settings,
    table_of,
    table_read,
)

if TYPE_CHECKING:
    from ...data.tables.options import ReadOptions
    from ...models.priors import Prior


@documented
@dataclass(frozen=True)
class Sampling:
    """How the posterior is drawn."""

    chains: int = setting(4, "independent chains", "--chains N", group=SAMPLING, low=2, high=1000)
    draws: int = setting(1000, "draws kept of each chain", "--draws N", group=SAMPLING, low=50, high=10**6)
    tune: int = setting(
        1000, "warm-up draws of each chain (half as many for hierarchies of over 100 parameters)", "--tune N",
        group=SAMPLING, low=50, high=10**6,
    )  # fmt: skip
    # 0.95 leaves no divergences on the designs that this program is for, 0.8 does.
    target_accept: float = setting(
        0.95, "step-size target: nearer to 1 takes smaller steps", "--target-accept P", group=SAMPLING, low=0.5,
        high=0.9999,
    )  # fmt: skip
    sampler: Literal["auto", "nutpie", "pymc", "numpyro"] = setting(
        "auto", "auto (nutpie), nutpie, pymc or numpyro", "--sampler NAME", group=SAMPLING
    )
    cores: int | None = setting(
        None, "processors to use (default: all that this process may use)", "--cores N", group=ONE_FIT, low=1,
        high=10**4, saved=False,
    )  # fmt: skip

    def __post_init__(self) -> None:
        read_all(self, "sampling.")


_sampling = table_read(Sampling, "sampling", "draws = 1000")


def _bath(ion: str) -> Any:
    return setting(
        None, f"{ion} in the bath in mM, for a table without that column", f"--{ion}-o MM", group=TABLE, low=0,
        high=1000,
    )  # fmt: skip


@documented
@dataclass(frozen=True)
class Config:
    """One analysis, apart from the recordings themselves."""

    data: str | None = setting(
        None, "path of the table, or name of a bundled set", example='"recordings.csv"', keyword=False, path=True
    )
    data_sha256: str | None = setting(
        None, "the table's hash when it was analysed; a table that has changed is pointed out", keyword=False
    )
    sheet: str = setting(
        "", 'sheet of a workbook, a range of cells, or both: "Data", A1:F9, "Data!A1:F9" (default: what holds a table)',
        "--sheet NAME", group=TABLE, keyword=False,
    )  # fmt: skip
    delimiter: str = setting(
        "", 'what separates the cells of the table, as in ";" or tab (default: recognised)', "--delimiter CHAR",
        group=TABLE, keyword=False,
    )  # fmt: skip
    decimal: str = setting(
        "", 'decimal mark of the table, "." or "," (default: recognised)', "--decimal CHAR", group=TABLE, keyword=False
    )
    encoding: str = setting(
        "", "encoding of the table's text, as in cp1252 (default: recognised)", "--encoding NAME", group=TABLE,
        keyword=False,
    )  # fmt: skip
    strict: bool = setting(False, "refuse a table that would have to be repaired", "--strict", group=TABLE)
    columns: Mapping[str, str] = setting(
        dict, 'the table\'s own column names by contract name, as in "V_m_mV=RMP (mV)" (=-RMP turns signs)',
        "--map NAME=COLUMN", group=TABLE, repeats=True, types=columns_typed, merges=True,
        example='{V_m_mV = "RMP (mV)"}',
    )  # fmt: skip
    texts: Mapping[str, str] = setting(
        dict, 'what a text in a column of numbers or words means, as in "RT=22"', "--read TEXT=VALUE", group=TABLE,
        repeats=True, types=texts_typed, merges=True, example='{RT = "22"}',
    )  # fmt: skip
    wide: str = setting(
        "", "what the headers of a wide table are: cell, K_o_mM, … (default: recognised)", "--wide NAME", group=TABLE
    )
    error: Literal["", "sem", "sd"] = setting(
        "", "what follows ± in V_m_mV: sem or sd", "--error KIND", group=TABLE, keyword=False
    )
    blocked: str = setting(
        "", "the rows in which the pump is blocked: \"drug == 'ouabain'\", all or none", "--blocked QUERY", group=TABLE
    )
    allow: tuple[str, ...] = setting(
        (), "columns whose limits of plausibility are lifted, as in V_m_mV", "--allow LIST", group=TABLE,
        example='["V_m_mV"]',
    )  # fmt: skip
    temperature_C: float | None = setting(
        None, "one temperature in °C, for the rows without one", "--temperature C", group=TABLE
    )
    K_o_mM: float | None = _bath("K")
    Na_o_mM: float | None = _bath("Na")
    Cl_o_mM: float | None = _bath("Cl")
    Ca_o_mM: float | None = _bath("Ca")
    Mg_o_mM: float | None = _bath("Mg")
    HCO3_o_mM: float | None = _bath("HCO3")
    solutions: str | None = setting(
        None, "file of the recipes that the column solution names; see vrest solutions", "--solutions FILE",
        group=TABLE, path=True,
    )  # fmt: skip
    pipette: str | None = setting(
        None, "the recipe in the pipette, where the column ljp says compute", "--pipette NAME", group=TABLE
    )
    where: str | None = setting(
        None, "use only the rows of a pandas query: \"saline == 'control' and K_o_mM > 2\"", "--where QUERY",
        group=TABLE,
    )  # fmt: skip
    law: str = setting("ghk-pump", "membrane law; see vrest laws", "--law NAME", types=law_named)
    ions: tuple[str, ...] = setting(
        (), "ions of the model, as in K,Na (default: K, Na, Cl as in the table)", "--ions LIST", example='["K", "Na"]'
    )
    inside: Mapping[str, Inside] = setting(
        dict, "inside concentrations in mM, as in K=140+-10,Na=12,Cl=passive", "--inside LIST", reads=insides_in_file,
        types=insides_typed, merges=True, example='{K = "140+-10", Na = 12}',
    )  # fmt: skip
    options: tuple[str, ...] = setting(
        (), "additions to the law: Q10_P_Na, rectification, davies, activity_inside or pump_ratio", "--option NAME",
        repeats=True, example='["Q10_P_Na"]',
    )  # fmt: skip
    preset: str | None = setting(None, "priors of a neuron, skeletal-muscle, cardiac or glia", "--preset NAME")
    priors: "Mapping[str, Prior]" = setting(
        dict,
        'priors in place of the default ones, as {"P_Na/P_K": "LogNormal(log 0.02, 0.5)"}; a number holds it fixed',
        reads=priors_in_file, merges=True,
    )  # fmt: skip
    reference: Mapping[str, float] = setting(
        dict, 'bath and temperature that pump_mV and Q10s refer to, as {"K_o_mM": 5, "temperature_C": 22}'
        " (default: the commonest)", example="{K_o_mM = 5, temperature_C = 22}",
    )  # fmt: skip
    by: str | None = setting(
        None, "column that sorts cells into groups: cell_type, genotype, …; several, joined by commas, are crossed",
        "--by COLUMN",
    )  # fmt: skip
    nested_in: tuple[str, ...] | None = setting(
        None, "columns of levels above the cell, outermost first, as in litter,mouse; none: cells are independent"
        " (default: animal, where there is such a column)", "--nested-in COLUMN,…", types=levels_typed,
        example='["mouse"]',
    )  # fmt: skip
    vary: tuple[str, ...] | None = setting(
        None, "parameters that differ between cells (default: ratios and the pump; an empty list pools all rows)",
        example='["pump_mV"]',
    )  # fmt: skip
    spread: Literal["auto", "shared", "group"] = setting(
        "auto", "shared: cells of all groups differ as much; group: each group has its own spread; auto: its own where"
        " groups plainly differ in it",
    )  # fmt: skip
    offset: tuple[Literal["cell", "solution"], ...] = setting(
        (), "cell, solution or both: whose electrode offsets are inferred", example='["cell", "solution"]'
    )
    robustness: Literal["on", "off", "full"] = setting(
        "on", "what the answers rest on: on, off, or full (every cell and row left out in turn)", "--robustness HOW",
        group=ONE_FIT, off_flag="--no-robustness",
    )  # fmt: skip
    scatter_by: str | None = setting(
        None,
        "column each level of which has a scatter of its own: solution, …; several, joined by commas, are crossed",
        "--scatter-by COLUMN",
    )  # fmt: skip
    robust: bool = setting(False, "Student t scatter, for tables with outliers", "--robust")
    robust_cells: bool = setting(
        False, "Student t population of cells, so that an odd cell moves its type less", "--robust-cells"
    )
    interval: float = setting(
        0.89, "probability of the equal-tailed intervals in every table, plot and sentence", "--interval P",
        group=SAMPLING, low=0.5, high=0.999, example="0.95",
    )  # fmt: skip
    seed: int = setting(1, "every random number follows from it", "--seed N", low=0, high=2**63 - 1)
    sampling: Sampling = setting(Sampling, "chains, draws and warm-up, as a Sampling", reads=_sampling)
    command: Command = setting(
        Command, "the command that wrote the file, and what it was asked beside the settings", keyword=False,
        reads=table_read(Command, "command", 'name = "fit"'),
    )  # fmt: skip

    def __post_init__(self) -> None:
        read_all(self)

    @property
    def inside_mM(self) -> dict[str, float]:
        """Inside concentrations as plain numbers, without passive ions, whose concentration follows from V_m."""
        return {name: one.mean_mM for name, one in self.inside.items() if not one.passive}

    def updated(self, **changes: Any) -> "Config":
        """A copy with those of `changes` that are not None, sampling's among them; what merges is merged by name."""
        given = {name: value for name, value in changes.items() if value is not None}
        known = settings(Config) | settings(Sampling)
        refuse_unknown(given, known)
        for name, value in given.items():
            if declaration(known[name]).merges:
                given[name] = {**getattr(self, name), **read(known[name], value)}
        sampling = {name: given.pop(name) for name in settings(Sampling) if name in given}
        if sampling:
            given["sampling"] = replace(_sampling(given.get("sampling", self.sampling)), **sampling)
        return replace(self, **given)

    def reading(self, *, potentials: bool = True) -> "ReadOptions":
        """How the table is to be read; a plan where its `potentials` are not asked for."""
        from ...data.tables.options import ReadOptions  # on first use: data brings pandas, and the help needs none

        given = {f.name: getattr(self, f.name, None) for f in fields(ReadOptions)} | {"inside": self.inside_mM}
        return ReadOptions(
            **{name: value for name, value in given.items() if value not in ("", None)}, potentials=potentials
        )

    def to_toml(self) -> str:
        """The configuration as TOML text, which `parse_config` reads back to an equal one."""
        import tomli_w

        return tomli_w.dumps(table_of(self))

    def seen_from(self, folder: str | Path) -> "Config":
        """The same with the paths of files as they are written in a `folder`."""

        def seen(path: str) -> str:
            try:
                return Path(os.path.relpath(path, folder)).as_posix()
            except ValueError:  # another drive
                return Path(path).absolute().as_posix()

        return self._with_files(seen)

    def beside(self, folder: str | Path) -> "Config":
        """The same with relative paths taken from a `folder`."""
        return self._with_files(lambda path: str(Path(folder) / path), Path(folder))

    def _with_files(self, change: Callable[[str], str], folder: Path = Path()) -> "Config":
        """The same with the paths of files changed, which are relative to `folder`; names of bundled sets are no files."""

        def changed(of: Any) -> dict[str, Any]:
            named = {name: getattr(of, name) for name, f in settings(of.__class__).items() if declaration(f).path}
            files = {
                n: path for n, path in named.items() if path and (Path(path).suffix or os.path.exists(folder / path))
            }
            return {name: change(path) for name, path in files.items()}

        return replace(self, command=replace(self.command, **changed(self.command)), **changed(self))


def parse_config(text: str, name: str = "configuration") -> Config:
    """A configuration from TOML text; `name` stands in error messages."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, a number of too many digits, too many brackets
        raise ConfigurationError(f"{name}: not readable as TOML: {error}.") from error
    try:
        refuse_unknown(table, settings(Config), nested=settings(Sampling))
        return Config(**table)
    except VrestError as error:
        raise type(error)(f"{name}: {error}") from error


def read_config(path: str | Path) -> Config:
    """The configuration in a file; relative paths are taken from the file's folder."""
    path = Path(path)
    try:
        text = read_text(path)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: there is no such configuration file.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not a TOML file (it is not UTF-8 text).") from error
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    return parse_config(text, path.name).beside(path.parent)

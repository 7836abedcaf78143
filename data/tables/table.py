"""From recordings back to the contract's table, and the choice of rows by a query."""

import ast
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from ...models.errors import ConfigurationError, nearest, typed
from .faults import Faults
from .schema import COLUMNS, LABELS, OUTSIDE, QUANTITIES

# A query may use these and no other method, so that it can only choose rows, and never writes or runs anything.
_METHODS = {
    "str", "dt", "contains", "startswith", "endswith", "match", "fullmatch", "lower", "upper", "strip", "len", "isin",
    "between", "isna", "notna", "isnull", "notnull", "abs", "round", "mean", "median", "min", "max", "std",
}  # fmt: skip
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Mod)  # no powers: they grow without bounds
_LONGEST_QUERY, _LARGEST_NUMBER = 2000, 1e15
_SYNTAX = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.USub, ast.UAdd, ast.BinOp, *_ARITHMETIC,
    ast.BitAnd, ast.BitOr, ast.Compare, ast.cmpop, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Load, ast.Constant,
    ast.List, ast.Tuple,
)  # fmt: skip


def to_frame(recordings: xr.Dataset) -> pd.DataFrame:
    """The recordings as a table with the contract's columns, V_m_mV as measured (junction potential added back).

    It is what `from_frame` reads back into an equal Dataset; spreadsheet row numbers are left out.
    """
    labels = [str(name) for name, x in recordings.coords.items() if x.dims == ("obs",) and name not in ("row", "obs")]
    columns = {name: recordings[name].values for name in (*LABELS, *labels) if name in labels}
    for side in "oi":
        if f"c_{side}" in recordings:
            for ion in recordings["ion"].values.tolist():
                values = recordings[f"c_{side}"].sel(ion=ion).values
                if not np.isnan(values).all():
                    columns[f"{ion}_{side}_mM"] = values
    columns["temperature_C"] = recordings["temperature"].values
    columns["pump"] = np.where(recordings["blocked"].values, "blocked", "on")
    if "V_m" in recordings:
        columns["V_m_mV"] = _as_measured(recordings)
    for column in QUANTITIES:
        if column.variable in recordings:
            columns[column.name] = recordings[column.variable].values
    if recordings.attrs.get("ljp") == "corrected":
        columns["ljp"] = np.full(recordings.sizes["obs"], "corrected")
    return pd.DataFrame(columns)


def groupings(recordings: xr.Dataset) -> dict[str, list[str]]:
    """Label columns that sort the cells into a few groups, with the groups' names."""
    found: dict[str, list[str]] = {}
    cells = recordings["cell"].values.tolist() if "cell" in recordings.coords else range(recordings.sizes["obs"])
    for name in map(str, recordings.coords):
        column = recordings[name]
        if name in ("cell", "solution", "ion") or column.dims != ("obs",) or column.dtype.kind not in "UTO":
            continue
        labels = column.values.astype(str).tolist()
        groups, pairs = sorted(set(labels)), set(zip(cells, labels, strict=True))
        if 1 < len(groups) <= 6 and len(pairs) == len(set(cells)) > len(groups) and all(groups):
            found[name] = groups
    return found


def select(recordings: xr.Dataset, query: str) -> xr.Dataset:
    """The rows for which a query on the table's columns holds; they keep their row numbers.

    The query is as for `pandas.DataFrame.query`, on the contract's column names, free columns and `row`:
    ``"cell_type == 'neuron' and K_o_mM > 2"``. V_m_mV is the potential as measured.

    Examples
    --------
    >>> import vrest
    >>> recordings = vrest.load_data("crayfish_muscle")
    >>> vrest.select(recordings, "saline.str.contains('gluconate')").sizes["obs"]
    51
    """
    return recordings.isel(obs=np.flatnonzero(choose(recordings, query)))


def choose(recordings: xr.Dataset, query: str, setting: str = "where") -> np.ndarray:
    """For each row, whether a query holds; see `select`. Messages call it by the `setting` that holds it."""
    option = typed(setting, query)
    frame = to_frame(recordings)
    if "row" in recordings.coords:
        frame["row"] = recordings["row"].values
    _refuse(query, frame, option)
    try:
        chosen = frame.eval(query.strip(), engine="python")
    except Exception as error:  # whatever pandas makes of the query is the query's fault
        detail = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigurationError(f"{option} cannot be evaluated: {detail}") from None
    if not isinstance(chosen, pd.Series) or chosen.dtype != bool:
        raise ConfigurationError(f'{option} gives no yes or no for each row; compare something, as in "K_o_mM > 2".')
    if not chosen.any():
        raise ConfigurationError(f"{option} holds for none of the {len(frame)} rows.")
    return chosen.to_numpy(bool)


def require_outside(recordings: xr.Dataset, ions: Iterable[str]) -> None:
    """Raise DataError where the bath's concentration of one of `ions` is not known, naming rows and column."""
    faults = _faults_of(recordings)
    for ion in ions:
        name, way = OUTSIDE[ion], f"or leave {ion} out of {typed('ions')}."
        if ion not in recordings["ion"].values:
            faults.add(f"missing, and the law uses {ion}; add it (mM), {way}", column=name)
            continue
        unknown = np.isnan(recordings["c_o"].sel(ion=ion).values)
        for row in recordings["row"].values[unknown]:
            faults.add(f"empty, and the law uses {ion}; type it, {way}", row=row, column=name)
    faults.finish()


def numbers_of(recordings: xr.Dataset, names: Iterable[str], user: str) -> dict[str, np.ndarray]:
    """Columns as numbers, by name; DataError, naming `user`, which needs them, and the rows, where one is none."""
    faults = _faults_of(recordings)
    found: dict[str, np.ndarray] = {}
    for name in names:
        variable = COLUMNS[name].variable if name in COLUMNS else name
        if variable not in recordings.variables:
            faults.add(f"missing, and {user} needs it.{nearest(name, map(str, recordings.coords))}", column=name)
            continue
        found[name] = recordings[variable].values
        if found[name].dtype.kind not in "iuf":
            faults.add(f"holds text, and {user} needs numbers.", column=name)
            continue
        for row in recordings["row"].values[~np.isfinite(found[name])]:
            faults.add(f"empty, and {user} needs it.", row=row, column=name)
    faults.finish()
    return {name: x.astype(float) for name, x in found.items()}


def _faults_of(recordings: xr.Dataset) -> Faults:
    return Faults(re.split(r"[\\/]", recordings.attrs.get("source", "table"))[-1])


def _as_measured(recordings: xr.Dataset) -> np.ndarray:
    corrected = recordings["V_m"].to_numpy()
    if "ljp" not in recordings:
        return corrected
    ljp = recordings["ljp"].values
    # Rounding gives the number once typed; kept only where subtracting again is exact.
    rounded = np.round(corrected + ljp, 10)
    return np.where(rounded - ljp == corrected, rounded, corrected + ljp)


def _refuse(query: str, frame: pd.DataFrame, option: str) -> None:
    """Sentences for what is no query on the table's columns, and for what would have no end."""
    columns = list(frame.columns)
    if len(query) > _LONGEST_QUERY:
        longer = f"longer than {_LONGEST_QUERY} characters"
        raise ConfigurationError(f"{typed('where')} is {longer}; choose rows by a column.")
    # Names in backticks need not be Python's; stand-ins let the rest be parsed.
    quoted = {f"column{i}_": name for i, name in enumerate(re.findall(r"`([^`]*)`", query))}
    bare = query
    for stand_in, name in quoted.items():
        bare = bare.replace(f"`{name}`", stand_in)
    try:
        tree = ast.parse(bare.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        single = re.search(r"(?<![=<>!])=(?!=)", query)
        hint = " Compare with ==, not =." if single else " Write it as in \"cell_type == 'neuron' and K_o_mM > 2\"."
        raise ConfigurationError(f"{option} cannot be read.{hint}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in _METHODS:
            usable = ", ".join(sorted(_METHODS))
            raise ConfigurationError(f"{option}: .{node.attr} may not be used; usable are {usable}.")
        if not isinstance(node, _SYNTAX) or (isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute)):
            raise ConfigurationError(f"{option}: only comparisons of columns, joined by and, or, not, may be used.")
        if isinstance(node, ast.Name) and (name := quoted.get(node.id, node.id)) not in columns:
            known = f"{nearest(name, columns)} Columns: {', '.join(columns)}."
            raise ConfigurationError(f"{option}: there is no column {name!r}.{known}")
        if isinstance(node, ast.Constant) and not isinstance(node.value, int | float | str):
            raise ConfigurationError(f"{option}: {ast.unparse(node)} is neither a number nor a text.")
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and abs(node.value) > _LARGEST_NUMBER:
            raise ConfigurationError(f"{option}: numbers are at most {_LARGEST_NUMBER:.0e}.")
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, _ARITHMETIC):
            for part in ast.walk(node):
                name = quoted.get(part.id, part.id) if isinstance(part, ast.Name) else None
                label = name in columns and not is_numeric_dtype(frame[name])  # one that is unknown is met later
                if label or isinstance(part, ast.List | ast.Tuple) or isinstance(getattr(part, "value", 0), str):
                    raise ConfigurationError(f"{option}: only numbers can be added or multiplied.")

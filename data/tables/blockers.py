"""A block of the pump that is written in a label column only: asked about, never ignored."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from ...models.errors import typed
from .faults import Faults, rows_in_words
from .schema import COLUMNS
from .table import choose

_BLOCKERS = re.compile(
    r"oua?bain|g-strophant|stroph?ant?h|digoxi|digitox|bufalin|bufotalin|marinobufa|resibufo|cymarin|cardiac glyc|glycoside"
    r"|palytoxin|pump[\s_-]*(block|off|inhib|poison)|(block|inhib|poison)\w*[\s_-]*pump|na\S*k\S*atpase\s*(block|inhib)|\bdho\b",
    re.IGNORECASE,
)
_WITHOUT = re.compile(
    r"\b(no|without|before|pre|w/o|0|wash|washout|recovery|minus|vehicle)\b|wash|\bpre-|\bwo\b", re.IGNORECASE
)
_K_FREE = re.compile(r"\b(0|zero|no|nominally)\s*K\+?\b|\bK\+?[\s-]*free|potassium[\s-]*free", re.IGNORECASE)


def ask(cells: Mapping[str, Sequence[str]], rows: np.ndarray, remarks: Sequence[str], faults: Faults) -> None:
    """Ask where a label, or a remark beside the table, names a blocker, what it did; of tables without a column `pump`."""
    if named := [text for text in remarks if _BLOCKERS.search(text)]:
        ways = f"{typed('blocked', 'all')} (in every row) or {typed('blocked', 'none')} or {typed('blocked', 'QUERY')}"
        faults.add(f"{named[0][:80]!r} stands beside the table: was the Na/K pump blocked? Say {ways}.")
    for name, texts in cells.items():
        if name == "cell" or (name in COLUMNS and COLUMNS[name].kind != "label"):
            continue
        different = dict.fromkeys(texts)
        if blocking := [text for text in different if _BLOCKERS.search(text)]:
            certain = [text for text in blocking if not _WITHOUT.search(text)] or blocking
            where = rows[np.isin(np.array(texts), blocking)]
            faults.add(
                f"{', '.join(map(repr, blocking[:5]))} in {rows_in_words(where)}: was the Na/K pump blocked there? If so, "
                f"say {typed('blocked', _query(name, certain))}; if it ran in every row, say {typed('blocked', 'none')}.",
                column=name,
            )
        elif free := [text for text in different if _K_FREE.search(text)]:
            faults.warn(
                f"{', '.join(map(repr, free[:5]))}: without external K the pump stops. If these rows are meant to be blocked, "
                f"say {typed('blocked', _query(name, free))}.",
                column=name,
            )


def block(recordings: xr.Dataset, query: str, faults: Faults) -> xr.Dataset:
    """The recordings with the pump blocked in the rows that the query chooses, in `all` or in `none`."""
    if query.strip().lower() == "none":
        faults.repair("blocked", f"no row is blocked, as {typed('blocked')} says.")
        return recordings
    every = np.ones(recordings.sizes["obs"], dtype=bool)
    rows = every if query.strip().lower() == "all" else choose(recordings, query, "blocked")
    where = rows_in_words(recordings["row"].values[rows])
    faults.repair("blocked", f"pump blocked in {where}, as {typed('blocked')} says.")
    return recordings.assign(blocked=recordings["blocked"].copy(data=rows))


def _query(name: str, texts: list[str]) -> str:
    column = name if name.isidentifier() else f"`{name}`"  # which a shell reads within double quotes
    mark = '"' if column != name or any("'" in text for text in texts) else "'"
    quoted = [f"{mark}{text}{mark}" for text in texts]
    return f"{column} == {quoted[0]}" if len(quoted) == 1 else f"{column} in [{', '.join(quoted)}]"

"""Published means: '-65.3 ± 2.1' is split into value and error where it is said which error it is."""

from collections.abc import Sequence

from ...models.errors import typed
from ...models.notes import number_of
from .faults import Faults, rows_in_words
from .numbers import SPREAD


def split_errors(
    cells: dict[str, list[str]], rows: Sequence[int], stated: str | None, headed: str | None, faults: Faults
) -> None:
    """Split the cells of V_m_mV that hold a mean and its error, and an `(n = 6)` behind.

    Which error it is, sem or sd, was `stated` by the user or stands in the header (`headed`).
    """
    error = stated or headed
    texts = cells.get("V_m_mV", [])
    some = ((k, SPREAD.fullmatch(text)) for k, text in enumerate(texts) if "±" in text or "+" in text[1:])
    found = {k: match for k, match in some if match}
    if not found:
        return
    where = rows_in_words([rows[k] for k in found], most=8)
    if error is None:
        k = next(iter(found))
        said = f"{texts[k]!r} holds a mean and its error ({where}); say which error it is with "
        ways = f"{typed('error', 'sem')} (standard error) or {typed('error', 'sd')} (standard deviation)."
        faults.add(said + ways, row=rows[k], column="V_m_mV")
        for k, match in found.items():  # what else is wrong with them is said too
            texts[k] = match[1]
        return
    column = f"V_m_{error}_mV"
    if column in cells:
        faults.add(f"holds errors too ({where}), beside the column {column}; keep one of them.", column="V_m_mV")
        return
    counted = {k: match[4] for k, match in found.items() if match[4]}
    cells[column] = [found[k][2] if k in found else "" for k in range(len(texts))]
    if counted and "n" not in cells:
        cells["n"] = [counted.get(k, "") for k in range(len(texts))]
    for k in (k for k, n in counted.items() if cells["n"][k] != n):
        faults.add(f"{cells['n'][k]!r} contradicts the n in {texts[k]!r}.", row=rows[k], column="n", kind="n")
    for k, match in found.items():
        texts[k] = match[1].strip()
    code = "error" if stated else "split"
    faults.repair(code, f"{number_of(len(found), 'mean')} split into V_m_mV and {column} ({where}).")

"""Tables as text: aligned, never wrapped or shortened, numbers to the digits that mean something."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...models.priors import Scale

if TYPE_CHECKING:
    from ...models.parameters import Quantity
    from ..model.expected import Expectation


def digits(value: Any) -> str:
    """A value as a person writes it: 0.0304, 5.57, 2409; empty for what is missing."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, int | np.integer):
        return str(value)
    size = abs(float(value))
    if 100 <= size < 1e6:
        return f"{value:z.0f}"
    return f"{value:z#.3g}" if 1e-4 <= size < 1e6 else f"{value:z.3g}"


def table_text(frame: pd.DataFrame, formats: dict[str, str] | None = None) -> str:
    """The frame as lines of aligned columns, words to the left and numbers to the right; `formats` by column."""
    formats, columns = formats or {}, []
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        cells = [
            format(value, formats[name]) if name in formats and not pd.isna(value) else digits(value)
            for value in frame[name]
        ]
        width = max(map(len, [str(name), *cells]))
        columns.append([f"{cell:>{width}}" if numeric else f"{cell:<{width}}" for cell in [str(name), *cells]])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


SUMMARY_FORMATS = {"ess_bulk": ".0f", "ess_tail": ".0f", "r_hat": ".3f", "contraction": ".2f"}


def summary_text(summary: pd.DataFrame) -> str:
    """The summary as the command line prints it; the group column only where there are groups."""
    if (summary["group"] == "").all():
        summary = summary.drop(columns="group")
    return table_text(summary, SUMMARY_FORMATS)


def spread_text(quantity: "Quantity", sd: float) -> str:
    """An sd on a quantity's own scale, as a person reads it: a factor where the scale is logarithmic."""
    return f"x/÷ {digits(float(np.exp(sd)))}" if quantity.scale is Scale.LOG else f"± {digits(sd)} {quantity.unit}"


def expectation_text(expectation: "Expectation") -> str:
    """What is expected to be learned, as lines of a table."""
    quantities = expectation.quantities
    frame = pd.DataFrame(
        {
            "parameter": [q.label for q in quantities],
            "prior sd": [spread_text(q, sd) for q, sd in zip(quantities, expectation.prior_sd, strict=True)],
            "expected sd": [spread_text(q, sd) for q, sd in zip(quantities, expectation.sd, strict=True)],
            "contraction": expectation.contraction,
        }
    )
    return table_text(frame, {"contraction": ".2f"})

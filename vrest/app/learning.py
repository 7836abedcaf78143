"""One resting potential taken apart, as a page draws it: for those who have no recordings yet."""

from dataclasses import asdict
from typing import Any

import numpy as np

from ..models.textbook.explain import explain

_CURVE = 120  # points of a curve over time


def explanation(c_o: dict[str, float], c_i: dict[str, float], p: dict[str, float], **more: float) -> dict[str, Any]:
    """What `vrest explain` says of these concentrations (mM) and permeabilities relative to K's."""
    of = explain(c_o, c_i, p, **more)
    run = of.run_down
    chosen = np.unique(np.linspace(0, len(run.time_s) - 1, _CURVE).astype(int))
    return {
        "nernst": of.nernst_mV,
        "steps": of.steps_mV,
        "V_m": of.V_m_mV,
        "balanced": of.balanced_mV,
        "cooling": of.cooling_mV,
        "cooled_by": of.cooled_by_C,
        "charge": asdict(of.charge),
        "run": {
            "time_s": run.time_s[chosen].tolist(),
            "V_m": run.V_m_mV[chosen].tolist(),
            "inside": {name: c[chosen].tolist() for name, c in run.c_i.items()},
            "before": run.before_mV,
            "end": of.donnan_mV,
        },
    }

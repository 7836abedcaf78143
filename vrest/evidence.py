"""What a row of `vrest import` holds: the potential, and the evidence that it is one at rest."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from .models.errors import visible

if TYPE_CHECKING:
    from .data.recordings.baseline import Rest

COLUMNS = {
    "cell": "the file's name, with as much of its path as tells it from others",
    "solution": "the bath, from --solution",
    "temperature_C": "as recorded, else from --temperature",
    "V_m_mV": "median of the sweeps' medians at rest; empty where the injected current is not known",
    "ljp_mV": "from --ljp; the column ljp in its place says compute or corrected",
    "current_pA": "current injected meanwhile",
    "current_from": "measured (by a channel), command (of the outputs), stimulus (stored beside the sweeps),\n"
    f"{'':16}amplifier (it said I = 0), assumed (--assume-no-current), or unknown",
    "first_s": "earliest second of a sweep that was taken for rest",
    "last_s": "latest second of a sweep that was taken for rest",
    "duration_s": "seconds of signal taken, of all sweeps",
    "sweeps": "sweeps used",
    "spikes": "action potentials left out, with what follows them",
    "noise_mV": "robust sd of the samples about their sweep's median",
    "drift_mV": "change from beginning to end, along a straight line",
    "channel": "channel of the recording",
    "file": "file of the recording",
    "flags": "reasons to doubt that this is rest; empty where there are none",
}
FORMATS = {"V_m_mV": ".2f", "drift_mV": "+.2f", "temperature_C": ".1f", "current_pA": ".1f"}


def row(name: str, file: Path, rest: "Rest", options: argparse.Namespace) -> dict[str, object]:
    """A row of the data contract, and beside it what a person wants to know of the recording."""
    from .data.recordings.recording import Source

    return {
        "cell": name,
        "solution": options.solution,
        "temperature_C": options.temperature if math.isnan(rest.temperature_C) else rest.temperature_C,
        "V_m_mV": math.nan if rest.current_from is Source.UNKNOWN else round(rest.V_m, 3),
        "ljp" if options.ljp in ("compute", "corrected") else "ljp_mV": options.ljp,
        "current_pA": round(rest.current_pA, 2) + 0.0,
        "current_from": str(rest.current_from),
        "first_s": round(rest.first_s, 4),
        "last_s": round(rest.last_s, 4),
        "duration_s": round(rest.duration, 4),
        "sweeps": rest.sweeps,
        "spikes": rest.spikes,
        "noise_mV": round(rest.noise_sd, 3),
        "drift_mV": round(rest.drift, 3),
        "channel": rest.channel.name,
        "file": visible(file.name),
        "flags": "; ".join(rest.flags),
    }

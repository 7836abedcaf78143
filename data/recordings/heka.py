"""HEKA's PatchMaster bundles (.dat) by myokit. Nobody here had a real one: every row from them says so."""

from pathlib import Path

import numpy as np

from ...models.errors import DataError
from .recording import Channel, Recording, Sweep, needs, sized


def read_heka(path: Path) -> Recording:
    """Each series' traces as channels of their own: a bundle holds many cells and protocols, and --channel chooses."""
    heka = needs("myokit.formats.heka", "heka")
    channels: dict[tuple[int, int, str], Channel] = {}
    skipped = 0
    with heka.PatchMasterFile(str(path)) as file:
        for g, group in enumerate(file):
            for s, series in enumerate(group):
                if any("voltage" in str(output.amplifier_mode()).lower() for output in series.stimulus()):
                    skipped += 1
                    continue
                for sweep in series:
                    at = (sweep.time() - file[0][0][0].time()).total_seconds()
                    for trace in sweep:
                        sized(len(trace), trace.label())
                        rate = len(trace) / trace.duration()
                        channel, factor = Channel.of(f"{g + 1}/{s + 1}/{trace.label()}", trace.value_unit())
                        channel = channels.setdefault((g, s, trace.label()), channel)
                        channel.sweeps.append(Sweep(np.asarray(trace.values(), dtype=float) * factor, rate, at))
    if not channels:
        raise DataError(f"holds {skipped} series in voltage clamp, and no others")
    notes = ["HEKA's .dat is read by myokit, and was never tried on a real file here: compare with PatchMaster"]
    return Recording(path.name, list(channels.values()), silent="the stimulus in HEKA's .dat is not read", notes=notes)

"""What the commands between rig and table do: solutions as weighed, and recordings read from files."""

import argparse
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import say
from .models.errors import ConfigurationError, DataError, VrestError

if TYPE_CHECKING:
    import pandas as pd

    from .data.recordings.baseline import Rest


def solutions(options: argparse.Namespace) -> int:
    import pandas as pd

    from .data.solutions.junction import junction_potential, series_in_words
    from .data.solutions.recipes import OSMOTIC_COEFFICIENT, read_solutions
    from .data.tables.baths import named
    from .fitting.results.text import table_text

    out = _free(options.out, options.force) if options.out else None
    made = read_solutions(options.file)
    frame = pd.DataFrame({"solution": list(made)})
    for ion in dict.fromkeys(ion for solution in made.values() for ion in solution.ions):
        frame[f"{ion}_mM"] = [solution.ions.get(ion, 0.0) for solution in made.values()]
    frame["ionic_strength_mM"] = [solution.ionic_strength for solution in made.values()]
    frame["osmolarity_mosm"] = [solution.osmolarity for solution in made.values()]
    frame["charge_mM"] = [abs(round(solution.charge, 6)) for solution in made.values()]
    say(*(note for solution in made.values() for note in solution.notes))
    say(
        f"Osmolarity is ideal (the sum of all particles); an osmometer reads about {OSMOTIC_COEFFICIENT} times that. "
        "Ions are totals: what EGTA or ATP binds is not taken off."
    )
    if options.pipette is not None:
        if not -2 <= options.temperature <= 50:
            raise ConfigurationError(f"--temperature {options.temperature:g}: is not between -2 and 50 °C.")
        pipette = named(made, options.pipette)
        ljp = {n: junction_potential(pipette, s, options.temperature) for n, s in made.items() if s is not pipette}
        frame["ljp_mV"] = frame["solution"].map(ljp)
        if ljp:
            say(f"At {options.temperature:g} °C {series_in_words(options.pipette, ljp, ljp.values())}")
    formats = dict.fromkeys(frame.columns[1:], ".5g") | {"charge_mM": ".3g", "ljp_mV": "+.1f"}
    print(table_text(frame, formats))
    if out:
        _write(frame, out)
    return 0


def import_recordings(options: argparse.Namespace) -> int:
    import pandas as pd

    from .data.recordings.baseline import resting_potential
    from .data.recordings.formats import read_recording
    from .data.recordings.pictures import save_picture
    from .fitting.results.text import table_text

    out = _free(options.out, options.force)
    pictures = _free(str(out.with_name(f"{out.stem}-pictures")), options.force, folder=True)
    files = _files(options.files)
    if options.ljp not in (None, "compute", "corrected") and not re.fullmatch(r"[-+]?\d+(\.\d+)?", options.ljp):
        raise ConfigurationError(f"--ljp {options.ljp}: give compute, corrected, or the mV to subtract.")
    stems = [file.stem for file in files]
    rows, sentences = [], []
    for k, file in enumerate(files):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{k + 1} of {len(files)}: {file.name}", end="", file=sys.stderr, flush=True)
        name = file.stem if stems.count(file.stem) == 1 else f"{file.parent.name}-{file.name}"
        try:
            rest = resting_potential(read_recording(file), options.channel)
        except VrestError as error:
            sentences.append(str(error))
            continue
        pictures.mkdir(exist_ok=True)
        save_picture(pictures / f"{name}.png", name, rest)
        rows.append(_row(name, file, rest, options))
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    say(*dict.fromkeys(sentences))
    if not rows:
        raise DataError(f"none of {len(files)} files gave a resting potential; nothing was written.")
    frame = pd.DataFrame(rows).dropna(axis="columns", how="all")
    print(table_text(frame, {"V_m_mV": ".2f", "drift_mV": "+.2f", "temperature_C": ".1f", "holding_pA": ".1f"}))
    _write(frame, out)
    flagged = int((frame["flags"] != "").sum())
    say(f"{len(rows)} of {len(files)} files read, {flagged} of them flagged: see {out} and {pictures}.")
    if "temperature_C" not in frame or frame["temperature_C"].isna().any():
        say("Some files have no temperature channel: give --temperature C, or fill in temperature_C.")
    return 0


def _row(name: str, file: Path, rest: "Rest", options: argparse.Namespace) -> dict[str, object]:
    """A row of the data contract, and what a person wants to know of the recording beside it."""
    return {
        "cell": name,
        "solution": options.solution,
        "temperature_C": options.temperature if math.isnan(rest.temperature_C) else rest.temperature_C,
        "V_m_mV": round(rest.V_m, 3),
        "ljp" if options.ljp in ("compute", "corrected") else "ljp_mV": options.ljp,
        "noise_sd_mV": round(rest.noise_sd, 3),
        "drift_mV": round(rest.drift, 3),
        "duration_s": round(rest.duration, 4),
        "sweeps": rest.sweeps,
        "spikes": rest.spikes,
        "holding_pA": round(rest.holding_pA, 2),
        "channel": rest.channel.name,
        "file": file.name,
        "flags": "; ".join(rest.flags),
    }


def _files(given: list[str]) -> list[Path]:
    """The files named, and the recordings in the folders named."""
    from .data.recordings.formats import FORMATS

    found = [sorted(Path(text).iterdir()) if Path(text).is_dir() else [Path(text)] for text in given]
    files = [
        p
        for text, some in zip(given, found, strict=True)
        for p in some
        if p == Path(text) or p.suffix.lower() in FORMATS
    ]
    if not files:
        raise DataError(f"{' '.join(given)}: no recordings there ({', '.join(FORMATS)}).")
    return files


def _free(path: str, force: bool, folder: bool = False) -> Path:
    """Where to write, refused where something stands already."""
    out = Path(path)
    if out.exists() and not (force and out.is_dir() == folder):
        raise ConfigurationError(f"{out} exists; give another --out, or --force to replace it.")
    if not out.parent.is_dir():
        raise ConfigurationError(f"{out}: there is no folder {out.parent}; make it first.")
    return out


def _write(frame: "pd.DataFrame", out: Path) -> None:
    """The table in a file, aside and then renamed, so that an interruption leaves nothing half-written."""
    aside = out.with_name(f".{out.name}.part")
    frame.to_csv(aside, index=False)
    aside.replace(out)


COMMANDS = {"solutions": solutions, "import": import_recordings}

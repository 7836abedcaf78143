"""`vrest import`: resting potentials out of recordings."""

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

from ..evidence import COLUMNS, FORMATS, row
from ..flags import add_out, number
from ..models.errors import DataError, VrestError, visible
from ..models.limits import TEMPERATURE_C
from ..shared import say


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILES", help="recordings, or folders of them")
    parser.add_argument("--solution", metavar="NAME", help="the bath, for the column solution")
    parser.add_argument(
        "--temperature", type=number(*TEMPERATURE_C), metavar="C", help="in °C, where a file has no such channel"
    )
    parser.add_argument("--channel", metavar="N", help="number (from 0) or name, instead of the one that fits")
    parser.add_argument(
        "--clamp",
        choices=("current",),
        help="it was current clamp, whatever the file says of the amplifier, or does not",
    )
    parser.add_argument(
        "--assume-no-current",
        action="store_true",
        help="fill in V_m_mV where a file does not tell the injected current",
    )
    parser.add_argument("--ljp", type=_junction, metavar="WHAT", help="compute, corrected, or mV to subtract")
    add_out(parser, "FILE", "recordings.csv")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "columns of the table:\n" + "\n".join(f"  {name:<14}{what}" for name, what in COLUMNS.items())


def _junction(text: str) -> str | float:
    """`compute`, `corrected`, or a junction potential in mV, as the table's columns take it."""
    if text in ("compute", "corrected"):
        return text
    try:
        return number(-30, 30)(text)
    except argparse.ArgumentTypeError:
        sentence = f"give compute, corrected, or the mV to subtract, from -30 to 30; not {text}."
        raise argparse.ArgumentTypeError(sentence) from None


def run(options: argparse.Namespace) -> int:
    import pandas as pd

    from ..data.recordings.baseline import resting_potential
    from ..data.recordings.formats import read_recording
    from ..data.recordings.pictures import save_picture, save_refusal
    from ..data.recordings.recording import Clamp
    from ..data.tables.inert import write_csv
    from ..fitting.results.outputs import ResultsFile, ResultsFolder
    from ..fitting.results.text import table_text

    files = _without_repeats(_files(options.files))
    out = Path(options.out or "recordings.csv")
    names = _names(files)
    pictures = _picture_names(names.values())
    table = ResultsFile(out, options.force, files)
    folder = ResultsFolder(out.with_name(f"{out.stem}-pictures"), options.force, files, pictures.values())
    rows, sentences = [], []
    read: dict[bytes, Path] = {}
    along: set[Path] = set()
    clamp = Clamp(options.clamp) if options.clamp else Clamp.UNKNOWN
    with folder.writing() as aside:
        for k, (file, name) in enumerate(names.items()):
            if sys.stderr.isatty():
                print(f"\r\x1b[K{k + 1} of {len(files)}: {file.name}", end="", file=sys.stderr, flush=True)
            if file.resolve() in along:
                continue
            recording = None
            try:
                recording = read_recording(file)
                along.update(part.resolve() for part in recording.files)
                rest = resting_potential(recording, options.channel, clamp, options.assume_no_current)
            except VrestError as error:
                sentences.append(visible(str(error)))
                save_refusal(aside / pictures[name], sentences[-1], recording)
                continue
            if (first := read.setdefault(hashlib.sha256(file.read_bytes()).digest(), file)) is not file:
                question = "Is it a copy, or was the wrong recording saved under this name?"
                sentences.append(visible(f"{file}: holds the same bytes as {first}, and is left out. {question}"))
                continue
            save_picture(aside / pictures[name], name, rest)
            rows.append(row(name, file, rest, options))
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
        say(*dict.fromkeys(sentences))
        frame = pd.DataFrame(rows)
        if rows:
            empty = [c for c in ("solution", "temperature_C", "ljp_mV") if c in frame and frame[c].isna().all()]
            frame = frame.drop(columns=empty)
            with table.writing() as beside:
                write_csv(frame, beside)
    if not rows:
        raise DataError(
            f"none of {len(files)} files gave a resting potential; no table was written. {folder.name} shows why."
        )
    print(table_text(frame, FORMATS))
    flagged = int((frame["flags"] != "").sum())
    say(f"{len(rows)} of {len(files)} files read, {flagged} of them flagged: see {out} and {folder.name}.")
    if unknown := int(frame["V_m_mV"].isna().sum()):
        say(
            f"{unknown} of them {'has' if unknown == 1 else 'have'} no V_m_mV, since the injected current is not known: the flag "
            "says what V_m would be without any, and --assume-no-current fills it in."
        )
    if "temperature_C" not in frame or frame["temperature_C"].isna().any():
        say("Some files have no temperature channel: give --temperature C, or fill in temperature_C.")
    return 0


def _without_repeats(files: list[Path]) -> list[Path]:
    """Each file once, however often and by whatever path it was named."""
    kept: dict[Path, Path] = {}
    for file in files:
        if kept.setdefault(file.resolve(), file) is not file:
            say(visible(f"{file}: is named twice, and is read once."))
    return list(kept.values())


def _names(files: list[Path]) -> dict[Path, str]:
    """A cell's name for each file: its name without ending, and where two share that, as much of the path as it takes."""
    parts = {file: Path(os.path.abspath(file)).parts for file in files}
    depth = dict.fromkeys(files, 0)
    while True:
        names = {file: visible("/".join(parts[file][-n:]) if n else file.stem) for file, n in depth.items()}
        shared = [name for name, times in Counter(names.values()).items() if times > 1]
        if not shared:
            break
        for file in (file for file in files if names[file] in shared):
            if depth[file] > len(parts[file]):
                raise DataError(f"{names[file]}: two recordings have this name, as it can be shown; rename one.")
            depth[file] += 1
    if longer := [names[file] for file, n in depth.items() if n]:
        say(f"Files of the same name are told apart by their folders: {', '.join(longer)}.")
    return names


def _picture_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for each cell's picture; different ones also where capitals do not count."""
    taken: dict[str, str] = {}
    for name in names:
        free = (f"{name.replace('/', '-')}{end}.png" for end in chain([""], (f"-{n}" for n in count(2))))
        taken[name] = next(file for file in free if file.casefold() not in map(str.casefold, taken.values()))
    return taken


def _files(given: list[str]) -> list[Path]:
    """The files named, and the recordings in the folders named."""
    from ..data.recordings.formats import FORMATS

    files: list[Path] = []
    for path in map(Path, given):
        files += sorted(p for p in path.iterdir() if p.suffix.lower() in FORMATS) if path.is_dir() else [path]
    if not files:
        raise DataError(f"{' '.join(given)}: no recordings there ({', '.join(FORMATS)}).")
    return files

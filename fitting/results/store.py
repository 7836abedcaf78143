"""Results on disk: a folder that is either complete or not there."""

import hashlib
import io
import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import xarray as xr

from ...data.tables.inert import write_csv
from ...models.errors import ConfigurationError, FileWarning, UnknownNameError, nearest

if TYPE_CHECKING:
    from ..fit import Fit

FILES = ("summary.csv", "robustness.csv", "verdict.json", "config.toml", "figure.png", "report.html", "fit.nc")
"""What `write_fit` may write, beside figures in other formats."""
FORMATS = ("png", "svg", "pdf", "tiff")
_FIGURE_SIZE = (4.72, 3.54)  # inches: 120 mm, a column and a half of a journal

_SEAL = b"\nvrest sha256 "
_GROUPS = (
    "posterior", "prior", "posterior_predictive", "log_likelihood", "sample_stats", "observed_data", "constant_data",
)  # fmt: skip
_ATTRIBUTES = ("config", "data_sha256", "source", "versions")
_UNREADABLE = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, IndexError, MemoryError)
"""What h5py and xarray make of a damaged file."""
_LARGE = 100_000  # values, above which an array is packed: a long table repeats its baths and temperatures
_PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def figure_files(formats: str | Sequence[str], picture: bool = True) -> tuple[str, ...]:
    """Names of the figure's files: figure.png unless no `picture` is wanted, and those in other formats.

    A format that there is not raises UnknownNameError.
    """
    asked = [f.strip().lower() for f in (formats.split(",") if isinstance(formats, str) else formats)]
    for one in asked:
        if one and one not in FORMATS:
            raise UnknownNameError(
                f"figure: there is no format {one!r}.{nearest(one, FORMATS)} Formats: {', '.join(FORMATS)}."
            )
    return tuple(f"figure.{one}" for one in dict.fromkeys([*["png"] * picture, *filter(None, asked)]))


def write_fit(
    fit: "Fit", aside: Path, folder: Path, report: bool = False, figures: Sequence[str] = ("figure.png",)
) -> None:
    """Write a fit's files into `aside`, which will stand at `folder`."""
    config = fit.experiment.config.seen_from(folder).to_toml()
    tree = fit.tree.copy()
    tree.attrs = {**tree.attrs, "config": config}
    write_tree(tree, aside / "fit.nc")
    write_csv(fit.summary(), aside / "summary.csv")
    if len(robustness := fit.robustness()):
        write_csv(robustness, aside / "robustness.csv")
    (aside / "verdict.json").write_text(plain_json(fit.verdict().to_dict()), encoding="utf-8")
    (aside / "config.toml").write_text(config, encoding="utf-8")
    for name in figures:
        _save_figure(fit, aside / name)
    if report:
        (aside / "report.html").write_text(fit.page(), encoding="utf-8")


def write_tree(tree: xr.DataTree, path: Path) -> None:
    """Save a DataTree as netCDF; words become the plain strings that netCDF knows."""

    def plain(dataset: xr.Dataset) -> xr.Dataset:
        words = {n: v.astype(object) for n, v in dataset.variables.items() if v.dtype.kind in "UT" or v.dtype == "str"}
        flags = {n: v.astype("int8") for n, v in dataset.variables.items() if v.dtype.kind == "b"}
        return dataset.assign_coords({n: v for n, v in words.items() if n in dataset.coords}).assign(
            {n: v for n, v in {**words, **flags}.items() if n not in dataset.coords}
        )

    tree = xr.map_over_datasets(plain, tree)
    encoding = {
        node.path: {name: _PACKED for name, v in node.to_dataset(inherit=False).variables.items() if v.size > _LARGE}
        for node in tree.subtree
    }
    write_netcdf(tree, path, {path: large for path, large in encoding.items() if large})


def write_netcdf(data: xr.DataTree | xr.Dataset, path: Path, encoding: Mapping[str, Any] | None = None) -> None:
    """Save as netCDF, made in memory first: on a full disk HDF5 itself takes the whole process down."""
    image = bytes(data.to_netcdf(None, engine="h5netcdf", encoding=encoding))
    # Readers of HDF5 pass over what follows it.
    path.write_bytes(image + _SEAL + hashlib.sha256(image).hexdigest().encode())


def keep_draws(fit: "Fit") -> Path | None:
    """The fit.nc of a fit whose results could not be written, in a folder of its own wherever there is room."""
    for parent in (Path(tempfile.gettempdir()), Path.home()):
        try:
            folder = Path(tempfile.mkdtemp(prefix="vrest-draws-", dir=parent))
            write_tree(fit.tree, folder / "fit.nc")
        except OSError:
            continue
        return folder
    return None


def read_tree(path: Path) -> xr.DataTree:
    """Read a DataTree that `write_tree` saved."""
    content = path.read_bytes()
    image, seal, sha256 = content.rpartition(_SEAL)
    if seal and hashlib.sha256(image).hexdigest().encode() != sha256:
        raise ConfigurationError(
            f"{path}: is damaged, since it is not what vrest wrote. Fit again, or find a whole copy."
        )
    try:
        h5py.File(io.BytesIO(image if seal else content), "r").close()  # which h5netcdf, refused, complains about
        with xr.open_datatree(io.BytesIO(image if seal else content), engine="h5netcdf") as tree:
            tree = tree.load().copy(deep=True)
    except _UNREADABLE as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigurationError(f"{path}: not a fit that vrest wrote ({reason}).") from error
    missing = [name for name in _GROUPS if name not in tree or not tree[name].data_vars]
    missing += [name for name in _ATTRIBUTES if not isinstance(tree.attrs.get(name), str)]
    if missing:
        raise ConfigurationError(
            f"{path}: not a fit that vrest wrote, or a damaged one: {', '.join(missing)} is missing."
        )
    for name, draws in tree["posterior"].data_vars.items():
        if lost := int((~np.isfinite(draws.values)).sum()):
            raise ConfigurationError(
                f"{path}: {lost} of {draws.size} draws of {name} are no numbers: sampling failed, or the file is damaged. "
                "Fit again."
            )
    if not seal:
        warnings.warn(
            f"{path}: has no checksum of vrest's: something else saved it, and damage would not show.",
            FileWarning,
            stacklevel=3,
        )
    return tree


def recordings_of(tree: xr.DataTree) -> xr.Dataset:
    """The recordings that a tree was fitted to."""
    constant, observed = tree["constant_data"].to_dataset(), tree["observed_data"].to_dataset()
    recordings = constant.assign(V_m=observed["V_m"], blocked=constant["blocked"].astype(bool))
    return recordings.assign_attrs(source=tree.attrs["source"], sha256=tree.attrs["data_sha256"])


def _save_figure(fit: "Fit", path: Path) -> None:
    """The fit's series as a figure for a paper, in the format that the name ends in: words stay words, no date."""
    from matplotlib import pyplot

    with pyplot.rc_context({"font.size": 8, "svg.fonttype": "none", "svg.hashsalt": "vrest", "pdf.fonttype": 42}):
        figure, axes = pyplot.subplots(figsize=_FIGURE_SIZE, layout="constrained")
        fit.plot_series(axes)
        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(path, dpi=300, metadata=undated.get(path.suffix[1:]))
        pyplot.close(figure)


def plain_json(value: object) -> str:
    """Text of nested dicts and lists, NumPy's numbers among them; what is not finite is null."""

    def plain(x):
        x = x.item() if isinstance(x, np.generic) else x
        if isinstance(x, dict):
            return {key: plain(item) for key, item in x.items()}
        if isinstance(x, list | tuple):
            return [plain(item) for item in x]
        return None if isinstance(x, float) and not np.isfinite(x) else x

    return json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"

"""The bundled data set is what its codebook says."""

import csv

import numpy as np
import pytest

from vrest.data import datasets, load_data, read_csv
from vrest.data.sets.bundled import path_of
from vrest.models.errors import DataWarning, UnknownNameError


def test_crayfish_muscle_has_its_84_impalements_in_five_salines():
    recordings = load_data("crayfish_muscle")
    salines, counts = np.unique(recordings["saline"], return_counts=True)
    assert dict(zip(salines.tolist(), counts.tolist(), strict=True)) == {
        "control": 16,
        "5.4 K-gluconate": 18,
        "40 K-gluconate": 15,
        "100 K-gluconate": 18,
        "Na-free": 17,
    }
    assert recordings.sizes == {"obs": 84, "ion": 3}
    assert len(set(recordings["cell"].values.tolist())) == 84


def test_crayfish_muscle_is_read_as_typed():
    recordings = load_data("crayfish_muscle")
    with path_of("crayfish_muscle").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert recordings["V_m"].values.tolist() == [float(row["V_m_mV"]) for row in rows]
    assert recordings["V_m"].values[0] == -74.629
    for ion in ("K", "Na", "Cl"):
        typed = [float(row[f"{ion}_o_mM"] or "nan") for row in rows]
        np.testing.assert_array_equal(recordings["c_o"].sel(ion=ion), typed)


def test_chloride_is_unknown_in_the_gluconate_salines_only():
    recordings = load_data("crayfish_muscle")
    unknown = np.isnan(recordings["c_o"].sel(ion="Cl").values)
    assert unknown.tolist() == [name.endswith("gluconate") for name in recordings["saline"].values.tolist()]


def test_mean_potentials_by_saline():
    recordings = load_data("crayfish_muscle")
    means = recordings["V_m"].groupby(recordings["saline"]).mean()
    assert float(means.sel(saline="100 K-gluconate")) > float(means.sel(saline="40 K-gluconate"))
    assert float(means.sel(saline="Na-free") - means.sel(saline="control")) == pytest.approx(-1.745, abs=0.001)


def test_loading_is_silent_and_says_what_the_file_would_warn_of():
    assert load_data("crayfish_muscle").attrs["source"] == "crayfish_muscle"  # a warning would be an error here
    with pytest.warns(DataWarning, match="junction potential"):
        read_csv(path_of("crayfish_muscle"))
    assert "junction potential" in datasets()["crayfish_muscle"].describe()


def test_every_codebook_describes_every_column_of_its_table():
    assert "crayfish_muscle" in datasets()
    for name, book in datasets().items():
        header = path_of(name).read_text(encoding="utf-8").splitlines()[0].split(",")
        assert list(book.columns) == header
        assert {status for _, status in book.columns.values()} <= {"measured", "published", "assumed"}


def test_a_codebook_prints_within_80_columns():
    text = str(datasets()["crayfish_muscle"])
    assert max(map(len, text.splitlines())) <= 80
    for part in ("Ernstrom", "2019", "Baierlein", "Van Harreveld", "20 °C", "-1.7 mV", "[assumed]", "[measured]"):
        assert part in text


def test_an_unknown_set_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"^unknown data set 'crayfish'\. Did you mean 'crayfish_muscle'\?"):
        load_data("crayfish")

"""The bundled data sets are what their codebooks say, and vrest says of them what stands there."""

import csv

import numpy as np
import pandas as pd
import pytest

from vrest.data import datasets, load_data, read_csv
from vrest.fitting.fit import fit
from vrest.models.constants import thermal_voltage
from vrest.models.errors import DataError, DataWarning, UnknownNameError


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
    with datasets()["crayfish_muscle"].path.open(newline="") as file:
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
        read_csv(datasets()["crayfish_muscle"].path)
    assert "junction potential" in str(datasets()["crayfish_muscle"])


def test_every_codebook_describes_every_column_of_its_table():
    assert "crayfish_muscle" in datasets()
    for book in datasets().values():
        header = book.path.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert list(book.columns) == header
        assert {status for _, status in book.columns.values()} <= {"measured", "published", "assumed", "simulated"}


def test_codebooks_print_within_80_columns():
    for book in datasets().values():
        assert max(map(len, str(book).splitlines())) <= 80
    text = str(datasets()["crayfish_muscle"])
    for part in ("Ernstrom", "2019", "Baierlein", "Van Harreveld", "20 °C", "-1.7 mV", "[assumed]", "[measured]"):
        assert part in text


def test_every_set_of_recordings_loads_in_silence_and_says_what_vrest_says_of_it():
    for name, book in datasets().items():
        assert book.says
        if book.recordings:
            assert load_data(name).sizes["obs"] == len(pd.read_csv(book.path))


def test_an_unknown_set_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"^unknown data set 'crayfish'\. Did you mean 'crayfish_muscle'\?"):
        load_data("crayfish")


def test_facts_are_not_taken_for_recordings():
    with pytest.raises(DataError, match="a table of facts, not of recordings"):
        load_data("pump_block_facts")


def test_pump_current_through_the_input_resistance_is_the_pump_potential_of_the_colon():
    facts = pd.read_csv(datasets()["pump_block_facts"].path)
    printed = facts.drop_duplicates("quantity").set_index("quantity")["value"]
    assert printed["pump_current_pA"] * printed["R_in_GOhm"] == pytest.approx(printed["pump_mV"], rel=0.02)
    bound = thermal_voltage(37.0) * np.log(3 / 2)
    assert bound == pytest.approx(10.8, abs=0.05)
    assert printed["delta_V_m_mV"] < bound < printed["pump_mV"]


def test_cortex_counts_and_the_two_signs_of_warming():
    table = pd.read_csv(datasets()["cortex_two_temperatures"].path)
    assert table["n"].sum() == 1407
    means = table.pivot(index="cell_type", columns="temperature_C", values="V_m_mV").dropna()
    warmed = means[34] - means[25]
    thermodynamic = means[25] * 9 / 298.15
    assert set(warmed[warmed > 0].index) == {"IT", "ET", "NP"}
    assert (warmed - thermodynamic)[["Sst", "Pvalb"]].lt(-1.5).all()


def quick(name, **settings):
    return fit(load_data(name), **{"robustness": "off", "draws": 500, "tune": 500, "seed": 1, **settings})


@pytest.mark.filterwarnings("ignore::vrest.models.errors.VrestWarning")  # of baths and of short runs: not asked here
def test_the_law_holds_for_plain_myocytes_and_fails_without_sodium():
    plain = quick("rabbit_myocytes", law="ghk", where="addition == 'none'")
    assert plain.verdict().fit.ok
    assert plain.summary().set_index("parameter").loc["P_Na/P_K", "median"] == pytest.approx(0.003, abs=0.001)
    without = quick("rabbit_myocytes", law="ghk", where="addition in ['none', 'NMDG']")
    assert not without.verdict().fit.ok
    assert without.verdict().fit.worst_rows[0].expected_mV == pytest.approx(-190, abs=4)


@pytest.mark.filterwarnings("ignore::vrest.models.errors.VrestWarning")
def test_one_pump_does_not_serve_all_families_of_the_cortex():
    verdict = quick("cortex_two_temperatures", by="cell_type", where="cell_type in ['IT', 'Sst', 'Pvalb']").verdict()
    assert not verdict.fit.ok
    assert any("pump_mV" in name for name in verdict.identification.uninformed)


def test_the_simulated_truth_is_found_and_running_rows_ask_for_a_block():
    every = quick("simulated_series")
    assert every.verdict().fit.ok
    row = every.summary().set_index("parameter")
    for name, truth in {"P_Na/P_K": 0.03, "pump_mV": 6.0, "Q10_pump/Q10_leak": 2.3 / 1.4}.items():
        assert abs(row.loc[name, "mean"] - truth) < 3 * row.loc[name, "sd"]
    running = quick("simulated_series", where="pump == 'on'").verdict().identification
    assert any({a, b} == {"P_Na/P_K", "pump_mV"} for a, b, _ in running.confounded)
    assert "block" in running.advice[0]

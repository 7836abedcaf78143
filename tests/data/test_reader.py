"""Good tables become Datasets, go back to tables, and let their rows be chosen."""

import hashlib
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from vrest.data import from_frame, read_csv, select, to_frame
from vrest.data.tables.table import require_outside
from vrest.flags import as_flag
from vrest.models.errors import ConfigurationError, DataError, DataWarning

FULL = """\
cell,cell_type,saline,age,Cl_o_mM,K_o_mM,Na_o_mM,Ca_o_mM,K_i_mM,temperature_C,pump,V_m_mV,ljp_mV
a,muscle,control,12,151,5,140,2,,20,on,-65.3,4.1
a,muscle,"high K, warm",12,151,45,100,2,140,30,on,-30.2,4.1

b,muscle,control,,151,5,140,2,130,20,blocked,-60,4.1
"""


def read(tmp_path, text: str, **options) -> xr.Dataset:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    return read_csv(path, **options)


def test_the_layout_of_a_full_table(tmp_path):
    recordings = read(tmp_path, FULL)
    assert dict(recordings.sizes) == {"obs": 3, "ion": 4}
    assert recordings["ion"].values.tolist() == ["K", "Na", "Cl", "Ca"]
    np.testing.assert_array_equal(recordings["V_m"], np.array([-65.3, -30.2, -60]) - 4.1)
    np.testing.assert_array_equal(recordings["c_o"].sel(ion="K"), [5, 45, 5])
    np.testing.assert_array_equal(recordings["c_o"].sel(ion="Cl"), [151, 151, 151])
    np.testing.assert_array_equal(recordings["c_i"].sel(ion="K"), [np.nan, 140, 130])
    assert np.isnan(recordings["c_i"].sel(ion="Na")).all()
    np.testing.assert_array_equal(recordings["temperature"], [20, 30, 20])
    assert recordings["blocked"].values.tolist() == [False, False, True]
    assert recordings["row"].values.tolist() == [2, 3, 5]
    assert recordings["cell"].values.tolist() == ["a", "a", "b"]
    assert recordings["saline"].values.tolist() == ["control", "high K, warm", "control"]
    np.testing.assert_array_equal(recordings["age"], [12, 12, np.nan])
    assert "V_m_error" not in recordings
    assert recordings["V_m"].attrs == {"units": "mV", "long_name": "membrane potential"}
    assert all({"units", "long_name"} <= set(variable.attrs) for variable in recordings.data_vars.values())


def test_where_the_data_came_from(tmp_path):
    recordings = read(tmp_path, FULL)
    assert recordings.attrs == {
        "source": str(tmp_path / "table.csv"),
        "sha256": hashlib.sha256(FULL.encode()).hexdigest(),
        "ljp": "subtracted",
        "cautions": "[]",
        "junctions": "Row 2 as read: −65.3 mV recorded, junction potential 4.1: V_m = −69.4 mV.",
    }


def test_labels_that_look_like_numbers_stay_text(tmp_path):
    recordings = read(tmp_path, "cell,K_o_mM,temperature_C,V_m_mV,ljp\n01,5,20,-65,corrected\n")
    assert recordings["cell"].values.tolist() == ["01"]
    assert recordings.attrs["ljp"] == "corrected"
    assert recordings["V_m"].item() == -65
    assert not recordings["blocked"].item()


def test_a_junction_potential_may_have_an_error(tmp_path):
    recordings = read(tmp_path, "K_o_mM,temperature_C,V_m_mV,ljp_mV,ljp_sd_mV\n5,20,-65,4,1.5\n")
    assert recordings["V_m"].item() == -69
    assert recordings["ljp_sd"].item() == 1.5
    with pytest.raises(DataError, match="ljp_sd_mV: has no column ljp_mV beside it"):
        read(tmp_path, "K_o_mM,temperature_C,V_m_mV,ljp_sd_mV\n5,20,-65,1.5\n")


def test_rows_that_are_means(tmp_path):
    text = (
        "K_o_mM,temperature_C,V_m_mV,V_m_sd_mV,V_m_sem_mV,n,R_in_MOhm,ljp\n"
        "5,20,-65,6,,9,200,corrected\n10,20,-55,,1.5,4,,corrected\n20,20,-40,3,1.5,4,,corrected\n40,20,-25,,,,,corrected\n"
    )
    recordings = read(tmp_path, text)
    np.testing.assert_array_equal(recordings["V_m_error"], [2, 1.5, 1.5, np.nan])
    np.testing.assert_array_equal(recordings["V_m_sd"], [6, np.nan, 3, np.nan])
    np.testing.assert_array_equal(recordings["n"], [9, 4, 4, np.nan])
    np.testing.assert_array_equal(recordings["R_in"], [200, np.nan, np.nan, np.nan])
    assert recordings["R_in"].attrs["units"] == "MOhm"


def test_a_plan_needs_no_potentials_and_may_repeat_rows(tmp_path):
    plan = "K_o_mM,temperature_C\n5,20\n5,20\n"
    recordings = read(tmp_path, plan, potentials=False)  # any warning would fail this
    assert "V_m" not in recordings
    assert recordings.sizes["obs"] == 2


def test_potentials_in_a_plan_are_ignored_aloud(tmp_path):
    with pytest.warns(DataWarning, match=r"^table\.csv, column V_m_mV: is ignored: this table is read as a plan\.$"):
        recordings = read(tmp_path, "K_o_mM,temperature_C,V_m_mV\n5,20,lost\n", potentials=False)
    assert "V_m" not in recordings


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("\ufeffK_o_mM,temperature_C,V_m_mV,ljp\n5,20,-65.5,corrected\n", {}),
        ("K_o_mM,temperature_C,V_m_mV,ljp\r\n5,20,-65.5,corrected\r\n", {}),
        ("\n K_o_mM , temperature_C,V_m_mV,ljp,,\n\n 5 ,20, -65.5,corrected ,,\n,,,,,\n", {}),
        ("K_o_mM;temperature_C;V_m_mV;ljp\n5;20;-65,5;corrected\n", {"delimiter": ";", "decimal": ","}),
        ("K_o_mM\ttemperature_C\tV_m_mV\tljp\n5\t20\t-65.5\tcorrected\n", {"delimiter": "tab"}),
        ("K_o_mM,V_m_mV,ljp\n5,-65.5,corrected\n", {"temperature_C": 20}),
        ("K_o_mM,temperature_C,V_m_mV,ljp\n5,20,-65.5,corrected\n", {"temperature_C": 20}),
        ("K_o_mM,temperature_C,V_m_mV,ljp,n\n5,20,-65.5,corrected,\n", {}),
        ("[K]o,T,V,ljp\n5,20,-65.5,corrected\n", {"columns": {"K_o_mM": "[K]o", "temperature_C": "T", "V_m_mV": "V"}}),
    ],
    ids=["bom", "crlf", "blanks", "decimal-comma", "tab", "one-temperature", "same-temperature", "empty-column", "map"],
)
def test_the_same_table_in_many_guises(tmp_path, text, options):
    recordings = read(tmp_path, text, **options).drop_vars("row")
    expected = read(tmp_path, "K_o_mM,temperature_C,V_m_mV,ljp\n5,20,-65.5,corrected\n").drop_vars("row")
    xr.testing.assert_equal(recordings, expected)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_other_encodings_on_request(tmp_path, encoding):
    text = "cell,K_o_mM,temperature_C,V_m_mV,ljp\nnerf n° 1,5,20,-65,corrected\n"
    path = tmp_path / "table.csv"
    path.write_text(text, encoding=encoding)
    assert read_csv(path, encoding=encoding)["cell"].item() == "nerf n° 1"


def test_potentials_near_zero_in_high_potassium_are_not_volts(tmp_path):
    text = "K_o_mM,temperature_C,V_m_mV,ljp\n5,20,-65,corrected\n10,20,-50,corrected\n140,20,-0.1,corrected\n"
    np.testing.assert_array_equal(read(tmp_path, text)["V_m"], [-65, -50, -0.1])


def test_an_ion_free_bath_is_legal_and_an_unknown_one_is_nan(tmp_path):
    text = "K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,V_m_mV,ljp\n0,0,,20,-65,corrected\n5,140,145,20,-60,corrected\n"
    recordings = read(tmp_path, text)
    np.testing.assert_array_equal(recordings["c_o"], [[0, 0, np.nan], [5, 140, 145]])
    require_outside(recordings, ["K", "Na"])
    with pytest.raises(DataError) as caught:
        require_outside(recordings, ["K", "Cl", "Ca"])
    assert str(caught.value).splitlines() == [
        "table.csv, column Ca_o_mM: missing, and the law uses Ca; add it (mM), or leave Ca out of --ions.",
        "table.csv, row 2, column Cl_o_mM: empty, and the law uses Cl; type it, or leave Cl out of --ions.",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "K_o_mM,temperature_C,V_m_mV\n5,20,-65\n",
            r"^table\.csv: nothing is said about the liquid junction potential.* Add a column ljp_mV .* corrected\.$",
        ),
        (
            "K_o_mM,temperature_C,V_m_mV,ljp_mV\n5,20,-65,4\n5,20,-66,4\n5,20,-65,4\n",
            r"^table\.csv: rows are identical in every column including V_m_mV: rows 2 and 4\.",
        ),
        (
            "K_o_mM,temperature_C,V_m_mV,ljp_mV,n\n5,20,-65,4,7\n",
            r"^table\.csv, column n: is not used: a mean's weight needs V_m_sd_mV or V_m_sem_mV",
        ),
        (
            "K_o_mM,Na_o_mM,Cl_o_mM,Ca_o_mM,temperature_C,V_m_mV,ljp_mV\n5,140,149,2,20,-65,4\n5,140,49,2,20,-66,4\n",
            r"^table\.csv: baths that are not electroneutral: row 3\. In row 3 the listed ions sum to \+100 mM",
        ),
    ],
    ids=["junction", "repeats", "n", "electroneutrality"],
)
def test_warnings_are_given_once(tmp_path, text, said):
    with pytest.warns(DataWarning, match=said) as caught:
        read(tmp_path, text)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_potassium_sodium_chloride_alone_are_never_called_unbalanced(tmp_path):
    text = "K_o_mM,Na_o_mM,Cl_o_mM,temperature_C,V_m_mV,ljp_mV\n5,140,10,20,-65,4\n"
    assert read(tmp_path, text).sizes["obs"] == 1


def test_a_frame_reads_as_its_file_does(tmp_path):
    frame = pd.DataFrame(
        {"K_o_mM": [5.4, 1 / 3], "temperature_C": [20, 30], "V_m_mV": np.float32([-65.3, -70.1]), "ljp": "corrected"},
        index=pd.Index(["a", "b"], name="cell"),
    )
    recordings = from_frame(frame, name="mine")
    np.testing.assert_array_equal(recordings["c_o"].sel(ion="K"), [5.4, 1 / 3])
    assert recordings["V_m"].values.tolist() == [-65.3, -70.1]
    assert recordings["cell"].values.tolist() == ["a", "b"]
    assert recordings["row"].values.tolist() == [2, 3]
    assert recordings.attrs["source"] == "mine"
    frame.to_csv(tmp_path / "frame.csv", lineterminator="\n")
    from_file = read_csv(tmp_path / "frame.csv")
    xr.testing.assert_equal(recordings, from_file)
    assert recordings.attrs["sha256"] == from_file.attrs["sha256"]


MEANS = (
    "cell,age,solution,K_o_mM,temperature_C,pump,V_m_mV,V_m_sd_mV,n,R_in_MOhm,R_in_sd_MOhm,C_m_pF,R_seal_GOhm,ljp\n"
    "a,12,x,5,20,on,-65,6,9,200,20,30,5,corrected\nb,,,5,20,blocked,-60,,,,,,,corrected\n"
)


@pytest.mark.parametrize("text", [FULL, MEANS], ids=["full", "means"])
def test_back_to_a_table_and_in_again(tmp_path, text):
    recordings = read(tmp_path, text)
    frame = to_frame(recordings)
    assert set(frame.columns) == set(text.splitlines()[0].split(","))
    again = from_frame(frame)
    xr.testing.assert_equal(again.drop_vars("row"), recordings.drop_vars("row"))
    assert again.attrs["ljp"] == recordings.attrs["ljp"]
    assert {name: v.attrs for name, v in again.data_vars.items()} == {
        n: v.attrs for n, v in recordings.data_vars.items()
    }


def test_the_table_holds_potentials_as_measured(tmp_path):
    assert to_frame(read(tmp_path, FULL))["V_m_mV"].tolist() == [-65.3, -30.2, -60]


def test_junction_potentials_survive_the_round_trip_to_the_last_bit():
    generator = np.random.default_rng(5)
    frame = pd.DataFrame({"K_o_mM": 5, "temperature_C": 20, "V_m_mV": generator.normal(-65, 9, 500)})
    frame["ljp_mV"] = generator.normal(4, 2, 500)
    recordings = from_frame(frame)
    xr.testing.assert_equal(from_frame(to_frame(recordings)), recordings)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("K_o_mM > 10", [3]),
        ("pump == 'blocked' or temperature_C == 30", [3, 5]),
        ("saline.str.contains('warm') and temperature_C > 10", [3]),
        ("`cell` == 'a' & ~(K_o_mM in [45])", [2]),
        (" row != 3", [2, 5]),
        ("age.notna()", [2, 3]),
        ("V_m_mV == -65.3", [2]),
    ],
)
def test_rows_are_chosen_and_keep_their_numbers(tmp_path, query, rows):
    assert select(read(tmp_path, FULL), query)["row"].values.tolist() == rows


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("K_o_mM = 5", "cannot be read. Compare with ==, not =."),
        ("K_o_mM >", "cannot be read. Write it as in"),
        ("", "cannot be read. Write it as in"),
        ("@limit > 5", "cannot be read. Write it as in"),
        ("K_0_mM > 5", "there is no column 'K_0_mM'. Did you mean 'K_o_mM'? Columns: cell, cell_type,"),
        ("`my age` > 5", "there is no column 'my age'."),
        ("K_0_mM - 2 > 5", "there is no column 'K_0_mM'. Did you mean 'K_o_mM'?"),
        ("K_o_mM > 500", "holds for none of the 3 rows."),
        ("K_o_mM + 5", "gives no yes or no for each row"),
        ("K_o_mM.max() > 5", "gives no yes or no for each row"),
        ("cell > 5", "cannot be evaluated:"),
        ("K_o_mM.__class__ == 5", ".__class__ may not be used"),
        ("K_o_mM.to_csv('stolen.csv')", ".to_csv may not be used"),
        ("__import__('os')", "only comparisons of columns"),
        ("(lambda: 1) == K_o_mM", "only comparisons of columns"),
    ],
)
def test_a_bad_query_is_a_sentence(tmp_path, monkeypatch, query, said):
    monkeypatch.chdir(tmp_path)
    recordings = read(tmp_path, FULL)
    with pytest.raises(ConfigurationError) as caught:
        select(recordings, query)
    assert str(caught.value).startswith(as_flag("where", query))
    assert said in str(caught.value)
    assert not (tmp_path / "stolen.csv").exists()


def test_large_tables_read_fast(tmp_path):
    count = 100_000
    generator = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "cell": [f"c{i // 10}" for i in range(count)],
            "cell_type": "muscle",
            "K_o_mM": generator.choice([2.5, 5, 10], count),
            "Na_o_mM": 145.0,
            "Cl_o_mM": 130.0,
            "temperature_C": 20,
            "pump": "on",
            "V_m_mV": generator.normal(-70, 5, count).round(9),
            "ljp_mV": 4.1,
        }
    )
    frame.to_csv(tmp_path / "big.csv", index=False)
    start = time.process_time()
    recordings = read_csv(tmp_path / "big.csv")
    assert time.process_time() - start < 2
    assert recordings.sizes["obs"] == count


def test_reading_data_loads_no_sampler():
    code = "import sys, vrest.data; print(sorted({'pymc', 'pytensor', 'arviz', 'scipy', 'numba'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_good_table_is_silent(tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(tmp_path, FULL)
    assert caught == []


def test_a_column_that_is_there_twice_is_not_mapped(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("RMP,RMP,K_o_mM,temperature_C\n-70,-10,5,22\n")
    with pytest.raises(DataError, match=r"^t.csv: --map V_m_mV=RMP: there are 2 columns 'RMP'; keep one"):
        read_csv(path, columns={"V_m_mV": "RMP"})


def test_a_column_that_means_what_another_is_called_is_said_to_be_left(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("V_m_mV,RMP,K_o_mM,temperature_C,ljp\n-70,-10,5,22,corrected\n")
    with pytest.warns(DataWarning, match="column RMP: is not used: V_m_mV is there, too"):
        assert read_csv(path)["V_m"].item() == -70
    assert read_csv(path, columns={"V_m_mV": "V_m_mV"})["V_m"].item() == -70  # chosen


@pytest.mark.parametrize(
    "query",
    ["9**9**9 > 1", "'a'*9999999999 == 'b'", "cell*9999999999 == 'b'", "K_o_mM > 1 << 99999999", "[1]*99999999 == 2",
     "1j * K_o_mM > 0", "b'a' == cell",
     "K_o_mM > 1e300", f"K_o_mM > {'9' * 400}", f"{'(' * 900}K_o_mM > 1{')' * 900}",
     "K_o_mM > 1 and " * 500 + "K_o_mM > 1"],
    ids=lambda q: q[:20],
)  # fmt: skip
def test_a_query_has_an_end(query):
    rows = pd.DataFrame({"cell": ["a" * 40 + "!"] * 2, "V_m_mV": [-70, -60], "K_o_mM": [2, 5], "temperature_C": 22})
    recordings = from_frame(rows.assign(ljp="corrected"))
    started = time.process_time()
    with pytest.raises(ConfigurationError) as caught:
        select(recordings, query)
    assert "\n" not in str(caught.value)
    select(recordings, "(K_o_mM * 2 + 1) / 3 > -1 & ~cell.str.match('(a+)+$') & cell.str.len() > 3")
    assert time.process_time() - started < 2


def test_a_file_without_end_is_read_no_further_than_its_limit(tmp_path):
    from vrest.models.files import MOST, read_toml

    (tmp_path / "long.toml").write_bytes(b"#" * (MOST + 1))
    with pytest.raises(ValueError, match="larger than 4 MB"):
        read_toml(tmp_path / "long.toml")
    (tmp_path / "deep.toml").write_text("x = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ValueError, match="brackets"):
        read_toml(tmp_path / "deep.toml")


@pytest.mark.parametrize(("far", "refused"), [(6, True), (5, False), (4, False)])
def test_a_potential_near_zero_looks_like_volts_where_most_others_are_of_tens_of_millivolts(far, refused):
    V_m = [*np.linspace(-70, -60, far), *np.linspace(-9, -5, 9 - far), -0.06]
    table = pd.DataFrame({"K_o_mM": 5.0, "Na_o_mM": 145.0, "temperature_C": 22.0, "ljp": "corrected", "V_m_mV": V_m})
    if refused:
        with pytest.raises(DataError, match="looks like volts among millivolts"):
            from_frame(table)
    else:
        assert from_frame(table)["V_m"].to_numpy()[-1] == -0.06

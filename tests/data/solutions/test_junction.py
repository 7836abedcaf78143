"""Junction potentials: published values, and what the equation must keep whatever the solutions."""

import random

import pytest

from vrest.data.solutions.junction import dependable_junction, junction
from vrest.data.solutions.recipes import Solution, solutions
from vrest.data.solutions.species import Mobility
from vrest.models.errors import DataError


def between(
    pipette: dict[str, float], bath: dict[str, float], temperature: float = 25, method: str = "henderson", ions=None
) -> float:
    both = solutions({"pipette": pipette, "bath": bath, "ions": ions or {}})
    return dependable_junction(both["pipette"], both["bath"], temperature, method).mV


# The first from JPCalcWin's manual, the others from Ng & Barry (1995), table 2.
PUBLISHED = [
    ({"NaCl": 10, "CsF": 135}, {"NaCl": 145}, 20, 8.74),
    ({"NaCl": 50}, {"KCl": 50}, 25, -4.3),
    ({"CaCl2": 50, "MgCl2": 50}, {"LiCl": 100}, 25, -8.2),
    ({"NaCl": 50}, {"CsCl": 50}, 25, -4.9),
    ({"KCl": 100, "CaCl2": 2}, {"LiCl": 100, "CaCl2": 2}, 25, 6.4),
]


@pytest.mark.parametrize(("pipette", "bath", "temperature", "published"), PUBLISHED)
def test_published_values(pipette, bath, temperature, published):
    assert between(pipette, bath, temperature) == pytest.approx(published, abs=0.5)
    # Negative control: the wrong sign, and the wrong side, are far outside the tolerance.
    assert between(bath, pipette, temperature) != pytest.approx(published, abs=0.5)


@pytest.mark.parametrize(("pipette", "bath", "temperature", "published"), PUBLISHED)
def test_swapping_the_solutions_swaps_the_sign_exactly(pipette, bath, temperature, published):
    assert between(pipette, bath, temperature) == -between(bath, pipette, temperature)


def test_a_potassium_gluconate_pipette_makes_the_recorded_potential_too_positive():
    ljp = between({"K-gluconate": 130, "KCl": 5}, {"NaCl": 140, "KCl": 5})
    assert 10 < ljp < 17  # "of the order of 10 mV" for whole-cell recordings; V_m = recorded - ljp is more negative


def test_equal_solutions_have_none():
    assert between({"NaCl": 140, "KCl": 5}, {"NaCl": 140, "KCl": 5}) == 0


def test_equal_sums_of_z2uc_give_the_limit_and_not_nan():
    # One anion and cations of equal mobility on both sides: sum z² u c is equal, the plain formula 0/0.
    u = {("A", 1): 0.5, ("B", 1): 0.5, ("X", -1): 1.0, ("Y", -1): 0.25}
    forms = {form: Mobility(value, value) for form, value in u.items()}
    left = Solution("left", {("A", 1): 100.0, ("X", -1): 100.0}, forms)  # sum 50 + 100
    right = Solution("right", {("B", 1): 240.0, ("Y", -1): 120.0}, forms)  # sum 120 + 30
    # The limit by hand: -V_T sum z u (S - P) / A = -25.693 mV * [(120 - 30) - (50 - 100)] / 150
    assert dependable_junction(left, right, 25).mV == pytest.approx(-25.6926 * 140 / 150, abs=1e-3)
    near = Solution("near", {("B", 1): 240.0 * (1 + 1e-9), ("Y", -1): 120.0}, forms)
    assert dependable_junction(left, near, 25).mV == pytest.approx(dependable_junction(left, right, 25).mV, abs=1e-6)


def test_the_order_of_ions_does_not_matter():
    recipe = {"K-gluconate": 130, "NaCl": 7, "MgCl2": 2, "HEPES": 10, "EGTA": 1, "KOH": 5, "MgATP": 4}
    bath = {"NaCl": 124, "KCl": 3, "NaHCO3": 26, "NaH2PO4": 1.25, "CaCl2": 2, "MgSO4": 1, "glucose": 10}
    expected = between(recipe, bath, 32)
    generator = random.Random(1)
    for _ in range(20):
        shuffled = dict(generator.sample(list(recipe.items()), len(recipe)))
        assert between(shuffled, bath, 32) == pytest.approx(expected, abs=1e-12)


def test_proportional_to_absolute_temperature():
    pipette, bath = {"NaCl": 10, "CsF": 135}, {"NaCl": 145}
    assert between(pipette, bath, 37) / between(pipette, bath, 7) == pytest.approx(310.15 / 280.15)


def test_neutral_solutes_carry_none():
    plain = between({"KCl": 140}, {"NaCl": 140, "glucose": 10})
    assert between({"KCl": 140, "sucrose": 50}, {"NaCl": 140}) == pytest.approx(plain, abs=1e-9)


def test_a_minor_ion_of_unknown_mobility_leaves_a_small_error():
    both = solutions({"pipette": {"K-gluconate": 130, "Na3GTP": 0.3}, "bath": {"NaCl": 140}})
    found = junction(both["pipette"], both["bath"], 25)
    assert found.mV == pytest.approx(between({"K-gluconate": 130}, {"NaCl": 140}), abs=0.2)
    assert 0 < found.error < 0.1
    assert found.unknown == ("GTP",)
    # The ends of the range, given as if they were known, differ by twice the error.
    low, high = (
        between({"K-gluconate": 130, "Na3GTP": 0.3}, {"NaCl": 140}, ions={"GTP": {"mobility": u}}) for u in (0.15, 0.25)
    )
    assert abs(high - low) / 2 == pytest.approx(found.error, rel=1e-6)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"KMeSO4": 130}, "methylsulfate (0.539 to 0.664 of potassium's is plausible; the UNSW list has 0.664"),
        (
            {"K-lactobionate": 130},
            r"mobility for lactobionate (0.15 to 0.25 of potassium's is plausible), which leaves",
        ),
    ],
)
def test_an_unknown_mobility_is_asked_where_it_matters(recipe, said):
    with pytest.raises(DataError) as caught:
        between(recipe, {"NaCl": 140})
    name = next(iter(recipe))[2:].replace("MeSO4", "methylsulfate")
    name = "methylsulfate" if "MeSO4" in next(iter(recipe)) else name
    assert said in str(caught.value)
    assert f"in the solutions file under [ions], as in {name} = {{mobility = " in str(caught.value)
    assert between(recipe, {"NaCl": 140}, ions={name: {"mobility": 0.6}}) > 5


# Published lists: LJPcalc's IonLibrary (CRC conductances, the UNSW list), STEEP/Peakmaster.
MOBILITIES = [
    ("MOPS", -1, 0.35), ("Tl", 1, 1.02), ("Ni", 2, 0.34), ("Cd", 2, 0.37), ("citrate", -3, 0.318), ("succinate", -2, 0.4),
    ("ClO4", -1, 0.916), ("pyruvate", -1, 0.555), ("ascorbate", -1, 0.335), ("PO4", -2, 0.39), ("PO4", -1, 0.449),
    ("K", 1, 1.0), ("Cl", -1, 1.038), ("gluconate", -1, 0.33), ("EGTA", -3, 0.25), ("ATP", -4, 0.15), ("Gd", 3, 0.305),
]  # fmt: skip


@pytest.mark.parametrize(("name", "charge", "u"), MOBILITIES)
def test_published_mobilities(name, charge, u):
    from vrest.data.solutions.species import SPECIES

    found = SPECIES[name].mobilities[charge]
    assert found.value == pytest.approx(u, abs=0.005)
    assert found.known
    assert found.source


def test_doubtful_mobilities_are_left_out():
    from vrest.data.solutions.species import SPECIES

    for name in ("methylsulfate", "4-AP", "GTP", "BAPTA", "phosphocreatine", "TES", "PIPES"):
        assert not SPECIES[name].mobilities
        assert not SPECIES[name].mobility(-1, name).known
    assert SPECIES["EGTA"].mobility(-4).value == 0.25  # the nearest charge's


def test_water_has_no_junction_potential():
    with pytest.raises(DataError, match="bath: holds no ions"):
        between({"KCl": 3000}, {"sucrose": 300})

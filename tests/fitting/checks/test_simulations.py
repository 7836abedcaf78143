"""How often the verdict says what it should: a hundred data sets of each kind, hence slow; each ends in a few minutes."""

import numpy as np
import pytest

from tests.fitting.checks.simulations import STUDIES

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::vrest.models.errors.DataWarning")]
N = 100


@pytest.mark.parametrize("name", STUDIES)
def test_the_verdict_says_what_it_should_as_often_as_it_should(name, record_property):
    """The bounds are the goals; a share may miss one by two of its Monte Carlo errors."""
    study = STUDIES[name]
    fits = (study.one(seed) for seed in range(N))
    seen = np.array([study.seen(fitted) for fitted in fits if study.among(fitted)])
    share = float(seen.mean())
    error = float(np.sqrt(max(share * (1 - share), 0.01) / len(seen)))
    record_property("share", f"{share:.3f} ± {error:.3f} of {len(seen)}")
    assert study.least - 2 * error <= share <= study.most + 2 * error

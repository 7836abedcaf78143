"""Sentences about tables speak flags in these tests, as on the command line."""

import pytest

from vrest.flags import as_flag
from vrest.models.errors import spoken


@pytest.fixture(autouse=True)
def _flags():
    told = spoken.set(as_flag)
    yield
    spoken.reset(told)

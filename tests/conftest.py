"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real sequences; a test that uses it carries ``@pytest.mark.realdata``."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("VOSBENCH_TEST_DATA", beside))
    if not root.is_dir():
        pytest.skip(f"no real sequences at {root} (VOSBENCH_TEST_DATA)")
    return root

"""Fixtures of the tests of what once broke."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import Nights
from tests.integration.sync.apply.driver import Driver


@pytest.fixture
def nights(driver: Driver) -> Nights:
    """Runs of one source on a site as new."""
    return Nights(driver)

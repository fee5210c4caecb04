"""Fixtures of the tests of what once broke."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import Nights
from tests.integration.sync.apply.conftest import driver, shared_site, site
from tests.integration.sync.apply.driver import Driver

__all__ = ["driver", "shared_site", "site"]


@pytest.fixture
def nights(driver: Driver) -> Nights:
    """Runs of one source on a site as new."""
    return Nights(driver)

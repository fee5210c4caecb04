"""Fixtures of the tests of what was promised and did not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights


@pytest.fixture
def dag(site: Sandbox, tmp_path: Path) -> Nights:
    """A DAG on the site."""
    return Nights(site, tmp_path / "staging", settle_s=0.2)

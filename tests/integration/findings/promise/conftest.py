"""Fixtures of the tests of what was promised and did not hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights


@pytest.fixture(scope="session")
def shared_site() -> Iterator[Sandbox]:
    with Sandbox() as site:
        yield site


@pytest.fixture
def site(shared_site: Sandbox) -> Sandbox:
    """A site as new."""
    shared_site.reset()
    return shared_site


@pytest.fixture
def dag(site: Sandbox, tmp_path: Path) -> Nights:
    """A DAG on the site."""
    return Nights(site, tmp_path / "staging", settle_s=0.2)

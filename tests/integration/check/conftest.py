"""Fixtures of the site check's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.check.checker import Checker, seed


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's waits between tries are short."""
    monkeypatch.setattr("oduyo_provider.api.backoff.LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 0.01)


@pytest.fixture
def site(shared_site: Sandbox) -> Sandbox:
    """A site with some records."""
    shared_site.reset()
    seed(shared_site)
    return shared_site


@pytest.fixture
def checker(site: Sandbox, tmp_path: Path) -> Checker:
    """Checks the site."""
    return Checker(site.url, tmp_path / "staging")

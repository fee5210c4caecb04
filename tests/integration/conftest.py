"""What the integration tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """No power cut is tried here: nobody waits until what is written has reached the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a next try nobody waits: the local site is never overloaded, and how long the waits are has tests of its own."""
    monkeypatch.setattr("oduyo_provider.api.backoff.LONGEST_BACKOFF_S", 0.01)
    # Before a refused session is renewed, workers wait, so that they do not end each other's.
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 0.05)


@pytest.fixture
def driver(site: Sandbox, tmp_path: Path) -> Driver:
    """Runs the steps on the site."""
    return Driver(site, tmp_path / "staging")

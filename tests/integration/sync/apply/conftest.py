"""Fixtures of the apply tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver


@pytest.fixture(scope="session")
def shared_site() -> Iterator[Sandbox]:
    with Sandbox() as site:
        yield site


@pytest.fixture
def site(shared_site: Sandbox) -> Sandbox:
    shared_site.reset()
    return shared_site


@pytest.fixture
def driver(site: Sandbox, tmp_path: Path) -> Driver:
    return Driver(site, tmp_path / "staging")

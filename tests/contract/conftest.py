"""Callers of the sandbox, which is as new for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.oduyo.server import Sandbox
from tests.contract.calls import Caller


@pytest.fixture
def sandbox(site: Sandbox) -> Sandbox:
    """The site that all tests share, as new."""
    return site


@pytest.fixture
def stranger(sandbox: Sandbox) -> Iterator[Caller]:
    """Not logged in."""
    caller = Caller(sandbox)
    with caller.http:
        yield caller


@pytest.fixture
def private_caller() -> Iterator[Caller]:
    """Logged in to a sandbox of its own, for tests that leave requests hanging there."""
    with Sandbox() as sandbox:
        caller = Caller(sandbox).log_in()
        with caller.http:
            yield caller


@pytest.fixture
def caller(stranger: Caller) -> Caller:
    """Logged in."""
    return stranger.log_in()

"""One sandbox for all tests here, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.oduyo.server import Sandbox
from tests.contract.calls import Caller


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    running_sandbox.reset()
    return running_sandbox


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

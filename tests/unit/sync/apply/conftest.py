"""Fixtures of the parts of a load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load


@pytest.fixture
def make_load(site: Sandbox, tmp_path: Path) -> Callable[..., Load]:
    """``make_load(source="other")``: a load whose :class:`Work` has these fields."""

    def make(**work: Any) -> Load:
        return Load(site, tmp_path, **work)

    return make


@pytest.fixture
def load(make_load: Callable[..., Load]) -> Load:
    return make_load()

"""An object store in memory, opened as Airflow opens any other."""

from __future__ import annotations

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture(autouse=True, scope="session")
def _memory_store() -> None:
    attach("memory", fs=MemoryFileSystem())

"""An object store in memory, opened as Airflow opens any other; and a disk that need not survive a power cut."""

from __future__ import annotations

import os

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture(autouse=True, scope="session")
def _memory_store() -> None:
    attach("memory", fs=MemoryFileSystem())


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    # What fsync promises no test can see, and it takes most of their time.
    monkeypatch.setattr(os, "fsync", lambda handle: None)

"""What environment variables set, and what a run is taken for."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.hooks.environment import read_buckets, read_step


@pytest.mark.parametrize(("text", "expected"), [(None, 64), ("", 64), ("1", 1), (" 7 ", 7), ("1000", 1000)])
def test_the_variable_sets_the_number_of_buckets(
    monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int
) -> None:
    monkeypatch.delenv("ODUYO_BUCKETS", raising=False)
    if text is not None:
        monkeypatch.setenv("ODUYO_BUCKETS", text)
    assert read_buckets() == expected


@pytest.mark.parametrize("text", ["0", "1001", "-3", "7.5", "viele", "²"])
def test_a_number_of_buckets_that_cannot_be_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ODUYO_BUCKETS", text)
    with pytest.raises(SettingsError, match=f"ODUYO_BUCKETS is '{text}': set it to a whole number from 1 to 1000"):
        read_buckets()


@pytest.mark.parametrize(
    ("run_type", "run_id", "is_manual"),
    [
        ("manual", "manual__2026-11-30T20:40:49+00:00", True),
        ("manual", "ilk aktarım", True),
        ("scheduled", "scheduled__2026-11-30T00:00:00+00:00", False),
        # A scheduler takes up the run that `airflow tasks test` makes for one task, also for one that writes nothing.
        ("manual", "__airflow_temporary_run_2026-11-30T20:40:49.307637+00:00__", False),
    ],
)
def test_only_a_run_that_a_person_triggered_may_be_the_first_that_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_type: str, run_id: str, is_manual: bool
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(tmp_path))
    ti = SimpleNamespace(dag_id="a_dag", run_id=run_id, try_number=1)
    step = read_step({"ti": ti, "dag_run": SimpleNamespace(run_type=run_type, conf={}), "params": {}})
    assert step.is_manual is is_manual

"""A7: a plan in several partitions is met by a small run."""

from __future__ import annotations

from pathlib import Path

import pytest

from oduyo_provider.sync.site import lease
from oduyo_provider.sync.staging import buckets
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row
from tests.integration.findings.promise.process import LAPSES_AFTER_S, Job, count_writes, running

COUNT, FEW, PARTITIONS = 160, 12, 8
#: A side of more rows is split.
PARTITION_ROWS = 20


def make_rows(text: str, count: int = COUNT, first: int = 1) -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text}
        for number in range(first, first + count)
    ]


@pytest.fixture(autouse=True)
def _small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PARTITION_ROWS", PARTITION_ROWS)
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", LAPSES_AFTER_S)


@pytest.fixture
def other(site: Sandbox, tmp_path: Path) -> Nights:
    return Nights(site, tmp_path / "staging", "other", settle_s=0.2)


def describe(site: Sandbox) -> set[str]:
    return {str(record["description"]) for record in site.records()}


def test_a7_a_plan_that_a_newer_one_of_its_source_outdates_is_refused_in_all_its_partitions(
    site: Sandbox, dag: Nights, tmp_path: Path
) -> None:
    newer = Nights(site, tmp_path / "staging", name="newer", settle_s=0.2)
    night = dag.night(
        make_rows("eski"), buckets=PARTITIONS, before_load=lambda _: newer.night(make_rows("yeni", FEW), after_s=0)
    )
    assert "OutdatedPlanError" in night.why
    assert not night.is_green
    assert night.figures == {"extracted": COUNT, "not_applied": COUNT}
    assert len(site.records()) == FEW
    assert describe(site) == {"yeni"}


def test_a7_a_plan_that_another_source_comes_before_is_applied_in_all_its_partitions(
    site: Sandbox, dag: Nights, other: Nights
) -> None:
    night = dag.night(
        make_rows("DAG"),
        buckets=PARTITIONS,
        before_load=lambda _: other.night(make_rows("öteki", FEW, 1000), after_s=0),
    )
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "created": COUNT}
    assert len(site.records()) == COUNT + FEW


def test_a7_a_run_that_comes_between_two_partitions_waits_for_the_last_of_them(
    site: Sandbox, other: Nights, tmp_path: Path
) -> None:
    site.set_readings(latency_s=0.005)
    large = Job(
        port=site.port,
        folder=str(tmp_path / "staging"),
        name="large",
        rows=make_rows("DAG"),
        partition_rows=PARTITION_ROWS,
        params={"buckets": PARTITIONS},
    )
    with running(site, large) as process:
        process.wait_for_writes(COUNT // 2)
        night = other.night(make_rows("öteki", FEW, 1000))
        ended = process.wait()
    assert count_writes(site) == COUNT + FEW
    assert ended.is_green, ended.errors
    assert night.is_green, night.why
    texts = [write["column"]["description"] for write in site.writes()]
    assert texts == ["DAG"] * COUNT + ["öteki"] * FEW


@pytest.mark.parametrize("parts", [1, PARTITIONS])
def test_a7_the_result_does_not_depend_on_the_number_of_partitions(site: Sandbox, dag: Nights, parts: int) -> None:
    assert dag.night(make_rows("eski"), buckets=parts).is_green
    rows = make_rows("yeni", COUNT // 2)
    wants = {"on_missing": "delete", "missing_runs": 1, "release": ["updates", "retired", "retired_pair"]}
    night = dag.night(rows, buckets=parts, **wants)
    assert night.is_green, night.why
    assert night.figures == {
        "extracted": COUNT // 2,
        "updated": COUNT // 2,
        "missing": COUNT // 2,
        "deleted": COUNT // 2,
    }
    assert dag.night(rows, buckets=parts, **wants).figures == {"extracted": COUNT // 2, "unchanged": COUNT // 2}

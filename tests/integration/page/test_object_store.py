"""The page over staging in an object store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows
from tests.integration.sync.staging.conftest import bucket, connect_s3, s3_url, staging

__all__ = ["bucket", "connect_s3", "s3_url", "staging"]


@pytest.fixture
def driver(site: Any, staging: Any) -> Driver:
    return Driver(site, staging)


def test_runs_in_a_bucket_are_shown(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(3))
    run = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert run["sums"][0]["count"] == 3
    assert [line["code"] for line in get("changes", dag_id=DAG_ID, run_id="run1").json()["lines"]] == [
        "KOD.1",
        "KOD.2",
        "KOD.3",
    ]
    record = get("record", dag_id=DAG_ID, record="KOD.2").json()["record"]
    assert ([past["run"] for past in record["history"]], record["erp"][0]["code"]) == (["run1"], "KOD.2")
    assert get("dag", dag_id=DAG_ID).json()["runs"][0]["series"]["created"] == 3


def test_a_bucket_that_is_not_there_is_a_sentence_without_its_keys(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", "s3://depo@no-such-bucket/x")
    answer = get("dag", dag_id=DAG_ID)
    assert answer.status_code in (404, 503)
    assert "ODUYO_STAGING_PATH" in answer.text
    assert "depo-gizli" not in answer.text

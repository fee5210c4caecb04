"""Staging in an object store: whole runs go as they go on a disk."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.object_store import Store
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick
from tests.integration.dag.test_operator import RunOperator
from tests.integration.sync.apply.driver import Driver, make_rows, no_wait
from tests.integration.sync.staging.conftest import Bucket

#: Enough for a journal of several parts.
ROWS, REJECTED = 800, 8


def read_lines(bucket: Bucket, key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bucket.read(key).splitlines()]


def test_a_table_goes_through_and_the_second_run_writes_nothing(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, bucket: Bucket
) -> None:
    query = make_query(ROWS).replace("'K.' || n AS code", "CASE WHEN n % 100 <> 0 THEN 'K.' || n END AS code")
    made = run_special_codes(query=query)
    assert made.state == "success", made.error
    writes, records = count_writes(oduyo), oduyo.records()
    assert writes == made.report["created"] == len(records) == len({str(r["integration_id"]) for r in records})
    assert made.report["extracted"] == made.report["created"] + made.report["rejected"] == ROWS

    folder = f"oduyo/staging/oduyo_special_codes/{made.run_id}/"
    assert json.loads(bucket.read(folder + "report.json")) == made.report
    quarantined = read_lines(bucket, folder + "quarantine.jsonl")
    assert len(quarantined) == made.report["rejected"] == REJECTED
    assert all(line["reasons"] for line in quarantined)

    # The journal: intents of every change, and their outcomes, in parts that are never written to again.
    parts = bucket.list_keys(folder + "results/")
    intents = [line for key in parts if ".intents." in key for line in read_lines(bucket, key)]
    outcomes = [line for key in parts if ".outcomes." in key for line in read_lines(bucket, key)]
    assert len({key for line in intents for key in line["keys"]}) == writes
    assert {line["key"] for line in outcomes} == {key for line in intents for key in line["keys"]}
    assert sum(".intents." in key for key in parts) > 1
    assert sum(".outcomes." in key for key in parts) > 1

    again = run_special_codes(query=query)
    assert again.state == "success", again.error
    assert count_writes(oduyo) == writes
    assert pick(again.report) == {
        "extracted": ROWS,
        "unchanged": writes,
        "rejected": REJECTED,
        "known_rejected": REJECTED,
    }


def test_rows_of_an_operator_are_staged_there(oduyo: Sandbox, run_operator: RunOperator, bucket: Bucket) -> None:
    oduyo.seed(make_records(2))
    made = run_operator(rows=make_rows(5))
    assert made.state == "success", made.error
    (report,) = made.xcoms["save"]
    assert pick(report) == {"extracted": 5, "created": 3, "updated": 2}
    folder = f"oduyo/staging/subesiz_kodlar/{made.run_id}/save/"
    assert json.loads(bucket.read(folder + "report.json")) == report


def test_a_large_table_is_split_into_buckets(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODUYO_BUCKETS", "5")
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 1_000)
    oduyo.seed(make_records(1_950, start=51))
    made = run_special_codes(query=make_query(2_000))
    assert made.state == "success", made.error
    assert (len(made.tasks["transform"]), len(made.tasks["load"])) == (5, 1)
    assert pick(made.report) == {"extracted": 2_000, "unchanged": 1_950, "created": 50}
    assert count_writes(oduyo) == 50
    names = [key.rpartition("/")[2] for key in bucket.list_keys() if "/desired/" in key]
    assert names == [f"bucket-{n:04d}.jsonl" for n in range(5)] + ["manifest.json", "shared_codes.jsonl"]


@pytest.mark.parametrize("kind", ["intents", "outcomes"])
def test_a_load_that_the_store_interrupts_is_finished_by_the_next_try(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.journal.FLUSH_AFTER_OUTCOMES", 20)
    run = driver.new_run()
    plan = driver.plan(make_rows(600), run)
    driver.site.set_readings(latency_s=0.02)
    write, parts = Store.write, []

    def fail_later(self: Store, name: str, data: bytes) -> None:
        if f".{kind}." in name:
            parts.append(name)
            if len(parts) > 1:
                raise ConnectionError("the store hung up")
        write(self, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", fail_later)
        with pytest.raises(StagingError, match=r"the store hung up\. Check the bucket"):
            driver.load(plan, run)
    landed = len(driver.stored())
    assert 0 < landed < 600
    second = driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(time.time, no_wait))
    assert second["figures"] == {"created": 600}
    assert len(driver.stored()) == driver.calls("create") == 600

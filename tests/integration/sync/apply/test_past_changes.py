"""What applied runs did to a record stays known when their files are gone; dry runs leave nothing."""

from __future__ import annotations

from typing import Any

import pytest

from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.staging.layout import HISTORY
from oduyo_provider.sync.staging.past_changes import PastChange, read_past_changes
from tests.integration.sync.apply.driver import Driver, make_rows

REFUSAL = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}


def read(driver: Driver, key: str) -> list[PastChange]:
    return read_past_changes(driver.root, "dag", key).changes


def test_each_run_that_changed_a_record_says_how(driver: Driver) -> None:
    driver.sync(make_rows(3))
    driver.sync(make_rows(3))
    driver.sync(make_rows(3, description="YENİ"))
    driver.root.child("dag").remove()
    created, updated = read(driver, "2")
    assert (created.run, created.action, created.outcome, created.code) == ("run1", "create", "created", "KOD.2")
    assert (updated.run, updated.fields) == ("run3", [("description", "Açıklama 2", "YENİ")])
    assert created.oduyo_id == updated.oduyo_id == driver.stored()["2"]["id"]


def test_a_dry_run_and_one_that_a_brake_stopped_leave_nothing(driver: Driver) -> None:
    driver.sync(make_rows(3), dry_run=True)
    _, error = driver.sync_and_fail([{"integration_id": n, "code": None} for n in range(20)])
    assert error is not None
    assert HISTORY not in driver.root.names()


def test_a_row_is_rejected_and_refused_once_not_every_night(driver: Driver) -> None:
    driver.site.set_faults({**REFUSAL, "match": {"integration_id": "2"}})
    rows = [*make_rows(3), {"integration_id": 9, "code": None}]
    for _ in range(3):
        driver.sync(rows, max_rejected_percent=100)
    (refused,), (rejected,) = read(driver, "2"), read(driver, "9")
    assert (refused.outcome, "Kod zaten var" in refused.reason + refused.answer) == ("refused", True)
    assert (rejected.outcome, rejected.action, rejected.reason) == ("rejected", "", "code: empty")


def test_a_report_that_is_written_again_adds_nothing(driver: Driver) -> None:
    run = driver.new_run()
    loaded = driver.load(driver.plan(make_rows(3), run), run)
    driver.report(run, loaded)
    driver.report(driver.new_run(run.run_id, attempt=2), loaded)
    assert len(read(driver, "2")) == 1


def test_no_run_fails_as_what_it_did_cannot_be_kept(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_given: Any) -> None:
        raise StagingError("no room")

    monkeypatch.setattr("oduyo_provider.sync.steps.past.write_past_changes", refuse)
    made, error = driver.sync_and_fail(make_rows(3))
    assert (made.created, error) == (3, None)
    assert "cannot be kept for later" in caplog.text


def test_kept_runs_beyond_the_last_thirty_do_not_take_what_they_did_with_them(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.retention.KEPT_RUNS", 1)
    driver.sync(make_rows(1))
    driver.sync(make_rows(2))
    assert driver.root.child("dag").names() == ["run2"]
    assert [change.run for change in read(driver, "1")] == ["run1"]

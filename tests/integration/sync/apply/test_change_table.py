"""The change table is right at every end of a run, and no run fails as it cannot be written."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from oduyo_provider.core.errors import StagingError
from oduyo_provider.page.change_index import ChangeIndex, RunPhase
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.change_table import read_table
from oduyo_provider.sync.staging.layout import TABLE, TABLE_FILES
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.staging.segments import Segment
from tests.integration.sync.apply.driver import Driver, make_rows

REFUSAL = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}


def read_lines(run: Run, phase: RunPhase = RunPhase.ENDED) -> list[ChangeLine]:
    index = ChangeIndex(run.folder, read_table(run.folder), phase)
    return list(index.read(index.find(Wanted())))


def test_the_table_counts_what_the_report_counts(driver: Driver) -> None:
    driver.site.set_faults({**REFUSAL, "match": {"integration_id": "3"}})
    run = driver.new_run()
    made = driver.sync([*make_rows(5), {"integration_id": 9, "code": None}], run, max_rejected_percent=100)
    counts = Counter(line.outcome for line in read_lines(run))
    assert counts == {"created": made.created, "refused": made.refused, "rejected": made.rejected}
    outcomes = read_table(run.folder).count_outcomes(is_ended=True)
    assert sum(outcomes.changes.values()) == made.created + made.refused
    assert any("Kod zaten var" in reason for _, _, reason in outcomes.changes)


def test_while_a_load_goes_on_its_results_are_shown(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(300), run, buckets=1)
    assert Counter(line.outcome for line in read_lines(run, RunPhase.GOING)) == {"waiting": 300}
    loaded = driver.load(plan, run)
    lines = read_lines(run, RunPhase.GOING)
    assert Counter(line.outcome for line in lines) == {"created": 300}
    assert all(line.oduyo_id and line.at for line in lines)
    table = read_table(run.folder)
    assert table.pace is not None
    assert (table.pace.earlier, table.settled) == (0, 300)
    driver.report(run, loaded)
    assert sorted(read_lines(run), key=lambda line: line.integration_id) == sorted(
        lines, key=lambda line: line.integration_id
    )
    assert run.folder.child(TABLE_FILES).names() == [run.attempt]


def test_a_row_that_looks_like_a_record_is_shown_as_guard_decided(driver: Driver) -> None:
    driver.site.seed([{"code": "KOD.1", "key1": "22", "typecode": "26", "status": "1"}])
    run = driver.new_run()
    driver.sync(make_rows(2, key1="22", typecode="26"), run, adopt=True)
    assert Counter((line.action, line.outcome) for line in read_lines(run)) == {
        ("adopt", "updated"): 1,
        ("create", "created"): 1,
    }


def test_a_dry_run_shows_what_is_planned(driver: Driver) -> None:
    run = driver.new_run()
    driver.sync(make_rows(3), run, dry_run=True)
    assert read_table(run.folder).is_dry
    assert {line.outcome for line in read_lines(run, RunPhase.DRY)} == {"planned"}


def test_a_retry_shows_what_the_first_try_did_too(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(4), run)
    driver.site.set_faults({**REFUSAL, "match": {"integration_id": "2"}})
    driver.load(plan, run)
    again = driver.new_run(run.run_id, attempt=2)
    driver.load(plan, again)
    assert Counter(line.outcome for line in read_lines(run, RunPhase.GOING)) == {"created": 3, "refused": 1}
    table = read_table(run.folder)
    assert table.pace is not None
    assert table.pace.earlier == 4


def test_no_run_fails_as_its_table_cannot_be_written(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_given: Any) -> None:
        raise StagingError("no room")

    monkeypatch.setattr(Segment, "write", refuse)
    run = driver.new_run()
    made, error = driver.sync_and_fail(make_rows(3), run)
    assert (made.created, error) == (3, None)
    assert not run.folder.has(TABLE)
    assert "The page cannot show the changes of this run" in caplog.text


def test_a_load_whose_table_cannot_be_written_goes_on_and_report_writes_it(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)

    def refuse(*_given: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("oduyo_provider.sync.apply.table_updater.write_table", refuse)
        loaded = driver.load(plan, run)
    assert "No space left on device" in caplog.text
    assert Counter(line.outcome for line in read_lines(run, RunPhase.GOING)) == {"waiting": 3}
    driver.report(run, loaded)
    assert Counter(line.outcome for line in read_lines(run)) == {"created": 3}

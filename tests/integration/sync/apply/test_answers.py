"""Every class of answer in the apply table, against the local Ödüyo: what is sent again, and what is stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from oduyo_provider.api import call
from oduyo_provider.api.list_call import ListCall
from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.records import Filter, Page
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import (
    IncompleteError,
    ListingError,
    LoginRefusedError,
    LostAnswerError,
    NotSentError,
    RefusalsError,
)
from oduyo_provider.sync.apply import looker
from oduyo_provider.sync.apply.applier import MAX_CREATES, Applier
from oduyo_provider.sync.apply.sender import FAILURES_IN_A_ROW
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging import buckets
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows, no_wait, note_waits
from tests.integration.sync.apply.test_two_at_once import Loading, wait_for_creates

LOST_AFTER = [
    {"kind": "drop", "where": "after"},
    {"kind": "empty", "where": "after"},
    {"kind": "truncated", "where": "after"},
    {"kind": "html", "where": "after", "status": 502},
    {"kind": "status", "where": "after", "status": 500},
    {"kind": "status", "where": "after", "status": 408},
    {"kind": "throttle", "where": "after", "status": 503},
]
LOST_BEFORE = [{**fault, "where": "before"} for fault in LOST_AFTER]


def name(fault: dict[str, object]) -> str:
    return f"{fault['kind']}-{fault.get('status', '')}-{fault['where']}"


@pytest.mark.parametrize("fault", LOST_AFTER + LOST_BEFORE, ids=name)
def test_a_create_whose_answer_is_lost_is_stored_once(driver: Driver, fault: dict[str, object]) -> None:
    driver.site.set_faults({"call": "create", "skip": 3, "times": 4, **fault})
    report = driver.sync(make_rows(20))
    assert report.created == 20
    assert len(driver.stored()) == 20
    resent = 4 if fault["where"] == "before" else 0
    assert driver.calls("create") == 20 + resent


@pytest.mark.parametrize("fault", LOST_AFTER + LOST_BEFORE, ids=name)
def test_updates_and_deletes_whose_answers_are_lost_take_effect(driver: Driver, fault: dict[str, object]) -> None:
    driver.sync(make_rows(20, key1="2", key2="1"))
    driver.site.set_faults(
        {"call": "update", "skip": 1, "times": 2, **fault}, {"call": "delete", "skip": 1, "times": 2, **fault}
    )
    rows = [{**row, "description": "yeni"} for row in make_rows(8, key1="2", key2="1")]
    report = driver.sync(rows, on_missing="delete", missing_runs=1, release=["retired", "retired_pair"])
    assert (report.updated, report.deleted, report.missing) == (8, 12, 12)
    stored = driver.stored()
    assert set(stored) == {str(n) for n in range(1, 9)}
    assert {record["description"] for record in stored.values()} == {"yeni"}


def test_a_create_and_an_update_that_did_not_arrive_are_both_sent_again(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looker, "LISTING_VALID_S", 0.0)
    driver.sync(make_rows(9))
    # So many newer records that a look at creates does not reach back to the one that is updated.
    driver.site.seed([{"integration_id": f"E{n}", "code": f"ESKİ.{n}", "key1": "9"} for n in range(1_500)])
    driver.site.set_faults(
        {"call": "update", "kind": "drop", "match": {"integration_id": "2"}, "times": call.DEFAULT_UNKNOWN_TRIES},
        {"call": "create", "kind": "drop", "match": {"integration_id": "11"}, "times": 1},
    )
    report = driver.sync([{**row, "description": "yeni"} for row in make_rows(12)])
    assert (report.updated, report.created, report.stale) == (9, 3, 0)
    assert {driver.stored()[str(n)]["description"] for n in range(1, 13)} == {"yeni"}


@pytest.mark.parametrize("is_second_try", [False, True], ids=["one try", "two tries"])
def test_a_lost_create_is_not_taken_for_the_record_of_another_partition_s_row(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, is_second_try: bool
) -> None:
    """K-2 looks like K-26 with its key and code cut off, and stands in another partition."""
    monkeypatch.setattr(buckets, "SINGLE_PARTITION_ROWS", 4)
    rows = [
        {"integration_id": f"K-{n}", "code": f"KOD.{n}", "description": "", "key1": "2", "key2": "1", "typecode": "26"}
        for n in (2, *range(20, 30))
    ]
    run = driver.new_run()
    plan = driver.plan(rows, run, buckets=16)
    assert len(plan) > 4
    driver.site.set_faults(
        *({"call": "create", "kind": "drop", "match": {"integration_id": f"K-{n}"}, "times": 1} for n in range(20, 30))
    )
    if is_second_try:
        # The first try ends between the sending and the search, which the next one makes first of all.
        monkeypatch.setattr(Applier, "finish", raise_killed)
        with pytest.raises(KilledError):
            driver.load(plan, run)
        monkeypatch.undo()
        run = driver.new_run(run.run_id, attempt=2)
    assert driver.load(plan, run, clock=note_waits([]))["figures"] == {"created": len(rows)}
    stored = {key: record["code"] for key, record in driver.stored().items()}
    assert stored == {row["integration_id"]: row["code"] for row in rows}


class KilledError(Exception):
    """The task was killed."""


async def raise_killed(_applier: Applier) -> None:
    raise KilledError


def test_a_create_that_never_arrives_is_sent_twice_and_then_doubtful(driver: Driver) -> None:
    driver.site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "7"}})
    report = driver.sync(make_rows(10))
    assert (report.created, report.doubtful) == (9, 1)
    assert report.reasons == {"doubtful: answers lost, not found": 1}
    sent = [entry for entry in driver.site.log(call="create")["requests"] if entry["column"]["integration_id"] == "7"]
    assert len(sent) == 2


@pytest.mark.parametrize("spared", range(5))
def test_a_create_that_was_carried_out_and_a_page_answers_is_not_sent_again(driver: Driver, spared: int) -> None:
    """The page answers one list call too: one of these calls is to tell whether the create alone was refused."""
    page = {"kind": "html", "status": 403, "times": 1}
    driver.site.set_faults(
        {"call": "create", "where": "after", "match": {"integration_id": "10"}, **page},
        {"call": "list", "skip": spared, **page},
    )
    report = driver.sync(make_rows(10))
    assert set(driver.stored()) == {str(n) for n in range(1, 11)}
    assert (report.created, report.refused) == ((10, 0) if driver.calls("login") > 1 else (9, 1))


def test_a_create_that_only_pages_answer_is_sent_twice_and_then_doubtful_with_what_they_say(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot_tell(_runner: call.CallRunner, _result: call.CallResult) -> Meaning:
        return Meaning.BLOCKED

    monkeypatch.setattr(call.CallRunner, "_ask_why_blocked", cannot_tell)  # no fault strikes this one list call alone
    page = {"kind": "html", "status": 403, "body": "<title>Bakımda</title>"}
    driver.site.set_faults({"call": "create", "match": {"integration_id": "7"}, **page})
    run = driver.new_run()
    plans = driver.plan(make_rows(10), run)
    report = driver.report(run, driver.load(plans, run))
    assert (report.created, report.doubtful, report.reasons) == (9, 1, {"doubtful: answers lost, not found": 1})
    [doubtful] = [result for result in driver.results(plans).values() if result.outcome is Outcome.DOUBTFUL]
    assert "Bakımda" in doubtful.answer
    sent = [entry for entry in driver.site.log(call="create")["requests"] if entry["column"]["integration_id"] == "7"]
    assert len(sent) == MAX_CREATES


@pytest.mark.parametrize("ends", ["settled", "killed and tried again", "killed, and another run"])
def test_a_lost_create_that_pages_leave_out_is_found_by_its_key_and_not_sent_again(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    driver.site.set_habits({"habit": "hide", "keys": "7", "where": "pages"})
    driver.site.set_faults({"call": "create", "kind": "drop", "where": "after", "match": {"integration_id": "7"}})
    run, rows = driver.new_run(), make_rows(10)
    plans = driver.plan(rows, run)
    if ends == "settled":
        assert driver.load(plans, run)["figures"] == {"created": 10}
    else:
        monkeypatch.setattr(Applier, "finish", raise_killed)
        with pytest.raises(KilledError):
            driver.load(plans, run)
        monkeypatch.undo()
        if ends == "killed and tried again":
            run = driver.new_run(run.run_id, attempt=2)
            assert driver.load(plans, run, clock=note_waits([]))["figures"] == {"created": 10}
        else:
            report = driver.sync(rows, clock=note_waits([]))
            assert (report.unchanged, report.created, report.doubtful) == (10, 0, 0)
    assert driver.calls("create") == len(driver.stored()) == 10


def test_a_site_that_cannot_look_a_key_up_holds_no_lost_create_back(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = ListCall.fetch

    async def fail_by_key(call: ListCall, filters: Sequence[Filter], limit: int, descending: bool) -> Page:
        if any(one.field == "integration_id" for one in filters):
            raise ListingError("HTTP 400")
        return await fetch(call, filters, limit, descending)

    monkeypatch.setattr(ListCall, "fetch", fail_by_key)  # no fault strikes the calls of one filter alone
    lost = {"call": "create", "kind": "drop", "match": {"integration_id": "7"}}
    driver.site.set_faults({**lost, "times": 1})
    assert driver.sync(make_rows(10)).created == 10
    driver.site.set_faults({**lost, "match": {"integration_id": "11"}})
    assert driver.sync(make_rows(12)).doubtful == 1
    driver.site.set_faults()
    assert driver.sync(make_rows(12), clock=note_waits([])).created == 1
    assert len(driver.stored()) == 12


def test_a_create_that_commits_late_is_not_sent_again(driver: Driver) -> None:
    driver.site.set_faults({"call": "create", "kind": "late_commit", "seconds": 0.3, "times": 3})
    assert driver.sync(make_rows(10)).created == 10
    assert driver.calls("create") == 10
    assert len(driver.stored()) == 10


@pytest.mark.parametrize("status", [404, 200])
def test_a_refused_row_is_reported_with_the_answer_and_never_sent_again(driver: Driver, status: int) -> None:
    body = '{"status": false, "message": "kod geçersiz"}'
    driver.site.set_faults(
        {"call": "create", "kind": "status_false", "status": status, "body": body, "match": {"code": "KOD.5"}}
    )
    run = driver.new_run()
    report = driver.sync(make_rows(10), run)
    assert (report.created, report.refused) == (9, 1)
    # Once more, after a login, where no change that was sent later was taken: else the session may have ended.
    assert driver.calls("create") in (10, 11)
    quarantine = run.folder.read("quarantine.jsonl").decode()
    assert "kod geçersiz" in quarantine
    assert '"integration_id":"5"' in quarantine


def test_fifty_refusals_from_the_start_stop_the_run_and_are_not_remembered(driver: Driver) -> None:
    driver.site.set_faults({"call": "create", "kind": "status_false", "status": 404})
    report, error = driver.sync_and_fail(make_rows(500))
    assert isinstance(error, RefusalsError)
    assert "refused the first 50 changes" in str(error)
    assert report.refused + report.not_applied == 500
    assert driver.calls("create") < 50 + 2 * driver.settings.max_concurrency
    driver.site.set_faults()
    assert driver.sync(make_rows(500)).created == 500


def test_refusals_after_a_success_do_not_stop_the_run_and_are_not_sent_again(driver: Driver) -> None:
    # The first one, with a long key, is taken.
    driver.site.set_habits(*({"habit": "refuse", "keys": keys} for keys in ("?", "1[1-9]", "[2-9]?")))
    report, error = driver.sync_and_fail(make_rows(80))
    assert (report.created, report.refused, report.known_refused) == (1, 79, 0)
    assert isinstance(error, IncompleteError)
    assert "79 rows newly rejected or refused" in str(error)
    creates = driver.calls("create")
    report, error = driver.sync_and_fail(make_rows(80))
    assert (report.unchanged, report.refused, report.known_refused, error) == (1, 79, 79, None)
    assert driver.calls("create") == creates
    driver.site.set_habits()
    assert driver.sync(make_rows(80), resend_refused=True).created == 79


@pytest.mark.parametrize("status", [429, 503])
def test_throttled_updates_are_sent_again_after_the_wait(driver: Driver, status: int) -> None:
    driver.sync(make_rows(20))
    driver.site.set_faults({"call": "update", "kind": "throttle", "status": status, "retry_after_s": 0.1, "times": 2})
    rows = [{**row, "code": "YENİ"} for row in make_rows(20)]
    assert driver.sync(rows, max_update_percent=100).updated == 20


def test_a_session_that_dies_in_the_middle_costs_one_login(driver: Driver) -> None:
    driver.site.set_faults({"call": "create", "kind": "kill_session", "skip": 20, "times": 1})
    assert driver.sync(make_rows(60)).created == 60
    assert driver.calls("login") == 2


def test_sessions_that_die_at_every_call_stop_after_a_few_logins(driver: Driver) -> None:
    driver.site.set_faults({"call": "list", "kind": "kill_session"})
    with pytest.raises(LoginRefusedError):
        driver.sync(make_rows(3))
    assert driver.calls("login") <= 4


def test_a_web_page_instead_of_a_list_ends_the_run_before_anything_is_sent(driver: Driver) -> None:
    driver.site.set_faults({"call": "list", "kind": "html", "status": 200})
    with pytest.raises(LostAnswerError):
        driver.sync(make_rows(3))
    assert driver.calls("create") == 0


def test_a_create_answered_without_an_id_is_looked_up(driver: Driver) -> None:
    driver.site.set_faults(
        {
            "call": "create",
            "where": "after",
            "kind": "status",
            "status": 200,
            "body": '{"status": true, "data": "ok"}',
            "times": 1,
        }
    )
    run = driver.new_run()
    assert driver.sync(make_rows(5), run).created == 5
    assert len(driver.stored()) == 5


def test_a_value_that_is_cut_is_reported_once_and_not_updated_every_night(driver: Driver) -> None:
    driver.site.set_readings(silently_cut={"description": 5})
    first = driver.sync(make_rows(12))
    assert (first.created, first.altered) == (12, 12)
    second = driver.sync(make_rows(12))
    assert (second.unchanged, second.updated, second.altered) == (12, 0, 0)
    rows = [{**row, "description": "başka bir metin"} for row in make_rows(12)]
    changed = driver.sync(rows, max_update_percent=100)
    assert (changed.updated, changed.altered) == (12, 12)


def test_a_listing_that_lags_behind_the_writes_makes_no_doubt(driver: Driver) -> None:
    driver.site.set_readings(list_lag_s=0.3)
    assert driver.sync(make_rows(10)).created == 10


def test_a_record_that_is_confirmed_but_never_listed_is_doubtful(driver: Driver) -> None:
    body = '{"status": true, "data": "\\"Erp Special Code successfully added id <99>\\""}'
    driver.site.set_faults(
        {"call": "create", "kind": "status", "status": 200, "body": body, "match": {"integration_id": "3"}}
    )
    report, error = driver.sync_and_fail(make_rows(5))
    assert (report.created, report.doubtful) == (4, 1)
    assert isinstance(error, IncompleteError)
    driver.site.set_faults()
    report = driver.sync(make_rows(5))
    assert (report.unchanged, report.doubtful, report.vanished) == (4, 1, 1)
    assert driver.calls("create") == 5
    assert driver.sync(make_rows(5), release=["vanished"]).created == 1


def test_create_mode_creates_again_and_looks_only_for_lost_answers(driver: Driver) -> None:
    driver.sync(make_rows(5))
    driver.site.set_faults({"call": "create", "kind": "drop", "where": "after", "times": 2})
    report = driver.sync(make_rows(5), sync_mode="create")
    assert report.created == 5
    assert len(driver.site.records()) == 10
    assert {entry.oduyo_id for entry in driver.entries().values()} == {"1", "2", "3", "4", "5"}


def test_a_run_that_compares_nothing_does_not_promise_that_the_next_one_sends_what_is_missing_only(
    site: Sandbox, driver: Driver
) -> None:
    site.set_habits({"habit": "row_fails", "keys": "4", "status": 500})
    site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}, "times": 1})
    _, error = driver.sync_and_fail(make_rows(6), sync_mode="create")
    assert str(error).startswith("Not all rows were sent: 1 doubtful. Clear the first red task to send the rest")
    assert "sends every row once more" in str(error)


def test_a_site_that_goes_down_stops_the_load_and_leaves_the_rest_for_the_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call, "DEFAULT_NOT_SENT_TRIES", 1)
    with Sandbox(db=tmp_path / "oduyo.sqlite", readings={"latency_s": 0.01}) as site:
        driver = Driver(site, tmp_path / "staging")
        run = driver.new_run()
        plan = driver.plan(make_rows(600), run)
        load = Loading(driver, plan, run)
        load.start()
        wait_for_creates(driver, 50)
        site.stop()
        load.join()
        assert isinstance(load.error, NotSentError)
        assert f"{FAILURES_IN_A_ROW} changes in a row could not be delivered" in str(load.error)
        site.start()
        assert 50 <= len(driver.stored()) < 600
        again = driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(time.time, no_wait))
        assert again["figures"] == {"created": 600}
        assert len(driver.stored()) == 600


def test_a_site_that_is_down_stops_the_load_before_anything_is_written(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(30), run)
    driver.site.stop()
    with pytest.raises(NotSentError, match="cannot be reached"):
        driver.load(plan, run)
    driver.site.start()
    waits: list[float] = []
    driver.load(plan, driver.new_run("run1", attempt=2), clock=note_waits(waits))
    assert waits == []
    assert len(driver.stored()) == 30


def test_an_update_wipes_nothing_where_absent_fields_are_wiped(driver: Driver) -> None:
    driver.site.set_readings(update_keeps_absent=False)
    whole = {"note": "elle yazıldı", "space3": "panelden", "typecode": "26", "key1": "2", "key2": "1", "status": "1"}
    driver.site.seed([{"integration_id": "1", "code": "ESKİ", "description": "Açıklama 1", **whole}])
    before = driver.site.records()[0]
    report = driver.sync(make_rows(1))
    after = driver.site.records()[0]
    assert report.updated == 1
    assert after == {**before, "code": "KOD.1", "updated_in": after["updated_in"]}

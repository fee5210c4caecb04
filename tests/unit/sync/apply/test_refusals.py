"""Refusals in a row: the rows' own, or a session that died with words that nobody foresaw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.errors import CanaryError, LoginRefusedError, LostAnswerError, RefusalsError
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.refusals import FIRST_PROBE, MAX_REPLACED, Refusals
from oduyo_provider.sync.apply.work import MAX_WITHOUT_SUCCESS
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import (
    Load,
    change_fields,
    check_nothing,
    count_outcomes,
    make_creates,
    make_updates,
    seed,
)

UNFORESEEN = "Lütfen daha sonra tekrar deneyiniz"


@pytest.fixture
def one_by_one(make_load: Callable[..., Load]) -> Load:
    """A load that sends one change at a time, so that answers come in order."""
    return make_load(concurrency=1)


def refuse(site: Sandbox, *keys: str) -> None:
    site.set_habits(*({"habit": "refuse", "keys": key, "message": "Geçersiz kod"} for key in keys))


def die_at(site: Sandbox, call: str, number: int, *, message: str = UNFORESEEN) -> None:
    """The session dies at the so manieth call; a dead one is answered with these words, or with a bare no."""
    site.set_habits({"habit": "dead_session", "message": message})
    site.set_faults({"call": call, "kind": "kill_session", "skip": number, "times": 1})


def find_logins(site: Sandbox, load: Load) -> list[int]:
    """After how many creates each login of the load came."""
    creates, found = 0, []
    for entry in site.log(since=load.since)["requests"]:
        creates += entry["call"] == "create"
        if entry["call"] == "login":
            found.append(creates)
    return found


def find_remembered(results: dict[str, Result]) -> int:
    return sum(result.is_remembered for result in results.values())


def test_they_are_looked_into_at_three_six_twelve_and_so_on_and_at_the_end(site: Sandbox, one_by_one: Load) -> None:
    refuse(site, "1[1-9]", "[2-9]?")
    results = one_by_one.apply(*make_creates(31, start=10))
    assert count_outcomes(results) == {"done": 1, "refused": 30}
    # 1 + 3, and each time the last one is sent again: 1 + 6 + 1, 1 + 12 + 2, 1 + 24 + 3, and at the end.
    assert find_logins(site, one_by_one) == [4, 8, 15, 28, 35]
    assert find_remembered(results) == 30
    assert {result.answer for result in results.values() if result.answer}.pop().count("Geçersiz kod") == 1


def test_a_success_between_them_proves_the_session(site: Sandbox, one_by_one: Load) -> None:
    refuse(site, "?[1-7]", "?[1-7]?")
    results = one_by_one.apply(*make_creates(60, start=10))
    assert results["create:11"].outcome is Outcome.REFUSED
    assert find_remembered(results) == count_outcomes(results)["refused"]
    assert len(find_logins(site, one_by_one)) <= 12


def test_one_refusal_among_successes_costs_nothing(site: Sandbox, load: Load) -> None:
    refuse(site, "15")
    assert count_outcomes(load.apply(*make_creates(20, start=10))) == {"done": 19, "refused": 1}
    assert (load.calls()["create"], load.calls()["login"]) == (20, 0)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_session_that_died_with_unforeseen_words_costs_one_login_and_no_row(
    site: Sandbox, make_load: Callable[..., Load], concurrency: int
) -> None:
    load = make_load(concurrency=concurrency)
    die_at(site, "create", 20)
    results = load.apply(*make_creates(50))
    assert count_outcomes(results) == {"done": 50}
    assert find_remembered(results) == 0
    assert len(site.records()) == 50
    assert len(find_logins(site, load)) == 1
    assert load.calls()["create"] <= 50 + 3 + concurrency


def kill_sessions(site: Sandbox, times: int) -> None:
    """Another program ends the session at the 21st create, and at so many behind it; its end is said in unforeseen words."""
    site.set_habits({"habit": "dead_session", "message": UNFORESEEN})
    site.set_faults({"call": "create", "kind": "kill_session", "skip": 20, "times": times})


def test_a_session_that_ends_while_refusals_are_looked_into_tells_nothing_of_the_rows(
    site: Sandbox, one_by_one: Load
) -> None:
    kill_sessions(
        site, FIRST_PROBE + MAX_REPLACED - 1
    )  # three are refused, and the last of them is in two further sessions
    results = one_by_one.apply(*make_creates(50))
    assert count_outcomes(results) == {"done": 50}
    assert len(site.records()) == 50


def test_where_all_sessions_end_so_the_rows_are_refused_and_not_remembered(site: Sandbox, one_by_one: Load) -> None:
    kill_sessions(site, FIRST_PROBE + MAX_REPLACED)
    results = one_by_one.apply(*make_creates(50))
    assert count_outcomes(results) == {"done": 47, "refused": 3}
    assert find_remembered(results) == 0


@pytest.mark.parametrize("concurrency", [1, 8])
@pytest.mark.parametrize("calls", [10, 25])
def test_a_success_in_a_new_session_says_nothing_of_what_was_refused_in_an_old_one(
    site: Sandbox, make_load: Callable[..., Load], concurrency: int, calls: int
) -> None:
    load = make_load(concurrency=concurrency)
    own = {"habit": "refuse", "keys": "33", "message": "Geçersiz kod"}
    site.set_habits(own, f"dead_session={UNFORESEEN}", f"session_calls={calls}")
    results = load.apply(*make_creates(120))
    assert {key for key, result in results.items() if result.outcome is not Outcome.DONE} <= {"create:33"}
    assert len(site.records()) >= 119


def test_a_change_whose_sessions_were_replaced_again_and_again_is_refused_and_not_remembered(load: Load) -> None:
    [change] = make_creates(1)
    refused = Result(change.key, Outcome.REFUSED, is_remembered=True)

    async def task(load: Load) -> list[int]:
        refusals = Refusals(load.work, load.course, check_nothing)
        sent_again = []
        for session in range(1, MAX_REPLACED + 2):
            refusals.hold(load.recorder, change, refused, session)
            refusals.settle(session + 1, load.monotonic())
            sent_again.append(len(load.recorder.again))
        assert not refusals.is_open
        return sent_again

    assert load.run(task) == [1, 2, 3, 3]
    assert load.recorder.results[change.key].outcome is Outcome.REFUSED
    assert not load.recorder.results[change.key].is_remembered


def test_a_bare_no_to_a_dead_session_is_seen_through_too(site: Sandbox, one_by_one: Load) -> None:
    die_at(site, "create", 20, message="")
    assert count_outcomes(one_by_one.apply(*make_creates(50))) == {"done": 50}


def test_updates_that_met_a_dead_session_are_looked_at_before_they_are_sent_again(
    site: Sandbox, one_by_one: Load
) -> None:
    wanted = make_creates(20)
    seed(site, wanted, description="eski")
    changes = make_updates(site, wanted)
    die_at(site, "update", 10)
    edit = {"do": "edit", "id": "it", "fields": {"description": "onların"}}
    site.set_script(*({"at": {"call": "update", "number": number}, "do": edit} for number in (11, 12)))
    results = one_by_one.apply(*changes)
    assert {key for key, result in results.items() if result.outcome is Outcome.STALE} == {"update:11", "update:12"}
    assert count_outcomes(results) == {"done": 18, "stale": 2}
    assert {record["description"] for record in site.records()[10:12]} == {"onların"}


@pytest.mark.parametrize("concurrency", [1, 8])
def test_fifty_without_any_success_stop_the_run_and_none_is_remembered(
    site: Sandbox, make_load: Callable[..., Load], concurrency: int
) -> None:
    refuse(site, "*")
    load = make_load(concurrency=concurrency)
    with pytest.raises(RefusalsError) as caught:
        load.apply(*make_creates(500))
    assert "Ödüyo refused the first 50 changes, one after the other; the last time it said:" in str(caught.value)
    assert "Geçersiz kod" in str(caught.value)
    results = load.read_journal().results
    assert find_remembered(results) == 0
    assert count_outcomes(results)["refused"] >= MAX_WITHOUT_SUCCESS
    assert load.calls()["create"] <= MAX_WITHOUT_SUCCESS + 8 + 5


def test_fewer_refusals_than_that_are_the_rows_own_at_the_end(site: Sandbox, load: Load) -> None:
    refuse(site, "*")
    results = load.apply(*make_creates(20))
    assert count_outcomes(results) == {"refused": 20}
    assert find_remembered(results) == 20


def test_the_last_ones_of_a_plan_are_looked_into(site: Sandbox, one_by_one: Load) -> None:
    refuse(site, "19")
    assert count_outcomes(one_by_one.apply(*make_creates(10, start=10))) == {"done": 9, "refused": 1}
    assert find_logins(site, one_by_one) == [10]
    assert one_by_one.calls()["create"] == 11


def test_what_a_firewall_refuses_is_never_remembered(site: Sandbox, load: Load) -> None:
    creates = [*make_creates(5), *change_fields(make_creates(1, start=7), description="a <b> c")]
    site.set_habits("firewall=<")
    results = load.apply(*creates, *make_creates(5, start=80))
    assert results["create:7"].outcome is Outcome.REFUSED
    assert "403" in results["create:7"].reason
    assert find_remembered(results) == 0
    assert count_outcomes(results) == {"done": 10, "refused": 1}


def test_a_login_that_is_refused_meanwhile_stops_the_run(site: Sandbox, one_by_one: Load) -> None:
    refuse(site, "*")
    site.set_faults({"call": "login", "kind": "status", "status": 401, "body": '{"status": false}', "skip": 1})
    with pytest.raises(LoginRefusedError):
        one_by_one.apply(*make_creates(31))
    results = one_by_one.read_journal().results
    assert find_remembered(results) == 0, "nobody knows whether these were the rows' own"


def test_a_retry_sends_again_what_was_refused_and_not_remembered(site: Sandbox, load: Load) -> None:
    refuse(site, "*")
    with pytest.raises(RefusalsError):
        load.apply(*make_creates(60))
    site.set_habits()
    assert count_outcomes(load.retry(*make_creates(60))) == {"done": 60}
    assert load.waits == [], "what was answered is not waited for"


def test_a_probe_that_fails_leaves_no_refusal_without_its_result(one_by_one: Load) -> None:
    async def work(load: Load) -> None:
        refusals = Refusals(load.work, load.course, check_nothing)
        load.course.successes = 1
        for change in make_creates(3):
            result = Result(change.key, Outcome.REFUSED, reason="Geçersiz kod", is_remembered=True)
            refusals.hold(load.recorder, change, result, 1)

        async def fail(recorder: Recorder, change: Change) -> None:
            raise LostAnswerError("no answer")

        with pytest.raises(LostAnswerError):
            await refusals.probe(fail)
        await refusals.release()

    one_by_one.run(work)
    assert count_outcomes(one_by_one.recorder.results) == {"refused": 3}
    assert find_remembered(one_by_one.recorder.results) == 0


def test_what_a_probe_made_is_checked_as_any_other_change_is(one_by_one: Load) -> None:
    checked: list[str] = []

    async def find_wrong(_recorder: Recorder, change: Change) -> None:
        checked.append(change.key)
        raise CanaryError("written over")

    async def work(load: Load) -> None:
        refusals = Refusals(load.work, load.course, find_wrong)
        load.course.successes = 1
        for change in make_creates(3):
            refusals.hold(load.recorder, change, Result(change.key, Outcome.REFUSED, is_remembered=True), 1)

        async def take(_recorder: Recorder, _change: Change) -> Reply:
            return Reply(Outcome.DONE, "7", sends=1)

        with pytest.raises(CanaryError):
            await refusals.probe(take)
        await refusals.release()

    one_by_one.run(work)
    assert checked == ["create:3"]
    assert count_outcomes(one_by_one.recorder.results) == {"done": 1, "refused": 2}
    assert find_remembered(one_by_one.recorder.results) == 0


def test_what_a_probe_was_sending_when_it_was_cut_off_is_unknown(one_by_one: Load) -> None:
    async def work(load: Load) -> None:
        refusals, creates = Refusals(load.work, load.course, check_nothing), make_creates(3)
        load.course.successes = 1
        await load.recorder.intend(creates, 0)
        for change in creates:
            load.recorder.note_sent(change.key)
            refusals.hold(load.recorder, change, Result(change.key, Outcome.REFUSED, is_remembered=True), 1)

        async def send_and_be_cut_off(recorder: Recorder, change: Change) -> None:
            await recorder.intend([change], 0)
            recorder.note_sent(change.key)
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await refusals.probe(send_and_be_cut_off)
        await refusals.release()

    one_by_one.run(work)
    history = one_by_one.read_journal()
    assert count_outcomes(history.results) == {"refused": 2}
    assert list(history.unknown) == ["create:3"]


def make_old_records(site: Sandbox, count: int, **fields: str) -> list[Change]:
    """Updates of records that hold these fields otherwise."""
    wanted = change_fields(make_creates(count, start=1000), special_updated_in="2025-06-01 00:00:00")
    seed(site, wanted, **fields)
    return make_updates(site, wanted)


@pytest.mark.parametrize("field", ["description", "special_updated_in"])
def test_more_refused_creates_than_that_do_not_keep_the_other_kinds_out(site: Sandbox, load: Load, field: str) -> None:
    updates = make_old_records(site, 20, **{field: "2025-01-01 00:00:00"})
    refuse(site, "???")
    results = load.apply(*make_creates(60, start=100), *make_creates(3), *updates)
    assert count_outcomes(results) == {"done": 23, "refused": 60}
    assert find_remembered(results) == 60


@pytest.mark.parametrize("field", ["description", "special_updated_in"])
def test_where_no_kind_is_taken_each_has_had_one_turn_and_none_is_remembered(
    site: Sandbox, load: Load, field: str
) -> None:
    updates = make_old_records(site, 20, **{field: "2025-01-01 00:00:00"})
    refuse(site, "*")
    with pytest.raises(RefusalsError):
        load.apply(*make_creates(60), *updates)
    assert load.calls()["update"] == 1
    results = load.read_journal().results
    assert find_remembered(results) == 0
    assert count_outcomes(results)["refused"] == MAX_WITHOUT_SUCCESS + 1


def test_refusals_of_changes_that_prove_nothing_stop_the_run_too(site: Sandbox, load: Load) -> None:
    updates = make_old_records(site, 300, special_updated_in="2025-01-01 00:00:00")
    refuse(site, "*")
    with pytest.raises(RefusalsError):
        load.apply(*updates)
    assert load.calls()["update"] < 3 * MAX_WITHOUT_SUCCESS
    assert find_remembered(load.read_journal().results) == 0


@pytest.mark.parametrize("action", [Action.DEACTIVATE, Action.DELETE])
def test_what_retires_records_has_no_turn_as_it_proves_nothing_of_rows(
    site: Sandbox, load: Load, action: Action
) -> None:
    wanted = make_creates(8, start=1000)
    seed(site, wanted)
    refuse(site, "??")
    with pytest.raises(RefusalsError):
        load.apply(*make_creates(60, start=10), *make_updates(site, wanted, action=action))
    assert load.calls()["update"] == load.calls()["delete"] == 0
    assert find_remembered(load.read_journal().results) == 0

"""A whole partition: every change takes effect exactly once, over as many tries as it takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import msgspec
import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import LeaseLostError, LostAnswerError
from oduyo_provider.core.ledger import MAX_RESENDS, REFUSED_BEFORE
from oduyo_provider.sync.apply.applier import MAX_CREATES, Applier
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.runtime.clock import Clock
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import (
    SETTLE_S,
    Load,
    change_fields,
    count_outcomes,
    find_outcomes,
    make_creates,
    make_updates,
    seed,
)


def plan_all(site: Sandbox) -> list[Change]:
    """Five changes of each kind."""
    seed(site, make_creates(15, start=100), description="eski")
    wanted = make_creates(15, start=100)
    return [
        *make_creates(5),
        *make_updates(site, wanted[:5]),
        *make_updates(site, wanted[5:10], action=Action.DEACTIVATE),
        *make_updates(site, wanted[10:], action=Action.DELETE),
    ]


def test_changes_of_all_kinds_are_applied_in_the_order_of_kinds(site: Sandbox, load: Load) -> None:
    assert count_outcomes(load.apply(*plan_all(site))) == {"done": 20}
    writes = [entry["call"] for entry in site.writes(since=load.since)]
    assert writes == ["create"] * 5 + ["update"] * 10 + ["delete"] * 5
    assert len(site.records()) == 15


def test_a_partition_without_changes_asks_nothing(load: Load) -> None:
    assert load.apply() == {}
    assert load.calls() == {}


def test_a_retry_sends_nothing_that_was_confirmed(site: Sandbox, load: Load) -> None:
    changes = plan_all(site)
    load.apply(*changes)
    assert count_outcomes(load.retry(*changes)) == {"done": 20}
    assert set(load.calls()) <= {"list"}


def test_the_progress_of_a_retry_counts_what_earlier_tries_did(
    make_load: Callable[..., Load], caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("oduyo_provider.tests.progress")
    caplog.set_level(logging.INFO, logger=log.name)
    load = make_load(progress=Progress(log, every_s=0.0))
    load.apply(*make_creates(2))
    caplog.clear()
    load.work.progress.start(3)
    load.retry(*make_creates(3))
    assert [text for text in caplog.messages if text.startswith("Changes done: 3 of 3 (100 %)")]


def test_what_was_confirmed_and_not_read_back_is_read_back_by_the_retry(site: Sandbox, load: Load) -> None:
    creates = make_creates(6)
    site.set_habits({"habit": "hide", "keys": "4"})
    first = load.apply(*creates)
    assert find_outcomes(first, Outcome.DOUBTFUL) == {"create:4"}
    site.set_habits()
    second = load.retry(*creates)
    assert count_outcomes(second) == {"done": 6}
    assert load.sent() == []


class TestLostCreates:
    """Sent once more, at most twice in a plan, retries included."""

    def test_one_that_never_arrives_is_doubtful_after_two_sendings(self, site: Sandbox, load: Load) -> None:
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
        results = load.apply(*make_creates(6))
        assert load.sent().count("4") == MAX_CREATES
        assert (results["create:4"].outcome, results["create:4"].reason) == (
            Outcome.DOUBTFUL,
            "answers lost, not found",
        )
        assert load.waits[0] > SETTLE_S - 5

    @pytest.mark.parametrize(("off_s", "later_off_s"), [(3 * 3600, 0.0), (0.0, 3 * 3600)], ids=["back", "forward"])
    def test_one_is_waited_for_as_long_where_the_clock_is_set_meanwhile(
        self, site: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch, off_s: float, later_off_s: float
    ) -> None:
        note_reply = Recorder.note_reply

        def note(self: Recorder, change: Change, reply: Reply, clock: Clock) -> bool:
            is_known = note_reply(self, change, reply, clock)
            load.off_s = load.off_s if is_known else later_off_s
            return is_known

        monkeypatch.setattr(Recorder, "note_reply", note)
        load.off_s = off_s
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}, "times": 1})
        assert count_outcomes(load.apply(*make_creates(6))) == {"done": 6}
        assert SETTLE_S - 5 < sum(load.waits) <= SETTLE_S

    def test_retries_do_not_send_it_a_third_time_but_find_it_when_it_comes_late(
        self, site: Sandbox, load: Load
    ) -> None:
        creates = make_creates(6)
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
        load.apply(*creates)
        site.set_faults()
        assert find_outcomes(load.retry(*creates), Outcome.DOUBTFUL) == {"create:4"}
        assert load.sent() == []
        seed(site, creates[3:4])
        assert count_outcomes(load.retry(*creates)) == {"done": 6}
        assert load.sent() == []

    def test_one_sending_by_a_try_that_died_leaves_one_for_the_next(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(6)
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
        die_after(load, creates, lost="4")
        results = load.retry(*creates)
        assert results["create:4"].outcome is Outcome.DOUBTFUL
        assert load.sent().count("4") == 1

    def test_what_never_reached_oduyo_leaves_both(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(6)

        async def stop_in_order(load: Load) -> None:
            await load.recorder.intend(creates, 0)
            load.recorder.note_not_sent(creates, load.now())

        for _ in range(3):
            load.run(stop_in_order)
            load.attempt += "x"
        load.attempt = "try1"
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
        results = load.retry(*creates)
        assert count_outcomes(results) == {"done": 5, "doubtful": 1}
        assert load.sent().count("4") == MAX_CREATES

    # What a gateway says is nothing about the row.
    @pytest.mark.parametrize(("status", "is_own"), [(500, True), (502, False), (504, False)])
    def test_a_row_that_the_server_fails_at_each_time_is_refused_and_remembered(
        self, site: Sandbox, load: Load, status: int, is_own: bool
    ) -> None:
        site.set_habits({"habit": "row_fails", "keys": "4", "status": status})
        result = load.apply(*make_creates(6))["create:4"]
        assert (result.outcome, result.is_remembered) == (Outcome.REFUSED, is_own)
        assert result.reason.startswith(f"HTTP {status}")
        assert load.sent().count("4") == MAX_CREATES

    def test_where_one_answer_was_lost_otherwise_it_is_doubtful(self, site: Sandbox, load: Load) -> None:
        site.set_habits({"habit": "row_fails", "keys": "4", "status": 500})
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}, "times": 1})
        assert load.apply(*make_creates(6))["create:4"].outcome is Outcome.DOUBTFUL

    def test_what_is_sent_for_the_last_time_goes_at_half_the_pace(
        self, site: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        eased_after: list[tuple[int, int]] = []

        def ease(_: OduyoClient, requests: int) -> AbstractContextManager[None]:
            eased_after.append((len(load.sent()), requests))
            return nullcontext()

        monkeypatch.setattr(OduyoClient, "easing_pace", ease)
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}, "times": 1})
        assert count_outcomes(load.apply(*make_creates(6))) == {"done": 6}
        assert eased_after == [(6, 1)]
        assert load.sent()[-1] == "4"

    @pytest.mark.parametrize("retry_after_s", [None, 1.0])
    @pytest.mark.parametrize("per_s", [0.3, 1, 3])
    def test_a_single_one_arrives_however_few_requests_a_second_the_site_allows(
        self, site: Sandbox, load: Load, per_s: float, retry_after_s: float | None
    ) -> None:
        seed(site, make_creates(5, start=100))
        site.set_habits({"habit": "pace", "per_s": per_s, "retry_after_s": retry_after_s})
        assert count_outcomes(load.apply(*make_creates(1))) == {"done": 1}

    def test_a_server_that_fails_at_every_row_refuses_none_of_them(self, site: Sandbox, load: Load) -> None:
        site.set_habits({"habit": "row_fails", "status": 500})
        with pytest.raises(LostAnswerError, match="The first 3 changes got no usable answer"):
            load.apply(*make_creates(9))
        assert count_outcomes(load.recorder.results) == {"doubtful": 3}
        assert len(load.sent()) == 6

    def test_one_that_arrives_just_before_settle_s_has_passed_is_not_sent_again(
        self, site: Sandbox, load: Load
    ) -> None:
        late = {"kind": "late_commit", "seconds": SETTLE_S - 5, "skip": 2, "times": 3}
        site.set_faults({"call": "create", **late})
        assert count_outcomes(load.apply(*make_creates(8))) == {"done": 8}
        assert len(load.sent()) == len(site.records()) == 8


def die_after(load: Load, changes: list[Change], *, lost: str) -> None:
    """A try whose process dies once all of this is done, and the answer for one row was lost."""

    async def work(load: Load) -> None:
        applier = Applier(load.work, load.course, site_rows=0)
        await applier.apply(load.recorder, changes)
        assert set(load.recorder.unsettled) == {f"create:{lost}"}

    load.run(work)


def test_an_update_that_never_arrives_is_sent_again_by_every_try(site: Sandbox, load: Load) -> None:
    wanted = make_creates(4)
    seed(site, wanted, description="eski")
    changes = make_updates(site, wanted)
    site.set_faults({"call": "update", "kind": "drop", "match": {"id": "3"}})
    assert find_outcomes(load.apply(*changes), Outcome.DOUBTFUL) == {"update:3"}
    site.set_faults()
    assert count_outcomes(load.retry(*changes)) == {"done": 4}
    assert load.sent("update") == ["3"]


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("action", [Action.UPDATE, Action.DEACTIVATE, Action.DELETE])
def test_other_changes_whose_answers_are_lost_take_effect(
    site: Sandbox, load: Load, action: Action, where: str
) -> None:
    wanted = make_creates(6)
    seed(site, wanted, description="eski")
    changes = make_updates(site, wanted, action=action)
    call = "delete" if action is Action.DELETE else "update"
    site.set_faults({"call": call, "kind": "drop", "where": where, "skip": 1, "times": 2})
    assert count_outcomes(load.apply(*changes)) == {"done": 6}


def test_a_row_that_the_server_fails_at_when_it_is_updated_is_refused_after_its_tries(
    site: Sandbox, load: Load
) -> None:
    wanted = make_creates(4)
    seed(site, wanted, description="eski")
    site.set_habits({"habit": "row_fails", "call": "update", "keys": "3"})
    result = load.apply(*make_updates(site, wanted))["update:3"]
    assert (result.outcome, result.is_remembered) == (Outcome.REFUSED, True)


class TestWhatMayStillTakeEffect:
    """An update whose first transmission was lost and whose second was confirmed: the first may come after it."""

    FAULT: ClassVar[dict[str, object]] = {"call": "update", "kind": "drop", "match": {"id": "3"}, "times": 1}

    def test_the_load_waits_for_it_at_its_end(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(9)
        seed(site, wanted, description="eski")
        changes = make_updates(site, wanted)
        site.set_faults(self.FAULT)
        assert count_outcomes(load.apply(*changes)) == {"done": 9}
        assert len(load.sent("update")) == 10
        assert SETTLE_S - 5 < sum(load.waits) < SETTLE_S + 5
        assert load.read_journal().unknown_until is not None

    def test_a_load_that_ends_before_leaves_it_to_the_next(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(9)
        seed(site, wanted, description="eski")
        changes = make_updates(site, wanted)
        site.set_faults(self.FAULT)

        async def die(_: float) -> None:
            raise LeaseLostError("x")

        load.sleep = die  # type: ignore[method-assign]
        with pytest.raises(LeaseLostError):
            load.apply(*changes)
        history = load.read_journal()
        assert count_outcomes(history.results) == {"done": 9}
        assert history.lost_at == pytest.approx(load.now(), abs=5)

    def test_a_record_whose_look_expired_once_it_had_left_is_waited_for_too(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        load = make_load(concurrency=1)
        wanted = make_creates(3)
        seed(site, wanted, description="eski")
        changes = make_updates(site, wanted)
        site.set_faults({"call": "update", "kind": "throttle", "retry_after_s": 61, "match": {"id": "2"}, "times": 1})
        assert count_outcomes(load.apply(*changes)) == {"done": 3}
        assert sum(load.waits) > SETTLE_S - 5


def test_a_create_that_was_told_to_come_later_and_not_sent_again_is_not_found_by_the_next_try(
    site: Sandbox, make_load: Callable[..., Load]
) -> None:
    load = make_load(concurrency=1)
    creates = make_creates(4)
    site.set_faults({"call": "create", "kind": "throttle", "retry_after_s": 61, "skip": 1, "times": 1})
    theirs = {**creates[2].payload, "description": "onların"}
    site.set_script({"at": {"call": "create", "number": 2, "when": "before"}, "do": {"do": "create", "fields": theirs}})
    assert load.apply(*creates)["create:3"].outcome is Outcome.STALE
    assert load.read_journal().sends.get("create:3", 0) == 0
    assert load.retry(*creates)["create:3"].outcome is Outcome.STALE
    assert [record["description"] for record in site.records() if record["integration_id"] == "3"] == ["onların"]


class TestRemembered:
    def test_refusals_of_long_ago_are_sent_again_so_many_a_run(self, site: Sandbox, load: Load) -> None:
        again = [
            msgspec.structs.replace(change, is_resend=True) for change in make_creates(MAX_RESENDS + 10, start=100)
        ]
        results = load.apply(*again, *make_creates(5))
        assert count_outcomes(results) == {"done": MAX_RESENDS + 5, "refused": 10}
        left = [result for result in results.values() if result.outcome is Outcome.REFUSED]
        assert {(result.reason, result.is_remembered) for result in left} == {(REFUSED_BEFORE, False)}

    def test_a_retry_sends_no_more_of_them(self, site: Sandbox, load: Load) -> None:
        again = [
            msgspec.structs.replace(change, is_resend=True) for change in make_creates(MAX_RESENDS + 10, start=100)
        ]
        site.set_habits({"habit": "refuse", "keys": "1??"})
        first = load.apply(*again, *make_creates(5))
        results = load.retry(*again, *make_creates(5))
        assert load.sent() == []
        assert count_outcomes(results) == count_outcomes(first) == {"done": 5, "refused": MAX_RESENDS + 10}

    def test_a_row_that_was_refused_is_not_sent_again_by_a_retry(self, site: Sandbox, load: Load) -> None:
        site.set_habits({"habit": "refuse", "keys": "3"})
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
        load.apply(*make_creates(6))
        site.set_habits()
        results = load.retry(*make_creates(6))
        assert results["create:3"].outcome is Outcome.REFUSED
        assert load.sent() == []

    def test_what_something_before_oduyo_refused_is(self, site: Sandbox, load: Load) -> None:
        creates = [*make_creates(5), *change_fields(make_creates(1, start=6), description="<b>")]
        site.set_habits("firewall=<")
        load.apply(*creates)
        site.set_habits()
        for _ in range(2):
            assert count_outcomes(load.retry(*creates)) == {"done": 6}
        assert len(site.records()) == 6


def test_what_came_to_be_as_wanted_meanwhile_is_not_sent(site: Sandbox, load: Load) -> None:
    wanted = make_creates(6)
    seed(site, wanted, description="eski")
    changes = make_updates(site, wanted)
    for oduyo_id in ("2", "5"):
        site.edit(oduyo_id, description=f"Açıklama {oduyo_id}")
    assert count_outcomes(load.apply(*changes)) == {"done": 6}
    assert load.sent("update") == ["1", "3", "4", "6"]


def test_a_lease_that_is_lost_ends_the_partition_and_the_retry_does_the_rest(
    site: Sandbox, make_load: Callable[..., Load]
) -> None:
    calls = [0]

    def check_lease() -> None:
        calls[0] += 1
        if calls[0] == 30:
            raise LeaseLostError("lost")

    load = make_load(check_lease=check_lease)
    with pytest.raises(LeaseLostError):
        load.apply(*make_creates(60))
    landed = len(site.records())
    assert count_outcomes(load.retry(*make_creates(60))) == {"done": 60}
    assert len(site.records()) == 60
    assert len(load.sent()) <= 60 - landed


class TestSlices:
    """Slices in ascending order, the next one looked at while one is sent."""

    def test_updates_go_in_the_order_of_what_they_touch_slice_by_slice(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(1200)
        seed(site, wanted, description="eski")
        assert count_outcomes(load.apply(*make_updates(site, wanted))) == {"done": 1200}
        sent = [int(key) for key in load.sent("update")]
        behind_the_canary = enumerate(sent[1:], 1)
        assert all(abs(place - key) <= 2 * load.work.concurrency for place, key in behind_the_canary)

    def test_intents_stand_for_one_slice_and_no_more(self, site: Sandbox, load: Load) -> None:
        load.apply(*make_creates(1000))
        lines = load.folder.read("try1.intents.jsonl").splitlines()
        counts = [len(msgspec.json.decode(line)["keys"]) for line in lines]
        assert counts[0] == 1
        assert sum(counts) == 1000
        assert max(counts) <= 450


def test_rows_at_which_the_server_always_fails_do_not_keep_changes_of_other_kinds_from_being_sent(
    site: Sandbox, load: Load
) -> None:
    wanted = make_creates(10, start=50)
    seed(site, wanted, description="eski")
    updates = make_updates(site, wanted)
    site.set_habits({"habit": "row_fails", "call": "create"})
    results = load.apply(*make_creates(5), *updates)
    assert count_outcomes(results) == {"refused": 3, "done": 10}
    assert count_outcomes(load.retry(*make_creates(5), *updates))["refused"] >= 3


def test_a_site_that_answers_no_change_is_left_after_one_of_each_further_kind(site: Sandbox, load: Load) -> None:
    wanted = make_creates(10, start=50)
    seed(site, wanted, description="eski")
    site.set_habits("row_fails=*")
    with pytest.raises(LostAnswerError, match="The first 3 changes got no usable answer"):
        load.apply(*make_creates(5), *make_updates(site, wanted))
    assert (len(set(load.sent("create"))), len(set(load.sent("update")))) == (3, 1)
    assert count_outcomes(load.read_journal().results) == {"doubtful": 4}

"""Sending: intents first, then the calls, then the outcomes; what stops it loses nothing."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from oduyo_provider.api import call
from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import LeaseLostError, LoginRefusedError, NotSentError, StagingError
from oduyo_provider.sync.apply import recorder as recorder_module
from oduyo_provider.sync.apply.look_age import MAX_EXPIRED_LOOKS
from oduyo_provider.sync.apply.looker import Looker
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.sender import FAILURES_IN_A_ROW, Sender
from oduyo_provider.sync.apply.work import Ready
from oduyo_provider.sync.runtime.timing import LOOK_VALID_S
from oduyo_provider.sync.staging import journal as journal_module
from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load, check_nothing, count_outcomes, make_creates, make_updates, seed


def send(load: Load, *slices: Sequence[Change], between: Callable[[], None] = lambda: None) -> None:
    """Send slices that were looked at when they were asked for.

    :param between: called before each slice but the first.
    """

    async def work(load: Load) -> None:
        looker = load.make_looker()

        async def look() -> AsyncIterator[list[Ready]]:
            for number, changes in enumerate(slices):
                if number:
                    between()
                at = math.inf if load.work.is_create_mode else load.monotonic()
                yield [Ready(change, change.base or None, at) for change in changes]

        sender = Sender(load.work, load.course, looker.look_again, check_nothing)
        await sender.send(load.recorder, look())
        await sender.finish()

    load.run(work)


def note_intents(monkeypatch: pytest.MonkeyPatch, load: Load) -> list[tuple[int, int]]:
    """Of each append to the intents: how many calls had been sent before, and how many creates it names."""
    seen: list[tuple[int, int]] = []
    append = Folder.append

    def note(self: Folder, name: str, data: bytes) -> None:
        if ".intents." in name:
            seen.append((len(load.sent()), data.count(b"create:")))
        append(self, name, data)

    monkeypatch.setattr(Folder, "append", note)
    return seen


class Appends:
    """What is appended to outcome files: how many lines at a time, and whether two appends ran at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, seconds: float = 0.0, fails: bool = False) -> None:
        self.lines: list[int] = []
        self.overlapped = False
        self._seconds = seconds
        self._fails = fails
        self._running = threading.Lock()
        self._append = Folder.append
        monkeypatch.setattr(Folder, "append", lambda *given: self._write(*given))

    def _write(self, folder: Folder, name: str, data: bytes) -> None:
        if ".outcomes." not in name:
            self._append(folder, name, data)
            return
        if not self._running.acquire(blocking=False):
            self.overlapped = True
            return
        try:
            self.lines.append(data.count(b"\n"))
            time.sleep(self._seconds)
            if self._fails:
                raise StagingError("no space left on device")
            self._append(folder, name, data)
        finally:
            self._running.release()


class TestOutcomes:
    @pytest.fixture(autouse=True)
    def _only_when_many_wait(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recorder_module, "LOOK_FOR_DUE_EVERY_S", 0)
        monkeypatch.setattr(journal_module, "FLUSH_AFTER_S", 3600)
        monkeypatch.setattr(journal_module, "FLUSH_AFTER_OUTCOMES", 100)

    def test_they_are_written_as_soon_as_many_wait(self, monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
        appends = Appends(monkeypatch)
        send(load, make_creates(130))
        assert len(appends.lines) == 2
        assert 100 <= appends.lines[0] <= 100 + 4 * load.work.concurrency
        assert sum(appends.lines) == 130

    def test_the_last_ones_wait_for_those_that_are_being_written(
        self, monkeypatch: pytest.MonkeyPatch, load: Load
    ) -> None:
        appends = Appends(monkeypatch, seconds=0.3)
        send(load, make_creates(130))
        assert not appends.overlapped
        assert sum(appends.lines) == len(load.read_journal().results) == 130

    def test_sending_stops_when_they_cannot_be_written(self, monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
        appends = Appends(monkeypatch, fails=True)
        with pytest.raises(StagingError, match="no space left"):
            send(load, make_creates(2000))
        assert appends.lines[0] < 200
        assert len(load.sent()) < 500


def test_nothing_is_sent_whose_intent_cannot_be_written(monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
    def fail(self: Folder, name: str, data: bytes) -> None:
        raise StagingError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "append", fail)
        with pytest.raises(StagingError, match="no space left"):
            send(load, make_creates(5))
    assert load.sent() == []


def test_the_intents_of_a_slice_are_durable_before_any_of_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, load: Load
) -> None:
    seen = note_intents(monkeypatch, load)
    creates = make_creates(60)
    send(load, creates[:30], creates[30:])
    assert [count for _, count in seen] == [30, 30]
    assert seen[0][0] == 0
    assert len(load.sent()) == 60


class TestStops:
    """A process that stops in order writes down what it did not transmit."""

    def test_a_lost_lease_stops_sending_at_once(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        calls = [0]

        def check_lease() -> None:
            calls[0] += 1
            if calls[0] > 10:
                raise LeaseLostError("lost")

        load = make_load(check_lease=check_lease)
        with pytest.raises(LeaseLostError):
            send(load, make_creates(50))
        assert len(load.sent()) == 10
        history = load.read_journal()
        assert count_outcomes(history.results) == {"done": 10 - len(history.unknown), "not_applied": 40}
        assert len(history.unknown) < load.work.concurrency
        assert len(history.sends) == 10

    def test_what_was_under_way_when_it_stopped_gets_its_answer_and_the_rest_is_not_applied(
        self, site: Sandbox, load: Load
    ) -> None:
        site.set_faults(
            {"call": "create", "kind": "slow", "where": "after", "seconds": 3, "match": {"integration_id": "9"}},
            {"call": "create", "kind": "kill_session", "match": {"integration_id": "11"}},
            {"call": "login", "kind": "status", "status": 401, "body": '{"status": false}', "skip": 1},
        )
        with pytest.raises(LoginRefusedError):
            send(load, make_creates(50))
        history = load.read_journal()
        assert history.results["create:9"].outcome is Outcome.DONE
        outcomes = count_outcomes(history.results)
        assert outcomes["done"] + outcomes["not_applied"] + len(history.unknown) == 50
        assert outcomes["not_applied"] > 30

    def test_a_site_that_is_down_stops_after_some_failures_and_the_rest_waits_for_the_next_try(
        self, site: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(call, "DEFAULT_NOT_SENT_TRIES", 1)

        async def go_down(load: Load) -> None:
            site.stop()
            load.is_site_up = False
            looker = load.make_looker()

            async def look() -> AsyncIterator[list[Ready]]:
                yield [Ready(change, None, load.monotonic()) for change in make_creates(200)]

            await Sender(load.work, load.course, looker.look_again, check_nothing).send(load.recorder, look())

        url = site.url
        try:
            with pytest.raises(NotSentError, match=f"{FAILURES_IN_A_ROW} changes in a row could not be delivered"):
                load.run(go_down)
        finally:
            site.start()
            load.is_site_up = True
        assert site.url == url
        history = load.read_journal()
        outcomes = count_outcomes(history.results)
        assert FAILURES_IN_A_ROW <= outcomes["failed"] < FAILURES_IN_A_ROW + 2 * load.work.concurrency
        assert set(history.sends) == set(history.unknown), "what never reached Ödüyo was not sent"
        assert len(history.unknown) < load.work.concurrency
        assert count_outcomes(load.retry(*make_creates(200))) == {"done": 200}
        assert load.waits == []


class TestExpiredLooks:
    def send_expired(
        self,
        load: Load,
        changes: list[Change],
        look: Callable[[Looker], Callable[..., Any]] | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Send changes whose look is out of date by now.

        :param look: what looks again, in place of the looker.
        :param meanwhile: called before they are sent.
        """

        async def work(load: Load) -> None:
            looker = load.make_looker()
            sender = Sender(load.work, load.course, look(looker) if look else looker.look_again, check_nothing)
            ready = await looker.look(load.recorder, changes)
            load.skip(LOOK_VALID_S + 1)
            meanwhile()

            async def given() -> AsyncIterator[list[Ready]]:
                yield ready

            await sender.send(load.recorder, given())

        load.run(work)

    def test_what_was_looked_at_too_long_ago_is_looked_at_again_alone(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(40)
        seed(site, wanted, description="eski")

        def edit() -> None:
            site.edit("3", description="onların")
            site.edit("4", description="Açıklama 4")

        self.send_expired(load, make_updates(site, wanted), meanwhile=edit)
        assert count_outcomes(load.recorder.results) == {"done": 39, "stale": 1}
        assert len(load.sent("update")) == 38
        assert {record["id"] for record in site.records() if record["description"] == "onların"} == {"3"}
        assert len(load.read_journal().unknown) == 0

    def test_at_a_slow_pace_what_expires_again_goes_alone(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(concurrency=12)
        load.settings = msgspec.structs.replace(load.settings, requests_per_second=0.2)
        self.send_expired(load, make_creates(30))
        assert count_outcomes(load.recorder.results) == {"done": 30}
        assert len(site.records()) == 30

    def test_an_intent_is_written_anew_before_it_leaves(self, monkeypatch: pytest.MonkeyPatch, load: Load) -> None:
        seen = note_intents(monkeypatch, load)
        self.send_expired(load, make_creates(3))
        assert [count for _, count in seen] == [3, 1, 1, 1]
        assert count_outcomes(load.recorder.results) == {"done": 3}

    def test_a_success_after_a_refusal_proves_the_session(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(concurrency=1)
        site.set_habits({"habit": "refuse", "keys": "*[13579]", "message": "Geçersiz kod"})
        self.send_expired(load, make_creates(40))
        assert count_outcomes(load.recorder.results)["done"] == 20
        assert load.calls().get("login", 0) == 0

    def test_a_site_that_is_too_slow_to_look_and_send_in_time_stops_the_load(self, load: Load) -> None:
        looks: list[str] = []

        def look(looker: Looker) -> Callable[..., Any]:
            async def look_slowly(recorder: Recorder, change: Change) -> Ready | None:
                ready = await looker.look_again(recorder, change)
                looks.append(change.key)
                load.skip(LOOK_VALID_S + 1)
                return ready

            return look_slowly

        with pytest.raises(NotSentError, match=r"could not be sent within 60 s .* 5 times in a row"):
            self.send_expired(load, make_creates(1), look)
        assert looks == ["create:1"] * MAX_EXPIRED_LOOKS
        assert load.sent() == []
        assert count_outcomes(load.read_journal().results) == {"not_applied": 1}

    def test_once_the_load_stops_nobody_looks_again_and_nothing_is_sent(self, load: Load) -> None:
        looks: list[str] = []

        def look(looker: Looker) -> Callable[..., Any]:
            async def look_once(recorder: Recorder, change: Change) -> Ready | None:
                looks.append(change.key)
                if len(looks) == 1:
                    raise StagingError("no space left on device")
                await asyncio.sleep(0.05)
                return await looker.look_again(recorder, change)

            return look_once

        with pytest.raises(StagingError, match="no space left"):
            self.send_expired(load, make_creates(12), look)
        assert len(looks) <= load.work.concurrency
        assert load.sent() == []
        assert count_outcomes(load.read_journal().results) == {"not_applied": 12}

    def test_a_create_that_had_to_wait_is_looked_at_again_before_it_leaves(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(5)
        site.set_faults(
            {"call": "create", "kind": "throttle", "status": 429, "retry_after_s": LOOK_VALID_S + 5, "times": 1}
        )
        site.set_script({"at": {"call": "list"}, "do": {"do": "create", "fields": dict(creates[0].payload)}})
        send(load, creates)
        assert count_outcomes(load.recorder.results) == {"done": 5}
        assert len(site.records()) == 5
        assert len(load.read_journal().unknown) == 0

    def test_create_mode_looks_at_nothing_however_long_it_waits(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        load = make_load(is_create_mode=True)
        site.set_faults(
            {"call": "create", "kind": "throttle", "status": 429, "retry_after_s": LOOK_VALID_S + 5, "times": 1}
        )
        send(load, make_creates(5))
        assert load.calls() == {"create": 6}


class TestDeletions:
    @pytest.fixture
    def deletions(self, site: Sandbox) -> list[Change]:
        seed(site, make_creates(4))
        return make_updates(site, make_creates(4), action=Action.DELETE)

    @pytest.mark.parametrize("message", ["No record found for this ID", ""])
    def test_a_record_that_a_person_deleted_meanwhile_is_deleted(
        self, site: Sandbox, load: Load, deletions: list[Change], message: str
    ) -> None:
        site.delete("2")
        site.set_habits({"habit": "gone_says", "message": message})
        send(load, deletions)
        assert count_outcomes(load.recorder.results) == {"done": 4}
        assert load.waits == []

    def test_a_deletion_that_is_really_refused_is_refused(
        self, site: Sandbox, load: Load, deletions: list[Change]
    ) -> None:
        site.set_habits({"habit": "refuse", "call": "delete", "ids": ["2"], "message": "kullanımda"})
        send(load, deletions)
        result = load.recorder.results["delete:2"]
        assert (result.outcome, result.is_remembered) == (Outcome.REFUSED, True)
        assert "kullanımda" in result.answer


def test_what_is_answered_without_a_usable_answer_is_unsettled_and_not_decided(site: Sandbox, load: Load) -> None:
    site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "3"}})
    send(load, make_creates(5))
    assert set(load.recorder.unsettled) == {"create:3"}
    assert "create:3" not in load.recorder.results
    assert load.recorder.count_sends("create:3") == 1


def test_a_row_that_is_throttled_or_meets_a_dead_session_was_not_lost(site: Sandbox, load: Load) -> None:
    site.set_faults(
        {"call": "create", "kind": "throttle", "status": 429, "retry_after_s": 1, "times": 2},
        {"call": "create", "kind": "kill_session", "times": 2},
    )
    send(load, make_creates(8))
    assert count_outcomes(load.recorder.results) == {"done": 8}
    assert all(load.recorder.count_sends(change.key) == 0 for change in make_creates(8))

"""The results of one partition: in memory, in its journal, and in the task's log."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Action, Outcome, Result
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.sync.apply.elsewhere import Known, Partitions
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import FLUSH_AFTER_OUTCOMES, History, Journal, read_history
from tests.unit.sync.plans import create, done, update

CHANGES = [create(f"A{number}") for number in range(5)]
LOST = Reply(Outcome.DOUBTFUL, reason="lost", sends=1, lost=1)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path / "journal"))


def make(folder: Folder, attempt: str = "try1", **known: object) -> Recorder:
    journal = Journal(folder, attempt=attempt, digest="d1", clock=lambda: 1000.0)
    progress = Progress(logging.getLogger("oduyo_provider.tests"))
    given: dict[str, object] = {"history": read_history(folder, "d1"), "entries": {}, **known}
    return Recorder(journal, progress=progress, **given)  # type: ignore[arg-type]


def make_clock(monotonic: float, now: float = 1000.0) -> Clock:
    return Clock(now=lambda: now, sleep=asyncio.sleep, monotonic=lambda: monotonic)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(work())  # type: ignore[arg-type]


def test_a_later_result_of_a_change_replaces_an_earlier_one(folder: Folder) -> None:
    recorder = make(folder)
    recorder.take(CHANGES[0], done(CHANGES[0], "7"))
    recorder.correct(Result(CHANGES[0].key, Outcome.FAILED, "7", at=3000.0))
    run(recorder.flush)
    assert recorder.results[CHANGES[0].key].outcome is Outcome.FAILED
    assert read_history(folder, "d1").results[CHANGES[0].key].outcome is Outcome.FAILED


def test_a_change_is_judged_by_what_was_looked_at_before_it_was_last_sent(folder: Folder) -> None:
    change, recorder = (
        update("A1", "7", {"code": "K", "space1": "a", "note": None}, code="K2", space1="a"),
        make(folder),
    )
    assert recorder.rebase(change) is change
    recorder.note_looked(change, {**change.base, "space1": "elle", "note": "not"})
    assert recorder.rebase(change).base == {**change.base, "space1": "elle", "note": "not"}
    recorder.note_looked(change, {**change.base, "note": "not"})
    assert recorder.rebase(change).base == {**change.base, "note": "not"}
    recorder.note_looked(change, change.base)
    assert recorder.rebase(change) is change


def test_what_earlier_tries_know_is_known(folder: Folder) -> None:
    first = make(folder)
    first.take(CHANGES[0], done(CHANGES[0], "7"))
    run(first.flush)
    second = make(folder, "try2")
    assert second.results[CHANGES[0].key].oduyo_id == "7"
    assert second.settled == set()


def test_only_what_this_try_did_not_send_was_done_in_an_earlier_one(folder: Folder) -> None:
    first = make(folder)
    first.take(CHANGES[0], done(CHANGES[0], "7"))
    run(first.flush)
    second = make(folder, "try2")
    second.note_sent(CHANGES[1].key)
    second.take(CHANGES[1], done(CHANGES[1], "8"))
    assert [second.is_done_earlier(change) for change in CHANGES[:3]] == [True, False, False]


def test_what_an_earlier_try_did_not_do_is_unknown_once_it_is_sent_again(folder: Folder) -> None:
    first = make(folder)
    outcomes = (Outcome.NOT_APPLIED, Outcome.REFUSED, Outcome.DONE)
    for change, outcome in zip(CHANGES, outcomes, strict=False):
        first.take(change, Result(change.key, outcome, at=900.0))
    run(first.flush)
    second = make(folder, "try2")
    assert len(second.results) == 3
    for change in CHANGES:
        second.note_sent(change.key)
    assert set(second.results) == {CHANGES[2].key}
    second.take(CHANGES[0], Result(CHANGES[0].key, Outcome.REFUSED, at=1100.0))
    second.note_sent(CHANGES[0].key)
    assert second.results[CHANGES[0].key].outcome is Outcome.REFUSED


def test_an_intent_keeps_the_lowest_floor(folder: Folder) -> None:
    async def work() -> None:
        await recorder.intend(CHANGES[:2], 900)
        await recorder.intend(CHANGES[1:3], 500)
        await recorder.intend(CHANGES[1:2], 2000)

    recorder = make(folder)
    run(work)
    assert recorder.floors == {"create:A0": 900, "create:A1": 500, "create:A2": 500}
    assert make(folder, "try2").floors == recorder.floors


def test_what_was_about_to_be_sent_and_never_was_is_not_applied(folder: Folder) -> None:
    async def work() -> None:
        await recorder.intend(CHANGES[:3], 0)
        recorder.sent.add(CHANGES[0].key)
        recorder.take(CHANGES[1], Result(CHANGES[1].key, Outcome.STALE, at=1000.0))
        recorder.note_not_sent(CHANGES, 1000.0)
        await recorder.flush()

    recorder = make(folder)
    run(work)
    history = read_history(folder, "d1")
    assert {key: result.outcome for key, result in history.results.items()} == {
        "create:A1": Outcome.STALE,
        "create:A2": Outcome.NOT_APPLIED,
    }
    assert history.unknown.keys() == {"create:A0"}


def test_what_an_earlier_try_knows_of_it_stays(folder: Folder) -> None:
    async def lose() -> None:
        first = make(folder)
        await first.intend(CHANGES[:1], 0)
        first.note_reply(CHANGES[0], LOST, make_clock(1000.0))
        first.take(CHANGES[0], Result(CHANGES[0].key, Outcome.DOUBTFUL, at=1000.0))
        await first.flush()

    async def send_nothing() -> None:
        await second.intend(CHANGES[:1], 0)
        second.note_not_sent(CHANGES[:1], 1000.0)
        await second.flush()

    run(lose)
    second = make(folder, "try2")
    run(send_nothing)
    history = read_history(folder, "d1")
    assert history.results["create:A0"].outcome is second.results["create:A0"].outcome is Outcome.DOUBTFUL
    assert (history.unknown, history.sends) == ({}, {"create:A0": 1})


@pytest.mark.parametrize(
    ("intents", "lost", "outcome", "is_confirmed", "sends"),
    [
        (1, 0, Outcome.DONE, True, 1),
        (1, 0, Outcome.DONE, False, 0),
        (1, 0, Outcome.STALE, False, 0),
        (2, 1, Outcome.STALE, False, 1),
        (1, 0, Outcome.REFUSED, False, 0),
        (2, 0, Outcome.REFUSED, False, 0),
        (2, 1, Outcome.REFUSED, False, 1),
        (2, 2, Outcome.DOUBTFUL, False, 2),
        (2, 1, Outcome.DOUBTFUL, True, 2),
        (1, 0, Outcome.FAILED, False, 0),
        (1, 0, Outcome.FAILED, True, 1),
    ],
    ids=[
        "confirmed",
        "found done by a look",
        "stale by a look",
        "stale by a look once it was lost",
        "refused",
        "refused twice",
        "lost, then refused",
        "lost twice",
        "lost, then confirmed and not listed",
        "not delivered",
        "no effect",
    ],
)
def test_only_what_was_transmitted_and_not_answered_with_a_no_counts_as_sent(
    folder: Folder, intents: int, lost: int, outcome: Outcome, is_confirmed: bool, sends: int
) -> None:
    async def work() -> None:
        recorder = make(folder)
        for _ in range(intents):
            await recorder.intend(CHANGES[:1], 0)
        for _ in range(lost):
            recorder.note_reply(CHANGES[0], LOST, make_clock(1000.0))
        result = Result(CHANGES[0].key, outcome, is_confirmed=is_confirmed, at=1000.0)
        recorder.take(CHANGES[0], result)
        recorder.correct(result)
        await recorder.flush()

    run(work)
    assert read_history(folder, "d1").sends.get("create:A0", 0) == sends


def test_until_when_it_may_take_effect_is_written_down_with_its_result(folder: Folder) -> None:
    recorder = make(folder)
    recorder.note_lost("create:A0", make_clock(7.0, 1010.0))
    assert recorder.last_lost == 7.0
    recorder.take(CHANGES[0], done(CHANGES[0], "7"))
    recorder.take(CHANGES[1], done(CHANGES[1], "8"))
    run(recorder.flush)
    history = read_history(folder, "d1")
    assert [result.lost_at for result in history.results.values()] == [1010.0, None]
    assert history.lost_at == 1010.0


def test_transmissions_of_unknown_fate_are_counted_over_all_tries(folder: Folder) -> None:
    recorder = make(folder, history=History(sends={"create:A0": 1}))
    assert recorder.count_sends("create:A0") == 1
    recorder.note_reply(CHANGES[0], LOST, make_clock(1000.0))
    recorder.note_reply(CHANGES[0], LOST, make_clock(1010.0))
    assert recorder.count_sends("create:A0") == 3
    assert recorder.unsettled == {"create:A0": CHANGES[0]}
    assert [loss.at for loss in recorder.losses["create:A0"]] == [1000.0, 1010.0]
    recorder.take(CHANGES[0], done(CHANGES[0], "7"))
    assert recorder.unsettled == {}


@pytest.mark.parametrize(
    ("stored", "owner"),
    [
        ("A1", ""),
        (" A1 ", ""),
        ("A2", "the row A2"),
        ("B1", "the record of B1"),
        ("B2", ""),
        ("C", "the record of CCC"),
        ("D", ""),
    ],
    ids=[
        "its own",
        "its own, padded",
        "a row's",
        "a record's",
        "of a key without a record",
        "as it is stored",
        "nobody's",
    ],
)
def test_whose_a_stored_key_is(folder: Folder, stored: str, owner: str) -> None:
    entries = [
        Entry("B1", "other", "7"),
        Entry("B2", "other"),
        Entry("CCC", "dag", "8", stored={"integration_id": Stored("CCC", "C"), "code": Stored("KOD", "D")}),
        Entry("A1", "dag", "9", stored={"integration_id": Stored("A1", "A")}),
    ]
    known = {entry.integration_id: entry for entry in entries}
    recorder = make(folder, entries=known, row_keys=frozenset({"A1", "A2"}))
    assert recorder.find_key_owner(stored, create("A1")) == owner


@pytest.mark.parametrize(
    ("key", "owner"), [("C", "the record of CCC"), ("G", ""), ("CUT", "the row B1"), ("A1", ""), ("A2", "")]
)
def test_a_key_that_is_to_be_sent_may_be_another_record_s_as_it_is_stored(folder: Folder, key: str, owner: str) -> None:
    entries = [
        Entry("CCC", "dag", "8", stored={"integration_id": Stored("CCC", "C")}),
        Entry("GGG", "dag", "9", is_gone=True, stored={"integration_id": Stored("GGG", "G")}),
        Entry("A2", "dag", "10"),
    ]
    partitions = Partitions(2, ([Known("A0", "7")], [Known("B1", "11", "CUT")]).__getitem__)
    run(partitions.read)
    known = {entry.integration_id: entry for entry in entries}
    rows = frozenset({"A1", "A2", "C", "G"})
    recorder = make(folder, entries=known, row_keys=rows, elsewhere=partitions.besides(0))
    assert recorder.find_key_owner(key, create(key)) == owner


def test_keys_and_ids_of_other_partitions_are_others_too(folder: Folder) -> None:
    change, parts = CHANGES[0], ([Known("A0", "7")], [Known("B1", "8", "CUT")])
    partitions = Partitions(2, parts.__getitem__)
    recorder = make(folder, elsewhere=partitions.besides(0))
    records = [{"id": "7"}, {"id": "8"}, {"id": "9"}]
    assert (recorder.find_others(change, records), recorder.is_key_of_other(change, "B1")) == (set(), False)
    run(partitions.read)
    assert recorder.find_others(change, records) == {"8"}
    assert [recorder.is_key_of_other(change, key) for key in ("B1", "CUT", "A0", None)] == [True, False, False, False]
    assert recorder.find_key_owner("CUT", change) == "the row B1"
    assert recorder.find_key_owner("NOBODY", change) == ""
    recorder.take(change, done(change, "12"))
    assert partitions.besides(1).has_id("12")


def test_outcomes_are_written_as_soon_as_many_wait(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oduyo_provider.sync.apply.recorder.LOOK_FOR_DUE_EVERY_S", 0)
    monkeypatch.setattr("oduyo_provider.sync.staging.journal.FLUSH_AFTER_S", 3600)
    lines: list[int] = []
    is_written = threading.Event()
    append = Folder.append

    def count(self: Folder, name: str, data: bytes) -> None:
        lines.append(data.count(b"\n"))
        append(self, name, data)
        is_written.set()

    monkeypatch.setattr(Folder, "append", count)

    async def work() -> None:
        flusher = asyncio.ensure_future(recorder.flush_regularly())
        for number in range(FLUSH_AFTER_OUTCOMES + 100):
            change = create(str(number))
            recorder.take(change, done(change, "1"))
            await asyncio.sleep(0)
        await asyncio.to_thread(is_written.wait)
        flusher.cancel()
        await recorder.flush()

    recorder = make(folder)
    run(work)
    assert lines[0] >= FLUSH_AFTER_OUTCOMES
    assert sum(lines) == FLUSH_AFTER_OUTCOMES + 100


def test_results_are_counted_for_the_log(folder: Folder) -> None:
    progress = Progress(logging.getLogger("oduyo_provider.tests"))
    journal = Journal(folder, attempt="try1", digest="d1")
    recorder = Recorder(journal, History(), progress, {})
    recorder.take(CHANGES[0], done(CHANGES[0], "7"))
    recorder.correct(done(CHANGES[0], "7"))
    recorder.take(CHANGES[1], Result(CHANGES[1].key, Outcome.REFUSED, reason="HTTP 404", answer="Geçersiz"))
    assert progress.counts == {(Action.CREATE, Outcome.DONE): 1, (Action.CREATE, Outcome.REFUSED): 1}
    assert progress.samples == ["create:A1  refused: HTTP 404  Geçersiz"]
    recorder.correct(Result(CHANGES[0].key, Outcome.DOUBTFUL, reason="confirmed by Ödüyo, but not listed"))
    assert progress.samples[1:] == ["create:A0  doubtful: confirmed by Ödüyo, but not listed"]


@pytest.mark.parametrize("pauses", range(6))
def test_writing_regularly_ends_when_it_is_cancelled_while_many_results_come(folder: Folder, pauses: int) -> None:
    async def work() -> None:
        recorder = make(folder)
        flusher = asyncio.ensure_future(recorder.flush_regularly())
        await asyncio.sleep(0.01)
        for number in range(FLUSH_AFTER_OUTCOMES):
            change = create(str(number))
            recorder.take(change, done(change, "1"))
        for _ in range(pauses):
            await asyncio.sleep(0)
        flusher.cancel()
        ended, _ = await asyncio.wait({flusher}, timeout=5)
        assert ended

    run(work)

"""Waiting for what others sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.quiesce import SENT_WITHIN_S, wait_for_journals
from oduyo_provider.sync.site.state import OpenJournal, SiteState
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import Journal, Result

SETTLE_S = 60.0


class Wait:
    """Waits for the journal of a load that died at 1000, as seen at some moment."""

    def __init__(self, tmp_path: Path, now: float) -> None:
        root = Folder.open(str(tmp_path))
        self.journal = root.child("run1", "results", "0000-d1")
        self.state = SiteState(root, "site", "erp_special_code")
        self.state.open_journal(OpenJournal(self.journal.uri, "d1", "run1 g"))
        self.now = now
        self.waited_s = 0.0

    def write(self, *, has_result: bool) -> None:
        """One intent, and its outcome a little later."""

        async def work() -> None:
            journal = Journal(self.journal, attempt="try1", digest="d1", clock=lambda: 1000.0)
            await journal.intend(["create:1"])
            if has_result:
                journal.record(Result("create:1", Outcome.DONE, at=1003.0))
            await journal.flush()

        asyncio.run(work())

    def run(self, *, closes_unread: bool = True) -> dict[str, float]:
        """Since when each journal is quiet."""

        async def sleep(seconds: float) -> None:
            self.waited_s += seconds

        async def work() -> dict[str, float]:
            clock = Clock(lambda: self.now, sleep)
            return await wait_for_journals(
                self.state,
                self.state.read_open_journals(),
                SETTLE_S,
                clock,
                lambda text: None,
                closes_unread=closes_unread,
            )

        return asyncio.run(work())


@pytest.mark.parametrize(("has_result", "last_at"), [(False, 1000.0), (True, 1003.0)])
def test_what_was_answered_is_waited_for_as_what_was_not(tmp_path: Path, has_result: bool, last_at: float) -> None:
    wait = Wait(tmp_path, now=1010.0)
    wait.write(has_result=has_result)
    assert wait.run() == {wait.journal.uri: last_at + SENT_WITHIN_S + SETTLE_S}
    assert wait.waited_s == last_at + SENT_WITHIN_S + SETTLE_S - 1010.0


def test_a_journal_stays_open_for_those_who_listed_before_it_was_quiet(tmp_path: Path) -> None:
    wait = Wait(tmp_path, now=5000.0)
    wait.write(has_result=False)
    wait.run()
    assert wait.waited_s == 0
    assert len(wait.state.read_open_journals()) == 1


def test_a_journal_whose_files_are_gone_is_waited_for_once(tmp_path: Path) -> None:
    wait = Wait(tmp_path, now=5000.0)
    assert wait.run() == {wait.journal.uri: 5000.0 + SENT_WITHIN_S + SETTLE_S}
    assert wait.waited_s == SENT_WITHIN_S + SETTLE_S
    assert wait.run() == {}


def test_partitions_that_start_later_learn_of_a_journal_whose_files_are_gone(tmp_path: Path) -> None:
    wait = Wait(tmp_path, now=5000.0)
    assert wait.run(closes_unread=False) == wait.run(closes_unread=False) != {}


def test_a_journal_that_cannot_be_read_is_waited_for_in_full(tmp_path: Path) -> None:
    wait = Wait(tmp_path, now=5000.0)
    wait.write(has_result=False)
    wait.journal.write("try2.intents.jsonl", b"{]\n")
    assert wait.run() == {wait.journal.uri: 5000.0 + SENT_WITHIN_S + SETTLE_S}
    assert wait.waited_s == SENT_WITHIN_S + SETTLE_S

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.apply import sender as sender_module
from oduyo_provider.sync.apply.sender import Sender
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import FLUSH_AFTER_OUTCOMES, Journal, read_history
from tests.unit.api.wire import Site, ok

CONCURRENCY = 8


class Appends:
    """What is appended to outcome files: how many lines at a time, and whether two appends ran at once."""

    def __init__(self, seconds: float = 0.0, fails: bool = False) -> None:
        self.lines: list[int] = []
        self.overlapped = False
        self._seconds = seconds
        self._fails = fails
        self._running = threading.Lock()
        self._append = Folder.append

    def __call__(self, folder: Folder, name: str, data: bytes) -> None:
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


def send(folder: Folder, changes: list[Change]) -> Site:
    """Send creates to a server that accepts each."""
    site = Site(create=ok("Erp Special Code Ekleme successfully added id <7>"))

    async def run() -> None:
        journal = Journal(folder, attempt="try1", digest="d")
        async with site, OduyoClient(site.settings(max_concurrency=CONCURRENCY), SPECIAL_CODE) as client:
            sender = Sender(
                client, journal, concurrency=CONCURRENCY, on_result=lambda *_: None, check_lease=lambda: None
            )
            await sender.send(changes)

    asyncio.run(run())
    return site


def creates(count: int) -> list[Change]:
    return [Change(Action.CREATE, str(number), {"integration_id": str(number)}) for number in range(count)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(sender_module, "_FLUSH_EVERY_S", 3600)
    return Folder.open(str(tmp_path / "journal"))


def test_outcomes_are_written_as_soon_as_many_wait(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    appends = Appends()
    monkeypatch.setattr(Folder, "append", lambda *given: appends(*given))
    send(folder, creates(FLUSH_AFTER_OUTCOMES + 100))
    assert len(appends.lines) == 2
    assert FLUSH_AFTER_OUTCOMES <= appends.lines[0] <= FLUSH_AFTER_OUTCOMES + 4 * CONCURRENCY
    assert sum(appends.lines) == FLUSH_AFTER_OUTCOMES + 100


def test_the_last_outcomes_wait_for_those_that_are_being_written(
    monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    appends = Appends(seconds=1.0)
    monkeypatch.setattr(Folder, "append", lambda *given: appends(*given))
    send(folder, creates(FLUSH_AFTER_OUTCOMES + 100))
    assert not appends.overlapped
    assert sum(appends.lines) == FLUSH_AFTER_OUTCOMES + 100
    assert len(read_history(folder, "d").results) == FLUSH_AFTER_OUTCOMES + 100


def test_sending_stops_when_outcomes_cannot_be_written(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    appends = Appends(fails=True)
    monkeypatch.setattr(Folder, "append", lambda *given: appends(*given))
    with pytest.raises(StagingError, match="no space left"):
        send(folder, creates(20 * FLUSH_AFTER_OUTCOMES))
    assert appends.lines[0] < 2 * FLUSH_AFTER_OUTCOMES

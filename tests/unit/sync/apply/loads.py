"""What the parts of a load work with: a local Ödüyo over real HTTP, time that only waiting moves, a journal on a disk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_base
from oduyo_provider.core.drift import find_differences
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.looker import Looker
from oduyo_provider.sync.apply.lookup import Lookup
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.seeker import Seeker
from oduyo_provider.sync.apply.work import Course, Work
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import History, Journal, read_history
from sandbox.oduyo.server import Sandbox

SETTLE_S = 60.0
#: Of creates and records alike; a description that no two share.
FIELDS = {"key1": "2", "key2": "1", "typecode": "26", "status": "1"}

T = TypeVar("T")


def known(
    brake: str, field: str = "description", *, sent: str = "ş", stored: str = "s", **is_what: bool
) -> dict[str, Finding]:
    """What a site is known to do to values: one finding, by its name."""
    finding = Finding(brake, field, sent, stored, **is_what)
    return {finding.name: finding}


class Load:
    """One load against a site.

    :param work: fields of :class:`Work` that differ from a plain load's.
    :ivar waits: how long it was waited, in seconds.
    :ivar off_s: how far its wall clock is ahead of the true time, in seconds; during the next wait it is set to ``off_next_s``.
    :ivar since: number of the last request before the load began.
    :ivar findings: what was found of the site.
    """

    def __init__(self, site: Sandbox, folder: Path, **work: Any) -> None:
        self.site = site
        self.folder = Folder.open(str(folder / "journal"))
        self.waits: list[float] = []
        self.findings: list[Finding] = []
        self.forgotten: list[str] = []
        self.ahead_s = self.off_s = self.off_next_s = 0.0
        self.is_site_up = True
        self.entries: dict[str, Entry] = {}
        self.row_keys: frozenset[str] = frozenset()
        self.history = History()
        self.attempt = "try1"
        self._work = work
        self.since = 0
        account = site.account
        self.settings = Settings.from_connection(
            host=site.url,
            port=None,
            login=account.username,
            password=account.password,
            extra={"api_key": account.api_key, "settle_s": SETTLE_S, "timeout_s": 5},
        )

    def now(self) -> float:
        return time.time() + self.ahead_s + self.off_s

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s

    def skip(self, seconds: float) -> None:
        """Let time pass, for the site too."""
        self.ahead_s += seconds
        if self.is_site_up:
            self.site.advance(seconds)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.off_s = self.off_next_s
        self.skip(seconds)
        await asyncio.sleep(0)

    async def _short_sleep(self, seconds: float) -> None:
        """The client's waits: they pass, but are none of the load's."""
        self.skip(seconds)
        await asyncio.sleep(0)

    def run(self, task: Callable[[Load], Awaitable[T]]) -> T:
        """Work with a client of its own; ``work``, ``course``, ``lookup`` and ``recorder`` are fresh."""

        async def main() -> T:
            runtime = Runtime(self.monotonic, self._short_sleep, lambda: 0.5)
            async with OduyoClient(self.settings, SPECIAL_CODE, runtime=runtime) as client:
                await client.log_in()
                self._make(client)
                self.since = len(self.site.log()["requests"])
                try:
                    return await task(self)
                finally:
                    await self.recorder.flush()

        return asyncio.run(main())

    def make_looker(self) -> Looker:
        """What looks at changes, while the load runs."""
        return Looker(self.work, self.course, self.lookup, Seeker(self.work, self.course, self.lookup))

    def _make(self, client: OduyoClient) -> None:
        given: dict[str, Any] = {
            "client": client,
            "normaliser": Normaliser(SPECIAL_CODE),
            "progress": Progress(logging.getLogger("oduyo_provider.tests")),
            "clock": Clock(self.now, self.sleep, self.monotonic),
            "concurrency": 4,
            "settle_s": SETTLE_S,
            "check_lease": lambda: None,
            "source": "dag",
            "note_finding": self.findings.append,
            "forget_finding": lambda name: self.forgotten.append(name),
        }
        self.work = Work(**{**given, **self._work})
        ids = sorted(int(record["id"] or 0) for record in self.site.records())
        self.course = Course(
            top_id=ids[-1] if ids else 0, overlap_id=ids[-500] - 1 if len(ids) >= 500 else 0, calls_per_s=100.0
        )
        self.lookup = Lookup(self.work, self.course, site_rows=len(ids))
        self.recorder = self.open_recorder()

    def open_recorder(self, attempt: str | None = None) -> Recorder:
        """What this try writes down."""
        journal = Journal(self.folder, attempt=attempt or self.attempt, digest="d1", clock=self.now)
        return Recorder(journal, self.history, self.work.progress, self.entries, self.row_keys)

    def apply(self, *changes: Change) -> dict[str, Result]:
        """Apply these changes as the one partition of a plan; returns the results."""

        async def task(load: Load) -> None:
            ordered = sorted(changes, key=lambda change: change.sort_key)
            applier = Applier(load.work, load.course, site_rows=len(load.site.records()))
            load.row_keys = frozenset(compute_match_key(change.integration_id) for change in ordered)
            load.recorder = load.open_recorder()
            await applier.apply(load.recorder, ordered)
            await applier.finish()

        self.run(task)
        return dict(self.recorder.results)

    def retry(self, *changes: Change) -> dict[str, Result]:
        """As :meth:`apply`, in the next try of the same plan."""
        self.attempt = f"try{int(self.attempt[3:]) + 1}"
        self.history = read_history(self.folder, "d1")
        return self.apply(*changes)

    def read_journal(self) -> History:
        """What all tries wrote down."""
        return read_history(self.folder, "d1")

    def calls(self) -> Counter[str]:
        """The requests since this load began, by call."""
        return Counter(entry["call"] for entry in self.site.log()["requests"][self.since :])

    def sent(self, call: str = "create") -> list[str]:
        """The keys of the calls of one kind since this load began, in the order in which they came."""
        found = self.site.log(call=call, since=self.since)["requests"]
        return [str(entry["column"].get("integration_id", entry["column"].get("id"))) for entry in found]


async def check_nothing(_recorder: Recorder, _change: Change) -> None:
    """In the place of a check of what was made."""


def make_creates(count: int, start: int = 1, **fields: str) -> list[Change]:
    """Creates with keys 1, 2, …, each with codes of its own."""
    numbers = range(start, start + count)
    return [
        Change(
            Action.CREATE,
            str(number),
            {
                **FIELDS,
                "integration_id": str(number),
                "code": f"KOD.{number}",
                "description": f"Açıklama {number}",
                **fields,
            },
        )
        for number in numbers
    ]


def seed(site: Sandbox, creates: Iterable[Change], **fields: str | None) -> list[str]:
    """Store what these creates ask for, with some fields otherwise; returns Ödüyo's ids."""
    return [str(oduyo_id) for oduyo_id in site.seed([{**change.payload, **fields} for change in creates])]


def make_updates(site: Sandbox, wanted: Sequence[Change], *, action: Action = Action.UPDATE) -> list[Change]:
    """The changes that make the site's records as these creates ask for, or that retire them."""
    records = {record["integration_id"]: record for record in site.records()}
    return [_make_change(change, records[change.integration_id], action) for change in wanted]


def _make_change(wanted: Change, record: dict[str, str | None], action: Action) -> Change:
    base, oduyo_id = compute_base(record, SPECIAL_CODE), record["id"]
    if action is Action.DELETE:
        return Change(action, wanted.integration_id, {}, oduyo_id, base, retires=True)
    if action is Action.DEACTIVATE:
        return Change(action, wanted.integration_id, {"status": "0"}, oduyo_id, base, ("status",), retires=True)
    differs = find_differences(Normaliser(SPECIAL_CODE), wanted.payload, record)
    return Change(action, wanted.integration_id, wanted.payload, oduyo_id, base, differs)


def rekey(change: Change, key: str) -> Change:
    """The same create under another key."""
    return msgspec.structs.replace(change, integration_id=key, payload={**change.payload, "integration_id": key})


def change_fields(changes: Iterable[Change], **fields: str) -> list[Change]:
    """The same creates with other values."""
    return [msgspec.structs.replace(change, payload={**change.payload, **fields}) for change in changes]


def count_outcomes(results: dict[str, Result]) -> dict[str, int]:
    """How many results have each outcome."""
    return dict(Counter(result.outcome.value for result in results.values()))


def find_outcomes(results: dict[str, Result], outcome: Outcome) -> set[str]:
    """The keys of the changes with this outcome."""
    return {key for key, result in results.items() if result.outcome is outcome}

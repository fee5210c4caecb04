"""What happened, as the oracle needs it: the ERP's rows run by run, and everything that was done to Ödüyo's records.

Times are epoch seconds on the site's clock. Nothing here is taken from the product: rows come from the test, all else from
the site's own journals, but for what a run said of itself (:attr:`Run.report`, :attr:`Run.is_green`, its quarantine).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

#: Field → text, as a row is to be sent or a record is stored.
Fields = Mapping[str, str | None]

#: A look is at most so old when a change is sent.
LOOK_S = 60.0
#: Outcomes are written so many seconds behind at most; an answer that came later before a kill may be unknown.
UNSAVED_S = 5.0
#: What was written is read back within so many seconds, lists' lag aside. What others write meanwhile looks like the site's doing.
READ_BACK_S = 60.0
#: Fields that the site sets by itself.
STAMPS = ("created_in", "updated_in")
#: The ERP's dates, which some sites set by themselves too.
DATES = ("special_created_in", "special_updated_in")
#: Answers that do not say whether the call took effect; 0 is none at all.
UNTOLD = (0, 200, 408, 500, 502, 504, 520)
#: Faults that leave a write's answer as it was: a slow one comes milliseconds late, long before anybody stops waiting.
HARMLESS = ("kill_session", "wrong_content_type", "slow")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a source, with all its retries; of an operator one of them, since each makes a plan of its own.

    :param run_id: names the run, also where its load is cleared; empty where that happens to none.
    :param number: its place in the order in which the source's plans were drawn.
    :param rows: ``integration_id`` → what the row is in Ödüyo; the ERP's valid rows when the run read them.
    :param rejected: keys that its quarantine names as rejected, and those of the ERP's rows that break the rules.
    :param refused: keys that it accounts for as refused, also those that it did not send again.
    :param released: the brakes that it released.
    :param started_at: when the run began; ``ended_at`` likewise.
    :param snapshot_at: when it began to list Ödüyo; ``listed_at`` when it was through.
    :param loaded_at: when its load was through; 0 when it never was.
    :param is_applied: it passed guard and might write, and its load was through and had written that down, whatever became
        of its process then.
    :param is_green: the run said success.
    :param report: its report; empty when it came to none.
    """

    source: str
    run_id: str = ""
    number: int
    rows: Mapping[str, Fields]
    rejected: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    released: frozenset[str] = frozenset()
    on_missing: Literal["keep", "deactivate", "delete"] = "keep"
    missing_runs: int = 2
    sync_mode: Literal["upsert", "create"] = "upsert"
    started_at: float
    snapshot_at: float
    listed_at: float
    loaded_at: float = 0.0
    ended_at: float
    is_dry: bool = False
    is_applied: bool = True
    is_green: bool = True
    report: Mapping[str, Any] = {}

    def covers(self, time: float) -> bool:
        """Whether the run was under way."""
        return self.started_at <= time <= self.ended_at

    def overlaps(self, other: Run) -> bool:
        """Whether both were under way at some moment."""
        return other.started_at <= self.ended_at and self.started_at <= other.ended_at

    def has(self, key: str) -> bool:
        """Whether the ERP had the row, rejected or not."""
        return key in self.rows or key in self.rejected


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One write call as the site received it.

    :param answer: the body that the site made; ``status`` and ``fault`` say what became of it.
    :param ids: the records that it made, changed or deleted.
    """

    number: int
    time: float
    call: str
    column: Mapping[str, str]
    status: int = 200
    fault: str = ""
    answer: str = '{"status":true}'
    ids: tuple[str, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        """Whether a "yes" went back as the site made it."""
        is_harmless = not self.fault or self.fault.split()[0] in HARMLESS
        return self.status == 200 and is_harmless and self.answer.replace(" ", "").startswith('{"status":true')

    @property
    def is_lost(self) -> bool:
        """Whether it cannot be told from the answer if the call took effect."""
        is_no = self.status == 200 and (not self.fault or self.fault.split()[0] in {*HARMLESS, "status_false"})
        return not self.is_confirmed and not is_no and (bool(self.ids) or self.status in UNTOLD)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one record: as :class:`sandbox.oduyo.effects.Effect`."""

    time: float
    call: Literal["create", "update", "delete"]
    id: int
    by: str
    fields: Fields

    @property
    def is_products(self) -> bool:
        """Whether a request did it."""
        return self.by.isdigit()


def keep_as_sent(_field: str, _sent: str) -> Collection[str]:
    """A site that stores what it is sent."""
    return ()


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Several nights.

    :param runs: of all sources.
    :param effects: every change of every record of the resource, in its order, those before the first run too.
    :param sent: every write call of the resource.
    :param now: when the records are judged.
    :param find_forms: (field, sent) → the other forms in which this site may store it.
    :param hidden: ids that lists leave out.
    :param lag_s: how long lists show old versions.
    :param passive: the resource's word for a passive record.
    :param kills: when a process of the product was killed, or stopped for so long that it lost its lease.
    :param ledger_lost: when the ledger was lost.
    :param clocks_apart_s: how far the clocks of two processes were apart at most.
    """

    runs: Sequence[Run]
    effects: Sequence[Effect]
    sent: Sequence[Sent] = ()
    now: float
    find_forms: Callable[[str, str], Collection[str]] = keep_as_sent
    hidden: frozenset[int] = frozenset()
    lag_s: float = 0.0
    passive: str = "0"
    kills: Sequence[float] = ()
    ledger_lost: Sequence[float] = ()
    clocks_apart_s: float = 0.0

    def find_runs(self, key: str, time: float) -> list[Run]:
        """Runs under way at ``time`` that have a row with this key and may have written."""
        return [run for run in self.runs if run.covers(time) and key in run.rows and not run.is_dry]

    def is_stored(self, field: str, wanted: str | None, stored: str | None) -> bool:
        """Whether ``stored`` is what this site makes of ``wanted``."""
        return (wanted or "") == (stored or "") or (stored or "") in self.find_forms(field, wanted or "")


def read_effects(effects: Iterable[Mapping[str, Any]], resource: str) -> list[Effect]:
    """The site's history of one resource, as ``Sandbox.effects`` gives it."""
    return [
        msgspec.convert({name: value for name, value in effect.items() if name != "resource"}, Effect)
        for effect in effects
        if effect["resource"] == resource
    ]


def read_sent(writes: Iterable[Mapping[str, Any]], resource: str) -> list[Sent]:
    """The site's journal of write calls of one resource, as ``Sandbox.writes`` gives it."""
    names = Sent.__struct_fields__
    return [
        msgspec.convert({name: entry.get(name, {}) for name in names}, Sent)
        for entry in writes
        if entry["resource"] == resource
    ]

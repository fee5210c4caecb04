"""Judges several nights by what became of Ödüyo's records. Written from the design, not from the code.

| kind | what is wrong |
|---|---|
| ``duplicate`` | two records with one key, both made by this product |
| ``twin`` | a record made although another with its key was there, and listed, for longer than a look is old |
| ``created_again`` | a key created again after a create that Ödüyo confirmed |
| ``too_many_creates`` | a key whose lost create was sent more than twice in one run |
| ``lost`` | a row that has been in the ERP since the last green run, and no record |
| ``invented`` | a record made with a value that no row has |
| ``unasked`` | a record made or changed of a key that no run under way has a row of |
| ``older`` | a value of an older plan written although a newer plan of the source was applied |
| ``wiped`` | a field that no row asks to change, changed otherwise than the look found it, and not restored |
| ``stale`` | a field that others changed after the plan was made and before the look, written over; or such a record deleted |
| ``retired`` | a record made passive or deleted that the ERP has, or that was not missing long enough, or not the source's own |
| ``foreign`` | a record of another source changed |
| ``crowd`` | many changes of a kind sent, although the first was not stored as it was sent, or had no effect |
| ``false_green`` | a run said success, and a row is not in step and not accounted for, or new twins are there, or its report is red |
| ``sums`` | a report that does not add up |
| ``untold`` | more records made than the report says |
| ``written_dry`` | a dry run that wrote |

The checks of writes are in :mod:`tests.chaos.oracle_writes` and :mod:`tests.chaos.oracle_canary`, those of what runs say in
:mod:`tests.chaos.oracle_reports`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.history import LOOK_S, UNSAVED_S, History, Run, Sent
from tests.chaos.oracle_canary import find_crowds
from tests.chaos.oracle_reports import find_dry_writes, find_false_greens, find_wrong_figures
from tests.chaos.oracle_writes import find_foreign, find_retired, find_writes
from tests.chaos.timeline import Timeline, normalise_key
from tests.chaos.violation import Violation, find_products

#: A lost create is sent once more, retries included.
SENDS_OF_A_LOST_CREATE = 2


def find_violations(history: History) -> list[Violation]:
    """Everything that is wrong with the records and with what the runs said."""
    timeline = Timeline(history)
    checks = (
        *(find_duplicates, find_creates, find_lost),
        *(find_writes, find_retired, find_foreign, find_crowds),
        *(find_false_greens, find_wrong_figures, find_dry_writes),
    )
    return [violation for check in checks for violation in check(history, timeline)]


def find_duplicates(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``duplicate`` and ``twin``."""
    for effect, sent in find_products(history, timeline):
        key = sent.column.get("integration_id", "")
        runs = history.find_runs(key, sent.time)
        if effect.call != "create" or any(run.sync_mode == "create" for run in runs):
            continue
        for other in timeline.find_records(key, effect.time):
            first = timeline.versions[other][0]
            # One call that makes two records is the site's doing.
            if other == effect.id or first.by == effect.by:
                continue
            if first.by.isdigit():
                made_of = timeline.sent[int(first.by)].column.get("integration_id", "")
                if normalise_key(made_of) != normalise_key(key):  # another row's, which the site stores alike
                    continue
                if not (other in history.hidden and _is_lost_create(history, timeline, other)):
                    yield Violation("duplicate", key, f"record {effect.id} was made, and {other} was there")
                continue
            # Who says that what is not listed is gone is taken at his word, also by a site that lists nothing.
            is_excused = any("vanished" in run.released for run in runs) or _is_common(history, timeline, other, sent)
            if not is_excused and _is_listed(history, timeline, other, key, sent.time):
                yield Violation("twin", key, f"record {effect.id} was made, and {other} by {first.by} was listed")


def _is_lost_create(history: History, timeline: Timeline, record_id: int) -> bool:
    """Whether nobody knows the answer to a record's create: what no list shows either cannot be known to be there."""
    sent = timeline.find_sent(timeline.versions[record_id][0].effect)
    return sent is not None and (sent.is_lost or _is_killed(history, sent, []))


def _is_listed(history: History, timeline: Timeline, record_id: int, key: str, time: float) -> bool:
    since = time - LOOK_S - history.lag_s
    return timeline.is_of(record_id, key, since) and record_id not in history.hidden


def _is_common(history: History, timeline: Timeline, record_id: int, sent: Sent) -> bool:
    """Whether the site would store the keys of several rows as this record's: then nobody can say whose it is."""
    found = timeline.find_key(record_id, sent.time)
    keys = {key for run in history.runs for key in run.rows}
    return sum(found in history.find_forms("integration_id", key) for key in keys) > 1


def find_creates(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``created_again`` and ``too_many_creates``."""
    by_key: dict[str, list[Sent]] = defaultdict(list)
    for sent in history.sent:
        key = sent.column.get("integration_id", "")
        is_bare = any(run.sync_mode == "create" for run in history.find_runs(key, sent.time))
        if sent.call == "create" and not is_bare:
            by_key[key].append(sent)
    for key, creates in by_key.items():
        yield from _judge_creates(history, timeline, key, creates)


def _judge_creates(history: History, timeline: Timeline, key: str, creates: list[Sent]) -> Iterator[Violation]:
    confirmed: Sent | None = None
    lost: Counter[tuple[str, int]] = Counter()
    for sent in creates:
        runs = history.find_runs(key, sent.time)
        is_over = confirmed is not None and (
            _is_released(history, confirmed, sent) or _is_over(history, timeline, confirmed, sent)
        )
        if confirmed is not None and not is_over:
            yield Violation("created_again", key, f"call {sent.number}, after call {confirmed.number} said yes")
        # Of a no it does not matter whether it was written down: who did not know it has sent less often.
        is_unknown = sent.is_lost or (sent.is_confirmed and _is_killed(history, sent, creates))
        if sent.is_confirmed and not is_unknown:
            confirmed = sent
        if is_unknown and len(runs) == 1:
            run = (runs[0].source, runs[0].number)
            lost[run] += 1
            if lost[run] == SENDS_OF_A_LOST_CREATE + 1:
                yield Violation("too_many_creates", key, f"call {sent.number} in run {run[1]} of {run[0]}")


def _is_released(history: History, confirmed: Sent, sent: Sent) -> bool:
    """Whether a person said meanwhile that what is not listed is gone: a run without the row then forgets the record."""
    return any(
        "vanished" in run.released and confirmed.time <= run.ended_at and run.started_at <= sent.time
        for run in history.runs
        if not run.is_dry
    )


def _is_killed(history: History, sent: Sent, creates: list[Sent]) -> bool:
    """Whether the process may have died before it wrote down what it was answered: who sends again, knew the answer."""
    return any(
        0 <= kill - sent.time <= UNSAVED_S and not any(sent.time < other.time <= kill for other in creates)
        for kill in history.kills
    )


def _is_over(history: History, timeline: Timeline, confirmed: Sent, sent: Sent) -> bool:
    """Whether the ledger was lost since a create was confirmed, or the product has deleted what it made."""
    deleted = [
        version.time
        for record_id in map(int, confirmed.ids)
        for version in timeline.versions[record_id]
        if version.fields is None and version.by.isdigit()
    ]
    return any(confirmed.time <= moment <= sent.time for moment in (*history.ledger_lost, *deleted))


def find_lost(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``lost``."""
    latest: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(history.runs, key=lambda run: run.number):
        if not run.is_dry:
            latest[run.source].append(run)
    for runs in latest.values():
        green = [run for run in runs if run.is_green]
        if not green:
            continue
        since = [run for run in runs if run.number >= green[-1].number]
        for key in green[-1].rows:
            accounted = key in green[-1].refused or key in green[-1].rejected
            if accounted or not all(run.has(key) for run in since) or timeline.find_records(key, history.now):
                continue
            if not _is_taken_away(history, timeline, key, green[-1]):
                yield Violation("lost", key, f"no record since run {green[-1].number} of {green[-1].source}")


def _is_taken_away(history: History, timeline: Timeline, key: str, run: Run) -> bool:
    """Whether a person deleted the record, or changed its key, after the run had listed it."""
    seen_at = run.snapshot_at - history.lag_s
    ids = timeline.find_ids(key)
    return any(timeline.is_unnoticed(record_id, "integration_id", history.now) for record_id in ids) or any(
        version.by == "person" and version.time >= seen_at
        for record_id in ids
        for version in timeline.versions[record_id]
        if version.fields is None or not timeline.is_of(record_id, key, version.time)
    )

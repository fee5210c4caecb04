"""The change table of a run: what is shown of it, in files of which a reader needs few bytes.

``change_table.json`` names the segments, one a partition, with the counts of each, so that figures come from it alone and one
page of lines from one or two segments. Transform writes the segments, guard the table, load brings both up to date as it
goes, and report once more at the end. No step that sends reads it: if it cannot be written, that is said in the log, and the
step goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts, Rejected
from oduyo_provider.core.record import Resource
from oduyo_provider.core.remarks import Remark
from oduyo_provider.core.report import Outcomes
from oduyo_provider.sync.staging.change_lines import (
    DONE,
    SENT,
    TAGS,
    ChangeLine,
    make_left_line,
    make_line,
    make_rejected_line,
)
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.layout import TABLE
from oduyo_provider.sync.staging.plans import PlanPart, compute_total
from oduyo_provider.sync.staging.segments import SegmentFile

FORMAT = 1

#: Outcomes of changes whose fate is not known yet, and of those that the next try of the plan sends.
_OPEN = frozenset({"waiting", "not_applied", SENT, "doubtful"})

#: Said in the log where the table cannot be written.
NOT_SHOWN = gettext_noop(
    "The page cannot show the changes of this run, as their list cannot be written; the run itself goes on: %(error)s"
)


class Pace(msgspec.Struct, frozen=True):
    """How fast a load goes.

    :param started_at: when this try began to send, seconds since 1970.
    :param earlier: changes that earlier tries had settled.
    """

    started_at: float
    earlier: int


class ChangeTable(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of a run's changes.

    :param generation: of the plan.
    :param counts: of the whole plan, without pairs and samples.
    :param is_dry: nothing of it is sent.
    :param segments: by partition.
    :param written_at: seconds since 1970.
    :param pace: of the load that goes on or was last; None before it.
    :param gone: rows that the run before left out and this one does not, by what became of them there; None where nobody
        knows, as the run goes on, or no run before is kept.
    :param site: its canonical address, or its name.
    """

    generation: str
    params: RunParams
    resource: Resource
    counts: PlanCounts
    is_dry: bool
    segments: list[SegmentFile]
    written_at: float
    pace: Pace | None = None
    gone: dict[str, int] | None = None
    site: str = ""
    format: int = FORMAT

    @property
    def settled(self) -> int:
        """Changes that were sent and whose result is known, whatever it is. Of a doubtful one nobody knows it."""
        counts = ((TAGS[tag], count) for segment in self.segments for tag, count in segment.counts.items())
        return sum(count for tag, count in counts if tag.action and tag.outcome not in _OPEN)

    def count_outcomes(self, *, is_ended: bool) -> Outcomes:
        """What became of the changes, with the commonest reasons; rows that were rejected are no changes.

        :param is_ended: nothing is being sent any more.
        """
        outcomes = Outcomes()
        for segment in self.segments:
            _add_segment(outcomes, segment, is_ended=is_ended)
        return outcomes


def _add_segment(outcomes: Outcomes, segment: SegmentFile, *, is_ended: bool) -> None:
    left = Counter(segment.counts)
    for tag, reason, count in segment.reasons:
        action, outcome = _read_end(tag, is_ended=is_ended)
        outcomes.changes[action, outcome, reason] += count
        left[tag] -= count
    for tag, count in left.items():
        if not TAGS[tag].action or not count:
            continue
        action, outcome = _read_end(tag, is_ended=is_ended)
        is_done = outcome is Outcome.DONE
        outcomes.changes[action, outcome, ""] += count
        outcomes.adopted += count if TAGS[tag].action == "adopt" and is_done else 0
    outcomes.known_refused += sum(
        count
        for tag, count in segment.counts.items()
        if TAGS[tag].is_known and TAGS[tag].action in ("create", "update")
    )
    outcomes.altered += segment.altered
    outcomes.new_duplicates += segment.twins


def _read_end(tag: int, *, is_ended: bool) -> tuple[Action, Outcome]:
    action, outcome = TAGS[tag].action, TAGS[tag].outcome
    if outcome in DONE:
        end = Outcome.DONE
    elif outcome in ("waiting", SENT):
        end = Outcome.DOUBTFUL if is_ended and outcome == SENT else Outcome.NOT_APPLIED
    else:
        end = Outcome(outcome)
    return Action.UPDATE if action == "adopt" else Action(action), end


def make_lines(
    resource: Resource, changes: Iterable[Change], rejected: Iterable[Rejected], remarks: Iterable[Remark] = ()
) -> Iterator[ChangeLine]:
    """The lines of a partition before anything is sent: its changes in their order, then what it rejects or leaves."""
    yield from (make_line(change, resource) for change in changes)
    yield from (make_rejected_line(row, resource) for row in rejected)
    yield from map(make_left_line, remarks)


def make_table(
    parts: Sequence[PlanPart], segments: Sequence[SegmentFile], *, is_dry: bool, now: float, pace: Pace | None = None
) -> ChangeTable:
    """The table of a whole plan.

    :param segments: of the parts, in their order.
    """
    first = parts[0].manifest
    counts = msgspec.structs.replace(compute_total(parts), pairs={}, samples={})
    return ChangeTable(
        generation=first.generation,
        params=first.params,
        resource=first.snapshot.resource,
        site=first.snapshot.site,
        counts=counts,
        is_dry=is_dry,
        segments=list(segments),
        written_at=now,
        pace=pace,
    )


def write_table(run_folder: Folder, table: ChangeTable) -> None:
    """Replace the table of a run: from then on readers see its segments."""
    run_folder.write(TABLE, msgspec.json.encode(table) + b"\n")


def read_table(run_folder: Folder) -> ChangeTable:
    """The table of a run.

    :raises StagedFileError: there is none, it is damaged, or a newer version wrote it.
    """
    table = read_manifest(run_folder, TABLE, ChangeTable)
    if table.format > FORMAT:
        raise StagedFileError(
            gettext(
                "%(file)s has the format %(format)s, which a newer version of airflow-provider-oduyo wrote; this one reads up to "
                "%(known)s. Install that version where the page is served, too.",
                file=f"{run_folder.uri}/{TABLE}",
                format=table.format,
                known=FORMAT,
            )
        )
    return table

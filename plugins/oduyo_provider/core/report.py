"""The report of a run: its figures, which must add up, and whether the run is in step."""

from __future__ import annotations

from collections import Counter

import msgspec

from oduyo_provider.core.brakes import is_too_many
from oduyo_provider.core.change import Action, Outcome
from oduyo_provider.core.ledger import REFUSED_BEFORE
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts, SyncMode
from oduyo_provider.core.reasons import compute_top

#: Different reasons that a report lists.
MAX_REASONS = 50


class Report(msgspec.Struct, kw_only=True):
    """What a run did. The first eleven figures count ERP rows, the next six Ödüyo's records of this source.

    ``extracted`` is the sum of the ten after it, ``missing`` of the five. With ``dry_run`` changes are counted as planned.

    :param adopted: of updated; ``known_refused`` of refused (refused before; few of them are sent again), ``known_rejected``
        of rejected, ``vanished`` of doubtful.
    :param remote_duplicates: records beyond one with the same key; ``new_duplicates`` those that are not known yet.
    :param altered: records of which Ödüyo stored a value otherwise than sent, and otherwise than before.
    :param out_of_scope: records of this source in a (key1, key2) pair of which this run has no row: kept.
    :param new_other_source: rejected rows whose record another source owns, not rejected so by the last applied run.
    :param sync_mode: the param, empty where nobody knows it; with ``create`` nothing was compared, so that nobody knows whether the run is in step.
    :param faults: what makes the run red besides its figures, by name; see :mod:`oduyo_provider.core.verdict`.
    :param reasons: reason → how many rows or changes had it.
    :param started_at: ISO 8601, UTC; likewise ``ended_at``.
    """

    extracted: int = 0
    repeated: int = 0
    rejected: int = 0
    unchanged: int = 0
    created: int = 0
    updated: int = 0
    refused: int = 0
    failed: int = 0
    doubtful: int = 0
    stale: int = 0
    not_applied: int = 0
    missing: int = 0
    kept_missing: int = 0
    deactivated: int = 0
    deleted: int = 0
    missing_refused: int = 0
    missing_failed: int = 0
    adopted: int = 0
    known_refused: int = 0
    known_rejected: int = 0
    vanished: int = 0
    remote_duplicates: int = 0
    new_duplicates: int = 0
    altered: int = 0
    out_of_scope: int = 0
    new_other_source: int = 0
    dry_run: bool = False
    sync_mode: str = ""
    faults: list[str] = []
    reasons: dict[str, int] = {}
    started_at: str = ""
    ended_at: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """What is counted, by figure."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if type(value) is int}

    @property
    def undone(self) -> dict[str, int]:
        """What is left to be done or looked at, by figure: none of it when the run is in step."""
        return {} if self.dry_run else {name: count for name in UNDONE if (count := getattr(self, name))}

    @property
    def is_red(self) -> bool:
        """Whether the run is not in step, or waits for a person."""
        return bool(self.undone or self.faults)

    @property
    def compares(self) -> bool:
        """Whether rows were compared with records."""
        return self.sync_mode != SyncMode.CREATE.value

    @property
    def new_rejected(self) -> int:
        """Rows that were not rejected or refused alike before."""
        return self.rejected - self.known_rejected + self.refused - self.known_refused

    def has_too_many_rejected(self, params: RunParams, *, is_approved: bool = False) -> bool:
        """Whether more rows than allowed are newly rejected or refused; rejected ones that were released do not count.

        :param is_approved: a person has approved the plan, and with it the rows that it rejects.
        """
        refused = self.refused - self.known_refused
        asked = refused if is_approved else self.new_rejected
        counted = refused if params.is_released("rejected", self.new_rejected - refused) else asked
        are_too_many = is_too_many(counted, params.max_rejected_percent, self.extracted)
        return are_too_many and not params.is_released("rejected", asked)

    @property
    def writes(self) -> int:
        """Changes made."""
        return sum(int(getattr(self, name)) for name in WRITES)

    def check(self) -> None:
        """Raise ArithmeticError, naming the figures, when they do not add up or one is below zero."""
        for whole, parts in SUMS.items():
            if sum(getattr(self, part) for part in parts) != getattr(self, whole):
                text = " + ".join(f"{part} {getattr(self, part)}" for part in parts)
                raise ArithmeticError(f"the report does not add up: {whole} {getattr(self, whole)} is not {text}")
            if negative := [part for part in parts if getattr(self, part) < 0]:
                raise ArithmeticError(f"the report counts less than nothing: {', '.join(negative)}")
        for share, whole in SHARES.items():
            if getattr(self, share) > getattr(self, whole):
                raise ArithmeticError(f"the report does not add up: {share} is a share of {whole}, and larger")


#: Each figure and those that add up to it.
SUMS = {
    "extracted": (
        "repeated",
        "rejected",
        "unchanged",
        "created",
        "updated",
        "refused",
        "failed",
        "doubtful",
        "stale",
        "not_applied",
    ),
    "missing": ("kept_missing", "deactivated", "deleted", "missing_refused", "missing_failed"),
}
#: Each share and the figure that it is part of.
SHARES = {"adopted": "updated", "known_refused": "refused", "known_rejected": "rejected", "vanished": "doubtful"}
#: The figures that make a run red.
UNDONE = ("failed", "doubtful", "stale", "not_applied", "missing_failed", "new_duplicates", "new_other_source")

_DONE_AS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DEACTIVATE: "deactivated",
    Action.DELETE: "deleted",
}
_RETIREMENT_AS = {
    Outcome.REFUSED: "missing_refused",
    Outcome.FAILED: "missing_failed",
    Outcome.DOUBTFUL: "missing_failed",
    Outcome.STALE: "kept_missing",
    Outcome.NOT_APPLIED: "kept_missing",
}

#: The plan's figures that a report begins with.
_AS_PLANNED = (
    *("repeated", "rejected", "unchanged", "missing", "kept_missing", "missing_refused", "known_refused"),
    *("known_rejected", "vanished", "remote_duplicates", "new_duplicates", "out_of_scope", "new_other_source"),
)

#: The figures that count changes made.
WRITES = tuple(_DONE_AS.values())


def compute_figure(action: Action, outcome: Outcome) -> str:
    """The report's figure that counts a change with this outcome."""
    if outcome is Outcome.DONE:
        return _DONE_AS[action]
    if action in (Action.CREATE, Action.UPDATE):
        return str(outcome.value)
    return _RETIREMENT_AS[outcome]


class Outcomes(msgspec.Struct):
    """What became of a plan's changes, added up.

    :param changes: how many changes of each action had each outcome and, where it was not done, reason.
    :param adopted: updates that are done and gave a record its key.
    :param known_refused: refused changes that were refused before and were due to be sent again.
    :param altered: see :class:`Report`; likewise ``new_duplicates``, beyond the plan's.
    """

    changes: Counter[tuple[Action, Outcome, str]] = msgspec.field(default_factory=Counter)
    adopted: int = 0
    known_refused: int = 0
    altered: int = 0
    new_duplicates: int = 0


def compute_report(
    plan: PlanCounts,
    outcomes: Outcomes,
    *,
    extracted: int,
    dry_run: bool,
    sync_mode: SyncMode | None = None,
    started_at: str = "",
    ended_at: str = "",
) -> Report:
    """Add a run up.

    :param plan: all planned partitions together.
    :param sync_mode: None where nobody knows it.
    :param extracted: rows read; those that no plan knows of (a partition that failed) count as not applied. Never
        fewer than the plans hold: where extracting was started again and failed, only they know.
    """
    rows = max(extracted, plan.extracted)
    figures = _count_planned(plan)
    figures["not_applied"] += rows - plan.extracted
    for (action, outcome, _), count in outcomes.changes.items():
        figures[compute_figure(action, Outcome.DONE if dry_run else outcome)] += count
    figures["known_refused"] += outcomes.known_refused
    figures["remote_duplicates"] += outcomes.new_duplicates
    figures["new_duplicates"] += outcomes.new_duplicates
    report = Report(
        extracted=rows,
        adopted=plan.adoptions if dry_run else outcomes.adopted,
        altered=outcomes.altered,
        dry_run=dry_run,
        sync_mode=sync_mode.value if sync_mode else "",
        faults=[],
        reasons=compute_top(_count_reasons(plan, outcomes), MAX_REASONS),
        started_at=started_at,
        ended_at=ended_at,
        **figures,
    )
    report.check()
    return report


def _count_planned(plan: PlanCounts) -> Counter[str]:
    """The report's figures as far as the plan alone decides them."""
    figures = Counter({name: int(getattr(plan, name)) for name in _AS_PLANNED})
    figures["refused"] = plan.known_refused
    figures["doubtful"] = plan.vanished
    return figures


def _count_reasons(plan: PlanCounts, outcomes: Outcomes) -> Counter[str]:
    reasons: Counter[str] = Counter(plan.reasons)
    for (_, outcome, reason), count in outcomes.changes.items():
        if reason and outcome is not Outcome.DONE:
            reasons[f"{outcome.value}: {reason}"] += count
    reasons["doubtful: vanished"] += plan.vanished
    reasons[f"refused: {REFUSED_BEFORE}"] += plan.known_refused + plan.missing_refused
    return +reasons

"""The report of a run: figures that must add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from oduyo_provider.core.change import Action, Outcome
from oduyo_provider.core.plan import PlanCounts

#: Different reasons that a report lists.
MAX_REASONS = 50


class Report(msgspec.Struct, kw_only=True):
    """What a run did. The first ten figures count ERP rows, the next five Ödüyo's records.

    ``extracted`` is the sum of the nine after it, ``missing`` the sum of the four after it. With ``dry_run`` the counts
    of changes are the planned ones.

    :param altered: records of which Ödüyo stored a value otherwise than sent.
    :param reasons: reason → how many rows or changes had it.
    :param started_at: ISO 8601, UTC; likewise ``ended_at``.
    """

    extracted: int = 0
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
    missing_failed: int = 0
    remote_duplicates: int = 0
    altered: int = 0
    dry_run: bool = False
    reasons: dict[str, int] = {}
    started_at: str = ""
    ended_at: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left undone; a retirement that was never tried counts as kept."""
        return not (self.failed or self.doubtful or self.stale or self.not_applied or self.missing_failed)

    @property
    def writes(self) -> int:
        """Changes made."""
        return sum(int(getattr(self, name)) for name in WRITES)

    def check(self) -> None:
        """Raise ArithmeticError, naming the figures, when they do not add up or one is below zero."""
        for whole, parts in SUMS.items():
            total = sum(int(getattr(self, part)) for part in parts)
            if total != getattr(self, whole):
                text = " + ".join(f"{part} {getattr(self, part)}" for part in parts)
                raise ArithmeticError(f"the report does not add up: {whole} {getattr(self, whole)} is not {text}")
            if negative := [part for part in parts if getattr(self, part) < 0]:
                raise ArithmeticError(f"the report counts less than nothing: {', '.join(negative)}")


#: Each figure and those that add up to it.
SUMS = {
    "extracted": (
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
    "missing": ("kept_missing", "deactivated", "deleted", "missing_failed"),
}

_DONE_AS = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DEACTIVATE: "deactivated",
    Action.DELETE: "deleted",
}


#: The figures that count changes made.
WRITES = tuple(_DONE_AS.values())


def compute_figure(action: Action, outcome: Outcome) -> str:
    """The report's figure that counts a change with this outcome."""
    if outcome is Outcome.DONE:
        return _DONE_AS[action]
    if action in (Action.CREATE, Action.UPDATE):
        return str(outcome.value)
    return "kept_missing" if outcome is Outcome.NOT_APPLIED else "missing_failed"


def compute_report(
    plan: PlanCounts,
    outcomes: Mapping[tuple[Action, Outcome, str], int],
    *,
    extracted: int,
    dry_run: bool,
    altered: int = 0,
    remote_duplicates: int = 0,
    started_at: str = "",
    ended_at: str = "",
) -> Report:
    """Add a run up.

    :param plan: all planned partitions together.
    :param outcomes: how many planned changes of each action had each outcome and, where it was not done, reason.
    :param extracted: rows read; those that no plan knows of (a partition that failed) count as not applied. Never
        fewer than the plans hold: where extracting was started again and failed, only they know.
    :param remote_duplicates: found by reading back, beyond those that the plan knows of.
    """
    figures: Counter[str] = Counter()
    reasons: Counter[str] = Counter(plan.reasons)
    for (action, outcome, reason), count in outcomes.items():
        figures[compute_figure(action, Outcome.DONE if dry_run else outcome)] += count
        if reason and outcome is not Outcome.DONE:
            reasons[f"{outcome.value}: {reason}"] += count
    extracted = max(extracted, plan.extracted)
    report = Report(
        extracted=extracted,
        rejected=plan.rejected,
        unchanged=plan.unchanged,
        created=figures["created"],
        updated=figures["updated"],
        refused=figures["refused"],
        failed=figures["failed"],
        doubtful=figures["doubtful"],
        stale=figures["stale"],
        not_applied=figures["not_applied"] + extracted - plan.extracted,
        missing=plan.missing,
        kept_missing=plan.kept_missing + figures["kept_missing"],
        deactivated=figures["deactivated"],
        deleted=figures["deleted"],
        missing_failed=figures["missing_failed"],
        remote_duplicates=plan.remote_duplicates + remote_duplicates,
        altered=altered,
        dry_run=dry_run,
        reasons=_compute_top(reasons),
        started_at=started_at,
        ended_at=ended_at,
    )
    report.check()
    return report


def _compute_top(reasons: Counter[str]) -> dict[str, int]:
    """The most frequent reasons first; the rare ones together, since Ödüyo's answers may all be different."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    top = dict(ordered[:MAX_REASONS])
    if len(ordered) > MAX_REASONS:
        top["other reasons"] = sum(count for _, count in ordered[MAX_REASONS:])
    return top

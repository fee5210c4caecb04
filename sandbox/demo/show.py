"""What a run did, in a table and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_ROWS = {
    "extracted": "rows read from the ERP",
    "repeated": "the same row once more",
    "rejected": "rejected: broke a rule, never sent",
    "unchanged": "already so in Ödüyo",
    "created": "created in Ödüyo",
    "updated": "updated in Ödüyo",
    "refused": "refused by Ödüyo",
    "failed": "could not be delivered",
    "doubtful": "sent, answer lost, not settled",
    "stale": "changed in Ödüyo meanwhile, not sent",
    "not_applied": "not tried",
}
_MISSING = {
    "missing": "in Ödüyo without an ERP row",
    "kept_missing": "kept as they are",
    "deactivated": "deactivated",
    "deleted": "deleted",
    "missing_refused": "refused by Ödüyo",
    "missing_failed": "not deactivated or deleted",
}
#: Reasons of what was sent, or was to be, begin with its figure's name; the others are those of rejected rows.
_SENT = ("refused: ", "failed: ", "doubtful: ", "stale: ", "not_applied: ", "missing_failed: ")
_WRITES = ("created", "updated", "deactivated", "deleted")
_WIDEST = 66
_ALWAYS = ("extracted", "rejected", "unchanged", "created", "updated", "missing")


def compute_table(report: Mapping[str, Any]) -> str:
    """The report's figures; those that are seldom anything but 0 only when they are something."""
    rows: list[tuple[str, int]] = []
    for names, whole in ((_ROWS, "extracted"), (_MISSING, "missing")):
        for name, title in names.items():
            if report[name] or name in _ALWAYS:
                rows.append((title if name == whole else f"  {title}", int(report[name])))
            if name == "rejected":
                rows += _compute_reasons(report, is_sent=False)
    for name, title in (
        ("remote_duplicates", "duplicates in Ödüyo"),
        ("out_of_scope", "of other periods or firms, kept"),
        ("altered", "stored otherwise by Ödüyo"),
    ):
        if report[name]:
            rows.append((title, int(report[name])))
    rows += _compute_reasons(report, is_sent=True)
    rows.append(("writes in all", compute_writes(report)))
    return format_rows(rows)


def _compute_reasons(report: Mapping[str, Any], *, is_sent: bool) -> list[tuple[str, int]]:
    return [
        (f"    {reason}"[:_WIDEST], int(count))
        for reason, count in report["reasons"].items()
        if reason.startswith(_SENT) is is_sent
    ]


def compute_writes(report: Mapping[str, Any]) -> int:
    """Changes that were made."""
    return 0 if report["dry_run"] else sum(int(report[name]) for name in _WRITES)


def format_rows(rows: Iterable[tuple[str, int]]) -> str:
    """Names to the left, figures to the right."""
    texts = [(name, f"{count:,}") for name, count in rows]
    left = max(len(name) for name, _ in texts)
    right = max(len(count) for _, count in texts)
    rule = f"  {'-' * (left + right + 2)}"
    return "\n".join([rule, *(f"  {name:<{left}}  {count:>{right}}" for name, count in texts), rule])


def compute_meaning(report: Mapping[str, Any]) -> str:
    """What the figures mean, in a sentence or two."""
    if report["dry_run"]:
        return "This was a dry run: nothing was sent, the figures are the plan's."
    alike = int(report["unchanged"]) + int(report["created"]) + int(report["updated"])
    writes = compute_writes(report)
    parts = [f"Ödüyo holds {alike:,} of the ERP's {report['extracted']:,} special codes as the ERP has them."]
    if not writes:
        parts.append("0 writes: nothing had changed, so nothing was sent.")
    else:
        found = f"; {report['altered']:,} are stored otherwise than sent" if report["altered"] else ", each read back"
        parts.append(f"{writes:,} {'write' if writes == 1 else 'writes'}{found}.")
    if report["rejected"]:
        parts.append(f"{report['rejected']:,} rows wait for somebody to mend them in the ERP.")
    if report["kept_missing"]:
        parts.append(
            f'{report["kept_missing"]:,} have no ERP row any more and were kept; on_missing "deactivate" or "delete" would act.'
        )
    return " ".join(parts)

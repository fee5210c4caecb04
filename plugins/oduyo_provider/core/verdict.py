"""What is left of a run that is not in step, with the next step of each: for its log, its alert and its page."""

from __future__ import annotations

from oduyo_provider.core.language import gettext, gettext_noop, ngettext
from oduyo_provider.core.release import format_release
from oduyo_provider.core.report import Report

#: Fault of a report → the step that did not come to its end, as a clause; English, to be read by ``gettext``.
STEP_FAULTS = {
    "reading": gettext_noop("reading Ödüyo or the ERP failed"),
    "comparing": gettext_noop("comparing failed"),
    "stopped": gettext_noop("the plan was stopped before any write"),
    "applying": gettext_noop("applying did not come to its end"),
}
#: More rows are newly rejected or refused than ``max_rejected_percent`` allows.
TOO_MANY_REJECTED = "rejected"
#: The source has never written to this site, and a run that may would write, be stopped by a brake, or leave something.
FIRST_WRITE = "first_write"


def explain_red(report: Report, why_not: str, *, is_one_task: bool) -> str:
    """Why a run is red, what comes next, and where the log says more.

    :param why_not: why guard let nothing be written; empty where it did.
    :param is_one_task: all steps stand in one log.
    """
    faults = "; ".join([*_list_clauses(report), *([why_not] if FIRST_WRITE in report.faults else [])])
    if report.compares:
        text = gettext("The run is not in step: %(faults)s.", faults=faults)
    elif report.dry_run or (has_rest(report) and _is_untouched(report)):
        text = gettext("Nothing was sent: %(faults)s.", faults=faults)
    elif has_rest(report):
        text = gettext("Not all rows were sent: %(faults)s.", faults=faults)
    else:
        text = gettext("All valid rows were sent, but the run is red: %(faults)s.", faults=faults)
    if list_step_faults(report):
        where = gettext("The log of the first red task says why. What was done is done.")
    elif is_one_task:
        where = gettext("Samples stand further up in this log. What was done is done.")
    else:
        where = gettext("Guard's log and load's hold samples. What was done is done.")
    return " ".join([text, *list_next_steps(report), where])


def count_unsent(report: Report) -> int:
    """Count rows and records that are not as the ERP wants them and that the next run sends again by itself."""
    decided = report.vanished + report.new_duplicates + report.new_other_source
    return sum(report.undone.values()) - decided if report.undone else 0


def _list_clauses(report: Report) -> list[str]:
    """What is left, each in a clause."""
    told = {
        "failed": ngettext("%(n)s failed", "%(n)s failed", report.failed),
        "doubtful": ngettext("%(n)s doubtful", "%(n)s doubtful", report.doubtful),
        "stale": ngettext("%(n)s stale", "%(n)s stale", report.stale),
        "not_applied": ngettext("%(n)s not applied", "%(n)s not applied", report.not_applied),
        "missing_failed": ngettext(
            "%(n)s record neither deactivated nor deleted",
            "%(n)s records neither deactivated nor deleted",
            report.missing_failed,
        ),
        "new_duplicates": ngettext("%(n)s new duplicate", "%(n)s new duplicates", report.new_duplicates),
        "new_other_source": ngettext(
            "%(n)s row of another source's record", "%(n)s rows of another source's records", report.new_other_source
        ),
    }
    clauses = list_step_faults(report) + [told[name] for name in report.undone]
    if TOO_MANY_REJECTED in report.faults:
        clauses.append(
            ngettext("%(n)s row newly rejected or refused", "%(n)s rows newly rejected or refused", report.new_rejected)
        )
    return clauses


def list_step_faults(report: Report) -> list[str]:
    """The steps that did not come to their end, each in a clause."""
    return [gettext(STEP_FAULTS[name]) for name in report.faults if name in STEP_FAULTS]


def has_rest(report: Report) -> bool:
    """Whether the next run sends something again without anybody's decision."""
    return count_unsent(report) > 0 or bool(list_step_faults(report))


def list_next_steps(report: Report) -> list[str]:
    """The next steps, in sentences. What somebody has to decide, the next run does not mend."""
    steps = []
    if report.compares and list_step_faults(report):
        steps.append(
            gettext(
                "If the error asks for something, do that first; the next run compares everything again and sends only what is "
                "missing."
            )
        )
    elif report.compares and has_rest(report):
        steps.append(gettext("The next run compares everything again and sends only what is missing."))
    if report.failed or report.missing_failed:
        steps.append(
            gettext(
                "What fails in every run needs a person: look at its reason; the connection's user may lack the right to change "
                "or delete the record in Ödüyo."
            )
        )
    if report.undone:
        steps += list_decisions(report)
    if TOO_MANY_REJECTED in report.faults:
        steps.append(
            gettext(
                "Mend the rejected and refused rows where they come from: quarantine.jsonl has the reasons of each."
            )
        )
        if report.compares and report.refused > report.known_refused:
            steps.append(
                gettext(
                    "Where Ödüyo refused for something else than the row, such as a missing right, mend that and give one run "
                    "resend_refused: a row that has not changed is not sent again before a week has passed."
                )
            )
    return steps if report.compares or report.dry_run else _list_ways_on(report, steps)


def _is_untouched(report: Report) -> bool:
    """Whether no change was sent that Ödüyo took, refused, or may have taken."""
    return not (report.writes or report.refused or report.failed or report.doubtful)


def _list_ways_on(report: Report, steps: list[str]) -> list[str]:
    """The same where nothing was compared: a new run repeats what was sent."""
    if not has_rest(report):
        return [*steps, gettext("A new run with sync_mode create compares nothing and sends every row once more.")]
    if _is_untouched(report):
        again = gettext(
            "If the error asks for something, do that first, then start a new run: with sync_mode create it sends every row."
        )
        return [again, *steps]
    clear = gettext(
        "Clear the first red task to send the rest: a new run with sync_mode create compares nothing and sends every row "
        "once more."
    )
    return [clear, *steps]


def list_decisions(report: Report) -> list[str]:
    """The decisions that somebody has to make, in sentences, and what happens until then."""
    told = {
        "vanished": ngettext(
            "%(n)s record that was there is not listed by Ödüyo any more, and no run makes it anew by itself: if it is really "
            "gone, release %(release)s for one run; if it shall stay gone, take its row out of the ERP or the query.",
            "%(n)s records that were there are not listed by Ödüyo any more, and no run makes them anew by itself: if they are "
            "really gone, release %(release)s for one run; if they shall stay gone, take their rows out of the ERP or the query.",
            report.vanished,
            release=format_release({"vanished": report.vanished}),
        ),
        "new_duplicates": ngettext(
            "%(n)s new record carries a key that another record has: decide in the Ödüyo panel which of them to remove; no run "
            "removes any.",
            "%(n)s new records carry a key that another record has: decide in the Ödüyo panel which of them to remove; no run "
            "removes any.",
            report.new_duplicates,
        ),
        "new_other_source": ngettext(
            "%(n)s row meets a record that another source owns, and is not sent: if the record is to be this source's, release "
            "other_source for one run; else take the row out of the query.",
            "%(n)s rows meet records that another source owns, and are not sent: if the records are to be this source's, "
            "release other_source for one run; else take the rows out of the query.",
            report.new_other_source,
        ),
    }
    return [text for name, text in told.items() if getattr(report, name)]

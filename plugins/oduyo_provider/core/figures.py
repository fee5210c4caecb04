"""What the figures of a report count, for people."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop

#: English, to be read by ``gettext``, which also gives what a figure is called. Figure of :class:`~oduyo_provider.core.report.Report` → what it counts.
FIGURES = {
    gettext_noop("extracted"): gettext_noop("ERP rows that were read."),
    gettext_noop("repeated"): gettext_noop("The same row once more, letter for letter."),
    gettext_noop("rejected"): gettext_noop("Rows that broke a rule; never sent."),
    gettext_noop("unchanged"): gettext_noop("Rows that Ödüyo already has so."),
    gettext_noop("created"): gettext_noop("Rows whose record was created."),
    gettext_noop("updated"): gettext_noop("Rows whose record was updated."),
    gettext_noop("refused"): gettext_noop("Rows to which Ödüyo said no."),
    gettext_noop("failed"): gettext_noop(
        "Rows that could not be delivered, whose change had no effect, or that are stored as something else."
    ),
    gettext_noop("doubtful"): gettext_noop(
        "Rows that were sent and are not settled, or whose record is not listed any more."
    ),
    gettext_noop("stale"): gettext_noop("Rows whose record changed in Ödüyo after the plan was made; not sent."),
    gettext_noop("not_applied"): gettext_noop("Rows that were never transmitted, as a step failed or stopped."),
    gettext_noop("missing"): gettext_noop(
        "Records of this source without an ERP row, in the rows' key1 and key2; none in a run with an id that cannot be read."
    ),
    gettext_noop("kept_missing"): gettext_noop(
        "Left as they are: on_missing is keep, passive already, waiting for missing_runs, moved, or not applied."
    ),
    gettext_noop("deactivated"): gettext_noop("Set to passive."),
    gettext_noop("deleted"): gettext_noop("Deleted."),
    gettext_noop("missing_refused"): gettext_noop("Ödüyo said no."),
    gettext_noop("missing_failed"): gettext_noop("Neither, though it was tried."),
    gettext_noop("adopted"): gettext_noop(
        "Of updated: records that were typed by hand and got the row's integration_id."
    ),
    gettext_noop("known_refused"): gettext_noop(
        "Of refused: refused before, and not sent again until the row changes."
    ),
    gettext_noop("known_rejected"): gettext_noop("Of rejected: the last applied run rejected them alike."),
    gettext_noop("vanished"): gettext_noop("Of doubtful: the ledger knows their record, and Ödüyo does not list it."),
    gettext_noop("remote_duplicates"): gettext_noop("Further records with a key that another record has; left alone."),
    gettext_noop("new_duplicates"): gettext_noop("Of these, those that are new."),
    gettext_noop("altered"): gettext_noop(
        "Records of which Ödüyo stored a value otherwise than sent, and otherwise than before."
    ),
    gettext_noop("out_of_scope"): gettext_noop(
        "Records of this source in a key1 and key2 of which this run has no row; kept."
    ),
    gettext_noop("new_other_source"): gettext_noop("Rows newly rejected as another source owns their record."),
    "dry_run": gettext_noop("True: nothing was sent, and the counts of changes are the planned ones."),
    "sync_mode": gettext_noop("The param. With create nothing was compared: whether Ödüyo is in step is not known."),
    "faults": gettext_noop(
        "What makes the run red besides its figures: a step that did not come to its end, too many rows newly rejected or "
        "refused, a first write that waits."
    ),
    "reasons": gettext_noop("Reason → count, of what was rejected, refused, failed, doubtful or stale."),
    "started_at": gettext_noop("When the run began to list Ödüyo, ISO 8601, UTC."),
    "ended_at": gettext_noop("When it was added up."),
}

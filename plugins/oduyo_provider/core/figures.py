"""What the figures of a report count, for people."""

from __future__ import annotations

#: Figure of :class:`~oduyo_provider.core.report.Report` → what it counts.
FIGURES = {
    "extracted": "ERP rows that were read.",
    "repeated": "The same row once more, letter for letter.",
    "rejected": "Rows that broke a rule; never sent.",
    "unchanged": "Rows that Ödüyo already has so.",
    "created": "Rows whose record was created.",
    "updated": "Rows whose record was updated.",
    "refused": "Rows to which Ödüyo said no.",
    "failed": "Rows that could not be delivered, or whose change had no effect.",
    "doubtful": "Rows that were sent and are not settled, or whose record is not listed any more.",
    "stale": "Rows whose record changed in Ödüyo after the plan was made; not sent.",
    "not_applied": "Rows that were never transmitted, as a step failed or stopped.",
    "missing": "Records of this source without an ERP row, in the rows' key1 and key2.",
    "kept_missing": "Left as they are: on_missing is keep, passive already, waiting for missing_runs, moved, or not applied.",
    "deactivated": "Set to passive.",
    "deleted": "Deleted.",
    "missing_refused": "Ödüyo said no.",
    "missing_failed": "Neither, though it was tried.",
    "adopted": "Of updated: records that were typed by hand and got the row's integration_id.",
    "known_refused": "Of refused: refused before, and not sent again until the row changes.",
    "known_rejected": "Of rejected: the last applied run rejected them alike.",
    "vanished": "Of doubtful: the ledger knows their record, and Ödüyo does not list it.",
    "remote_duplicates": "Further records with a key that another record has; left alone.",
    "new_duplicates": "Of these, those that are new.",
    "altered": "Records of which Ödüyo stored a value otherwise than sent, and otherwise than before.",
    "out_of_scope": "Records of this source in a key1 and key2 of which this run has no row; kept.",
    "new_other_source": "Rows newly rejected as another source owns their record.",
    "dry_run": "True: nothing was sent, and the counts of changes are the planned ones.",
    "reasons": "Reason → count, of what was rejected, refused, failed, doubtful or stale.",
    "started_at": "When the run began to list Ödüyo, ISO 8601, UTC.",
    "ended_at": "When it was added up.",
}

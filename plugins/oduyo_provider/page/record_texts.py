"""The texts of the script that shows one record."""

from __future__ import annotations

from oduyo_provider.core.language import gettext


def list_record_texts() -> dict[str, str]:
    """By their names; what the script puts in stands in braces."""
    return {
        "record_search": gettext("What happened to it?"),
        "record_help": gettext("A code or an id"),
        "record_choice": gettext("Several match. Choose one."),
        "record_more": gettext("There are more. Type more of the code."),
        "record_none": gettext("Nothing has the code or id “{text}”."),
        "record_now": gettext("In the last run"),
        "record_sides": gettext("The two sides, as the last run read them"),
        "record_ledger": gettext("In the ledger"),
        "record_history": gettext("What each run did"),
        "record_gone": gettext("Neither the ERP nor Ödüyo had it."),
        "side_erp": gettext("ERP row"),
        "side_oduyo": gettext("Ödüyo record"),
        "field": gettext("Field"),
        "ledger_none": gettext("The ledger does not know it."),
        "ledger_source": gettext("Owner"),
        "ledger_nobody": gettext("nobody"),
        "ledger_missing": gettext("Missing in the ERP"),
        "ledger_refused": gettext("Refused by Ödüyo"),
        "ledger_retired": gettext("Deactivated or deleted"),
        "ledger_twins": gettext("Further records with this key"),
        "ledger_stored": gettext("Stored otherwise than sent"),
        "history_none": gettext("No applied run has changed it since its history is kept."),
        "history_cut": gettext("What is older than {time} is no longer kept in full."),
        "look_further": gettext("Look for “{text}” among all rows, records and runs"),
        "looked": gettext(
            "Looked in the history, and in what the run {run} read: ERP rows: {rows} ({rows_at}), Ödüyo records: {records} "
            "({records_at})."
        ),
        "looked_history": gettext("Looked in the history alone: no kept run has read both sides."),
    }

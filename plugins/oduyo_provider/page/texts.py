"""The texts of the page's script, so that there is one catalogue for all: the script asks for them once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oduyo_provider.core.language import gettext, ngettext, read_language
from oduyo_provider.sync.staging.layout import STAGING_VARIABLE


def compute_texts() -> dict[str, Any]:
    """Every text by its name; what the script puts in stands in braces. A plural is a pair: for one, and for others."""
    plurals = {name: (text(1), text(2)) for name, text in _PLURALS.items()}
    return {
        "language": read_language(),
        "texts": {**_list_common(), **_list_dag(), **_list_run(), **_list_table(), **_list_record()},
        "plurals": plurals,
    }


def _list_common() -> dict[str, str]:
    return {
        "reading": gettext("Reading…"),
        "not_logged_in": gettext("You are no longer logged in. Reload Airflow and log in again."),
        "not_allowed": gettext(
            "You may not read this DAG's runs. Ask your Airflow administrator for the right to read them."
        ),
        "wrong_answer": gettext(
            "The api-server answered with status {status}. Reload the page; if it stays so, its log says why."
        ),
        "unreachable": gettext("The api-server cannot be reached. Reload the page."),
        "seconds": gettext("{s} s"),
        "minutes": gettext("{min} min {s} s"),
        "hours": gettext("{h} h {min} min"),
        "of": gettext("{n} of {all}"),
        "empty": gettext("empty"),
        "unfold": gettext("Show all of it"),
        "run": gettext("Run"),
        "task": gettext("Task"),
        "state": gettext("State"),
        "duration": gettext("duration"),
        "all_runs": gettext("all runs of {dag}"),
        "answer": gettext("Approve or reject"),
    }


def _list_dag() -> dict[str, str]:
    return {
        "dags": gettext("DAGs"),
        "no_dags": gettext(
            "No DAG that you may read has staged runs yet. They appear here once a run has begun; if runs are there, see "
            "that %(variable)s names the same place for the api-server and the workers.",
            variable=STAGING_VARIABLE,
        ),
        "no_run": gettext("There is no run yet."),
        "before": gettext("The run before it:"),
        "health": gettext("How it stands"),
        "first_sync": gettext("Up to the first sync"),
        "is_done": gettext("done"),
        "is_open": gettext("still to do"),
        "runs": gettext("Runs"),
        "chart_name": gettext("Figures of the last runs; the table above holds the same"),
        "chart_help": gettext(
            "Each strip has a scale of its own, its largest value on the right; bars grow with the square root. Choose a "
            "run to open it."
        ),
        "most": gettext("max {value}"),
        "none": gettext("none"),
    }


def _list_run() -> dict[str, str]:
    return {
        "of_task": gettext("task {task}"),
        "took": gettext("took {time}"),
        "try_of": gettext("try {n} of {most}"),
        "next_try": gettext("next try {time}"),
        "cause_of": gettext("Why {task} failed"),
        "log": gettext("Log"),
        "logs": gettext("Task logs"),
        "approved_by": gettext("{user} approved the plan at {time}."),
        "question": gettext("What was asked"),
        "settled": gettext("Changes settled"),
        "left": gettext("about {time} left"),
        "tasks_of_run": gettext("Tasks of this run"),
        "dag_itself": gettext("the DAG's own"),
        "the_plan": gettext("The plan"),
        "new_rows": gettext("{n} new"),
        "known_rows": gettext("{n} known"),
        "gone_rows": gettext("{n} gone since the run before"),
        "settings": gettext("Settings of this run"),
    }


def _list_table() -> dict[str, str]:
    return {
        "changes": gettext("Changes"),
        "search": gettext("Search the changes"),
        "search_help": gettext("Search id, code, text, reason…"),
        "filter": gettext("Filter"),
        "download_csv": gettext("Download CSV"),
        "download_xlsx": gettext("Download Excel"),
        "pages": gettext("Pages"),
        "first_page": gettext("First page"),
        "previous_page": gettext("Previous page"),
        "next_page": gettext("Next page"),
        "last_page": gettext("Last page"),
        "page_of": gettext("page {n} of {all}"),
        "range": gettext("{first}–{last} of {all}"),
        "no_match": gettext("Nothing matches. Change the search or the filter."),
        "sort": gettext("Sort by this column"),
        "column_outcome": gettext("Outcome"),
        "column_erp_id": gettext("ERP id"),
        "column_oduyo_id": gettext("Ödüyo id"),
        "column_code": gettext("Code"),
        "column_fields": gettext("Before → after"),
        "column_reason": gettext("Reason"),
        "known_before": gettext("known before"),
        "twins": gettext("twins:"),
        "becomes": gettext("becomes"),
        "stored_as": gettext("stored as “{value}”"),
        "stored_empty": gettext("stored as empty"),
    }


def _list_record() -> dict[str, str]:
    return {
        "record_search": gettext("What happened to it?"),
        "record_help": gettext("A code or an id"),
        "record_choice": gettext("What has this code, id or text"),
        "record_unnamed": gettext("no id that can be read: such a row is rejected"),
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


#: Texts about a number of things, for a number; ``{n}`` stands for it, since the script writes it.
_PLURALS: dict[str, Callable[[int], str]] = {
    "unread": lambda n: ngettext("{n} more line is being read", "{n} more lines are being read", n),
    "last_runs": lambda n: ngettext("The last {n} run", "The last {n} runs", n),
    "site_answers": lambda n: ngettext("{n} answer of the site check", "{n} answers of the site check", n),
    "remarks": lambda n: ngettext("{n} remark", "{n} remarks", n),
    "reasons": lambda n: ngettext("{n} reason why rows were left out", "{n} reasons why rows were left out", n),
}

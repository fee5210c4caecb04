"""The texts of the page's script, which asks for them once. So one catalogue holds all translations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oduyo_provider.core import variables
from oduyo_provider.core.language import gettext, gettext_noop, ngettext, read_language
from oduyo_provider.page.table_view import name_filters

#: Name → text in English, with braces around what the script puts in.
_TEXTS = {
    # Every page.
    "reading": gettext_noop("Reading…"),
    "not_logged_in": gettext_noop("You are no longer logged in. Reload Airflow and log in again."),
    "not_allowed": gettext_noop(
        "You may not read this DAG's runs. Ask your Airflow administrator for the right to read them."
    ),
    "wrong_answer": gettext_noop(
        "The api-server answered with status {status}. Reload the page; if it stays so, its log says why."
    ),
    "unreachable": gettext_noop("The api-server cannot be reached. Reload the page."),
    "seconds": gettext_noop("{s} s"),
    "minutes": gettext_noop("{min} min {s} s"),
    "hours": gettext_noop("{h} h {min} min"),
    "of": gettext_noop("{n} of {all}"),
    "empty": gettext_noop("empty"),
    "unfold": gettext_noop("Show all of it"),
    "run": gettext_noop("Run"),
    "task": gettext_noop("Task"),
    "state": gettext_noop("State"),
    "duration": gettext_noop("duration"),
    "all_runs": gettext_noop("all runs"),
    "answer": gettext_noop("Approve or reject"),
    # A DAG, and all of them.
    "dags": gettext_noop("DAGs"),
    "no_dags": gettext_noop(
        "No DAG that you may read has staged runs yet. They appear here once a run has begun; if runs are there, see "
        "that %(variable)s names the same place for the api-server and the workers.",
    ),
    "no_run": gettext_noop("There is no run yet."),
    "before": gettext_noop("The run before it:"),
    "health": gettext_noop("How it stands"),
    "first_sync": gettext_noop("Up to the first sync"),
    "is_done": gettext_noop("done"),
    "is_open": gettext_noop("still to do"),
    "runs": gettext_noop("Runs"),
    "chart_name": gettext_noop("Figures of the last runs; the table above holds the same"),
    "chart_help": gettext_noop(
        "Each strip has a scale of its own, its largest value on the right; bars grow with the square root. Choose a "
        "run to open it."
    ),
    "most": gettext_noop("max {value}"),
    "none": gettext_noop("none"),
    # A run.
    "of_task": gettext_noop("task {task}"),
    "took": gettext_noop("took {time}"),
    "try_of": gettext_noop("try {n} of {most}"),
    "next_try": gettext_noop("next try {time}"),
    "cause_of": gettext_noop("Why {task} failed"),
    "log": gettext_noop("Log"),
    "logs": gettext_noop("Logs"),
    "approved_by": gettext_noop("{user} approved the plan at {time}."),
    "question": gettext_noop("What was asked"),
    "settled": gettext_noop("Changes settled"),
    "left": gettext_noop("about {time} left"),
    "tasks_of_run": gettext_noop("Tasks of this run"),
    "dag_itself": gettext_noop("the DAG's own"),
    "the_plan": gettext_noop("The plan"),
    "new_rows": gettext_noop("{n} new"),
    "known_rows": gettext_noop("{n} known"),
    "gone_rows": gettext_noop("{n} gone since the run before"),
    "settings": gettext_noop("Settings"),
    # Its table.
    "changes": gettext_noop("Changes"),
    "search": gettext_noop("Search the changes"),
    "search_help": gettext_noop("Search id, code, text, reason…"),
    "filter": gettext_noop("Filter"),
    "download_csv": gettext_noop("Download CSV"),
    "download_xlsx": gettext_noop("Download Excel"),
    "pages": gettext_noop("Pages"),
    "first_page": gettext_noop("First page"),
    "previous_page": gettext_noop("Previous page"),
    "next_page": gettext_noop("Next page"),
    "last_page": gettext_noop("Last page"),
    "page_of": gettext_noop("page {n} of {all}"),
    "range": gettext_noop("{first}–{last} of {all}"),
    "no_match": gettext_noop("Nothing matches. Change the search or the filter."),
    "sort": gettext_noop("Sort by this column"),
    "column_outcome": gettext_noop("Outcome"),
    "column_erp_id": gettext_noop("ERP id"),
    "column_oduyo_id": gettext_noop("Ödüyo id"),
    "column_code": gettext_noop("Code"),
    "column_fields": gettext_noop("Before → after"),
    "column_reason": gettext_noop("Reason"),
    "known_before": gettext_noop("known before"),
    "twins": gettext_noop("twins:"),
    "becomes": gettext_noop("becomes"),
    "stored_as": gettext_noop("stored as “{value}”"),
    "stored_empty": gettext_noop("stored as empty"),
    # A record.
    "record_search": gettext_noop("What happened to it?"),
    "record_help": gettext_noop("A code or an id"),
    "record_choice": gettext_noop("What has this code, id or text"),
    "record_unnamed": gettext_noop("no id that can be read: such a row is rejected"),
    "record_more": gettext_noop("There are more. Type more of the code."),
    "record_none": gettext_noop("Nothing has the code or id “{text}”."),
    "record_now": gettext_noop("As of this run"),
    "record_sides": gettext_noop("The two sides, as this run read them"),
    "record_ledger": gettext_noop("In the ledger"),
    "record_history": gettext_noop("What each run did"),
    "record_gone": gettext_noop("Neither the ERP nor Ödüyo had it."),
    "side_erp": gettext_noop("ERP row"),
    "side_oduyo": gettext_noop("Ödüyo record"),
    "field": gettext_noop("Field"),
    "ledger_none": gettext_noop("The ledger does not know it."),
    "ledger_unread": gettext_noop("What can be read of the ledger does not know it: a file of it is damaged."),
    "ledger_source": gettext_noop("Owner"),
    "ledger_nobody": gettext_noop("nobody"),
    "ledger_missing": gettext_noop("Missing in the ERP"),
    "ledger_refused": gettext_noop("Refused by Ödüyo"),
    "ledger_retired": gettext_noop("Deactivated or deleted"),
    "ledger_twins": gettext_noop("Further records with this key"),
    "ledger_stored": gettext_noop("Stored otherwise than sent"),
    "history_none": gettext_noop("No applied run has changed it since its history is kept."),
    "history_unread": gettext_noop(
        "The history holds more than can be read: a file below _history/ is damaged, or a newer version's."
    ),
    "history_cut": gettext_noop("What is older than {time} is no longer kept in full."),
    "look_further": gettext_noop("Look for “{text}” among all rows, records and runs"),
    "looked": gettext_noop(
        "Looked in the history, and in what the run {run} read: ERP rows: {rows} ({rows_at}), Ödüyo records: {records} "
        "({records_at})."
    ),
    "looked_history": gettext_noop("Looked in the history alone: no kept run has read both sides."),
}

#: Texts about a number of things, chosen by that number. The script puts it in for ``{n}``.
_PLURALS: dict[str, Callable[[int], str]] = {
    "unread": lambda n: ngettext("{n} more line is being read", "{n} more lines are being read", n),
    "last_runs": lambda n: ngettext("The last {n} run", "The last {n} runs", n),
    "site_answers": lambda n: ngettext("{n} answer of the site check", "{n} answers of the site check", n),
    "remarks": lambda n: ngettext("{n} remark", "{n} remarks", n),
    "reasons": lambda n: ngettext("{n} reason", "{n} reasons", n),
}


def compute_texts() -> dict[str, Any]:
    """Every text by its name. A plural is a pair: for one, and for others."""
    texts = {name: gettext(text) for name, text in _TEXTS.items()}
    texts["no_dags"] %= {"variable": variables.STAGING_PATH.name}
    plurals = {name: (text(1), text(2)) for name, text in _PLURALS.items()}
    return {"language": read_language(), "texts": texts, "plurals": plurals, "filters": name_filters()}

"""The trigger form and the tasks' documents, which the DAGs of all resources share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param

from oduyo_provider.hooks.environment import PARAMS_VARIABLE, read_defaults

# A named section of the form is closed until somebody opens it; what is asked for most has none and stands open.
SAFETY = "Safety: when to stop before any write"
TEXTS = "What to read: texts"
RATIO: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": 1, "section": SAFETY}


def build_form(queries: Sequence[str], variable: str = PARAMS_VARIABLE) -> dict[str, Param]:
    """The params of a DAG, with title, explanation and choices.

    :param queries: the names that ``erp_query`` can take.
    :param variable: the environment variable that sets other defaults.
    :raises SettingsError: the variable cannot be used; as the DAG's import error it says what to mend.
    """
    defaults = read_defaults(queries, variable)

    def param(name: str, title: str, description: str, section: str | None = None, **schema: Any) -> Param:
        return Param(defaults[name], title=title, description=description, section=section, **schema)

    return {
        "erp_query": param(
            "erp_query",
            "What to read: ERP query",
            "A query of dags/sql, without .sql. It says which table is read, and which column is which field.",
            type="string",
            enum=list(queries),
        ),
        "sync_mode": param(
            "sync_mode",
            "What to do: mode",
            "upsert compares both sides and sends what differs. create compares nothing: a second run makes every code again.",
            type="string",
            enum=["upsert", "create"],
            values_display={
                "upsert": "upsert: send what differs",
                "create": "create: send every row, in every run again",
            },
        ),
        "on_missing": param(
            "on_missing",
            "What to do: records without an ERP row",
            "What happens to Ödüyo's records of the same key1 and key2 that no ERP row has any more.",
            type="string",
            enum=["keep", "deactivate", "delete"],
            values_display={
                "keep": "keep: leave them as they are",
                "deactivate": "deactivate: set their status to 0",
                "delete": "delete: remove them from Ödüyo",
            },
        ),
        "dry_run": param(
            "dry_run", "What to do: dry run", "Show the plan in the log of guard and write nothing.", type="boolean"
        ),
        "max_missing_ratio": param(
            "max_missing_ratio",
            "Most records without a row",
            "0 to 1. Stop when more of Ödüyo's records in scope would be deactivated or deleted, or its list shrank by more.",
            **RATIO,
        ),
        "max_update_ratio": param(
            "max_update_ratio",
            "Most updates",
            "0 to 1. Stop when more of the matched records would change, or that many are new while old ones match no row.",
            **RATIO,
        ),
        "max_rejected_ratio": param(
            "max_rejected_ratio",
            "Most rejected rows",
            "0 to 1. Stop when more of the ERP's rows break a rule.",
            **RATIO,
        ),
        "on_unsafe": param(
            "on_unsafe",
            "When a brake trips",
            "fail ends the run without a write. ask waits in the task approve for a person; a day's silence is a no.",
            SAFETY,
            type="string",
            enum=["fail", "ask"],
            values_display={"fail": "fail: end the run", "ask": "ask: wait for a person's approval"},
        ),
        "allow_unsafe": param(
            "allow_unsafe",
            "Go on although a brake trips",
            "For one run that you have looked at; also lets an update change another firm's key1.",
            SAFETY,
            type="boolean",
        ),
        "repair_windows_1254": param(
            "repair_windows_1254",
            "Mend Turkish letters",
            "For texts that were read in the wrong encoding: Þube becomes Şube.",
            TEXTS,
            type="boolean",
        ),
        "max_text_length": param(
            "max_text_length",
            "Longest text",
            "In characters. Longer texts are rejected, never cut.",
            TEXTS,
            type="integer",
            minimum=1,
        ),
    }


#: What each task does, for the person who opens it.
TASK_DOCS = {
    "snapshot": "Lists what Ödüyo holds, and fails unless the list is provably complete. Before that it checks the params "
    "and both connections. Writes nothing.",
    "extract": "Runs the ERP query and stages its rows as they are. Reads only. Its log counts the rows; a column that "
    "does not fit is named.",
    "transform": "Normalises the rows, compares them with Ödüyo's records and writes the plan. Rejected rows go to "
    "`quarantine.jsonl`, each with its reasons.",
    "guard": "Shows the plan, and stops the run before any write when a brake trips. Its log has the figures, some of the "
    "changes, and how to go on.",
    "approve": "Waits for a person when a brake tripped and `on_unsafe` is `ask`; else it is skipped. Approve applies the "
    "plan once it was compared with Ödüyo again. Reject, or a day's silence, ends the run without a write.",
    "load": "Applies the plan, each change exactly once, and reads everything back. A killed task goes on where it was. "
    "Skipped with `dry_run`.",
    "report": "Adds everything up, whatever happened before. It is red when a step failed or something was left undone: "
    "the cause is in the first red task.",
}

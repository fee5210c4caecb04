"""Keep the ERP's special codes (özel kod) and Ödüyo's in step.

The run reads both sides, computes the difference as a plan, stops when the plan looks unsafe, applies it so that every
change takes effect exactly once, and reports what it did.

1. **snapshot** lists what Ödüyo holds.
2. **extract** runs the ERP query that `erp_query` names (a file in `dags/sql/`).
3. **transform** normalises the rows, compares, and writes the plan. One task for nearly everybody, many for large tables.
4. **guard** shows the plan and stops the run before any write when a brake trips.
5. **approve** waits for a person when a brake tripped and `on_unsafe` is `ask`; otherwise it is skipped.
6. **load** applies the plan. It is skipped with `dry_run`.
7. **report** adds everything up. It fails when anything before it failed or was left undone.

Nothing has to be cleaned up by hand: the next run compares everything again and sends only what is missing.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from airflow.sdk import DAG, Param, TriggerRule, task

from oduyo_provider.operators import steps
from oduyo_provider.operators.alert import watch_dag_failure
from oduyo_provider.operators.approval import UnsafePlanApproval
from oduyo_provider.operators.asset import SPECIAL_CODES, SPECIAL_CODES_UPDATES
from oduyo_provider.operators.context import read_defaults
from oduyo_provider.operators.report import OduyoReportOperator
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator

SQL = str(Path(__file__).parent / "sql")
QUERIES = steps.list_queries(SQL)
DEFAULTS = read_defaults(QUERIES)  # the environment variable ODUYO_PARAMS sets others


def param(name: str, title: str, description: str, section: str | None = None, **schema: object) -> Param:
    """A field of the trigger form."""
    return Param(DEFAULTS[name], title=title, description=description, section=section, **schema)


# A named section of the form is closed until somebody opens it; what is asked for most has none and stands open.
SAFETY = "Safety: when to stop before any write"
TEXTS = "What to read: texts"
RATIO = {"type": "number", "minimum": 0, "maximum": 1, "section": SAFETY}

PARAMS = {
    "erp_query": param(
        "erp_query",
        "What to read: ERP query",
        "A file in dags/sql, without .sql. It says which table is read and which column is which field.",
        type="string",
        enum=QUERIES,
    ),
    "sync_mode": param(
        "sync_mode",
        "What to do: mode",
        "upsert compares both sides and sends what differs. create compares nothing: a second run makes every code again.",
        type="string",
        enum=["upsert", "create"],
        values_display={"upsert": "upsert: send what differs", "create": "create: send every row, in every run again"},
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
        "max_rejected_ratio", "Most rejected rows", "0 to 1. Stop when more of the ERP's rows break a rule.", **RATIO
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
DOCS = {
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

#: A step's result is one XCom: without this, Airflow pushes each of its keys a second time.
step = partial(task, multiple_outputs=False)

with DAG(
    dag_id="oduyo_special_codes",
    description="Keeps the ERP's special codes and Ödüyo's in step",
    doc_md=__doc__,
    schedule=os.environ.get("ODUYO_SCHEDULE", "@daily") or None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=PARAMS,
    tags=["oduyo", "erp"],
    on_failure_callback=watch_dag_failure,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
) as dag:
    snapshot = step(task_id="snapshot", inlets=[SPECIAL_CODES], doc_md=DOCS["snapshot"])(steps.run_snapshot)()
    parts = step(task_id="extract", doc_md=DOCS["extract"])(steps.run_extract)(snapshot, SQL)
    plans = step(task_id="transform", doc_md=DOCS["transform"])(steps.run_transform).expand(part=parts)
    verdict = step(task_id="guard", doc_md=DOCS["guard"])(steps.run_guard)(parts, plans)
    approve = UnsafePlanApproval(task_id="approve", verdict=verdict, doc_md=DOCS["approve"])
    load = OduyoSpecialCodeOperator.partial(
        task_id="load",
        trigger_rule=TriggerRule.NONE_FAILED,
        source_query=f"{SQL}/{{{{ params.erp_query }}}}.sql",
        doc_md=DOCS["load"],
    ).expand(plan=plans)
    report = OduyoReportOperator(
        task_id="report", trigger_rule=TriggerRule.ALL_DONE, outlets=[SPECIAL_CODES_UPDATES], doc_md=DOCS["report"]
    )
    approve >> load >> report

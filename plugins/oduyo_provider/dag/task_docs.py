"""What each task does, for the person who opens it; the DAG's own document is made of the same texts."""

from __future__ import annotations

#: By task id, in the order of the run.
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


def build_dag_doc(summary: str) -> str:
    """The document of a DAG.

    :param summary: what it keeps in step, one sentence or more.
    """
    steps = "\n".join(f"{number}. **{task}**: {text}" for number, (task, text) in enumerate(TASK_DOCS.items(), 1))
    return (
        f"{summary.strip()}\n\nEach run reads both sides, computes the difference as a plan, stops when the plan looks "
        "unsafe, applies it so that every change takes effect exactly once, and reports what it did.\n\n"
        f"{steps}\n\nNothing has to be cleaned up by hand: the next run compares everything again and sends only what is "
        "missing.\n"
    )

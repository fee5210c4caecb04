"""The documents of tasks and DAGs that people see in Airflow."""

from __future__ import annotations

from oduyo_provider.core.language import gettext


def describe_dag(resource: str) -> str:
    """What the DAG of a resource keeps in step, in one sentence.

    :param resource: its plural name, such as ``special_codes``.
    """
    return {
        "special_codes": gettext("Keep the ERP's special codes (özel kod) and Ödüyo's in step."),
        "bank_accounts": gettext("Keep the ERP's bank accounts and Ödüyo's in step."),
        "cheques": gettext("Keep the ERP's cheques and Ödüyo's in step."),
        "services": gettext("Keep the ERP's services and Ödüyo's in step."),
        "cash_cards": gettext("Keep the ERP's cash cards and Ödüyo's in step."),
        "cost_centres": gettext("Keep the ERP's cost centres and Ödüyo's in step."),
        "project_codes": gettext("Keep the ERP's project codes and Ödüyo's in step."),
        "ledger_accounts": gettext("Keep the ERP's ledger accounts and Ödüyo's in step."),
    }[resource]


def build_task_docs() -> dict[str, str]:
    """Task id → the document of the task, in the order of the run."""
    return {
        "snapshot": gettext(
            "Lists what Ödüyo holds, and fails unless the list is provably complete. Before that it checks the params and both "
            "connections. Writes nothing."
        ),
        "extract": gettext(
            "Runs the ERP query and stages its rows as they are. Reads only. Its log counts the rows; a column that does not "
            "fit is named."
        ),
        "transform": gettext(
            "Normalises the rows, compares them with Ödüyo's records and writes the plan. A row that breaks a rule is rejected, "
            "with all its reasons."
        ),
        "guard": gettext(
            "Shows the plan, and stops the run before any write when a brake trips. Its log has the figures, some of the "
            "changes, and how to go on."
        ),
        "approve": gettext(
            "Waits for a person when a brake tripped and `on_unsafe` is `ask`; else it is skipped. Approve applies the plan "
            "once it was compared with Ödüyo again. Reject, or a day's silence, ends the run without a write."
        ),
        "load": gettext(
            "Applies the plan, each change exactly once, and reads everything back. A killed task goes on where it was. "
            "Skipped with `dry_run`."
        ),
        "report": gettext(
            "Adds everything up, whatever happened before, and writes `report.json`, and `quarantine.jsonl` with the rejected "
            "and refused rows. It is red when a step failed, or something is left undone or to be decided: its log says what, "
            "and the next step for each."
        ),
    }


def build_dag_doc(summary: str) -> str:
    """The document of a DAG.

    :param summary: says what it keeps in step, in one sentence or more.
    """
    steps = "\n".join(
        f"{number}. **{task}**: {text}" for number, (task, text) in enumerate(build_task_docs().items(), 1)
    )
    does = gettext(
        "Each run reads both sides, computes the difference as a plan, stops when the plan looks unsafe, applies it so that "
        "every change takes effect exactly once, and reports what it did."
    )
    after = gettext(
        "Nothing has to be cleaned up by hand: the next run compares everything again and sends only what is missing."
    )
    return f"{summary.strip()}\n\n{does}\n\n{steps}\n\n{after}\n"

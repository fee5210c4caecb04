"""Builds the DAG that finds out how a site handles the open points of the API's documentation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import DAG, Param, get_current_context, task

from oduyo_provider.core.declaration import find_unknown, refuse_faults
from oduyo_provider.core.language import check_language, gettext
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.hooks.environment import open_oduyo, read_form
from oduyo_provider.operators.errors import noting_errors

DAG_ID = "oduyo_site_check"


def build_site_check() -> DAG:
    """The DAG ``oduyo_site_check``, which runs only by hand."""
    summary = gettext("Ask your Ödüyo site how it reads what its documentation leaves open.")
    asks, *more = _build_doc()
    with DAG(
        dag_id=DAG_ID,
        description=summary.rstrip("."),
        doc_md="\n\n".join([summary, asks, *more]),
        schedule=None,
        start_date=datetime(2025, 1, 1),
        catchup=False,
        max_active_runs=1,
        params=build_form(),
        tags=["oduyo", "erp"],
        default_args={"retries": 0},  # somebody waits for it, and can start it again
    ) as dag:
        task(task_id="check", multiple_outputs=False, doc_md=asks)(run_site_check)()
    return dag


def _build_doc() -> list[str]:
    """The paragraphs of the DAG's document."""
    return [
        gettext(
            "Asks your Ödüyo site what its documentation leaves open: how it logs in, lists, filters and stores. It takes a "
            "minute and waits for a run that writes to the site."
        ),
        gettext(
            "Without *write* it only reads. With *write* it also makes a passive test record whose texts begin with "
            "`ODUYO-CHECK-`, changes it and deletes it again, whatever happens; what an earlier check could not delete is "
            "deleted first."
        ),
        gettext(
            "The log of the task `check` has each question, what this site does, what the provider does about it, and what to "
            "set. Two answers are used by later runs: how long a page may be, and whether an update keeps the fields that it "
            "leaves out."
        ),
    ]


def build_form() -> dict[str, Param]:
    """The trigger form."""
    return {
        "write": Param(
            False,
            type="boolean",
            title=gettext("Try a test record"),
            description=gettext(
                "Also makes a passive record whose texts begin with ODUYO-CHECK-, changes it and deletes it again."
            ),
        ),
        "resource": Param(
            SPECIAL_CODE.plural,
            type="string",
            enum=[resource.plural for resource in RESOURCES],
            title=gettext("Records"),
            description=gettext("The kind of records that the questions are about; each kind has answers of its own."),
        ),
    }


def run_site_check() -> dict[str, Any]:
    """Run the check; returns how many questions were answered, what is to be set, and the summary line."""
    from airflow.sdk.log import mask_secret

    from oduyo_provider.sync.check.answers import summarise
    from oduyo_provider.sync.runtime.event_loop import run_async
    from oduyo_provider.sync.staging.folder import staging_root
    from oduyo_provider.sync.steps.site_check import check_site

    context = get_current_context()
    with noting_errors(context):
        check_language()
        form = read_form(context, gettext("Set it to True, or call OduyoHook().check_site() in a task of your own."))
        refuse_faults(find_unknown(form, list(build_form())))
        resource = next(one for one in RESOURCES if one.plural == form["resource"])
        settings, write = open_oduyo().settings, bool(form["write"])
        checked = run_async(check_site(staging_root(), settings, resource, write=write, on_secret=mask_secret))
    answers = checked.answers
    to_set = [point.title for point in answers if point.setting]
    return {"answers": len(answers), "to_set": to_set, "summary": summarise(answers)}

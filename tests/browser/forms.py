"""Airflow's own pages, as a person uses them: the connection form, the trigger form, a run."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox.demo.airflow import DAG_ID, AirflowApi

#: A run takes seconds; on a busy machine more.
RUN_TIMEOUT_S = 240.0


def open_connection_form(page: Any, conn_id: str) -> Any:
    """Admin, Connections, Add Connection, with the type chosen; returns the form."""
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Connection ID").fill(conn_id)
    form.get_by_role("combobox").fill("Ödüyo")
    page.get_by_role("option", name="Ödüyo", exact=True).click()
    return form


def open_section(form: Any, title: str) -> None:
    """Open a folded part of a form."""
    form.get_by_role("button", name=title, exact=True).click()


def fill_by_label(form: Any, values: Mapping[str, str]) -> None:
    """Fill fields, each named by its label."""
    for label, value in values.items():
        form.get_by_role("group").filter(has=form.page.get_by_text(label, exact=True)).locator("input").first.fill(
            value
        )


def click_test(page: Any, conn_id: str) -> tuple[dict[str, Any], str]:
    """Click the Test button; returns the API's answer and the text that the person sees, empty when there is none."""
    page.goto(f"/connections?name_pattern={conn_id}")
    row = page.get_by_role("row").filter(has_text=conn_id)
    with page.expect_response("**/connections/test") as answer:
        row.get_by_role("button", name="Test Connection").click()
    said = answer.value.json()
    if said.get("status"):
        return said, ""
    toast = page.locator("[data-scope=toast][data-part=root]")
    return said, str(toast.inner_text())


def open_trigger_form(page: Any) -> Any:
    """The DAG's page, Trigger; returns the form."""
    page.goto(f"/dags/{DAG_ID}")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.get_by_text("What to read: ERP query").wait_for()
    return form


def choose(form: Any, title: str, option: str) -> None:
    """Choose from a drop-down list of the trigger form."""
    group = form.get_by_role("group").filter(has_text=title)
    group.get_by_role("combobox").click()
    form.page.get_by_role("option", name=option).click()


def send_trigger_form(form: Any) -> str:
    """Click Trigger; returns the run's id."""
    with form.page.expect_response(re.compile(r"/dags/[^/]+/dagRuns$")) as answer:
        form.get_by_role("button", name="Trigger").click()
    assert answer.value.ok, answer.value.text()
    return str(answer.value.json()["dag_run_id"])


def compute_run_address(run_id: str) -> str:
    """The address of a run's page."""
    return f"/dags/{DAG_ID}/runs/{quote(run_id)}"


def show(page: Any, address: str) -> Any:
    """The document in the frame of one of Airflow's pages, read anew.

    The page around it is loaded only where the tab shows another one: it takes seconds of CPU, the document a fraction of one.
    """
    if urlsplit(page.url).path != address:
        page.goto(address)
    else:
        page.evaluate("address => history.replaceState(history.state, '', address)", address)
        frame = page.locator("iframe").element_handle()
        frame.content_frame().goto(frame.evaluate("frame => frame.src"))
    return page.frame_locator("iframe")


def show_run(page: Any, run_id: str) -> Any:
    """The document of a run's page, as :func:`show` has it."""
    return show(page, f"{compute_run_address(run_id)}/plugin/oduyo-run")


def show_dag(page: Any) -> Any:
    """The document of the DAG's page, as :func:`show` has it."""
    return show(page, f"/dags/{DAG_ID}/plugin/oduyo-dag")


def open_approval(page: Any, run_id: str) -> None:
    """The page on which a person answers the task approve."""
    page.goto(f"{compute_run_address(run_id)}/tasks/approve/required_actions")
    page.get_by_role("button", name="Approve").wait_for()


def fetch_states(api: AirflowApi, run_id: str) -> dict[str, str]:
    """Task → the state of one of its instances."""
    return {task["task_id"]: task["state"] for task in api.fetch_tasks(run_id)}


def wait_for_task(api: AirflowApi, run_id: str, task_id: str, *states: str) -> str:
    """Wait until a task is in one of these states; returns it."""
    return _wait(lambda: fetch_states(api, run_id).get(task_id), states)


def wait_for_run(api: AirflowApi, run_id: str) -> str:
    """Wait for a run's end; returns ``success`` or ``failed``."""
    return _wait(lambda: api.fetch_run_state(run_id), ("success", "failed"))


def _wait(look: Any, states: tuple[str, ...]) -> str:
    deadline = time.monotonic() + RUN_TIMEOUT_S
    while (state := look()) not in states:
        assert time.monotonic() < deadline, f"still {state} after {RUN_TIMEOUT_S:.0f} s, not {' or '.join(states)}"
        time.sleep(0.2)
    return str(state)

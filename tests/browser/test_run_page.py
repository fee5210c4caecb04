"""The run page, in its frame on the run's own page: figures, changes, search, filter, download."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.airflow import DAG_ID, AirflowApi
from sandbox.demo.stage import Stage
from sandbox.erp.load import apply_edits
from sandbox.erp.server import start_server
from tests.browser.forms import compute_run_address, fetch_states, open_trigger_form, send_trigger_form, wait_for_run

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

REJECTED = 39


@pytest.fixture(scope="module")
def run_id(window: Any, stage: Stage, api: AirflowApi) -> str:
    """A run with the form's own values, after some edits in the ERP: 2 codes are new, 4 differ, 1 is gone."""
    if not stage.fetch_record_count():
        assert wait_for_run(api, api.trigger({})) == "success"
    apply_edits(start_server(stage.place.erp).dsn)
    page = window.new_page()
    run_id = send_trigger_form(open_trigger_form(page))
    page.close()
    assert wait_for_run(api, run_id) == "success"
    return run_id


@pytest.fixture
def frame(page: Any, run_id: str) -> Any:
    """The page's own document."""
    page.goto(f"{compute_run_address(run_id)}/plugin/oduyo-run")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="It adds up").wait_for()
    return frame


def list_rows(frame: Any, found: str) -> list[str]:
    """The changes that are shown, once so many are found."""
    frame.get_by_text(found, exact=True).wait_for()
    return [str(text) for text in frame.get_by_role("region", name="Changes").locator("tbody tr").all_inner_texts()]


def test_a_safe_run_asks_nobody_and_its_logs_can_be_read(
    page: Any, api: AirflowApi, run_id: str, take_picture: Callable[[str], None]
) -> None:
    assert fetch_states(api, run_id)["approve"] == "skipped"
    page.goto(compute_run_address(run_id))
    page.get_by_text("Success").first.wait_for()
    take_picture("run")
    page.goto(f"{compute_run_address(run_id)}/tasks/guard")
    page.get_by_text("to create").first.wait_for()
    take_picture("log")


def test_the_run_is_told_in_a_sentence_and_its_figures_add_up(
    page: Any, frame: Any, take_picture: Callable[[str], None]
) -> None:
    text = frame.locator("#main").inner_text()
    for fact in ("Ödüyo is in step with the ERP, but for some rows", "3,501 ERP rows", "2 created", "4 updated"):
        assert fact in text
    assert len(list_rows(frame, f"1–{6 + REJECTED} of {6 + REJECTED}")) == 6 + REJECTED
    take_picture("run-page")


def test_a_change_shows_what_was_and_what_is(frame: Any, take_picture: Callable[[str], None]) -> None:
    frame.get_by_role("button", name="updated 4").click()
    rows = list_rows(frame, "1–4 of 4")
    assert all("→" in row for row in rows)
    frame.locator("tbody tr").last.scroll_into_view_if_needed()
    take_picture("run-page-changes")


def test_a_code_is_found_by_its_id_and_the_search_can_find_nothing(frame: Any) -> None:
    frame.get_by_role("button", name="created 2").click()
    (row, _) = list_rows(frame, "1–2 of 2")
    erp_id = row.split("\t")[1].strip()
    search = frame.get_by_role("searchbox", name="Search the changes")
    search.fill(erp_id)
    (found,) = list_rows(frame, "1–1 of 1")
    assert erp_id in found
    search.fill("<script>alert(1)</script>")
    frame.get_by_text("Nothing matches. Change the search or the filter.").wait_for()


def test_what_is_shown_can_be_downloaded(page: Any, frame: Any, tmp_path: Path) -> None:
    frame.get_by_role("button", name=f"rejected {REJECTED}").click()
    list_rows(frame, f"1–{REJECTED} of {REJECTED}")
    with page.expect_download() as download:
        frame.get_by_role("link", name="Download CSV").click()
    path = tmp_path / "changes.csv"
    download.value.save_as(path)
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), dialect=csv.Sniffer().sniff(text.splitlines()[0])))
    assert len(rows) == REJECTED


def test_a_step_s_log_is_one_click_away(page: Any, frame: Any) -> None:
    frame.get_by_role("link", name="guard").click()
    page.wait_for_url("**/tasks/guard*")
    page.get_by_text("to create").first.wait_for()


def test_all_runs_of_the_dag_stand_on_its_own_page(page: Any, run_id: str, take_picture: Callable[[str], None]) -> None:
    page.goto(f"/dags/{DAG_ID}/plugin/oduyo-dag")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Runs", exact=True).wait_for()
    assert run_id in frame.locator("#main").inner_text()
    take_picture("runs")

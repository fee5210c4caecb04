"""The run page, in its frame on the run's own page: figures, changes, search, filter, download."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.language import use_language
from oduyo_provider.page.labels import label
from oduyo_provider.sync.staging.change_lines import OUTCOMES
from sandbox.demo.airflow import AirflowApi
from sandbox.demo.stage import Stage
from sandbox.erp.load import apply_edits
from sandbox.erp.server import start_server
from tests.browser.forms import (
    compute_run_address,
    fetch_states,
    open_trigger_form,
    send_trigger_form,
    show_dag,
    show_run,
    wait_for_run,
)
from tests.browser.looks import compute_contrast, list_violations

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

#: Rows and records that the run leaves as they are, besides what it changes: rejected, with a warning, without a row.
REJECTED, WARNED, KEPT = 39, 380, 1
#: Of the whole table the first page.
FIRST_PAGE = f"1–50 of {6 + REJECTED + WARNED + KEPT}"


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
    frame = show_run(page, run_id)
    frame.get_by_role("heading", name="It adds up").wait_for()
    return frame


def list_rows(frame: Any, found: str) -> list[str]:
    """The changes that are shown, once so many are found."""
    frame.get_by_text(found, exact=True).wait_for()
    return [str(text) for text in frame.locator(".changes tbody tr").all_inner_texts()]


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
    for fact in ("Ödüyo is in step with the ERP, but for 39 rows", "ERP rows: 3,501", "2 created", "4 updated"):
        assert fact in text
    assert len(list_rows(frame, FIRST_PAGE)) == 50
    take_picture("run-page")


def test_a_change_shows_what_was_and_what_is(frame: Any, take_picture: Callable[[str], None]) -> None:
    frame.get_by_role("button", name="updated 4").click()
    rows = list_rows(frame, "1–4 of 4")
    assert all("→" in row for row in rows)
    assert any("special_updated_in · changed in the ERP" in row for row in rows)
    frame.locator(".changes tbody tr").last.scroll_into_view_if_needed()
    take_picture("run-page-changes")


def test_a_code_is_found_by_its_id_and_the_search_can_find_nothing(frame: Any) -> None:
    frame.get_by_role("button", name="created 2").click()
    list_rows(frame, "1–2 of 2")
    erp_id = frame.locator(".changes tbody .erp_id").first.inner_text()
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


#: Cells of which something is cut off or out of sight.
HIDDEN = """table => [...table.querySelectorAll('td')].filter(cell =>
    cell.scrollWidth > cell.clientWidth + 1 || cell.getBoundingClientRect().right > innerWidth).map(cell => cell.innerText)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_in_both_themes_at_1000_pixels(
    page: Any, run_id: str, take_picture: Callable[[str], None], scheme: str
) -> None:
    page.set_viewport_size({"width": 1000, "height": 1000})
    page.emulate_media(color_scheme=scheme)
    frame = show_run(page, run_id)
    frame.get_by_role("heading", name="It adds up").wait_for()
    list_rows(frame, FIRST_PAGE)
    assert frame.locator("html").evaluate("element => getComputedStyle(element).colorScheme") == scheme
    # Nothing of the page is out of sight to the right, the reason of a rejected row neither.
    assert frame.locator("html").evaluate("element => element.scrollWidth <= element.clientWidth")
    assert frame.locator(".changes tbody .reason", has_text="code").first.is_visible()
    assert frame.locator(".changes").evaluate(HIDDEN) == []
    assert list_violations(frame) == []
    assert compute_contrast(frame, "#main h2, #main p, #main td, #main th, #main button, #main a") >= 4.5
    if scheme == "dark":
        take_picture("run-page-dark")


def test_the_changes_are_filtered_with_the_keyboard_alone(page: Any, frame: Any) -> None:
    button = frame.get_by_role("button", name="created 2")
    frame.get_by_role("link", name="all runs").focus()
    seen: list[str] = []
    while not button.evaluate("element => element === document.activeElement"):
        page.keyboard.press("Tab")
        focused = frame.locator(":focus")
        seen.append(focused.inner_text())
        assert len(seen) < 60, f"the filter cannot be reached with the Tab key: {seen}"
        outline = focused.evaluate("element => getComputedStyle(element).outlineStyle")
        assert outline == "solid", f"{seen[-1]!r} has the focus and does not show it"
    page.keyboard.press("Enter")
    assert len(list_rows(frame, "1–2 of 2")) == 2


def test_filter_search_sort_and_page_stand_in_the_address(page: Any, frame: Any, run_id: str) -> None:
    frame.get_by_role("button", name=f"rejected {REJECTED}").click()
    list_rows(frame, f"1–{REJECTED} of {REJECTED}")
    frame.get_by_role("button", name="ERP id").click()
    frame.locator("th.erp_id[aria-sort=ascending]").wait_for()  # sorted rows are as many as before
    page.wait_for_url(re.compile("sort=integration_id"))
    frame.locator("[aria-busy]").wait_for(state="detached")
    ids = frame.locator(".changes tbody .erp_id").all_inner_texts()
    assert "outcome=rejected" in page.url
    assert "sort=integration_id" in page.url
    address = page.url
    page.goto("/")
    page.goto(address)
    again = page.frame_locator("iframe")
    list_rows(again, f"1–{REJECTED} of {REJECTED}")
    again.locator("[aria-busy]").wait_for(state="detached")
    assert again.locator(".changes tbody .erp_id").all_inner_texts() == ids
    assert again.locator("th.erp_id").get_attribute("aria-sort") == "ascending"


def test_a_figure_leads_to_its_rows(frame: Any) -> None:
    frame.locator(".sum").get_by_role("button", name="4 updated").click()
    assert len(list_rows(frame, "1–4 of 4")) == 4


def test_a_reason_leads_to_its_rows_and_stands_among_the_filters_for_as_long(page: Any, frame: Any) -> None:
    frame.locator("summary", has_text="reason").click()
    row = frame.locator("table.reasons tr").first
    count = row.locator(".number").inner_text()
    row.get_by_role("button").click()
    chip = frame.locator(".chip.reason[aria-pressed=true]")
    assert chip.inner_text().split()[-1] == count
    list_rows(frame, f"1–{count} of {count}")
    page.wait_for_url("**reason=*")
    frame.get_by_role("button", name=f"rejected {REJECTED}").click()
    chip.click()
    list_rows(frame, FIRST_PAGE)
    assert chip.count() == 0


def test_a_filter_that_the_run_has_no_chip_for_is_seen_and_can_be_taken_away(
    page: Any, frame: Any, run_id: str
) -> None:
    page.goto("/")
    page.goto(f"{compute_run_address(run_id)}/plugin/oduyo-run?action=create&of=row&outcome=waiting&outcome=created")
    again = page.frame_locator("iframe")
    list_rows(again, "1–2 of 2")
    asked = again.locator(".chip[aria-pressed=true]")
    assert [text.split() for text in asked.all_inner_texts()] == [
        ["created", "2"],
        ["waiting"],
        ["new", "records"],
        ["ERP", "rows"],
    ]
    while asked.count():
        asked.first.focus()
        page.keyboard.press("Enter")
        assert again.locator(".chip:focus").count() == 1
    list_rows(again, FIRST_PAGE)


def test_a_run_that_goes_on_is_told_also_to_whoever_is_on_one_of_its_buttons(page: Any, run_id: str) -> None:
    told: list[int] = []

    def tell(route: Any) -> None:
        answer = route.fetch()
        told.append(len(told))
        sums = answer.json()["sums"]
        sums[0]["parts"] = [{**part, "count": part["count"] + len(told)} for part in sums[0]["parts"]]
        going = {"is_going": True, "sentence": {"tone": "busy", "label": "going", "text": f"Answer {len(told)}."}}
        route.fulfill(response=answer, json={**answer.json(), **going, "sums": sums, "figures": {}})

    page.route("**/oduyo/run?**", tell)
    frame = show_run(page, run_id)
    frame.locator("summary", has_text="reason").focus()
    said = frame.locator(".sentence").element_handle()
    frame.get_by_text("Answer 3.").wait_for()
    assert frame.locator(":focus").inner_text() == "1 reason"
    # A screen reader says what changes inside an element that stays.
    assert said.evaluate("one => one.isConnected && one.role") == "status"
    assert said.inner_text().startswith("Answer ")
    page.unroute_all(behavior="wait")


def test_a_brake_on_a_plan_without_a_change_is_explained_too(page: Any, run_id: str) -> None:
    def tell(route: Any) -> None:
        answer = route.fetch()
        brakes = [{"name": "no_rows", "text": "the ERP query returned no row"}]
        route.fulfill(response=answer, json={**answer.json(), "actions": [], "brakes": brakes})

    page.route("**/oduyo/run?**", tell)
    frame = show_run(page, run_id)
    frame.get_by_role("region", name="The plan").get_by_text("the ERP query returned no row").wait_for()
    page.unroute_all(behavior="wait")


def test_what_somebody_types_on_the_dag_s_page_stays_while_a_run_goes_on(page: Any, run_id: str) -> None:
    told: list[int] = []

    def tell(route: Any) -> None:
        answer = route.fetch()
        told.append(len(told))
        first, *runs = answer.json()["runs"]
        sentence = {"tone": "busy", "label": "going", "text": f"Answer {len(told)}."}
        route.fulfill(
            response=answer,
            json={**answer.json(), "sentence": sentence, "runs": [{**first, "is_going": True}, *runs]},
        )

    page.route("**/oduyo/dag?**", tell)
    frame = show_dag(page)
    frame.get_by_role("searchbox").fill("E-TİC")
    frame.get_by_text("Answer 2.").wait_for()
    page.keyboard.type("ARET")
    assert frame.get_by_role("searchbox").input_value() == "E-TİCARET"
    page.unroute_all(behavior="wait")


#: Longer or wider than a column: what has no blank, what has many, 19 digits, and signs of two units each.
WIDE = ("Ş" * 256, "bir iki " * 40, "1234567890123456789", "\U0001f9fe" * 70)


def list_outcome_labels() -> list[str]:
    """What each outcome is called in either language."""
    labels: list[str] = []
    for code in ("en", "tr"):
        with use_language(code):
            labels += map(label, OUTCOMES)
    return labels


def test_what_is_long_or_wide_lies_over_no_other_column_and_can_be_unfolded(page: Any, run_id: str) -> None:
    lines = [
        {
            **dict.fromkeys(("integration_id", "code", "reason", "answer"), text),
            "oduyo_id": text if text.isdigit() else WIDE[2],
            "outcome": "stale",
            "label": name,
            "action": "update",
            "stored": {"description": text},
            "fields": [["description", text, text], ["note", "", text]],
        }
        for text, name in zip_longest(WIDE, list_outcome_labels(), fillvalue="1")
    ]

    def tell(route: Any) -> None:
        answer = route.fetch()
        found = {"lines": lines, "found": len(lines), "pages": 1, "first": 1}
        route.fulfill(response=answer, json={**answer.json(), **found})

    page.route("**/oduyo/changes?**", tell)
    frame = show_run(page, run_id)
    list_rows(frame, f"1–{len(lines)} of {len(lines)}")
    for width in (1600, 1280, 1000):
        page.set_viewport_size({"width": width, "height": 1000})
        too_wide = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.className)"
        assert frame.locator(".changes td").evaluate_all(too_wide) == [], width
        assert frame.locator("html").evaluate("element => element.scrollWidth <= element.clientWidth"), width
    for fold in frame.locator(".changes .fold").all():
        fold.locator("summary").click()
        assert fold.locator("> span").inner_text() in WIDE or fold.locator("> span").inner_text().isdigit()
    cut = frame.locator(".changes .fold summary").all_inner_texts()
    assert all(ord(sign) < 0xD800 or ord(sign) > 0xDFFF for text in cut for sign in text), "half a sign is shown"
    page.unroute_all(behavior="wait")


def test_the_page_speaks_the_language_of_airflow(
    browser: Any, stage: Stage, window: Any, run_id: str, take_picture_of: Callable[[Any, str], None]
) -> None:
    assert stage.api
    visitor = browser.new_context(base_url=stage.api.address, storage_state=window.storage_state(), timezone_id="UTC")
    visitor.add_init_script(
        "localStorage.setItem('i18nextLng', 'tr'); localStorage.setItem('timezone', '\"Asia/Tokyo\"')"
    )
    # A visitor without a cache: all of Airflow's pages are read and compiled anew, on a busy machine in minutes.
    visitor.set_default_timeout(180_000)
    page = visitor.new_page()
    page.goto(f"{compute_run_address(run_id)}/plugin/oduyo-run")
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading", name="Toplamlar tutuyor").wait_for()
    frame.get_by_text(FIRST_PAGE.replace(" of ", " / "), exact=True).wait_for()
    text = frame.locator("#main").inner_text()
    for fact in ("ERP satırları: 3.501", "2 oluşturulan", "Değişiklikler", "Önce → sonra"):
        assert fact in text
    assert frame.locator("html").get_attribute("lang") == "tr"
    # The hour is Tokyo's, nine after that of the run's id.
    hour = (int(run_id.partition("T")[2][:2]) + 9) % 24
    assert f" {hour:02d}:" in frame.locator("h1").inner_text()
    take_picture_of(page, "run-page-tr")
    visitor.close()


def test_all_runs_of_the_dag_stand_on_its_own_page(page: Any, run_id: str, take_picture: Callable[[str], None]) -> None:
    frame = show_dag(page)
    frame.get_by_role("heading", name="Runs", exact=True).wait_for()
    text = frame.locator("#main").inner_text()
    for fact in (run_id, "Last good run", "ERP rows in step", "3,462 of 3,501", "Waits for a person", "Site check"):
        assert fact in text
    assert list_violations(frame) == []
    take_picture("runs")
    frame.get_by_role("row").filter(has_text=run_id).get_by_role("link").first.click()
    page.wait_for_url(f"**{compute_run_address(run_id)}/plugin/oduyo-run")

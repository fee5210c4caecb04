"""One record's history, in its frame on the DAG's own page: typed, chosen, and found in vain."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.demo.airflow import DAG_ID, AirflowApi
from sandbox.demo.stage import Stage
from tests.browser.forms import show_dag, wait_for_run

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def record(stage: Stage, api: AirflowApi) -> dict[str, Any]:
    """A record that a run has made."""
    if not stage.fetch_record_count():
        assert wait_for_run(api, api.trigger({})) == "success"
    session = requests.Session()
    session.trust_env = False
    records = session.get(f"{stage.sandbox_url}/_sandbox/records", timeout=30).json()
    # One that no other code begins with.
    return max((one for one in records if re.fullmatch(r"[\w.]+", str(one["code"]))), key=lambda one: len(one["code"]))


@pytest.fixture
def code(record: dict[str, Any]) -> str:
    return str(record["code"])


@pytest.fixture
def frame(page: Any, code: str) -> Any:
    """The DAG's own document."""
    frame = show_dag(page)
    frame.get_by_role("heading", name=DAG_ID).wait_for()
    return frame


def ask(frame: Any, text: str) -> None:
    frame.get_by_role("searchbox").fill(text)
    frame.get_by_role("searchbox").press("Enter")


def test_a_code_leads_to_both_sides_and_to_the_run_that_made_it(
    page: Any, frame: Any, record: dict[str, Any], code: str, take_picture: Callable[[str], None]
) -> None:
    ask(frame, code)
    frame.get_by_role("heading", name="What each run did").wait_for()
    assert "record=" in page.url
    # What the run made of it and read of it stands below the run's own name.
    run = frame.locator("#main > p a").inner_text()
    told = frame.locator("#main").inner_text()
    headings = ("As of this run", "The two sides, as this run read them", "In the ledger", "What each run did")
    places = [told.index(text) for text in (run, *headings)]
    assert places == sorted(places), told
    assert frame.locator(".sides tbody tr", has_text="code").first.inner_text().split()[1] == code
    assert frame.locator(".sides tbody th", has_text="key1").inner_text() == "key1 · firm"
    ledger = frame.get_by_role("region", name="In the ledger").inner_text().split()
    assert ledger[-3:] == ["Ödüyo", "id", str(record["id"])], "this run made it: it listed no such record"
    assert "created" in frame.locator(".history tbody").inner_text()
    # Nothing had a reason, so that no column is for reasons.
    assert frame.locator(".history thead th").all_inner_texts() == ["Run", "Outcome", "Before → after"]
    take_picture("record")
    frame.locator(".history a").first.click()
    page.wait_for_url(re.compile("/runs/"))


def test_the_values_of_a_record_that_is_there_more_than_once_lie_over_no_other_column(
    page: Any, frame: Any, code: str
) -> None:
    def tell(route: Any) -> None:
        answer = route.fetch()
        view = answer.json()
        values = {"code": code, "description": "AÇIK HESAP GRUBU 39 *!", "updated_in": "2026-12-01 00:00:23"}
        view["record"].update(erp=[values], oduyo=[values] * 3)
        route.fulfill(response=answer, json=view)

    page.set_viewport_size({"width": 1000, "height": 900})
    page.route("**/oduyo/record?**", tell)
    ask(frame, code)
    cells = frame.locator(".sides td")
    cells.first.wait_for()
    too_wide = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth + 1).map(cell => cell.innerText)"
    assert cells.evaluate_all(too_wide) == []
    page.unroute_all(behavior="wait")


def test_a_search_in_vain_says_where_it_looked(frame: Any) -> None:
    ask(frame, "nobody has this")
    frame.get_by_text("Nothing has the code or id “nobody has this”.").wait_for()
    assert "Looked in the history, and in what the run" in frame.locator("#main").inner_text()

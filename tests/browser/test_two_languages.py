"""What a person asks at eight in the morning, answered by the pages in English and in Turkish alike.

Three runs are looked at: one that Ödüyo refused to log in, one that waits for a person as it would delete a record, and one
that went well. Each test is one of the questions.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.demo.airflow import DAG_ID, AirflowApi
from sandbox.demo.stage import Stage
from sandbox.erp.load import apply_edits
from sandbox.erp.server import start_server
from tests.browser.conftest import open_tab
from tests.browser.forms import show_dag, show_run, wait_for_run, wait_for_task
from tests.browser.looks import list_violations

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

#: English → Turkish, as the glossary has it: the oracle, written by hand.
TURKISH = {
    "Nothing was written: the run failed in the step snapshot.": (
        "Hiçbir şey yazılmadı: çalıştırma snapshot adımında hata verdi."
    ),
    "Why snapshot failed": "snapshot neden hata verdi",
    "The run did not come to a plan, so that nothing is known of changes.": (
        "Çalıştırma plana gelmeden bitti; değişiklikler hakkında bir şey bilinmiyor."
    ),
    "Log": "Günlük",
    "It adds up": "Toplamlar tutuyor",
    "in step with the ERP": "ERP ile eşit",
    "What each run did": "Her çalıştırma ne yaptı",
    "ERP row": "ERP satırı",
    "Ödüyo record": "Ödüyo kaydı",
    "What happened to it?": "Ne oldu?",
    "Nothing has the code or id “nobody has this”.": "Kodu ya da kimliği “nobody has this” olan hiçbir şey yok.",
    "39 known": "önceden bilinen 39",
    "1 to delete": "1 silinecek",
    "Approve or reject": "Onayla ya da reddet",
    "waits for a person": "onay bekliyor",
    "Download Excel": "Excel indir",
    "Changes": "Değişiklikler",
    "To be mended in the ERP": "ERP'de düzeltilecekler",
    "ERP id": "ERP kimliği",
    "rejected": "elenen",
    "Last good run": "Son başarılı çalıştırma",
    "Waits for a person": "Onay bekleyen",
    "ERP rows in step": "Eşit ERP satırları",
    "3,462 of 3,501": "3.501 satırdan 3.462",
    "1–39 of 39": "1–39 / 39",
}


class Runs(msgspec.Struct, frozen=True):
    """Ids of the runs that are looked at."""

    good: str
    failed: str
    waiting: str


@pytest.fixture(scope="module")
def runs(stage: Stage, api: AirflowApi) -> Iterator[Runs]:
    if not stage.fetch_record_count():
        assert wait_for_run(api, api.trigger({})) == "success"
    apply_edits(start_server(stage.place.erp).dsn)
    good = api.trigger({})
    assert wait_for_run(api, good) == "success"
    connection = stage.connections["oduyo_default"]
    api.save_connection("oduyo_default", {**connection, "password": "not-the-password"})
    failed = api.trigger({})
    assert wait_for_run(api, failed) == "failed"
    api.save_connection("oduyo_default", connection)
    waiting = api.trigger({"on_missing": "delete", "missing_runs": 1, "max_missing_percent": 0, "on_unsafe": "ask"})
    wait_for_task(api, waiting, "approve", "awaiting_input")
    yield Runs(good, failed, waiting)
    api.fail_active_runs()


class Reader(msgspec.Struct, frozen=True):
    """Somebody who reads Airflow in a language.

    :param tab: of the browser's window.
    """

    language: str
    tab: Any

    def say(self, text: str) -> str:
        """A text as this reader sees it."""
        return TURKISH[text] if self.language == "tr" else text

    def open_run(self, run_id: str) -> Any:
        """The document of a run's page."""
        frame = show_run(self.tab, run_id)
        frame.get_by_role("heading").first.wait_for()
        return frame

    def open_dag(self) -> Any:
        """The document of the DAG's page."""
        frame = show_dag(self.tab)
        frame.get_by_role("heading", name=DAG_ID).first.wait_for()
        return frame


@pytest.fixture(scope="module", params=["en", "tr"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def visitor(language: str, browser: Any, stage: Stage, window: Any, runs: Runs) -> Iterator[Any]:
    """The window of somebody who reads Airflow in that language."""
    assert stage.api
    visitor = browser.new_context(
        viewport={"width": 1000, "height": 900},
        base_url=stage.api.address,
        storage_state=window.storage_state(),
        accept_downloads=True,
    )
    visitor.add_init_script(f"localStorage.setItem('i18nextLng', '{language}')")
    # A visitor without a cache: all of Airflow's pages are read and compiled anew, on a busy machine in minutes.
    visitor.set_default_timeout(180_000)
    yield visitor
    visitor.close()


@pytest.fixture
def reader(language: str, visitor: Any, request: pytest.FixtureRequest) -> Iterator[Reader]:
    with open_tab(visitor, request) as tab:
        tab.set_viewport_size({"width": 1000, "height": 900})
        yield Reader(language, tab)


def wait_until_read(frame: Any) -> None:
    """While the table is read it is pale."""
    frame.locator("[aria-busy]").wait_for(state="detached")


def test_a_failed_run_says_what_failed_and_its_log_is_one_click_away(reader: Reader, runs: Runs) -> None:
    page, frame = reader.tab, reader.open_run(runs.failed)
    frame.get_by_text(reader.say("Nothing was written: the run failed in the step snapshot.")).wait_for()
    # There is no plan, so no table: no heads above nothing, and nothing to search or to download.
    frame.get_by_text(reader.say("The run did not come to a plan, so that nothing is known of changes.")).wait_for()
    for part in ("thead", "input", ".title a", ".under"):
        assert not frame.locator(part).first.is_visible(), part
    assert list_violations(frame) == []
    cause = frame.get_by_role("region", name=reader.say("Why snapshot failed"))
    # The error is in the words of the worker, whose language ODUYO_LANGUAGE says.
    assert "Ödüyo refused the login of user" in cause.inner_text()
    cause.get_by_role("link", name=reader.say("Log")).click()
    page.wait_for_url("**/tasks/snapshot*")


def test_a_good_run_says_that_both_sides_are_in_step_and_which_rows_are_left_out_as_before(
    reader: Reader, runs: Runs
) -> None:
    frame = reader.open_run(runs.good)
    frame.get_by_role("heading", name=reader.say("It adds up")).wait_for()
    text = frame.locator("#main").inner_text()
    assert reader.say("in step with the ERP") in text
    assert reader.say("39 known") in text
    assert frame.locator("html").get_attribute("lang") == reader.language


def test_the_workbook_has_heads_in_the_reader_s_language(reader: Reader, runs: Runs, tmp_path: Path) -> None:
    page, frame = reader.tab, reader.open_run(runs.good)
    with page.expect_download() as download:
        frame.get_by_role("link", name=reader.say("Download Excel")).click()
    download.value.save_as(tmp_path / "changes.xlsx")
    with zipfile.ZipFile(tmp_path / "changes.xlsx") as workbook:
        names = workbook.read("xl/workbook.xml").decode()
        first = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert re.findall(r'<sheet name="([^"]+)"', names) == [
        reader.say("Changes"),
        reader.say("To be mended in the ERP"),
    ]
    assert reader.say("ERP id") in first


def test_filter_and_order_stand_in_the_address_in_the_same_words(reader: Reader, runs: Runs) -> None:
    page, frame = reader.tab, reader.open_run(runs.good)
    frame.locator(".chips").get_by_role("button", name=reader.say("rejected")).click()
    frame.get_by_role("button", name=reader.say("ERP id")).click()
    frame.get_by_text(reader.say("1–39 of 39"), exact=True).wait_for()
    wait_until_read(frame)
    assert "outcome=rejected" in page.url
    assert "sort=integration_id" in page.url
    assert frame.locator(".changes tbody .reason").first.is_visible()
    assert frame.locator("html").evaluate("element => element.scrollWidth <= element.clientWidth")
    assert list_violations(frame) == []


def test_one_record_shows_both_sides_and_its_history_and_a_vain_search_says_so(reader: Reader, runs: Runs) -> None:
    frame = reader.open_dag()
    frame.get_by_role("searchbox").fill("E-TİCARET-IĞDIR.001")
    frame.get_by_role("button", name=reader.say("What happened to it?")).click()
    frame.get_by_role("heading", name=reader.say("What each run did")).wait_for()
    heads = frame.locator(".sides thead").inner_text()
    assert reader.say("ERP row") in heads
    assert reader.say("Ödüyo record") in heads
    frame.get_by_role("searchbox").fill("nobody has this")
    frame.get_by_role("searchbox").press("Enter")
    frame.get_by_text(reader.say("Nothing has the code or id “nobody has this”.")).wait_for()
    assert list_violations(frame) == []


def test_the_dag_s_page_says_how_it_stands_and_what_waits(reader: Reader, runs: Runs) -> None:
    frame = reader.open_dag()
    text = frame.locator("#main").inner_text()
    for fact in ("Last good run", "Waits for a person", "ERP rows in step", "3,462 of 3,501", "waits for a person"):
        assert reader.say(fact) in text
    row = frame.get_by_role("row").filter(has_text=runs.waiting)
    assert row.get_by_role("link", name=reader.say("Approve or reject")).is_visible()
    assert list_violations(frame) == []
    assert frame.locator("html").evaluate("element => element.scrollWidth <= element.clientWidth")


#: What the page is told of a load that waits for its next try, beside what it is told of the run.
RETRY = {
    "approval": None,
    "actions": [],
    "brakes": [],
    "progress": {"done": 6, "total": 7},
    "sentence": {
        "tone": "warn",
        "label": "sonraki denemeyi bekliyor",
        "text": "load adımı hata verdi (deneme 1 / 4). Sonraki deneme: {at}.",
        "at": 1.8e9,
    },
    "causes": [
        {
            "task": "load",
            "state": "up_for_retry",
            "label": "sonraki denemeyi bekliyor",
            "log": "dags",
            "text": "Not all changes were delivered: 5 doubtful, 1 not_applied. The page of the run says which, and why. Another "
            "try sends what did not arrive; what Ödüyo confirmed and did not carry out, the next run sends again.",
            "tries": 1,
            "max_tries": 4,
            "retry_at": 1.8e9,
        }
    ],
}

#: And of one that failed, with the longest explanation that is usual.
STOP = RETRY | {
    "progress": None,
    "sentence": {"tone": "bad", "label": "hatalı", "text": "load adımı hata verdi. Neyin yazıldığı aşağıda."},
    "causes": [
        {
            "task": "load",
            "state": "failed",
            "label": "hatalı",
            "log": "dags",
            "text": "Ödüyo stores integration_id otherwise than it was sent: '12345678901234567890123' is stored as "
            "'12345678901234567890' (Ödüyo's id 4711). No further create is sent. " * 4,
            "tries": 4,
            "max_tries": 4,
            "retry_at": None,
        }
    ],
}
TOLD = {"a retry waits": RETRY, "a load failed": STOP}


@pytest.mark.parametrize("state", ["a plan waits", *TOLD])
def test_the_table_begins_above_the_fold_while(reader: Reader, runs: Runs, state: str) -> None:
    page = reader.tab
    if state in TOLD:

        def tell(route: Any) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, json={**answer.json(), **TOLD[state]})

        page.route("**/oduyo/run?**", tell)
    frame = show_run(page, runs.waiting)
    frame.locator(".changes tbody .outcome").first.wait_for()
    assert frame.locator(".cause").count() == (state in TOLD)
    for width in (1280, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        fold = frame.locator("html").evaluate("() => innerHeight")
        # The names of its columns can be read.
        assert frame.locator(".changes").evaluate("element => element.getBoundingClientRect().top") + 30 < fold, width
    assert list_violations(frame) == []
    page.unroute_all(behavior="wait")  # the page asks on: an answer that is being told must not outlive it


def test_a_plan_that_waits_shows_deletions_first_and_leads_to_the_approval(reader: Reader, runs: Runs) -> None:
    page, frame = reader.tab, reader.open_run(runs.waiting)
    actions = frame.locator(".actions button")
    actions.first.wait_for()
    assert actions.first.inner_text().split() == reader.say("1 to delete").split()
    actions.first.click()
    assert "action=delete" in page.url
    wait_until_read(frame)
    assert frame.locator(".changes tbody tr").count() == 1
    assert list_violations(frame) == []
    frame.get_by_role("link", name=reader.say("Approve or reject")).click()
    page.wait_for_url("**/tasks/approve/**")

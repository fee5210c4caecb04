"""How much of what is staged the page reads: of a run of 100,000 changes little, also cold, and while it is going."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from oduyo_provider.page import service
from oduyo_provider.page.airflow_db import RunState
from oduyo_provider.page.service import PageService
from oduyo_provider.page.table_view import compute_table_view
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.storage import Disk
from oduyo_provider.sync.steps.load import load
from tests.integration.page.conftest import DAG_ID
from tests.integration.sync.apply.driver import Driver, make_rows

CHANGES = 100_000
FIRST_ANSWER_BYTES = 100_000
PAGE_BYTES = 1_000_000


class Meter:
    """Counts the bytes that are read of staged files in this process."""

    def __init__(self) -> None:
        self.bytes = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read, open_lines = Disk.read, Disk.open_lines

        def count_and_read(disk: Disk, name: str, start: int = 0, length: int | None = None) -> bytes:
            data = read(disk, name, start, length)
            self.bytes += len(data)
            return data

        def count_and_open(disk: Disk, name: str) -> Any:
            self.bytes += (disk.path / name).stat().st_size
            return open_lines(disk, name)

        monkeypatch.setattr(Disk, "read", count_and_read)
        monkeypatch.setattr(Disk, "open_lines", count_and_open)

    @contextmanager
    def allowing(self, limit: int) -> Iterator[None]:
        before = self.bytes
        yield
        assert self.bytes - before <= limit, f"{self.bytes - before:,} bytes were read, {limit:,} are allowed"


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    found = Meter()
    found.install(monkeypatch)
    return found


@pytest.fixture(autouse=True)
def _without_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, STATE["run"], None))
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {})
    monkeypatch.setattr(service, "fetch_approvals", lambda _dag, _runs: {})


#: What Airflow says of the run.
STATE = {"run": "running"}


def show_run() -> dict[str, Any]:
    """The first answer of a process that has read nothing yet."""
    view = PageService().fetch_run(DAG_ID, "run1", "")
    assert view is not None
    return view


def show_page(page: int = 1, **wanted: Any) -> list[dict[str, Any]]:
    """A page of the table, likewise."""
    opened = PageService().open(DAG_ID, "run1", "")
    assert opened is not None
    view = compute_table_view(opened, Wanted(**wanted), page)
    lines: list[dict[str, Any]] = view["lines"]
    return lines


def ask_on(meter: Meter, **wanted: Any) -> list[str]:
    """The codes of the first page that a process which had read nothing shows once it has read all; each answer reads little."""
    asked, pages = PageService(), [{"unread": CHANGES, "found": 0}]
    while pages[-1]["unread"]:
        with meter.allowing(PAGE_BYTES):
            opened = asked.open(DAG_ID, "run1", "")
            assert opened is not None
            pages.append(compute_table_view(opened, Wanted(**wanted), 1))
        assert pages[-1]["unread"] < pages[-2]["unread"]
        assert pages[-1]["found"] >= pages[-2]["found"]
    assert len(pages) > 2
    return [line["code"] for line in pages[-1]["lines"]]


@pytest.mark.timeout(200)
def test_of_a_hundred_thousand_changes_the_page_reads_little(
    driver: Driver, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.apply.table_updater.SHOW_CHANGES_EVERY_S", 0.5)
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(CHANGES), run, buckets=64)
    assert len(plan) == 64
    with meter.allowing(FIRST_ANSWER_BYTES):
        assert show_run()["progress"] == {"done": 0, "total": CHANGES}

    async def look_while_it_is_loaded() -> None:
        async with driver.client() as client:
            loading = asyncio.create_task(load(driver.step(run), plan, client, driver.settings))
            shown = 0
            while not shown and not loading.done():
                await asyncio.wait([loading], timeout=0.2)
                shown = show_run()["progress"]["done"]
            assert 0 < shown < CHANGES
            with meter.allowing(FIRST_ANSWER_BYTES):
                assert show_run()["progress"]["total"] == CHANGES
            with meter.allowing(PAGE_BYTES):
                assert show_page(outcome=["created"])[0]["oduyo_id"]
            with meter.allowing(PAGE_BYTES):
                assert len(show_page(page=1_900, outcome=["waiting"])) == 50
            loading.cancel()
            with suppress(asyncio.CancelledError):
                await loading

    asyncio.run(look_while_it_is_loaded())
    driver.report(run, None)
    monkeypatch.setitem(STATE, "run", "failed")
    with meter.allowing(FIRST_ANSWER_BYTES):
        view = show_run()
        assert (view["is_going"], view["lines"], view["sums"][0]["count"]) == (False, CHANGES, CHANGES)
    with meter.allowing(PAGE_BYTES):
        assert len(show_page(page=1_000)) == 50
    with meter.allowing(PAGE_BYTES):
        assert show_page(outcome=["created"])[0]["oduyo_id"]
    assert ask_on(meter, search="kod.77777") == ["KOD.77777"]
    assert ask_on(meter, sort="code") == [f"KOD.{number}" for number in range(1, 51)]

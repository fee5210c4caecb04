"""``python -m bench.page``: how long the run page's answers take, of a run whose every row is a change.

Each answer is that of a process that has read nothing yet, except where it says "again".
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from bench.measure import (
    MAX_ANSWER_S,
    MAX_SEARCH_S_PER_100_000,
    Bound,
    Figures,
    Stopwatch,
    describe_machine,
    finish,
    print_table,
    read_peak_mb,
    run_child,
    temporary_folder,
)
from bench.rows import make_row
from bench.sides import Database, Listing, Making
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.partition import DEFAULT_BUCKETS
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.page.csv_export import write_csv
from oduyo_provider.page.record_search import RecordSearch
from oduyo_provider.page.record_view import compute_record_view
from oduyo_provider.page.run_cache import OpenedRun, RunCache
from oduyo_provider.page.sides import open_sides
from oduyo_provider.page.table_view import compute_table_view
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.page.xlsx_export import write_xlsx
from oduyo_provider.sync.staging.archive import StagedRun, fetch_run
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.extract import extract
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.report import report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform

ROWS = 100_000


def stage_run(folder: Path, rows: int) -> None:
    """A dry run that would create every row."""
    run = Run(Folder.open(str(folder)), "bench", "run", "try1")
    step = StepContext(run=run, params=RunParams(dry_run=True), source="bench", buckets=DEFAULT_BUCKETS)
    snapshot = asyncio.run(fetch_snapshot(step, cast("OduyoClient", Listing(0, Making())), "127.0.0.1"))
    parts = extract(step, Database(rows, Making()), "SELECT", query_name="bench", snapshot=snapshot)
    plans = [transform(step, part) for part in parts]
    asyncio.run(report(step, Steps(snapshot, parts, plans, guard(step, plans))))


def measure_answers(folder: Path, rows: int) -> dict[str, float]:
    """Seconds of each answer."""
    root = Folder.open(str(folder))

    def find() -> StagedRun:
        return fetch_run(root, "bench", "run")[0]

    def open_run() -> OpenedRun:
        return RunCache().open(find(), is_going=False)

    def look_up(text: str) -> object:
        place = RecordSearch(root, "bench", open_sides(root, find()), open_run(), SPECIAL_CODE, "run")
        return compute_record_view([place], text)

    row, kept = make_row(rows // 2), open_run()
    answers: dict[str, Callable[[], object]] = {
        "first answer": lambda: open_run().table,
        "a page in the middle": lambda: compute_table_view(open_run(), Wanted(), rows // 100),
        "a search": lambda: search(kept, "a"),
        "another search, again": lambda: compute_table_view(kept, Wanted(search="b"), 1),
        "ordered by code, again": lambda: compute_table_view(kept, Wanted(sort="code"), 1),
        "one record by its link": lambda: look_up(f"erp:{row[0]}"),
        "one record by a text": lambda: look_up("nobody has this"),
        "CSV of all": lambda: sum(map(len, write_csv(kept.index.read(kept.index.find(Wanted())), kept.resource))),
        "workbook of all": lambda: sum(
            map(len, write_xlsx(kept.index.read(kept.index.find(Wanted())), [], kept.resource))
        ),
    }
    took = {}
    for name, answer in answers.items():
        watch = Stopwatch()
        answer()
        took[name] = watch.read()["wall_s"]
    return took


def search(opened: OpenedRun, text: str) -> None:
    """As the page does: ask on until all lines are read."""
    while compute_table_view(opened, Wanted(search=text), 1)["unread"]:
        pass


def measure_page(rows: int) -> Figures:
    """Stage a run, then answer in a process of its own."""
    with temporary_folder() as folder:
        stage_run(folder, rows)
        return run_child("bench.page", "--rows", rows, "--folder", folder)


def print_page(figures: Figures) -> None:
    """As a table."""
    rows = list(figures["answers"].items())
    print_table(
        f"The page, {figures['rows']:,} changes, peak {figures['peak_mb']:.0f} MiB", ("answer", "seconds"), rows
    )


def compute_bounds(figures: Figures) -> list[Bound]:
    """What a person waits for."""
    rows, answers = figures["rows"], figures["answers"]
    quick = ("first answer", "a page in the middle", "one record by its link")
    bounds = [Bound(f"page, {rows:,} changes: {name}, seconds", answers[name], "<=", MAX_ANSWER_S) for name in quick]
    allowed = MAX_SEARCH_S_PER_100_000 * rows / 100_000
    return [*bounds, Bound(f"page, {rows:,} changes: a search, seconds", answers["a search"], "<=", allowed)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    if options.folder:
        answers = measure_answers(options.folder, options.rows)
        print(json.dumps({"rows": options.rows, "answers": answers, "peak_mb": read_peak_mb()}))
        return
    figures = measure_page(options.rows)
    print_page(figures)
    finish({**describe_machine(), **figures}, compute_bounds(figures))


if __name__ == "__main__":
    main()

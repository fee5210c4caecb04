"""``python -m bench.noop``: the whole run when both sides are the same already, over real HTTP from the sandbox.

Nothing may be written. Our own time is all of it but the sandbox's share and the making up of the ERP's rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.measure import (
    MAX_IDLE_S_PER_100_000,
    Account,
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
from bench.rows import make_payloads
from bench.sides import Database, Making
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.partition import DEFAULT_BUCKETS
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.extract import extract
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.report import report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox

#: As many as the bound speaks of.
ROWS = 100_000


async def run_noop(account: Account, rows: int, folder: Path) -> Figures:
    """All steps of the DAG in this process, one after the other; wall and CPU seconds of each."""
    settings = Settings(
        base_url=f"{account.url}/api/v1", username=account.user, password=account.password, api_key=account.api_key
    )
    run = Run(Folder.open(str(folder)), "bench", "run", name_attempt(1))
    step = StepContext(run=run, params=RunParams(), source="bench", buckets=DEFAULT_BUCKETS)
    steps: dict[str, Figures] = {}
    making, watch = Making(), Stopwatch()
    async with OduyoClient(settings, SPECIAL_CODE) as client:
        snapshot = await fetch_snapshot(step, client, settings.site)
    steps["snapshot"], watch = watch.read(), Stopwatch()
    parts = extract(step, Database(rows, making), "SELECT", query_name="bench", snapshot=snapshot)
    steps["extract"], watch = watch.read(), Stopwatch()
    steps["extract"]["wall_s"] -= making.wall_s
    steps["extract"]["cpu_s"] -= making.cpu_s
    plans = [transform(step, part) for part in parts]
    steps["transform"], watch = watch.read(), Stopwatch()
    guarded = guard(step, plans)
    steps["guard"], watch = watch.read(), Stopwatch()
    async with OduyoClient(settings, SPECIAL_CODE) as client:
        loaded = await load(step, guarded["plans"], client, settings)
    steps["load"], watch = watch.read(), Stopwatch()
    made = await report(step, Steps(snapshot, parts, plans, guarded, loaded))
    steps["report"] = watch.read()
    return {"unchanged": made.unchanged, "extracted": made.extracted, "steps": steps, "peak_mb": read_peak_mb()}


def measure_noop(rows: int) -> Figures:
    """A sandbox in this process that holds all rows, and a whole run against it in another one."""
    with Sandbox() as site:
        site.seed(make_payloads(rows))
        account = Account(site.url, site.account.username, site.account.password, site.account.api_key)
        began_s = time.process_time()
        figures = run_child("bench.noop", "--rows", rows, *account.arguments)
        figures["server_cpu_s"] = time.process_time() - began_s
        counters = site.log(since=sys.maxsize)["counters"]
    figures["rows"] = rows
    figures["writes"] = sum(counters[call] for call in ("create", "update", "delete"))
    figures["pages"] = counters["list"]
    for name in ("wall_s", "cpu_s"):
        figures[name] = sum(step[name] for step in figures["steps"].values())
    figures["own_s"] = figures["wall_s"] - figures["server_cpu_s"]
    return figures


def print_noop(figures: Figures) -> None:
    """As a table."""
    rows = [(name, step["wall_s"], step["cpu_s"]) for name, step in figures["steps"].items()]
    rows.append(("in all", figures["wall_s"], figures["cpu_s"]))
    title = (
        f"{figures['rows']:,} rows on both sides: {figures['unchanged']:,} unchanged, {figures['writes']} writes, "
        f"{figures['pages']} list calls ({figures['server_cpu_s']:.1f} s the server's), peak {figures['peak_mb']:.0f} MiB"
    )
    print_table(title, ("step", "seconds", "CPU s"), rows)


def compute_bounds(figures: Figures) -> list[Bound]:
    """No writes, everything unchanged, and little time."""
    rows = int(figures["rows"])
    return [
        Bound(f"noop, {rows:,} rows: writes", figures["writes"], "<=", 0),
        Bound(f"noop, {rows:,} rows: unchanged", figures["unchanged"], ">=", rows),
        Bound(f"noop, {rows:,} rows: our own seconds", figures["own_s"], "<=", MAX_IDLE_S_PER_100_000 * rows / 100_000),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.noop", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    for name in ("url", "user", "password", "api-key"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.url:
        logging.disable(logging.WARNING)
        account = Account(options.url, options.user, options.password, options.api_key)
        with temporary_folder() as folder:
            print(json.dumps(asyncio.run(run_noop(account, options.rows, folder))))
        return
    figures = measure_noop(options.rows)
    print_noop(figures)
    finish({**describe_machine(), **figures}, compute_bounds(figures))


if __name__ == "__main__":
    main()

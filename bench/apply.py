"""``python -m bench.apply``: applying rows, beside a bare aiohttp loop and ``HttpHook`` in threads on the same rows.

With ``--url`` against a server that is there; otherwise each measurement starts a light server of its own. Ratios are
medians over interleaved pairs, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from statistics import median

from bench.measure import (
    MAX_CPU_RATIO,
    MIN_REACH,
    MIN_SPEED_RATIO,
    Account,
    Bound,
    Figures,
    compute_medians,
    describe_machine,
    finish,
    open_server,
    print_table,
    run_child,
)

#: Rows without delay: fewer say little about the ratios.
ROWS = 20_000
#: Latency → rows for each request that is under way at once: half a minute to a minute, so that login and read-back weigh
#: as little as they do in a load.
ROWS_PER_SLOT = {20.0: 1_200, 50.0: 600, 200.0: 300}
MAX_ROWS = 19_200
CONCURRENCIES = tuple(MIN_REACH)
#: Latency and requests at a time of the short form.
SHORT_GRID = ((0.0, 16), (20.0, 8), (20.0, 64), (50.0, 16))

_HEAD = ("way", "rows", "rows/s", "CPU s per 1,000", "created", "peak MiB")


def run_contender(name: str, account: Account, rows: int, concurrency: int, prefix: str = "") -> Figures:
    """One contender, once, in a process of its own."""
    options = [*account.arguments, "--rows", rows, "--concurrency", concurrency, "--prefix", prefix]
    return run_child("bench.contenders", name, *options) | {"rows": rows}


def measure_cell(rows: int, concurrency: int, latency_ms: float, *, pairs: int = 1, hook_rows: int = 0) -> Figures:
    """The provider beside the others at one latency and concurrency, each on a fresh server.

    :param pairs: how often provider and bare loop are run in turn.
    :param hook_rows: rows for the ``HttpHook`` loop, which is slow; 0 leaves it out.
    """
    runs: dict[str, list[Figures]] = {"provider": [], "bare": []}
    alone_s: list[float] = []
    for number in range(pairs):
        with open_server(latency_ms) as account:
            alone_s.append(run_child("bench.contenders", "alone", *account.arguments)["wall_s"])
        # Whoever comes first in one pair comes second in the next.
        for name in sorted(runs, reverse=bool(number % 2)):
            with open_server(latency_ms) as account:
                runs[name].append(run_contender(name, account, rows, concurrency))
    cell: Figures = {"latency_ms": latency_ms, "concurrency": concurrency, "rows": rows, "pairs": pairs}
    cell |= {name: compute_medians(found) for name, found in runs.items()}
    if hook_rows:
        with open_server(latency_ms) as account:
            cell["hook"] = run_contender("hook", account, hook_rows, concurrency)
    for name, figure in (("speed_ratio", "rows_s"), ("cpu_ratio", "cpu_s")):
        cell[name] = median(
            ours[figure] / bare[figure] for ours, bare in zip(runs["provider"], runs["bare"], strict=True)
        )
    cell["alone_ms"] = 1000 * median(alone_s)
    for name, way in (("reach", "provider"), ("bare_reach", "bare")):
        cell[name] = median(run["rows_s"] * alone / concurrency for run, alone in zip(runs[way], alone_s, strict=True))
    return cell


def compute_bounds(cell: Figures) -> list[Bound]:
    """The bounds of a cell."""
    where = f"{cell['latency_ms']:g} ms, {cell['concurrency']} at a time"
    if cell["latency_ms"]:
        least = MIN_REACH.get(cell["concurrency"])
        return [Bound(f"rows/s of concurrency ÷ one request ({where})", cell["reach"], ">=", least)] if least else []
    return [
        Bound(f"rows/s of the bare loop's ({where})", cell["speed_ratio"], ">=", MIN_SPEED_RATIO),
        Bound(f"CPU a row of the bare loop's ({where})", cell["cpu_ratio"], "<=", MAX_CPU_RATIO),
    ]


def print_cell(cell: Figures) -> None:
    """One cell as a table."""
    title = (
        f"{cell['latency_ms']:g} ms, {cell['concurrency']} at a time: "
        f"speed {cell['speed_ratio']:.2f} and CPU {cell['cpu_ratio']:.2f} of the bare loop's, "
        f"reach {cell['reach']:.3f} (bare loop {cell['bare_reach']:.3f}), one request alone {cell['alone_ms']:.2f} ms"
    )
    _print_ways(title, {name: cell[name] for name in ("provider", "bare", "hook") if name in cell})
    print(f"  {cell['provider']['plan_s']:.2f} s of the provider's time to check and plan the rows")


def _print_ways(title: str, ways: dict[str, Figures]) -> None:
    names = ("rows_s", "cpu_s_per_1000")
    rows = [
        (way, int(run["rows"]), *(run[name] for name in names), int(run["created"]), run["peak_mb"])
        for way, run in ways.items()
    ]
    print_table(title, _HEAD, rows)


def measure_grid(*, full: bool) -> tuple[list[Figures], list[Bound]]:
    """All latencies and concurrencies, or the four that say most."""
    latencies = (0.0, *ROWS_PER_SLOT)
    grid = [(latency, at_once) for latency in latencies for at_once in CONCURRENCIES] if full else SHORT_GRID
    found: list[Figures] = []
    for latency, concurrency in grid:
        if latency:
            cell = measure_cell(min(MAX_ROWS, ROWS_PER_SLOT[latency] * concurrency), concurrency, latency)
        else:
            cell = measure_cell(ROWS, concurrency, latency, pairs=5 if full else 3, hook_rows=500)
        print_cell(cell)
        found.append(cell)
    return found, [bound for cell in found for bound in compute_bounds(cell)]


def measure_server(account: Account, rows: int, concurrency: int, *, has_peers: bool) -> Figures:
    """The provider against a server that is there; the others as well when they are wanted."""
    ways, stamp = ("provider", "bare", "hook") if has_peers else ("provider",), time.time_ns() // 1_000_000
    found = {
        way: run_contender(way, account, rows, concurrency, f"{stamp}{number or ''}") for number, way in enumerate(ways)
    }
    _print_ways(f"{account.url}, {concurrency} at a time", found)
    return {**found.pop("provider"), "concurrency": concurrency, **found}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.apply", description=__doc__)
    parser.add_argument("--url", help="a server that is there, e.g. http://127.0.0.1:8600; rows are created there")
    parser.add_argument("--user", default="bench")
    parser.add_argument("--password", default="bench")
    parser.add_argument("--api-key", default="bench")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--peers", action="store_true", help="with --url: create the rows in the other ways as well")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="without --url: of the server")
    parser.add_argument("--pairs", type=int, default=5, help="without --url: provider and bare loop in turn, so often")
    parser.add_argument("--hook-rows", type=int, default=500, help="without --url: rows for the HttpHook loop")
    parser.add_argument("--grid", action="store_true", help="all latencies and concurrencies")
    options = parser.parse_args(arguments)
    if options.url:
        account = Account(options.url.rstrip("/"), options.user, options.password, options.api_key)
        finish(measure_server(account, options.rows, options.concurrency, has_peers=options.peers))
    elif options.grid:
        cells, bounds = measure_grid(full=True)
        finish({**describe_machine(), "cells": cells}, bounds)
    else:
        cell = measure_cell(
            options.rows, options.concurrency, options.latency_ms, pairs=options.pairs, hook_rows=options.hook_rows
        )
        print_cell(cell)
        finish({**describe_machine(), **cell["provider"], **cell}, compute_bounds(cell))


if __name__ == "__main__":
    main()

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

#: Of the bare loop's rows a second, and of its CPU a row, without delay.
MIN_SPEED_RATIO, MAX_CPU_RATIO = 0.9, 1.2
#: Of concurrency ÷ the time of one request alone, with delay.
MIN_REACH = 0.97
#: Fewer rows say little about the ratios above.
MIN_ROWS = 20_000
MIN_ROWS_PER_SLOT = 100

#: Latency → rows for each request that is under way at once: half a minute to a minute, so that login and read-back weigh
#: as little as they do in a load.
ROWS_PER_SLOT = {20.0: 1_200, 50.0: 600, 200.0: 300}
#: More would be many partitions, which are loads of their own.
MAX_ROWS = 19_200
LATENCIES_MS = (0.0, *ROWS_PER_SLOT)
CONCURRENCIES = (1, 8, 16, 64)

_HEAD = ("way", "rows", "rows/s", "CPU s per 1,000", "created", "peak MiB")


def run_contender(name: str, account: Account, rows: int, concurrency: int, prefix: str = "") -> Figures:
    """One contender, once, in a process of its own."""
    options = [*account.arguments, "--rows", rows, "--concurrency", concurrency, "--prefix", prefix]
    return run_child("bench.contenders", name, *options) | {"rows": rows}


def measure_cell(rows: int, concurrency: int, latency_ms: float, pairs: int, hook_rows: int) -> Figures:
    """The provider beside the others at one latency and concurrency, each on a fresh server.

    :param pairs: how often provider and bare loop are run in turn.
    :param hook_rows: rows for the ``HttpHook`` loop, which is slow; 0 leaves it out.
    """
    runs: dict[str, list[Figures]] = {"provider": [], "bare": []}
    alone_s: list[float] = []
    for number in range(pairs):
        with open_server(latency_ms=latency_ms) as account:
            alone_s.append(run_child("bench.contenders", "alone", *account.arguments)["wall_s"])
        # Whoever comes first in one pair comes second in the next.
        for name in sorted(runs, reverse=bool(number % 2)):
            with open_server(latency_ms=latency_ms) as account:
                runs[name].append(run_contender(name, account, rows, concurrency))
    cell: Figures = {"latency_ms": latency_ms, "concurrency": concurrency, "rows": rows, "pairs": pairs}
    cell |= {name: compute_medians(found) for name, found in runs.items()}
    if hook_rows:
        with open_server(latency_ms=latency_ms) as account:
            cell["hook"] = run_contender("hook", account, hook_rows, concurrency)
    both = list(zip(runs["provider"], runs["bare"], strict=True))
    cell["speed_ratio"] = median(ours["rows_s"] / bare["rows_s"] for ours, bare in both)
    cell["cpu_ratio"] = median(ours["cpu_s"] / bare["cpu_s"] for ours, bare in both)
    whole = [(ours["wall_s"] + ours["stage_s"], ours["cpu_s"] + ours["stage_cpu_s"], bare) for ours, bare in both]
    cell["whole_speed_ratio"] = median(bare["wall_s"] / wall_s for wall_s, _, bare in whole)
    cell["whole_cpu_ratio"] = median(cpu_s / bare["cpu_s"] for _, cpu_s, bare in whole)
    limits = [concurrency / alone for alone in alone_s]
    cell["alone_ms"] = 1000 * median(alone_s)
    cell["reach"] = median(run["rows_s"] / limit for run, limit in zip(runs["provider"], limits, strict=True))
    cell["load_reach"] = median(
        rows / (run["wall_s"] - run["plan_s"]) / limit for run, limit in zip(runs["provider"], limits, strict=True)
    )
    cell["bare_reach"] = median(run["rows_s"] / limit for run, limit in zip(runs["bare"], limits, strict=True))
    return cell


def compute_bounds(cell: Figures) -> list[Bound]:
    """The bounds that a cell is large enough for."""
    where = f"{cell['latency_ms']:g} ms, {cell['concurrency']} at a time"
    if cell["latency_ms"] == 0:
        if cell["rows"] < MIN_ROWS:
            return []
        return [
            Bound(f"rows/s of the bare loop's ({where})", cell["speed_ratio"], ">=", MIN_SPEED_RATIO),
            Bound(f"CPU a row of the bare loop's ({where})", cell["cpu_ratio"], "<=", MAX_CPU_RATIO),
        ]
    if cell["rows"] < MIN_ROWS_PER_SLOT * cell["concurrency"]:
        return []
    return [Bound(f"rows/s of concurrency ÷ one request ({where})", cell["reach"], ">=", MIN_REACH)]


def print_cell(cell: Figures) -> None:
    """One cell as a table."""
    title = (
        f"{cell['latency_ms']:g} ms, {cell['concurrency']} at a time: "
        f"speed {cell['speed_ratio']:.2f} and CPU {cell['cpu_ratio']:.2f} of the bare loop's, "
        f"reach {cell['reach']:.3f} (bare loop {cell['bare_reach']:.3f}), one request alone {cell['alone_ms']:.2f} ms"
    )
    print_table(title, _HEAD, [_row(name, cell[name]) for name in ("provider", "bare", "hook") if name in cell])
    ours = cell["provider"]
    print(
        f"  the provider's {ours['wall_s']:.2f} s: {ours['plan_s']:.2f} s to check and plan, the rest to apply and read "
        f"back (its reach {cell['load_reach']:.3f}); extract's staging of the rows before that, {ours['stage_s']:.2f} s, "
        f"is not in it (with it: speed {cell['whole_speed_ratio']:.2f}, CPU {cell['whole_cpu_ratio']:.2f})"
    )


def _row(name: str, figures: Figures) -> tuple[object, ...]:
    return (
        name,
        int(figures["rows"]),
        figures["rows_s"],
        figures["cpu_s_per_1000"],
        int(figures["created"]),
        figures["peak_mb"],
    )


def measure_grid(*, full: bool) -> tuple[list[Figures], list[Bound]]:
    """All latencies and concurrencies, or the three that say most."""
    if full:
        cells = [(latency, concurrency) for latency in LATENCIES_MS for concurrency in CONCURRENCIES]
    else:
        cells = [(0.0, 16), (20.0, 16), (50.0, 16)]
    found: list[Figures] = []
    for latency, concurrency in cells:
        is_main = latency == 0 and concurrency == 16
        rows = min(MAX_ROWS, ROWS_PER_SLOT[latency] * concurrency) if latency else MIN_ROWS
        pairs = (5 if full else 3) if is_main else 1
        hook_rows = (2000 if full else 500) if is_main else 20 * concurrency if full else 0
        found.append(measure_cell(rows, concurrency, latency, pairs, hook_rows))
        print_cell(found[-1])
    return found, [bound for cell in found for bound in compute_bounds(cell)]


def measure_server(account: Account, rows: int, concurrency: int, *, has_peers: bool) -> Figures:
    """The provider against a server that is there; the others as well when they are wanted."""
    stamp = f"{time.time_ns() // 1_000_000}"
    figures = run_contender("provider", account, rows, concurrency, prefix=stamp)
    figures["concurrency"] = concurrency
    if has_peers:
        for number, name in enumerate(("bare", "hook"), start=1):
            figures[name] = run_contender(name, account, rows, concurrency, prefix=f"{stamp}{number}")
    peers = [name for name in ("bare", "hook") if name in figures]
    print_table(
        f"{account.url}, {concurrency} at a time",
        _HEAD,
        [_row("provider", figures), *(_row(name, figures[name]) for name in peers)],
    )
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.apply", description=__doc__)
    parser.add_argument("--url", help="a server that is there, e.g. http://127.0.0.1:8600; rows are created there")
    parser.add_argument("--user", default="bench")
    parser.add_argument("--password", default="bench")
    parser.add_argument("--api-key", default="bench")
    parser.add_argument("--rows", type=int, default=MIN_ROWS)
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
        cell = measure_cell(options.rows, options.concurrency, options.latency_ms, options.pairs, options.hook_rows)
        print_cell(cell)
        finish({**describe_machine(), **cell["provider"], **cell}, compute_bounds(cell))


if __name__ == "__main__":
    main()

"""``python -m bench.compute``: from two sides to a plan, step by step, each step in a process of its own.

``ledger``
    what earlier runs remember of every record; it is made, and not counted.
``snapshot``
    Ödüyo's records: decode pages, split into files.
``extract``
    the ERP's rows: read through a cursor, split into files.
``normalise``
    read the rows back and normalise them; a part of ``transform``, shown by itself.
``transform``
    all partitions, one after the other: normalise, compare, write the plans.
``guard``
    add the partitions up and apply the brakes.

A fifth of the records have no row or another text, so that plans are written as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from bench.measure import (
    MAX_CPU_S_PER_MILLION,
    MAX_GROWTH,
    MAX_PEAK_MB,
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
from bench.sides import Database, Listing, Making
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.partition import DEFAULT_BUCKETS, SINGLE_PARTITION_ROWS, compute_bucket
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.manifests import ExtractManifest, Reference, read_reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.extract import extract
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform

#: Below this the fixed costs of a step hide the costs of rows.
MIN_ROWS = 100_000
SIZES = (10_000, 100_000, 1_000_000)

_EDITED_EVERY = 10
_SITE = "127.0.0.1"
#: So much differs on purpose that the brakes would stop it.
_PARAMS = RunParams(release={"updates": None, "look_alikes": None})


def _open_step(folder: Path) -> StepContext:
    run = Run(Folder.open(str(folder / "staging")), "bench", "run", "try1")
    return StepContext(run=run, params=_PARAMS, source="bench", buckets=DEFAULT_BUCKETS)


def step_ledger(folder: Path, rows: int, _making: Making) -> int:
    """An entry for each of Ödüyo's records, as after a first load."""
    ledger = _open_step(folder).open_state(_SITE, SPECIAL_CODE).ledger
    buckets = DEFAULT_BUCKETS if rows > SINGLE_PARTITION_ROWS else 1
    entries: list[dict[str, Entry]] = [{} for _ in range(buckets)]
    for number, payload in enumerate(make_payloads(rows * 9 // 10), start=1):
        key = payload["integration_id"]
        date = payload.get("special_updated_in")
        entries[compute_bucket(key, buckets)][key] = Entry(key, "bench", str(number), date_sent=date)
    for bucket, found in enumerate(entries):
        ledger.write_bucket(bucket, buckets, found)
    ledger.write_index(buckets, rows)
    return rows


def step_snapshot(folder: Path, rows: int, making: Making) -> Reference:
    """Ödüyo's side: nine tenths of the ERP's rows."""
    client = cast("OduyoClient", Listing(rows * 9 // 10, making))
    return asyncio.run(fetch_snapshot(_open_step(folder), client, _SITE))


def step_extract(folder: Path, rows: int, making: Making) -> list[Reference]:
    """The ERP's side."""
    hook = Database(rows, making, _EDITED_EVERY)
    return extract(_open_step(folder), hook, "SELECT", query_name="bench", snapshot=_read(folder, "snapshot"))


def step_normalise(folder: Path, _rows: int, _making: Making) -> int:
    """Read and normalise all rows."""
    root = _open_step(folder).run.root
    manifest = read_reference(root, _read(folder, "extract")[0], ExtractManifest)
    normaliser, good = Normaliser(SPECIAL_CODE), 0
    for bucket in range(manifest.desired.buckets):
        for row in manifest.desired.read(root, bucket, dict[str, object]):
            good += normaliser.row(row).payload is not None
    return good


def step_transform(folder: Path, _rows: int, _making: Making) -> list[Reference]:
    """All partitions."""
    step = _open_step(folder)
    return [transform(step, part) for part in _read(folder, "extract")]


def step_guard(folder: Path, _rows: int, _making: Making) -> Reference:
    """The brakes."""
    return guard(_open_step(folder), _read(folder, "transform"))


STEPS: dict[str, Callable[[Path, int, Making], Any]] = {
    "ledger": step_ledger,
    "snapshot": step_snapshot,
    "extract": step_extract,
    "normalise": step_normalise,
    "transform": step_transform,
    "guard": step_guard,
}
#: Shown, but a part of another step, or made for the others.
INNER_STEPS = frozenset({"normalise", "ledger"})


def _read(folder: Path, step: str) -> Any:
    return json.loads((folder / f"{step}.json").read_text(encoding="utf-8"))


def run_step(name: str, folder: Path, rows: int) -> Figures:
    """One step in this process; its result is left in the folder for the next one."""
    making, watch = Making(), Stopwatch()
    result = STEPS[name](folder, rows, making)
    figures = watch.read()
    (folder / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    figures["cpu_s"] -= making.cpu_s
    figures["wall_s"] -= making.wall_s
    return {**figures, "peak_mb": read_peak_mb()}


def measure_rows(rows: int) -> Figures:
    """All steps, each in a process of its own."""
    with temporary_folder() as folder:
        run = partial(run_child, "bench.compute")
        steps = {name: run("--rows", rows, "--step", name, "--folder", folder) for name in STEPS}
    counted = [figures for name, figures in steps.items() if name not in INNER_STEPS]
    return {
        "rows": rows,
        "cpu_s": sum(figures["cpu_s"] for figures in counted),
        "wall_s": sum(figures["wall_s"] for figures in counted),
        "peak_mb": max(figures["peak_mb"] for figures in counted),
        "steps": steps,
    }


def print_rows(figures: Figures) -> None:
    """One size as a table."""
    rows = [
        (f"  (of which {name})" if name in INNER_STEPS else name, step["wall_s"], step["cpu_s"], step["peak_mb"])
        for name, step in figures["steps"].items()
    ]
    rows.append(("in all", figures["wall_s"], figures["cpu_s"], figures["peak_mb"]))
    print_table(f"{figures['rows']:,} rows", ("step", "seconds", "CPU s", "peak MiB"), rows)


def compute_bounds(sizes: Sequence[Figures]) -> list[Bound]:
    """CPU, memory, and whether the time is linear in rows."""
    bounds: list[Bound] = []
    for figures in sizes:
        rows = figures["rows"]
        if rows >= MIN_ROWS:
            allowed = MAX_CPU_S_PER_MILLION * rows / 1_000_000
            bounds.append(Bound(f"CPU s for {rows:,} rows", figures["cpu_s"], "<=", allowed))
        bounds.append(Bound(f"peak MiB for {rows:,} rows", figures["peak_mb"], "<=", MAX_PEAK_MB))
    large = [figures for figures in sizes if figures["rows"] >= MIN_ROWS]
    for smaller, larger in pairwise(large):
        growth = (larger["cpu_s"] / larger["rows"]) / (smaller["cpu_s"] / smaller["rows"])
        bounds.append(Bound(f"CPU a row, {larger['rows']:,} to {smaller['rows']:,} rows", growth, "<=", MAX_GROWTH))
    return bounds


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.compute", description="From two sides to a plan.")
    parser.add_argument("--rows", type=int, action="append", help=f"may be repeated (default: {SIZES})")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.step:
        logging.disable(logging.WARNING)
        print(json.dumps(run_step(options.step, options.folder, options.rows[0])))
        return
    sizes = []
    for rows in options.rows or SIZES:
        sizes.append(measure_rows(rows))
        print_rows(sizes[-1])
    finish({**describe_machine(), **sizes[-1], "sizes": sizes}, compute_bounds(sizes))


if __name__ == "__main__":
    main()

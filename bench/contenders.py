"""``python -m bench.contenders NAME``: apply rows one way, in this process; prints a JSON object.

``provider``
    this project: staged rows to a plan, to Ödüyo, with validation, intents, outcomes and read-back.
``bare``
    an aiohttp loop as people write it: no validation, no results, no checks.
``hook``
    Airflow's ``HttpHook`` in threads.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import msgspec

from bench.measure import Account, Figures, Stopwatch, read_peak_mb, temporary_folder
from bench.rows import make_payloads
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.partition import DEFAULT_BUCKETS
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform

_CALL = "/api/v1/erp/erp_special_code/create"
_ID = re.compile(r"<([0-9]+)>").search


async def apply_provider(account: Account, rows: list[dict[str, str]], concurrency: int, folder: Path) -> Figures:
    """From staged rows to records that were read back: validation, plan, intents, calls, outcomes, read-back.

    What comes before, listing what is there and staging the rows, has a bench of its own.
    """
    settings = Settings(
        base_url=f"{account.url}/api/v1",
        username=account.user,
        password=account.password,
        api_key=account.api_key,
        max_concurrency=concurrency,
    )
    run = Run(Folder.open(str(folder)), "bench", "run", name_attempt(1))
    step = StepContext(run=run, params=RunParams(), source="bench", buckets=DEFAULT_BUCKETS)
    async with OduyoClient(settings, SPECIAL_CODE) as client:
        snapshot = await fetch_snapshot(step, client, settings.site)
    parts = stage_rows(step, [dict[str, object](row) for row in rows], snapshot)
    watch = Stopwatch()
    plans = guard(step, [transform(step, part) for part in parts])["plans"]
    planned = watch.read()
    async with OduyoClient(settings, SPECIAL_CODE) as client:
        done = await load(step, plans, client, settings)
    created = int(done["figures"].get("created", 0))
    return {**watch.read(), "created": created, "plan_s": planned["wall_s"]}


async def apply_bare(account: Account, rows: list[dict[str, str]], concurrency: int) -> Figures:
    """The loop that anybody would write first."""
    watch, created, waiting = Stopwatch(), 0, iter(rows)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:
        form = {"username": account.user, "password": account.password, "oduyo_api_key": account.api_key}
        async with session.post(f"{account.url}/api/v1/ws/login", data=form) as response:
            headers = {"Apikey": account.api_key, "Authorization": find_session(await response.json())}

        async def work() -> None:
            nonlocal created
            for row in waiting:
                async with session.post(account.url + _CALL, json={"column": row}, headers=headers) as response:
                    answer = await response.json()
                    created += bool(answer["status"] and _ID(answer["data"]))

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return {**watch.read(), "created": created}


def apply_hook(account: Account, rows: list[dict[str, str]], concurrency: int) -> Figures:
    """The documented way to call an API from an Airflow task, in as many threads as requests may be under way."""
    host, _, port = account.url.rpartition(":")
    os.environ["AIRFLOW_CONN_BENCH"] = json.dumps({"conn_type": "http", "host": host, "port": int(port)})
    from airflow.providers.http.hooks.http import HttpHook

    watch = Stopwatch()
    form = {"username": account.user, "password": account.password, "oduyo_api_key": account.api_key}
    login = HttpHook("POST", "bench").run("/api/v1/ws/login", data=form)
    headers = {
        "Apikey": account.api_key,
        "Authorization": find_session(login.json()),
        "Content-Type": "application/json",
    }

    def create(row: dict[str, str]) -> bool:
        hook = HttpHook(method="POST", http_conn_id="bench")
        answer = hook.run(_CALL, data=json.dumps({"column": row}), headers=headers).json()
        return bool(answer["status"] and _ID(answer["data"]))

    with ThreadPoolExecutor(concurrency) as threads:
        created = sum(threads.map(create, rows))
    return {**watch.read(), "created": created}


def find_session(answer: object) -> str:
    """The session id in a login's answer, whichever of the usual shapes that has."""
    place = answer
    for _ in range(3):
        if isinstance(place, list):
            place = place[0]
        elif isinstance(place, dict):
            place = next(place[name] for name in ("session_id", "SESSION_ID", "token", "data") if name in place)
    return str(place)


def read_alone_s(account: Account) -> float:
    """The time of one request alone, in seconds: the median of some, one after the other, that change nothing."""

    async def ask() -> list[float]:
        times: list[float] = []
        body = msgspec.json.encode({"filters": "", "params": "", "limit": "1", "offset": "0", "sorting": ""})
        async with aiohttp.ClientSession() as session:
            form = {"username": account.user, "password": account.password, "oduyo_api_key": account.api_key}
            async with session.post(f"{account.url}/api/v1/ws/login", data=form) as response:
                headers = {"Apikey": account.api_key, "Authorization": find_session(await response.json())}
            for _ in range(15):
                watch = Stopwatch()
                async with session.post(
                    account.url + _CALL.replace("create", "list"), data=body, headers=headers
                ) as response:
                    await response.read()
                times.append(watch.read()["wall_s"])
        return times

    return sorted(asyncio.run(ask()))[7]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.contenders", description=__doc__)
    parser.add_argument("contender", choices=("provider", "bare", "hook", "alone"))
    for name in ("url", "user", "password", "api-key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--prefix", default="", help="put before each row's id")
    options = parser.parse_args()
    account = Account(options.url.rstrip("/"), options.user, options.password, options.api_key)
    rows = list(make_payloads(options.rows, options.prefix))
    logging.disable(logging.INFO)
    if options.contender == "provider":
        with temporary_folder() as folder:
            figures = asyncio.run(apply_provider(account, rows, options.concurrency, folder))
    elif options.contender == "bare":
        figures = asyncio.run(apply_bare(account, rows, options.concurrency))
    elif options.contender == "hook":
        figures = apply_hook(account, rows, options.concurrency)
    else:
        figures = {"wall_s": read_alone_s(account), "cpu_s": 0.0}
    figures["rows_s"] = len(rows) / figures["wall_s"]
    figures["cpu_s_per_1000"] = 1000 * figures["cpu_s"] / len(rows)
    figures["peak_mb"] = read_peak_mb()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

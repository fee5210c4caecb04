"""The control plane over HTTP, under ``/_sandbox/``, as JSON. A malformed body gets 400 with ``{"error": text}``.

GET ``records?resource=``, ``dump``, ``log?call=&since=``, ``writes?since=``, ``effects``, ``counts``, ``readings``, ``habits``, ``faults``,
``acts``, ``script``. POST ``reset``, ``seed``, ``act``, ``expire``, ``advance``, and ``readings``, ``habits``, ``faults`` and
``script`` to change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from sandbox.oduyo.control import Control
from sandbox.oduyo.person import SPECIAL_CODE

PREFIX = "/_sandbox"


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``/_sandbox/seed``."""

    records: list[dict[str, str | None]]
    resource: str = SPECIAL_CODE


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``/_sandbox/advance``."""

    seconds: float


def compute_routes(control: Control) -> list[web.RouteDef]:
    """The routes of one control plane."""
    return [
        *(web.get(f"{PREFIX}/{name}", _compute_get(work)) for name, work in _compute_reads(control).items()),
        *(web.post(f"{PREFIX}/{name}", _compute_post(work)) for name, work in _compute_changes(control).items()),
    ]


def _compute_reads(control: Control) -> dict[str, Callable[[Mapping[str, str]], object]]:
    return {
        "records": lambda query: control.fetch_records(query.get("resource", SPECIAL_CODE)),
        "dump": lambda _query: control.fetch_dump(),
        "log": lambda query: control.fetch_log(call=query.get("call", ""), since=int(query.get("since", "0"))),
        "writes": lambda query: control.fetch_writes(since=int(query.get("since", "0"))),
        "effects": lambda _query: control.fetch_effects(),
        "counts": lambda _query: control.fetch_counts(),
        "readings": lambda _query: control.fetch_readings(),
        "habits": lambda _query: control.fetch_habits(),
        "faults": lambda _query: control.fetch_faults(),
        "acts": lambda _query: control.fetch_acts(),
        "script": lambda _query: control.fetch_script(),
    }


def _compute_changes(control: Control) -> dict[str, Callable[[bytes], object]]:
    def seed(body: bytes) -> object:
        asked = msgspec.json.decode(body, type=Seed)
        return {"ids": control.seed(asked.records, asked.resource)}

    def advance(body: bytes) -> object:
        control.advance(msgspec.json.decode(body, type=Advance).seconds)
        return {}

    def reset(_body: bytes) -> object:
        control.reset()
        return {}

    def expire(_body: bytes) -> object:
        control.expire()
        return {}

    return {
        "seed": seed,
        "advance": advance,
        "reset": reset,
        "expire": expire,
        "act": lambda body: {"id": control.act(msgspec.json.decode(body))},
        "readings": lambda body: control.set_readings(msgspec.json.decode(body, type=dict[str, Any])),
        "habits": lambda body: control.set_habits(msgspec.json.decode(body, type=list[Any])),
        "faults": lambda body: control.set_faults(msgspec.json.decode(body, type=list[Any])),
        "script": lambda body: control.set_script(msgspec.json.decode(body, type=list[Any])),
    }


def _compute_get(work: Callable[[Mapping[str, str]], object]) -> Any:
    async def handle(request: web.Request) -> web.Response:
        return _answer(lambda: work(request.query))

    return handle


def _compute_post(work: Callable[[bytes], object]) -> Any:
    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        return _answer(lambda: work(body))

    return handle


def _answer(work: Callable[[], object]) -> web.Response:
    try:
        content, status = work(), 200
    except (ValueError, msgspec.MsgspecError) as error:
        content, status = {"error": str(error)}, 400
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")

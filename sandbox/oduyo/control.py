"""The control plane: what a test or a person does to the sandbox behind the API's back.

Apart from the API, under ``/_sandbox/``, as JSON. It asks for no password and shows session ids: it exists because this
is a sandbox, which serves the loopback address and holds nothing worth stealing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from sandbox.oduyo.readings import parse_readings
from sandbox.oduyo.records import Record, Write
from sandbox.oduyo.state import State

PREFIX = "/_sandbox"
SPECIAL_CODE = "erp_special_code"


class Control:
    """Everything that the control plane can do. Runs in the server's thread."""

    def __init__(self, state: State) -> None:
        self._state = state

    def reset(self) -> None:
        """Everything as at the first start: no records, sessions, log or faults, and the first readings."""
        self._state.reset()

    def fetch_records(self, resource: str = SPECIAL_CODE) -> list[Record]:
        """Every committed record by id, as stored, whatever lists show."""
        self._check_resource(resource)
        self._state.records.commit_due()
        return self._state.records.fetch_all(resource)

    def fetch_log(self, *, call: str = "", since: int = 0) -> dict[str, Any]:
        """``requests`` (oldest first), ``counters``, and ``sessions`` (every id ever issued)."""
        return {
            "requests": self._state.journal.fetch_entries(call=call, since=since),
            "counters": self._state.journal.fetch_counters(),
            "sessions": self._state.sessions.fetch_issued(),
        }

    def fetch_readings(self) -> dict[str, Any]:
        """The readings in force."""
        return msgspec.structs.asdict(self._state.readings)

    def set_readings(self, changes: Mapping[str, object]) -> dict[str, Any]:
        """Change some readings and keep the rest; returns all of them."""
        self._state.readings = parse_readings(changes, self._state.readings)
        return self.fetch_readings()

    def fetch_faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with how often it matched and fired."""
        return self._state.faults.fetch()

    def set_faults(self, rules: Iterable[object]) -> None:
        """Replace all fault rules."""
        self._state.faults.replace(rules)

    def seed(self, records: Iterable[Mapping[str, str | None]], resource: str = SPECIAL_CODE) -> list[int]:
        """Store many records at once, each under its own ``id`` or the next; returns the ids."""
        self._check_resource(resource)
        return self._state.records.seed(resource, records)

    def edit(
        self,
        record_id: str | int,
        fields: Mapping[str, str],
        *,
        delete: bool = False,
        resource: str = SPECIAL_CODE,
    ) -> None:
        """Change or delete a record as another program would."""
        self._check_resource(resource)
        state, number = self._state, int(record_id)
        state.records.commit_due()
        if not state.records.is_stored(resource, number):
            raise ValueError(f"{resource} has no record {number}")
        if unknown := fields.keys() - {*state.resources[resource].columns} | fields.keys() & {"id"}:
            raise ValueError(f"{resource} has no column {', '.join(sorted(unknown))} to edit")
        stamped: dict[str, str | None] = {"updated_in": state.clock.stamp(), **fields}
        state.records.apply(Write(resource, "delete" if delete else "update", number, stamped))

    def expire(self) -> None:
        """Every session is dead from now on."""
        self._state.sessions.end_all()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock ahead: sessions age, late commits fall due, lagging lists catch up."""
        self._state.clock.advance(seconds)

    def _check_resource(self, resource: str) -> None:
        if resource not in self._state.resources:
            raise ValueError(f"there is no resource {resource}")


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``/_sandbox/edit``."""

    id: str | int
    fields: dict[str, str] = {}
    delete: bool = False
    resource: str = SPECIAL_CODE


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``/_sandbox/seed``."""

    records: list[dict[str, str | None]]
    resource: str = SPECIAL_CODE


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """Body of ``/_sandbox/advance``."""

    seconds: float


def compute_routes(control: Control) -> list[web.RouteDef]:
    """The control plane's routes. A malformed body gets 400 with ``{"error": text}``."""
    return [
        *(web.get(f"{PREFIX}/{name}", _compute_get(work)) for name, work in _compute_reads(control).items()),
        *(web.post(f"{PREFIX}/{name}", _compute_post(work)) for name, work in _compute_changes(control).items()),
    ]


def _compute_reads(control: Control) -> dict[str, Callable[[Mapping[str, str]], object]]:
    return {
        "records": lambda query: control.fetch_records(query.get("resource", SPECIAL_CODE)),
        "log": lambda query: control.fetch_log(call=query.get("call", ""), since=int(query.get("since", "0"))),
        "readings": lambda _query: control.fetch_readings(),
        "faults": lambda _query: control.fetch_faults(),
    }


def _compute_changes(control: Control) -> dict[str, Callable[[bytes], object]]:
    def set_faults(body: bytes) -> object:
        control.set_faults(msgspec.json.decode(body, type=list[Any]))
        return control.fetch_faults()

    def seed(body: bytes) -> object:
        asked = msgspec.json.decode(body, type=Seed)
        return {"ids": control.seed(asked.records, asked.resource)}

    def edit(body: bytes) -> object:
        asked = msgspec.json.decode(body, type=Edit)
        control.edit(asked.id, asked.fields, delete=asked.delete, resource=asked.resource)
        return {}

    def advance(body: bytes) -> object:
        control.advance(msgspec.json.decode(body, type=Advance).seconds)
        return {}

    def reset(_body: bytes) -> object:
        control.reset()
        return {}

    def expire(_body: bytes) -> object:
        control.expire()
        return {}

    def set_readings(body: bytes) -> object:
        return control.set_readings(msgspec.json.decode(body, type=dict[str, Any]))

    changes = (reset, seed, edit, expire, advance)
    named: dict[str, Callable[[bytes], object]] = {change.__name__: change for change in changes}
    return {**named, "readings": set_readings, "faults": set_faults}


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

"""The sandbox as a server: a thread of its own with its own event loop, on a loopback port."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from sandbox.oduyo.control import Control
from sandbox.oduyo.control_routes import compute_routes
from sandbox.oduyo.database import Clock, Database
from sandbox.oduyo.gate import Gate
from sandbox.oduyo.habits.table import parse_habits
from sandbox.oduyo.handle import Handle
from sandbox.oduyo.page import compute_handler
from sandbox.oduyo.readings import Readings, parse_readings
from sandbox.oduyo.resources import RESOURCES, Resource
from sandbox.oduyo.routes import Api
from sandbox.oduyo.state import ACCOUNT, Account, State

START_TIMEOUT_S = 30.0
CALL_TIMEOUT_S = 120.0
#: A seed of 100,000 records is some 40 MB of JSON.
LARGEST_CONTROL_BODY_BYTES = 512 * 1024 * 1024

T = TypeVar("T")


class Sandbox(Handle):
    """A local Ödüyo, serving within a ``with`` block, or from :meth:`start` until :meth:`stop`.

    :param port: 0 takes a free one, which then stays; see :attr:`port`.
    :param host: the loopback address, unless a container has to be reached from outside. The control plane has no
        password, so never bind it to a network that others use.
    :param db: the SQLite file, which survives a restart; None keeps a temporary one until :meth:`stop`.
    :param account: the one user that may log in.
    :param readings: the readings at the start and after a reset.
    :param habits: likewise; each is text as on the command line (``cut=20``), or a mapping of its fields.
    :param resources: the kinds of record that are served.
    :param clock: what time it is there.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        db: str | Path | None = None,
        account: Account = ACCOUNT,
        readings: Readings | Mapping[str, object] | None = None,
        habits: Iterable[object] = (),
        resources: tuple[Resource, ...] = RESOURCES,
        clock: Clock | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.account = account
        self._db = None if db is None else Path(db)
        self._first_readings = readings if isinstance(readings, Readings) else parse_readings(readings or {})
        self._first_habits = parse_habits(habits)
        self._resources = resources
        self.clock = clock or Clock()
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._control: Control | None = None

    @property
    def url(self) -> str:
        """``http://host:port``, without a path."""
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Sandbox:  # noqa: PYI034 - Self is younger than Python 3.10
        """Start serving."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self.stop()

    def start(self) -> Sandbox:
        """Serve; returns once requests are taken.

        :raises OSError: the port is taken.
        """
        if self._thread is not None:
            raise RuntimeError("the sandbox is already serving")
        if self._db is None and self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="oduyo-sandbox-")
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="oduyo-sandbox", daemon=True)
        self._thread.start()
        try:
            ready.result(START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop serving, cutting what is in flight; harmless when stopped already."""
        self._halt()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    def restart(self) -> None:
        """Stop and serve again at the same port from the same file, as after a crash of the service.

        Records, sessions and counters stay; log and faults are gone, and the readings are the first ones.
        """
        self._halt()
        self.start()

    def _halt(self) -> None:
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = self._control = None

    def _run(self, ready: Future[None]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[None]) -> None:
        directory = self._directory.name if self._directory is not None else ""
        database = Database(self._db or Path(directory) / "oduyo.sqlite")
        state = State(
            database,
            self.clock,
            self.account,
            readings=self._first_readings,
            habits=self._first_habits,
            resources=self._resources,
        )
        control = Control(state)
        runner = web.AppRunner(compute_app(state, control), access_log=None, shutdown_timeout=0.1)
        try:
            await runner.setup()
            server = runner.server
            if server is None:
                raise RuntimeError("the runner has no server after its setup")

            def connect() -> RequestHandler:
                protocol = server()
                state.journal.note_connection(protocol)
                return protocol

            self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
            listener = await self._loop.create_server(connect, self.host, self.port, backlog=1024)
            self.port = int(listener.sockets[0].getsockname()[1])
            self._control = control
            ready.set_result(None)
            await self._stopping.wait()
            listener.close()
        finally:
            await runner.cleanup()
            state.close()

    def _call(self, work: Callable[[Control], T]) -> T:
        control, loop = self._control, self._loop
        if control is None or loop is None:
            raise RuntimeError("the sandbox is not serving")

        async def run() -> T:
            return work(control)

        return asyncio.run_coroutine_threadsafe(run(), loop).result(CALL_TIMEOUT_S)


def compute_app(state: State, control: Control) -> web.Application:
    """The web application: API, control plane and page."""
    api = Api(state)
    gate = Gate(state, api)
    app = web.Application(client_max_size=LARGEST_CONTROL_BODY_BYTES)
    for path in api.paths:
        app.router.add_route("*", path, gate.handle)
    app.add_routes([*compute_routes(control), compute_handler(state, next(iter(state.resources)))])
    return app

"""The execution API that the tasks of a DAG run in this process talk to: Airflow's own, with less around it.

Airflow makes nine versions of its API, which takes seconds, solves what an endpoint depends on twice for each request, reads
the signatures of all these functions anew each time, and hands each of them to another thread. A task asks it some eight
times: more than half of a run's time went there, and none of it has to do with the provider. Airflow's own server is used
by ``make run`` and by the browser's tests.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any
from unittest import mock

import anyio.to_thread
import httpx

if TYPE_CHECKING:
    from fastapi import FastAPI

#: So many signatures are remembered; each task brings one of its own.
_SIGNATURES = 256


class Server:
    """What Airflow's ``InProcessExecutionAPI`` is to a task: the app, and a transport to it."""

    def __init__(self) -> None:
        self.app = _make_app()
        self.transport = _Transport(self.app)
        gc.freeze()  # they live as long as the process: no garbage collection looks at them again


class _Transport(httpx.BaseTransport):
    """Answers each request in one thread, which lasts as long as the process."""

    def __init__(self, app: FastAPI) -> None:
        self._loop = asyncio.new_event_loop()
        self._asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._open = AsyncExitStack()
        thread = threading.Thread(target=self._loop.run_forever, name="execution-api", daemon=True)
        _hand_nothing_on(thread)
        thread.start()
        self._await(self._open.enter_async_context(app.router.lifespan_context(app)))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response: httpx.Response = self._await(self._answer(request))
        return response

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        response = await self._asgi.handle_async_request(request)
        return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())

    def _await(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result()


def _hand_nothing_on(thread: threading.Thread) -> None:
    """From now on `thread` calls by itself what blocks: its one client waits for the answer anyway."""
    hand_on = anyio.to_thread.run_sync

    async def run_sync(work: Callable[..., Any], *given: Any, **options: Any) -> Any:
        if threading.current_thread() is thread:
            return work(*given)
        return await hand_on(work, *given, **options)

    anyio.to_thread.run_sync = run_sync


def _make_app() -> FastAPI:
    """Airflow's app, with the newest version alone, which is the one that its tasks ask for."""
    from airflow.api_fastapi.execution_api import app
    from fastapi import FastAPI
    from fastapi.dependencies import utils

    class Newest(FastAPI):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{name: value for name, value in options.items() if "version" not in name})

        def generate_and_include_versioned_routers(self, *routers: Any) -> None:
            for router in routers:
                self.include_router(router)

    with mock.patch.object(app, "CadwynWithOpenAPICustomization", Newest):
        made: FastAPI = app.InProcessExecutionAPI().app
    # From here on signatures are read for requests alone: what an endpoint depends on is added to it when it is registered.
    utils.get_dependant = _remember(utils.get_dependant)
    return made


def _remember(read: Callable[..., Any]) -> Callable[..., Any]:
    @functools.lru_cache(_SIGNATURES)
    def read_once(*given: tuple[str, Any]) -> Any:
        return read(**{name: list(value) if isinstance(value, tuple) else value for name, value in given})

    def read_frozen(**given: Any) -> Any:
        return read_once(*((name, tuple(value) if isinstance(value, list) else value) for name, value in given.items()))

    return read_frozen

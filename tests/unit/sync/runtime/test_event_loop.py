"""An event loop in a task whose time may be up: as Airflow does it, an error is raised in a handler of SIGALRM."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from oduyo_provider.sync.runtime.event_loop import call_apart, run_async


class TimeIsUpError(Exception):
    """As AirflowTaskTimeout."""


def raise_error(_number: int, _frame: FrameType | None) -> None:
    raise TimeIsUpError


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, raise_error)
    yield
    assert signal.getsignal(signal.SIGALRM) is raise_error, "given back"
    signal.signal(signal.SIGALRM, before)


def ring() -> None:
    signal.raise_signal(signal.SIGALRM)


class Work:
    """Something that takes long, and rings in a callback of the loop."""

    def __init__(self, takes_s: float = 30) -> None:
        self.takes_s = takes_s
        self.has_ended_in_order = False

    async def do(self) -> str:
        asyncio.get_running_loop().call_soon(ring)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            await asyncio.sleep(0)
            self.has_ended_in_order = True
        return "done"


def test_a_time_that_is_up_in_a_callback_ends_the_work_and_then_raises() -> None:
    work = Work()
    with pytest.raises(TimeIsUpError):
        run_async(work.do())
    assert work.has_ended_in_order


def test_asyncio_alone_would_go_on(caplog: pytest.LogCaptureFixture) -> None:
    """Why there is a function of its own."""
    with caplog.at_level(logging.ERROR, logger="asyncio"):
        assert asyncio.run(Work(takes_s=0.01).do()) == "done"
    assert "TimeIsUpError" in caplog.text


def test_a_loop_that_waits_is_woken() -> None:
    async def wait() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        await asyncio.Event().wait()

    with pytest.raises(TimeIsUpError):
        run_async(wait())


def test_errors_of_the_work_are_its_own() -> None:
    async def fail() -> None:
        raise ValueError

    async def cancel() -> None:
        raise asyncio.CancelledError

    with pytest.raises(ValueError):
        run_async(fail())
    with pytest.raises(asyncio.CancelledError):
        run_async(cancel())


def test_a_handler_that_does_not_raise_leaves_the_work_cancelled() -> None:
    rung: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, _frame: rung.append(number))
    work = Work()
    try:
        with pytest.raises(asyncio.CancelledError):
            run_async(work.do())
    finally:
        signal.signal(signal.SIGALRM, raise_error)
    assert rung == [signal.SIGALRM]


@pytest.mark.parametrize("is_main", [True, False])
def test_without_a_handler_or_in_another_thread_it_is_asyncio_s(is_main: bool) -> None:
    made: list[str] = []

    async def work() -> str:
        return "done"

    def run() -> None:
        made.append(run_async(work()))

    if is_main:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        run()
        signal.signal(signal.SIGALRM, raise_error)
    else:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert made == ["done"]


def test_what_runs_a_loop_can_be_called_where_one_runs_already() -> None:
    def work() -> str:
        asyncio.run(asyncio.sleep(0))
        return threading.current_thread().name

    async def call() -> str:
        return call_apart(work)

    assert call_apart(work) == threading.main_thread().name
    assert asyncio.run(call()) != threading.main_thread().name

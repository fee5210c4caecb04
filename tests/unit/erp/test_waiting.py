"""Calls in a thread of their own: their results, their errors, and how the wait ends."""

from __future__ import annotations

import contextvars
import logging
import signal
import threading
from collections.abc import Iterator

import pytest

from oduyo_provider.core.errors import SourceUnavailableError
from oduyo_provider.erp.waiting import DriverThread, WaitLimits

SHORT = WaitLimits(say_s=0.02, answer_s=0.06, close_s=0.02)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What a call that hangs waits for; set at the end, so that no thread is left."""
    event = threading.Event()
    yield event
    event.set()


def test_the_calls_run_in_order_in_one_other_thread() -> None:
    thread, done = DriverThread("q.sql", WaitLimits()), []
    assert thread.call(threading.get_ident) == thread.call(threading.get_ident) != threading.get_ident()
    thread.close(lambda: done.append("closed"))
    assert done == ["closed"]
    assert not thread.is_busy


def test_an_exception_comes_out_of_the_call() -> None:
    thread = DriverThread("q.sql", WaitLimits())
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0)
    assert thread.call(lambda: 1) == 1
    thread.close(lambda: None)


def test_a_time_out_of_the_driver_s_own_is_not_taken_for_the_wait_s() -> None:
    thread = DriverThread("q.sql", SHORT)

    def fail() -> None:
        raise TimeoutError("of the driver")

    with pytest.raises(TimeoutError, match="of the driver"):
        thread.call(fail)
    thread.close(lambda: None)


def test_context_variables_are_those_of_the_caller() -> None:
    variable = contextvars.ContextVar("variable", default="")
    variable.set("of the task")
    thread = DriverThread("q.sql", WaitLimits())
    assert thread.call(variable.get) == "of the task"
    thread.close(lambda: None)


def test_c3_a_long_wait_is_said_and_ends(caplog: pytest.LogCaptureFixture, released: threading.Event) -> None:
    thread = DriverThread("q.sql", SHORT)
    caplog.set_level(logging.INFO, "oduyo_provider.erp")
    with pytest.raises(SourceUnavailableError, match=r"gave no answer to q\.sql"):
        thread.call(released.wait)
    assert len([text for text in caplog.messages if "Still waiting" in text]) == 3
    assert thread.is_busy


def test_c3_what_hangs_does_not_hold_up_closing_and_is_closed_later(released: threading.Event) -> None:
    thread, closed = DriverThread("q.sql", SHORT), threading.Event()
    with pytest.raises(SourceUnavailableError):
        thread.call(released.wait)
    thread.close(closed.set)
    assert not closed.is_set()
    released.set()
    assert closed.wait(10)


def test_c3_a_signal_reaches_the_task_while_the_driver_waits(released: threading.Event) -> None:
    class TimedOut(BaseException):
        """As Airflow's execution_timeout raises it."""

    def raise_it(_number: int, _frame: object) -> None:
        raise TimedOut

    thread = DriverThread("q.sql", WaitLimits(close_s=0.02))
    before = signal.signal(signal.SIGALRM, raise_it)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(TimedOut):
            thread.call(released.wait)
    finally:
        signal.signal(signal.SIGALRM, before)
        thread.close(lambda: None)

"""Waits for the database with a time limit, and says so in the log.

A driver's call may wait for ever, for a lock or for an answer that the network lost. Most drivers wait in C, where
neither Airflow's ``execution_timeout`` nor a signal can stop them. So another thread makes the calls, and the task's
own thread waits for it in Python.
"""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, NamedTuple, TypeVar

from oduyo_provider.core.errors import SourceUnavailableError
from oduyo_provider.core.language import format_number, gettext

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class WaitLimits(NamedTuple):
    """How long the database may take, in seconds.

    :ivar say_s: between two log lines that say how long the wait has lasted.
    :ivar lock_s: for a lock; set in the database itself if it has such a setting.
    :ivar answer_s: for each answer: to the login, to the query, and to each fetch of rows.
    :ivar close_s: until the connection is closed.
    """

    say_s: float = 30.0
    lock_s: float = 300.0
    answer_s: float = 900.0
    close_s: float = 5.0


class DriverThread:
    """The thread that makes all calls of one connection, in order.

    :param name: the query's file name, for the log and messages.
    """

    def __init__(self, name: str, limits: WaitLimits) -> None:
        self._name = name
        self._limits = limits
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._last: Future[Any] | None = None
        context = contextvars.copy_context()
        # A daemon: a call that never returns must not keep the process from ending.
        self._thread = threading.Thread(target=context.run, args=(self._work,), name="erp-driver", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[], _Result]) -> _Result:
        """Have the thread run ``work``; returns its result, or raises its exception.

        :raises SourceUnavailableError: it took longer than ``answer_s``. The thread is left waiting.
        """
        future = self._start(work)
        waited_s = 0.0
        while waited_s < self._limits.answer_s:
            step_s = min(self._limits.say_s, self._limits.answer_s - waited_s)
            if wait((future,), timeout=step_s).done:
                return future.result()
            waited_s += step_s
            _log.info(
                gettext(
                    "Still waiting for the ERP's database to answer %(query)s, for %(seconds)s s now. If it stays like this, "
                    "look there for a lock on a table of the query. After %(limit)s s the task gives up and is tried again",
                    query=self._name,
                    seconds=format_number(waited_s),
                    limit=format_number(self._limits.answer_s),
                ),
            )
        raise SourceUnavailableError(
            gettext(
                "The ERP's database gave no answer to %(query)s for %(limit)s s. A table may be locked, the query may "
                "be slow, or the network may have dropped the connection. It is tried again; if it stays, look for a "
                "lock in the database.",
                query=self._name,
                limit=format_number(self._limits.answer_s),
            )
        )

    @property
    def is_busy(self) -> bool:
        """Whether the last call has not returned yet."""
        return self._last is not None and not self._last.done()

    def close(self, work: Callable[[], None]) -> None:
        """Run ``work`` as the last call and end the thread; returns after ``close_s`` at the latest."""
        self._start(work)
        self._calls.put(None)
        self._thread.join(self._limits.close_s)

    def _start(self, work: Callable[[], _Result]) -> Future[_Result]:
        future: Future[_Result] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # the caller's thread raises it
                future.set_exception(error)

        self._last = future
        self._calls.put(run)
        return future

    def _work(self) -> None:
        while run := self._calls.get():
            run()

"""A site check in a process of its own, which kills itself at one of its requests."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.api.transport import Transport
from tests.integration.check.checker import Checker

#: Longest time to wait for a process before it is given up.
DEADLINE_S = 60.0
#: Before the request leaves, while the site has it, or once its answer is there.
MOMENTS = ("before", "during", "after")

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.integration.check.process"])


def stop_at(
    patch: pytest.MonkeyPatch, number: int, moment: str, stop: Callable[[], Any], seen: list[str] | None = None
) -> None:
    """Call `stop` at the request with this number, logins included.

    :param seen: the paths of all requests are added here.
    """
    post, count = Transport.post, 0

    async def post_or_stop(self: Transport, path: str, body: bytes, headers: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        if seen is not None:
            seen.append(path)
        is_now = count == number
        if is_now and moment == "before":
            stop()
        task = asyncio.ensure_future(post(self, path, body, headers, **more))
        if is_now and moment == "during":
            await asyncio.sleep(0.02)  # the site waits longer before it answers
            stop()
        answer = await task
        if is_now and moment == "after":
            stop()
        return answer

    patch.setattr(Transport, "post", post_or_stop)


def work(url: str, place: str, number: int, moment: str) -> None:
    """Check the site and die on the way; runs in its own process."""
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, number, moment, lambda: os.kill(os.getpid(), signal.SIGKILL))
        patch.setattr("os.fsync", lambda _: None)
        Checker(url, Path(place)).check(write=True)


def kill(url: str, place: Path, number: int, moment: str) -> bool:
    """Check with a test record and kill that at a request; False when it came to its end before."""
    process = _CONTEXT.Process(target=work, args=(url, str(place), number, moment), daemon=True)
    process.start()
    process.join(DEADLINE_S)
    assert process.exitcode is not None, "the check hangs"
    return process.exitcode == -signal.SIGKILL

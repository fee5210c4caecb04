"""A check that is stopped at any request leaves nothing that the next one does not remove."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import pytest

from oduyo_provider.sync.site import lease
from sandbox.oduyo.server import Sandbox
from tests.integration.check.checker import Checker
from tests.integration.check.process import MOMENTS, kill, stop_at

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]

IS_ALL = os.environ.get("CHAOS") == "all"
#: How long the site waits before it answers, so that a check can die meanwhile.
LATENCY_S = 0.05


@pytest.fixture(autouse=True)
def _lapse_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The claim of a killed check is not waited for."""
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", 0.0)


def find_writing_requests(site: Sandbox, place: Path, *, is_removal_too: bool = True) -> range:
    """The numbers of the requests from a check's first write to its end.

    :param is_removal_too: also those of the removal at its end, which begins with a login of its own.
    """
    checker, seen = Checker(site.url, place), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, 0, "before", lambda: None, seen)
        checker.check(write=True)
    assert checker.error is None
    writes = [number for number, path in enumerate(seen, 1) if not path.endswith(("/list", "/login"))]
    last_login = max(number for number, path in enumerate(seen, 1) if path.endswith("/login"))
    assert writes[0] < last_login
    return range(writes[0], len(seen) + 1 if is_removal_too else last_login)


def choose(numbers: range, seed: int, each: int) -> list[tuple[int, str]]:
    """Requests and moments to stop at: all of them, or a seeded choice of so many at each moment."""
    chance = random.Random(seed)
    return [(number, moment) for moment in MOMENTS for number in (numbers if IS_ALL else chance.sample(numbers, each))]


def test_a_check_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove(site: Sandbox, tmp_path: Path) -> None:
    numbers = find_writing_requests(site, tmp_path / "first")
    before, kills = site.records(), 0
    for number, moment in choose(numbers, 1, 2):
        site.set_readings(latency_s=LATENCY_S if moment == "during" else 0.0)
        place = tmp_path / f"{number}-{moment}"
        kills += kill(site.url, place, number, moment)
        site.set_readings(latency_s=0.0)
        checker = Checker(site.url, place)
        check = checker.check()
        assert checker.error is None, (number, moment)
        assert check.trial is None, (number, moment)
        assert site.records() == before, (number, moment)
    assert kills


def test_a_check_that_is_stopped_removes_what_it_made_by_itself(site: Sandbox, tmp_path: Path) -> None:
    numbers = find_writing_requests(site, tmp_path / "first", is_removal_too=False)
    before = site.records()
    for number, moment in choose(numbers, 2, 4):
        place = tmp_path / f"{number}-{moment}"
        with pytest.MonkeyPatch.context() as patch:
            stop_at(patch, number, moment, _interrupt)
            with pytest.raises(Interrupted):
                Checker(site.url, place).check(write=True)
        assert site.records() == before, (number, moment)
        checker = Checker(site.url, place)
        assert checker.check().trial is None, (number, moment)


class Interrupted(BaseException):
    """What stops a task, such as its time-out."""


def _interrupt() -> None:
    raise Interrupted


def test_a_check_whose_task_is_cancelled_removes_what_it_made(site: Sandbox, checker: Checker) -> None:
    before = site.records()

    async def work() -> None:
        from oduyo_provider.core.record import SPECIAL_CODE
        from oduyo_provider.sync.steps.site_check import check_site

        task = asyncio.create_task(
            check_site(checker.root, checker.settings, SPECIAL_CODE, write=True, clock=checker.clock)
        )
        while not site.counts()["update"]:  # noqa: ASYNC110  the site runs in another thread
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    site.set_readings(latency_s=0.01)
    asyncio.run(work())
    assert site.counts()["create"] == 1
    assert site.records() == before

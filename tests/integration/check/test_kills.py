"""A check that is stopped at any request leaves nothing that the next one does not remove."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.sync.check.cleanup import Cleanup
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


def find_writing_requests(site: Sandbox, place: Path) -> tuple[range, range]:
    """The numbers of the requests from a check's first write until it removes what it made, and of those that remove."""
    checker, seen, before_removal = Checker(site.url, place), list[str](), list[int]()

    async def remove(cleanup: Cleanup, **options: Any) -> dict[str, str]:
        before_removal.append(len(seen))
        return await run(cleanup, **options)

    run = Cleanup.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cleanup, "run", remove)
        stop_at(patch, 0, "before", lambda: None, seen)
        checker.check(write=True)
    assert checker.error is None
    writes = [number for number, path in enumerate(seen, 1) if not path.endswith(("/list", "/login"))]
    return range(writes[0], before_removal[0] + 1), range(before_removal[0] + 1, len(seen) + 1)


def choose(numbers: range, moment: str) -> list[int]:
    """Requests to stop at: all of them, or a seeded choice."""
    return list(numbers) if IS_ALL else random.Random(moment).sample(numbers, min(len(numbers), 2))


def check_until(site: Sandbox, place: Path, number: int, moment: str) -> None:
    """A check with test records that is stopped at a request."""
    with pytest.MonkeyPatch.context() as patch:
        stop_at(patch, number, moment, _interrupt)
        with pytest.raises(Interrupted):
            Checker(site.url, place).check(write=True)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_check_that_is_killed_leaves_nothing_that_the_next_one_does_not_remove(
    site: Sandbox, tmp_path: Path, moment: str
) -> None:
    tries, removal = find_writing_requests(site, tmp_path / "first")
    before, kills = site.records(), 0
    for number in choose(range(tries.start, removal.stop), moment):
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


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_check_that_is_stopped_removes_what_it_made_by_itself(site: Sandbox, tmp_path: Path, moment: str) -> None:
    tries, _ = find_writing_requests(site, tmp_path / "first")
    before = site.records()
    for number in choose(tries, moment):
        place = tmp_path / f"{number}-{moment}"
        check_until(site, place, number, moment)
        assert site.records() == before, (number, moment)
        assert Checker(site.url, place).check().trial is None, (number, moment)


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_a_check_does_not_remove_as_it_is_stopped_meanwhile_the_next_one_removes(
    site: Sandbox, tmp_path: Path, moment: str
) -> None:
    _, removal = find_writing_requests(site, tmp_path / "first")
    before = site.records()
    for number in choose(removal, moment):
        place = tmp_path / f"{number}-{moment}"
        check_until(site, place, number, moment)
        assert Checker(site.url, place).check().trial is None, (number, moment)
        assert site.records() == before, (number, moment)


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

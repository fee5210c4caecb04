"""A schedule whose loads run in real processes, of which some are killed and some stand still for a while."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path
from typing import Any

import msgspec

from oduyo_provider.core.errors import IncompleteError
from oduyo_provider.sync.steps.plan_checks import check_delivered
from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import ChaosDriver, Plan
from tests.chaos.figures import FIGURES
from tests.chaos.process import Job, Shared, Victim
from tests.chaos.schedule import STOPS_S, Schedule
from tests.chaos.virtual import VirtualTime

#: Seconds between two looks at a process.
LOOK_EVERY_S = 1.0


class VictimDriver(ChaosDriver):
    """A source whose first try of a load runs in a process of its own.

    :param shared: what all processes share; ``slot`` is that of this source's process.
    """

    def __init__(self, *args: Any, shared: Shared, slot: int, folder: Path, **how: Any) -> None:
        super().__init__(*args, **how)
        self._shared = shared
        self._slot = slot
        self._folder = folder
        self._is_taken = False
        self.kills: list[float] = []
        self.concurrency = how["concurrency"]
        self.is_spared = False

    async def load_plan(self, plan: Plan, *, first: int = 1) -> None:
        """See :class:`ChaosDriver`."""
        if not self._is_taken and not self.is_spared:
            self._is_taken = True
            try:
                is_done = await self._load_in_process(plan, first)
            finally:
                self._is_taken = False
            if is_done:
                return
        await super().load_plan(plan, first=first + 1)

    async def _load_in_process(self, plan: Plan, number: int) -> bool:
        rng = self.rng
        answer = self._folder / f"{plan.run_id}-{number}-{self.source.replace('/', '-')}.json"
        job = Job(
            port=self.site.port,
            place=str(self.root.uri),
            source=self.source,
            concurrency=self.concurrency,
            run_id=plan.run_id,
            number=number,
            plans=plan.guarded["plans"],
            params=plan.params,
            clock_off_s=self.hire(rng).clock_off_s,
            moments=rng.randrange(1, 200) if rng.random() < 0.5 else None,
            signal=rng.choice([signal.SIGKILL, signal.SIGSTOP, signal.SIGSTOP]),
            answer=str(answer),
        )
        victim = Victim(job, self._shared, self._slot, self.site, requests=rng.randrange(1, 60))
        try:
            await self._follow(victim)
        finally:
            victim.end()
        if victim.is_killed:
            self.kills.append(self.virtual.now())
            FIGURES.add(SIGKILLs=1)
            plan.note.errors.append("killed")
        return self._take_answer(plan, answer)

    async def _follow(self, victim: Victim) -> None:
        """Until it has ended; when it stands still, let it go on some time later."""
        while victim.is_alive:
            await asyncio.sleep(LOOK_EVERY_S)
            if victim.is_stopped:
                FIGURES.add(SIGSTOPs=1)
                await asyncio.sleep(self.rng.choice(STOPS_S))
                victim.go_on()
                await asyncio.sleep(LOOK_EVERY_S)

    def _take_answer(self, plan: Plan, answer: Path) -> bool:
        """What the load returned, if it did; whether it delivered everything."""
        if self.is_loaded(plan):  # also of a process that was killed right then
            plan.note.loaded_at, plan.note.is_applied = self.virtual.now(), True
        if not answer.exists():
            return False
        found = msgspec.json.decode(answer.read_bytes())
        if isinstance(found, str):
            plan.note.errors.append(found)
            return False
        done, plan.note.loaded_at = found
        plan.note.is_applied = True
        try:
            check_delivered(done)
        except IncompleteError as error:
            plan.note.errors.append(str(error))
            return False
        plan.steps = msgspec.structs.replace(plan.steps, load=done)
        return True


class VictimSchedule(Schedule):
    """See the module.

    :param shared: what the test's processes share; place 0 is the test's own.
    """

    run_again = 0.6

    def __init__(self, seed: int, sandbox: Sandbox, folder: Path, virtual: VirtualTime, shared: Shared) -> None:
        self._shared = shared
        self._folder = folder
        folder.mkdir()
        super().__init__(seed, sandbox, folder, virtual, kill_share=0.0, stop_share=0.0)

    def choose_place(self, folder: Path) -> str:
        """Only a disk is shared by processes."""
        return str(folder / "staging")

    def make_driver(self, rng: random.Random, number: int, **how: Any) -> ChaosDriver:
        """A source whose loads are victims."""
        return VictimDriver(
            self.sandbox,
            self.place,
            self.virtual,
            rng,
            shared=self._shared,
            slot=number + 1,
            folder=self._folder,
            **how,
        )

    async def calm(self) -> list[str]:
        """See :class:`Schedule`."""
        for driver in self.drivers:
            if isinstance(driver, VictimDriver):
                driver.is_spared = True
        return await super().calm()

    def find_kills(self) -> list[float]:
        """See :class:`Schedule`."""
        kills = [moment for driver in self.drivers if isinstance(driver, VictimDriver) for moment in driver.kills]
        return [*super().find_kills(), *kills]

"""One seeded schedule: what is drawn, what is run, and what the oracle says of it."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from oduyo_provider.core.ledger import Entry
from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.history import History
from tests.chaos.notes import Note, compute_history
from tests.chaos.oracle import find_violations
from tests.chaos.person import Person
from tests.chaos.site import Site
from tests.chaos.story import tell_story
from tests.chaos.timeline import normalise_key
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import Worker
from tests.chaos.world import Erp, draw_existing

#: Nights of a schedule, and runs after which everything must be in step once nothing disturbs it any more.
NIGHTS, CALM_RUNS = 3, 6
#: 0-1: how often staging is an object store, which cannot append and has no folders.
IN_OBJECT_STORE = 0.3
#: How long a process stands still: below and above what its lease takes, and long enough for others to run.
STOPS_S = (1.0, 15.0, 25.0, 45.0, 100.0, 400.0, 4000.0)
#: How the clocks of processes are → how far two of them are apart at most.
CLOCKS_APART_S = {"right": 0.0, "apart": 10.0, "anyhow": float("inf")}
#: Brakes that a schedule's edits trip all the time.
USUAL = ["retired", "retired_pair", "retired_week", "updates", "emptied", "rejected", "dates_back"]

#: A brake that an error's text tells a person to release.
_ASKED = re.compile(r'release \["(\w+)')
#: How many vanished records a run asks to have released, where fewer were.
_VANISHED = re.compile(r'"vanished:(\d+)"')


class Schedule:
    """A seed's whole story.

    :param kill_share: 0-1, of each try; ``stop_share`` likewise, of those that are suspended.
    """

    #: 0-1: how often a source runs twice in a night, or an older load of it is cleared.
    run_again = 0.25

    def __init__(
        self, seed: int, sandbox: Sandbox, folder: Path, virtual: VirtualTime, *, kill_share: float, stop_share: float
    ) -> None:
        self.rng = rng = random.Random(seed)
        self.sandbox, self.virtual = sandbox, virtual
        self.kill_share, self.stop_share = kill_share, stop_share
        sandbox.reset()
        #: How the processes' clocks are: right, apart by what the design allows, or set anyhow.
        self.clocks = rng.choice(["right", "right", "apart", "anyhow"])
        self.site = Site(rng, is_prompt=self.clocks == "anyhow")
        self.place = self.choose_place(folder)
        self.is_calm = False
        # With one record a page no look would ever be young enough.
        self.wire_s = rng.choice([0.0, 0.02, 0.2, 1.0]) if self.site.readings["list_cap"] != 1 else 0.0
        self.workers: list[Worker] = []
        self.stops = 0
        self.drivers = self._make_drivers()
        self.erps = self._make_erps()
        self.person = Person(random.Random(rng.random()), sandbox)
        self.params = [self._draw_params() for _ in self.drivers]
        self.released: list[set[str]] = [set() for _ in self.drivers]

    def _make_drivers(self) -> list[ChaosDriver]:
        rng = self.rng
        sources = rng.choice(
            [["dag"], ["dag"], ["dag", "other/task"], ["dag", "other"], ["dag", "other/task", "third"]]
        )
        buckets = rng.choice([1, 1, 4])
        return [
            self.make_driver(
                rng, number, source=source, hire=self.hire, concurrency=rng.choice([1, 3, 8]), buckets=buckets
            )
            for number, source in enumerate(sources)
        ]

    def choose_place(self, folder: Path) -> str:
        """Where staging is."""
        return f"memory://chaos{folder}" if self.rng.random() < IN_OBJECT_STORE else str(folder)

    def make_driver(self, rng: random.Random, number: int, **how: Any) -> ChaosDriver:
        """A source, the so manieth."""
        del number
        return ChaosDriver(self.sandbox, self.place, self.virtual, rng, **how)

    def _make_erps(self) -> list[Erp]:
        rng = self.rng
        name = rng.choice(["number", "number", "zeros", "word", "quote", "and", "long", "alike", "uuid"])
        start, has_dates = rng.choice([1, 90, 980]), rng.random() < 0.5
        erps: list[Erp] = []
        for number in range(len(self.drivers)):
            count = rng.randrange(10, 41) if not number else rng.randrange(3, 16)
            erp = Erp(random.Random(rng.random()), name, start=start + 2000 * number, count=count, has_dates=has_dates)
            if number and rng.random() < 0.5:
                rows = list(erps[0].rows.values())
                erp.take(rng.sample(rows, min(len(rows), rng.randrange(1, 6))))
            erps.append(erp)
        return erps

    def _draw_params(self) -> dict[str, Any]:
        rng = self.rng
        params: dict[str, Any] = {
            "on_missing": rng.choice(["keep", "keep", "deactivate", "delete"]),
            "missing_runs": rng.choice([1, 2, 2, 3]),
            "adopt": rng.random() < 0.2,
        }
        if rng.random() < 0.15:
            params["on_unsafe"] = "ask"
        else:
            params["release"] = list(USUAL)
        return params

    def hire(self, rng: random.Random) -> Worker:
        """A process for one try, with what is to happen to it."""
        off_s = {"right": 0.0, "apart": rng.uniform(-5, 5)}.get(
            self.clocks, rng.choice([0, 0, -30, 30, -9e3, 9e3, 1e6])
        )
        worker = Worker(self.virtual, off_s, self.wire_s)
        self.workers.append(worker)
        if self.is_calm:
            return worker
        moments, fate = int(rng.choice([3, 20, 60, 100, 200, 400]) * rng.random()) + 1, rng.random()
        if fate < self.kill_share:
            worker.arm(moments)
        elif fate < self.kill_share + self.stop_share:
            worker.arm(moments, lambda: self._stop(worker, rng.choice(STOPS_S)))
        elif self.clocks == "anyhow" and fate > 0.8:
            worker.arm(moments, lambda: worker.set_clock(rng.choice([-3600, -10, 10, 3600])))
        return worker

    def _stop(self, worker: Worker, seconds: float) -> None:
        self.stops += 1
        worker.freeze(seconds)

    async def live(self) -> None:
        """Some nights that are disturbed, then as many as it takes."""
        rng = self.rng
        self.sandbox.seed(draw_existing(rng, [row for erp in self.erps for row in erp.rows.values()]))
        self.site.begin(self.sandbox)
        for night in range(NIGHTS):
            self.site.disturb(self.sandbox)
            runs = [self._run_night(number, is_manual=not night) for number in range(len(self.drivers))]
            await asyncio.gather(*runs, self._live_person())
            FIGURES.take_faults(self.sandbox.faults())
            for erp in self.erps:
                erp.work()
            # The next night may begin at once, as another DAG's run would.
            await asyncio.sleep(rng.choice([0.0, 20.0, 86_400.0, 86_400.0]))

    async def _live_person(self) -> None:
        self.person.script()
        for wait_s in self.person.draw_waits():
            await asyncio.sleep(wait_s)
            self.person.act()

    async def _run_night(self, number: int, *, is_manual: bool) -> None:
        driver, erp = self.drivers[number], self.erps[number]
        rng = driver.rng
        await asyncio.sleep(rng.choice([0.0, 0.0, 5.0, 60.0, 600.0]))
        work: list[Awaitable[Any]] = [self._run(number, is_manual=is_manual or rng.random() < 0.3)]
        if rng.random() < self.run_again:  # another run of the same source beside it, or the task of an older one
            work.append(self._run_again(driver, erp, number))
        await asyncio.gather(*work)

    async def _run_again(self, driver: ChaosDriver, erp: Erp, number: int) -> None:
        rng = driver.rng
        await asyncio.sleep(rng.choice([1.0, 10.0, 100.0, 2000.0]))
        if driver.plans and rng.random() < 0.5:
            await driver.clear_load(rng.choice(driver.plans))
        else:
            erp.work(0.1)
            await self._run(number, is_manual=True, is_beside=True)

    async def _run(self, number: int, *, is_manual: bool, is_beside: bool = False) -> Note:
        params, released = dict(self.params[number]), self.released[number]
        if is_beside:  # what the other run makes again, nobody asks for twice
            released = {name for name in released if not name.startswith("vanished")}
        params["release"] = [*params.get("release", ()), *sorted(released)]
        note = await self.drivers[number].run_once(self.erps[number], is_manual=is_manual, **params)
        asked = self._decide(note, self.drivers[number])
        before = self.released[number] if self.is_calm and not note.is_green else set()
        # A limit takes the place of the one before: of two the smaller would count.
        self.released[number] = {*{name.partition(":")[0]: name for name in (*sorted(before), *sorted(asked))}.values()}
        return note

    def _decide(self, note: Note, driver: ChaosDriver) -> set[str]:
        """What a person releases in the next run, having read why this one was red."""
        if note.is_green or (not self.is_calm and driver.rng.random() < 0.4):
            return set()
        named = {name for error in note.errors for name in _ASKED.findall(error)}
        asked = named - {"vanished"}
        told = [int(count) for error in note.errors for count in _VANISHED.findall(error)]
        vanished = max([note.report.get("vanished", 0), *told])
        if vanished and vanished == self._count_gone(note, driver):
            asked.add(f"vanished:{vanished}")
        elif "vanished" in named and not vanished and not any(map(self._is_there, self._find_own(driver))):
            asked.add("vanished")  # Ödüyo lists none of them
        return asked

    def _count_gone(self, note: Note, driver: ChaosDriver) -> int:
        """How many of a run's rows have no record any more, as a person sees in the panel.

        A record is there with the row's key; or with the row's id and the key as this site keeps it.
        """
        return sum(entry.integration_id in note.rows and not self._is_there(entry) for entry in self._find_own(driver))

    @staticmethod
    def _find_own(driver: ChaosDriver) -> list[Entry]:
        return [entry for entry in driver.entries().values() if entry.source == driver.source and entry.is_made]

    def _is_there(self, entry: Entry) -> bool:
        held = {
            str(record["id"]): normalise_key(str(record["integration_id"] or "")) for record in self.sandbox.records()
        }
        is_kept = held.get(entry.oduyo_id or "") in self._find_kept_keys(entry)
        return is_kept or normalise_key(entry.integration_id) in held.values()

    def _find_kept_keys(self, entry: Entry) -> set[str]:
        known = {entry.stored["integration_id"].stored or ""} if "integration_id" in entry.stored else set()
        return {
            normalise_key(form) for form in known | {*self.site.make_forms()("integration_id", entry.integration_id)}
        }

    async def calm(self) -> list[str]:
        """Nothing disturbs any more: every source is to come into step; returns why some did not."""
        self.is_calm = True
        self.site.calm(self.sandbox)
        self.sandbox.set_script()
        await asyncio.sleep(86_400.0)
        faults = []
        for number in range(len(self.drivers)):
            for _ in range(CALM_RUNS):
                note = await self._run(number, is_manual=True)
                if note.is_green:
                    break
                await asyncio.sleep(86_400.0)
            else:
                faults.append(f"{note.source} is not in step: {note.errors[-1:]} {note.report}")
        return [] if self._has_keys_that_collide() else faults

    def _has_keys_that_collide(self) -> bool:
        """Whether the site stores two keys alike: then it is right that nothing of the kind is ever sent."""
        keys = {key for driver in self.drivers for note in driver.notes for key in note.rows}
        keys |= {str(record["integration_id"]) for record in self.sandbox.records()}
        find_forms = self.site.make_forms()
        owners: dict[str, set[str]] = {}
        for key in keys:
            for form in find_forms("integration_id", key):
                owners.setdefault(normalise_key(form), set()).add(normalise_key(key))
        return any(len(found) > 1 for found in owners.values())

    def make_history(self) -> History:
        """What the oracle judges."""
        notes = [note for driver in self.drivers for note in driver.notes]
        return compute_history(
            self.sandbox,
            self.site,
            notes,
            now=self.virtual.now(),
            kills=self.find_kills(),
            clocks_apart_s=CLOCKS_APART_S[self.clocks],
        )

    def find_kills(self) -> list[float]:
        """When processes were killed, or stopped for so long that it is the same."""
        return [moment for worker in self.workers for moment in worker.deaf_at]

    def describe(self) -> str:
        """What was drawn."""
        lines = [f"readings {self.site.readings}", f"for good {self.site.for_good}", f"passing {self.site.passing}"]
        lines += [f"fault {fault}" for fault in self.site.faults]
        lines += [
            f"{d.source}: {p} {len(e.rows)} rows" for d, p, e in zip(self.drivers, self.params, self.erps, strict=True)
        ]
        return "\n".join([*lines, f"clocks {self.clocks}, staging {self.place}"])


def run_schedule(
    seed: int,
    sandbox: Sandbox,
    folder: Path,
    virtual: VirtualTime,
    *,
    kill_share: float = 0.25,
    stop_share: float = 0.15,
    show: Callable[[str], None] = print,
) -> Schedule:
    """Run one seed, judge it, and count what it did.

    :raises AssertionError: something is not as it should be; what was drawn is shown.
    """
    schedule = Schedule(seed, sandbox, folder, virtual, kill_share=kill_share, stop_share=stop_share)
    run_to_its_end(schedule, seed, show)
    return schedule


def run_to_its_end(schedule: Schedule, seed: int, show: Callable[[str], None] = print) -> None:
    """Live a schedule, judge it, and count what it did.

    :raises AssertionError: something is not as it should be; what was drawn is shown.
    """

    async def work() -> list[str]:
        await schedule.live()
        return await schedule.calm()

    try:
        late = schedule.virtual.run(work())
        history = schedule.make_history()
        found = find_violations(history)
        if found:
            show(tell_story(history, (violation.key for violation in found[:3])))
        assert not found, "\n".join(map(str, found[:10]))
        assert not late, "\n".join(late)
    except BaseException:
        show(f"seed {seed}\n{schedule.describe()}")
        raise
    finally:
        _count(schedule)


def _count(schedule: Schedule) -> None:
    drivers = schedule.drivers
    FIGURES.take_run(
        counters=schedule.sandbox.counts(),
        tries=sum(driver.tries for driver in drivers),
        runs=sum(len(driver.notes) for driver in drivers),
        kills=sum(worker.is_dead for worker in schedule.workers),
    )
    FIGURES.add(
        simulated_suspensions=schedule.stops,
        in_an_object_store=int("://" in schedule.place),
        in_partitions=int(drivers[0].buckets > 1),
        several_sources=int(len(drivers) > 1),
        with_a_site_that_alters_or_ignores=int(bool(schedule.site.passing) or len(schedule.site.for_good) > 0),
    )

"""One seeded schedule: what is drawn, what is run, what must hold at its end."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import SETTLE_S, ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.virtual import LONGEST_REQUEST_S, Switch, VirtualTime
from tests.chaos.world import Row, change_row, check_calls, check_records, draw_existing, make_row

#: Runs after which faults cease, and runs after which a schedule must be complete.
RUNS_WITH_FAULTS, RUNS = 4, 10
#: A commit and the time until lists show it stay below settle_s together; a request takes some time by itself.
LATEST_S = SETTLE_S - LONGEST_REQUEST_S - 2.0

#: 0-1: how often staging is an object store, which cannot append and has no folders.
IN_OBJECT_STORE = 0.3

Fault = dict[str, Any]


def draw_readings(rng: random.Random) -> dict[str, object]:
    """How this Ödüyo reads the API's open points."""
    lag_s = rng.choice([0.0, 0.0, rng.uniform(0, LATEST_S), LATEST_S])
    late_s = rng.choice([0.0, 0.0, rng.uniform(0, LATEST_S - lag_s)])
    readings: dict[str, object] = {
        "list_lag_s": lag_s,
        "late_commit_s": late_s,
        "empty_list": rng.choice([200, 404]),
        "error_style": rng.choice([404, 200]),
        "id_compare": rng.choice(["number", "text"]),
        "id_step": rng.choice([1, 1, 7]),
        "list_cap": rng.choice([None, None, 7, 1]),
        "null_style": rng.choice(["empty", "null"]),
        "update_keeps_absent": rng.random() < 0.5,
        "offset_meaning": rng.choice(["skip", "start_id"]),
        "single_session": rng.random() < 0.3,
        "session_ttl_s": rng.choice([3600.0, 3600.0, 90.0]),
        "session_dead_answer": rng.choice([401, 403, 200]),
        "stamps": rng.choice(["unless_sent", "always"]),
    }
    if rng.random() < 0.2:
        readings |= {"late_id_every": rng.choice([2, 5]), "late_id_s": rng.uniform(0, LATEST_S - lag_s)}
    if rng.random() < 0.2:
        readings["silently_cut"] = {"description": rng.randrange(6, 14)}
    return readings


def draw_fault(rng: random.Random, readings: dict[str, object]) -> Fault:
    """One fault rule."""
    budget_s = LATEST_S - float(str(readings["list_lag_s"]))
    kind = rng.choice(
        ["drop"] * 3
        + ["late_commit"] * 2
        + ["status", "status", "html", "empty", "truncated", "throttle", "kill_session", "wrong_content_type"]
        + ["status_false", "slow"]
    )
    fault: Fault = {
        "kind": kind,
        "call": rng.choice(["create"] * 4 + ["update", "update", "delete", "list", "list", "login", "any"]),
        "where": rng.choice(["before", "after"]),
        "probability": rng.choice([0.03, 0.1, 0.3, 0.7]),
        "seed": rng.randrange(10**6),
        "skip": rng.choice([0, 0, 0, rng.randrange(20)]),
    }
    if rng.random() < 0.5:
        fault["times"] = rng.randrange(1, 12)
    if kind == "status":
        fault["status"] = rng.choice([500, 502, 503, 504, 408, 520])
    elif kind == "html":
        fault["status"] = rng.choice([200, 404, 500, 502, 503])
    elif kind == "slow":
        fault["seconds"] = 0.003
    elif kind == "late_commit":
        fault["seconds"] = rng.uniform(0, budget_s)
        fault["call"] = rng.choice(["create", "create", "update", "delete"])
        fault["status"] = rng.choice([None, 504, 500])
    elif kind == "throttle":
        fault["status"] = rng.choice([429, 503])
        fault["retry_after_s"] = rng.choice([0.1, 2.0, 20.0, 90.0, None])
        fault["retry_after_as"] = rng.choice(["seconds", "date"])
        if fault["status"] == 429:
            fault["where"] = "before"  # "too many requests" is taken at its word
    elif kind == "status_false":
        fault["status"] = rng.choice([404, 200])
        fault["where"] = "before"  # so is a refusal
        fault["call"] = rng.choice(["create", "update", "list"])
        if fault["call"] == "list":
            fault["times"] = 3  # four in a row are what an empty site answers, so there is but one such rule
    return fault


def draw_faults(rng: random.Random, readings: dict[str, object]) -> list[Fault]:
    """One to five rules."""
    faults = [draw_fault(rng, readings) for _ in range(rng.randrange(1, 6))]
    empty = [fault for fault in faults if (fault["kind"], fault["call"]) == ("status_false", "list")]
    return [fault for fault in faults if fault not in empty[1:]]


def draw_rows(rng: random.Random) -> list[Row]:
    """10 to 60 rows; their ids often have more digits at the end than at the beginning."""
    start = rng.choice([1, 1, 90, 980])
    return [make_row(rng, number) for number in range(start, start + rng.randrange(10, 61))]


def edit_rows(rng: random.Random, rows: list[Row]) -> list[Row]:
    """The ERP a day later."""
    kept = [change_row(rng, row) if rng.random() < 0.2 else row for row in rows if rng.random() > 0.1]
    last = int(str(rows[-1]["integration_id"]))
    return [*kept, *(make_row(rng, last + number) for number in range(1, rng.randrange(2, 9)))]


class Schedule:
    """A seed's whole story.

    :param kill_probability: 0-1, of each try.
    """

    def __init__(
        self, seed: int, site: Sandbox, folder: Path, virtual: VirtualTime, switch: Switch, kill_probability: float
    ) -> None:
        self.rng = rng = random.Random(seed)
        self.site, self.virtual, self.switch = site, virtual, switch
        self.kill_probability = kill_probability
        site.reset()
        virtual.reset()
        self.readings = draw_readings(rng)
        site.set_readings(**self.readings)
        self.faults = draw_faults(rng, self.readings)
        shape = random.Random(f"shape {seed}")
        self.place = f"memory://chaos{folder}" if shape.random() < IN_OBJECT_STORE else str(folder)
        self.driver = ChaosDriver(
            site, self.place, virtual, switch, rng, rng.choice([1, 3, 8]), buckets=shape.choice([1, 1, 1, 4])
        )
        self.on_missing = rng.choice(["keep", "keep", "deactivate", "delete"])

    def run(self) -> None:
        """Two days, each until it is complete.

        :raises AssertionError: something is not as it should be.
        """
        rows = draw_rows(self.rng)
        self.site.seed(draw_existing(self.rng, rows))
        for _ in range(2):
            self._run_day(rows)
            rows = edit_rows(self.rng, rows)
            # The next day may begin at once, as another DAG's run would.
            self.virtual.skip(self.rng.choice([0.0, 0.0, 20.0, 86_400.0]))

    def _run_day(self, rows: list[Row]) -> None:
        before, seen = self.site.records(), self.site.log()["counters"]["requests"]
        self._set_faults(self.faults)
        self.driver.on_try = self._arm
        for number in range(RUNS):
            if number == RUNS_WITH_FAULTS:
                self._set_faults([])
                self.driver.on_try = lambda: None
            report = self.driver.run(rows, on_missing=self.on_missing)
            if report is not None and report.is_complete and not report.refused:
                break
        else:
            raise AssertionError(f"not complete after {RUNS} runs: {report}")
        self._set_faults([])
        assert report.extracted == len(rows)
        check_records(
            before,
            self.site.records(),
            rows,
            on_missing=self.on_missing,
            cut=self.readings.get("silently_cut"),  # type: ignore[arg-type]
        )
        if "silently_cut" not in self.readings:  # what a run that failed did not remember is sent once more
            check_calls(before, self.site.log(since=seen)["requests"], rows, on_missing=self.on_missing)

    def _arm(self) -> None:
        if self.rng.random() < self.kill_probability:
            self.switch.arm(int(self.rng.choice([3, 20, 60, 100, 200, 400]) * self.rng.random()) + 1)

    def _set_faults(self, rules: list[Fault]) -> None:
        FIGURES.take_faults(self.site.faults())
        self.site.set_faults(*rules)


def run_schedule(
    seed: int,
    site: Sandbox,
    folder: Path,
    virtual: VirtualTime,
    switch: Switch,
    *,
    kill_probability: float = 0.5,
    show: Callable[[str], None] = print,
) -> str:
    """Run one seed and count what it did; on a failure show what was drawn. Returns where its staging is."""
    schedule = Schedule(seed, site, folder, virtual, switch, kill_probability)
    kills = switch.kills
    try:
        schedule.run()
    except BaseException:
        show(f"seed {seed}: readings {schedule.readings}\nfaults {schedule.faults}\non_missing {schedule.on_missing}")
        show(f"again: CHAOS_SEED={seed} .venv/bin/python -m pytest -m chaos tests/chaos/test_schedules.py")
        raise
    finally:
        switch.disarm()
        FIGURES.take_faults(site.faults())
        FIGURES.add(in_an_object_store=int("://" in schedule.place), in_partitions=int(schedule.driver.buckets > 1))
        FIGURES.take_run(
            counters=site.log()["counters"],
            tries=schedule.driver.tries,
            runs=schedule.driver.runs,
            kills=switch.kills - kills,
        )
    return schedule.place

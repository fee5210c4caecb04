"""The whole cycle against a model, in any order: edits on both sides, runs, faults, kills, retries, waits."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.sync.staging.manifests import Reference
from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.driver import ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.schedule import draw_faults, draw_readings
from tests.chaos.virtual import KilledError, Switch, VirtualTime, bury
from tests.chaos.world import PAIR, Row, change_row, compute_record, make_row

pytestmark = pytest.mark.chaos

SEEDS = st.integers(0, 2**32)
KILLS = st.one_of(st.none(), st.none(), st.integers(1, 200))
ON_MISSING = st.sampled_from(["keep", "deactivate", "delete"])


class Cycle(RuleBasedStateMachine):
    """An ERP, an Ödüyo, and all that may happen to them.

    ``site``, ``virtual`` and ``switch`` are set by the test.
    """

    site: Sandbox
    virtual: VirtualTime
    switch: Switch

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        rng = random.Random(seed)
        self.site.reset()
        self.virtual.reset()
        self.readings = draw_readings(rng)
        self.site.set_readings(**self.readings)
        self.driver = ChaosDriver(self.site, self.folder, self.virtual, self.switch, rng, rng.choice([1, 4]))
        self.rows = {number: make_row(rng, number) for number in range(1, rng.randrange(4, 20))}
        self.next_number = 100
        self.may_be_deleted: set[str] = set()
        self.seen: set[str] = set()
        self.plan: tuple[Reference, str, list[dict[str, Any]]] | None = None
        self.number = 0
        #: What the last complete run wanted, as long as nobody has changed anything since.
        self.wanted: list[Row] | None = None

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.clear_faults()
            shutil.rmtree(self.folder)
            FIGURES.add(cycles=1, requests=self.site.log()["counters"]["requests"])

    # The ERP.

    @rule(seed=SEEDS)
    def add_row(self, seed: int) -> None:
        self.rows[self.next_number] = make_row(random.Random(seed), self.next_number)
        self.next_number += 1

    @rule(seed=SEEDS)
    @precondition(lambda self: self.rows)
    def edit_row(self, seed: int) -> None:
        rng = random.Random(seed)
        number = rng.choice(sorted(self.rows))
        self.rows[number] = change_row(rng, self.rows[number])

    @rule(seed=SEEDS)
    @precondition(lambda self: len(self.rows) > 1)
    def remove_row(self, seed: int) -> None:
        number = random.Random(seed).choice(sorted(self.rows))
        del self.rows[number]

    @rule(seed=SEEDS)
    @precondition(lambda self: self.rows)
    def break_row(self, seed: int) -> None:
        number = random.Random(seed).choice(sorted(self.rows))
        self.rows[number] = {**self.rows[number], "code": ""}

    # Ödüyo.

    @rule(seed=SEEDS)
    def set_faults(self, seed: int) -> None:
        FIGURES.take_faults(self.site.faults())
        self.site.set_faults(*draw_faults(random.Random(seed), self.readings))

    @rule()
    def clear_faults(self) -> None:
        FIGURES.take_faults(self.site.faults())
        self.site.set_faults()

    @rule(seed=SEEDS)
    def somebody_edits(self, seed: int) -> None:
        rng = random.Random(seed)
        records = self.site.records()
        if records:
            field = rng.choice(["description", "space5", "status"])
            value = rng.choice("01") if field == "status" else f"theirs {rng.randrange(100)}"
            self.site.edit(rng.choice(records)["id"], **{field: value})
            self.wanted = None

    @rule(seed=SEEDS)
    def somebody_creates(self, seed: int) -> None:
        self.site.seed([compute_record(make_row(random.Random(seed), self.next_number))])
        self.next_number += 1
        self.wanted = None

    # Runs.

    @rule(on_missing=ON_MISSING)
    def dry_run(self, on_missing: str) -> None:
        seen = self.site.log(since=2**60)["counters"]
        try:
            self.driver.plan(list(self.rows.values()), self.driver.new_run(), on_missing=on_missing, dry_run=True)
        except OduyoError:
            return
        now = self.site.log(since=2**60)["counters"]
        assert all(now[call] == seen[call] for call in ("create", "update", "delete"))

    @rule(on_missing=ON_MISSING, kill_at=KILLS)
    def run(self, on_missing: str, kill_at: int | None) -> None:
        rows, self.wanted, self.plan = list(self.rows.values()), None, None
        run = self.driver.new_run()
        if on_missing == "delete":
            present = {str(number) for number in self.rows}
            self.may_be_deleted |= {key for key in self._keys() | self.seen if key not in present}
        try:
            plan = self.driver.plan(rows, run, on_missing=on_missing)
        except OduyoError:
            return
        self.plan, self.number = (plan, run.run_id, rows), 1
        loaded = self._load(kill_at)
        report = self.driver.report(run, plan, [loaded] if loaded else [])
        report.check()
        if loaded and report.is_complete and not report.refused:
            assert report.rejected == sum(not row["code"] for row in rows)
            self.wanted = rows
            self._check_values(on_missing)

    @rule(kill_at=KILLS, delay_s=st.sampled_from([0.0, 1.0, 40.0, 300.0, 1000.0, 700_000.0]))
    @precondition(lambda self: self.plan is not None)
    def try_again(self, kill_at: int | None, delay_s: float) -> None:
        self.virtual.skip(delay_s)
        self.wanted = None
        self.number += 1
        self._load(kill_at)

    @rule()
    def wait(self) -> None:
        self.virtual.skip(100)
        if self.wanted is not None:
            self._check_values("keep")

    def _load(self, kill_at: int | None) -> Reference | None:
        assert self.plan is not None
        plan, name, _ = self.plan
        if kill_at is not None:
            self.switch.arm(kill_at)
        try:
            return self.driver.load(plan, self.driver.new_run(name, self.number))
        except KilledError:
            FIGURES.add(simulated_kills=1)
            bury()
            return None
        except OduyoError:
            return None
        finally:
            self.switch.disarm()

    # What must hold.

    def _keys(self) -> set[str]:
        return {record["integration_id"] for record in self.site.records()}

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if hasattr(self, "driver"):
            counts = Counter(record["integration_id"] for record in self.site.records())
            assert not [key for key, count in counts.items() if count > 1]

    @invariant()
    def nothing_is_lost(self) -> None:
        if hasattr(self, "driver"):
            keys = self._keys()
            assert not self.seen - keys - self.may_be_deleted
            self.seen |= keys

    def _check_values(self, on_missing: str) -> None:
        assert self.wanted is not None
        stored = {record["integration_id"]: record for record in self.site.records()}
        cut = self.readings.get("silently_cut", {})
        wanted = {str(row["integration_id"]): compute_record(row) for row in self.wanted}
        for key, fields in wanted.items():
            if not fields["code"]:
                continue
            assert key in stored, f"{key} is lost"
            for name, value in fields.items():
                length = cut.get(name, len(value))  # type: ignore[attr-defined]
                assert stored[key][name] in (value, value[:length]), f"{key}: {name} is {stored[key][name]!r}"
        missing = [
            record
            for key, record in stored.items()
            if key not in wanted and (record["key1"], record["key2"]) == (PAIR["key1"], PAIR["key2"])
        ]
        if on_missing == "delete":
            assert not missing
        elif on_missing == "deactivate":
            assert {record["status"] for record in missing} <= {"0"}


@pytest.mark.timeout(1800)
def test_the_cycle_keeps_its_promise_in_any_order(chaos_site: Sandbox, virtual: VirtualTime, switch: Switch) -> None:
    machine = type("Cycle", (Cycle,), {"site": chaos_site, "virtual": virtual, "switch": switch})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=250 if IS_ALL else 12,
            stateful_step_count=30 if IS_ALL else 20,
            deadline=None,
            derandomize=not IS_ALL,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""Whole runs, a night apart, and what a brake must have done when one of them was stopped."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from oduyo_provider.core.errors import OduyoError, UnsafePlanError
from oduyo_provider.core.release import BRAKE_NAMES, CANARY_BRAKES
from oduyo_provider.core.report import Report
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.layout import SITES
from tests.integration.sync.apply.driver import Driver

DAY_S = 86_400.0

Row = dict[str, object]

#: Each way in which a record that no row has is retired, with its figure in the report.
RETIRING = pytest.mark.parametrize(("on_missing", "figure"), [("delete", "deleted"), ("deactivate", "deactivated")])


class Night(NamedTuple):
    """What a run left.

    :param error: why it is red; None when it is green.
    :param writes: what Ödüyo was asked to write.
    """

    report: Report
    error: OduyoError | None
    writes: list[dict[str, Any]]

    @property
    def figures(self) -> dict[str, int]:
        """The report's figures that are not zero."""
        names = [name for name in Report.__struct_fields__ if name != "dry_run"]
        return {name: value for name in names if isinstance(value := getattr(self.report, name), int) and value}


class Nights:
    """Runs of one source, one after the other.

    :param params: of every run.
    """

    def __init__(self, driver: Driver, **params: object) -> None:
        self.driver = driver
        self.params = params
        self.at_s = 0.0

    @property
    def clock(self) -> Clock:
        """The time of the run that is to come."""
        return Clock(lambda: time.time() + self.at_s)

    def own(self, rows: list[Row]) -> None:
        """Ödüyo holds these rows already; a first night makes their records this source's."""
        self.seed(rows)
        assert self.run(rows).figures == {"extracted": len(rows), "unchanged": len(rows)}

    def seed(self, rows: Iterable[Row], **fields: str) -> list[str]:
        """Put records into Ödüyo as these rows would make them, but for some fields; returns their ids."""
        status = {"A": "1", "P": "0"}
        records = [
            {name: str(value) for name, value in row.items()} | {"status": status[str(row["status"])]} | fields
            for row in rows
        ]
        return [str(number) for number in self.driver.site.seed(records)]

    def run(self, rows: list[Row], *, after_days: float = 1.0, **params: object) -> Night:
        """The next run; by default a night after the one before."""
        self.at_s += after_days * DAY_S
        since = self._count_requests()
        report, error = self.driver.sync_and_fail(rows, clock=self.clock, **{**self.params, **params})
        return Night(report, error, self.driver.site.writes(since=since))

    def run_again(self, rows: list[Row], release: Iterable[str] = (), **params: object) -> Night:
        """A person triggers the run anew, a minute later."""
        return self.run(rows, after_days=1 / 1440, release=list(release), **params)

    def lose_ledger(self) -> None:
        """Everything that is remembered of the site is gone."""
        self.driver.root.child(SITES).remove()

    def _count_requests(self) -> int:
        return len(self.driver.site.log()["requests"])


def count_in_use(nights: Nights) -> int:
    """How many records are in use."""
    return sum(record["status"] == "1" for record in nights.driver.site.records())


def assert_stopped(
    night: Night,
    trips: dict[str, int],
    *facts: str,
    sample: str = "",
    also_needed: dict[str, int] | None = None,
) -> None:
    """The run was stopped by just these brakes, wrote nothing, and says why and how to go on.

    :param trips: name of a brake → its count.
    :param facts: figures that the message names.
    :param sample: a pattern of each of the three things (fewer, where fewer counted) that the last brake shows.
    :param also_needed: what a person had released already, and has to release again.
    """
    assert isinstance(night.error, UnsafePlanError), night.error
    assert night.writes == []
    text = str(night.error)
    assert text.startswith("Stopped before any write. ")
    assert {name for name in BRAKE_NAMES if f" {name}: " in text} == set(trips)
    (way_on,) = re.findall(r"release (\[.*?\])", text)
    assert set(json.loads(way_on)) == {f"{name}:{count}" for name, count in {**trips, **(also_needed or {})}.items()}
    for fact in (*facts, "on_unsafe=ask"):
        assert fact in text, f"{fact!r} is not in {text!r}"
    assert "\n" not in text
    for name, count in ((name, count) for name, count in trips.items() if count):
        shown = re.search(rf" {name}: .*?, such as (.*?)(?:\.|(?<=…))(?= [a-z_]+: | If this is right)", text)
        samples = shown[1].split(" | ") if shown else []
        assert len(samples) == min(count, 3), text
        assert not sample or name != list(trips)[-1] or all(re.search(sample, found) for found in samples), samples


def release(nights: Nights, rows: list[Row], trips: dict[str, int], **params: object) -> Night:
    """Release just these brakes, and see that nothing less lets the plan pass; returns the run that passed.

    :param trips: name of a brake → its count.
    """
    others = [name for name in BRAKE_NAMES if name not in (*trips, *CANARY_BRAKES)]
    assert_stopped(nights.run_again(rows, others, **params), trips)
    for name, count in trips.items():
        rest = {other: number for other, number in trips.items() if other != name}
        exact = [f"{other}:{number}" for other, number in rest.items()]
        if exact:
            assert_stopped(nights.run_again(rows, exact, **params), {name: count}, also_needed=rest)
        if count:
            too_small = [*exact, f"{name}:{count - 1}"]
            assert_stopped(nights.run_again(rows, too_small, **params), {name: count}, also_needed=rest)
    return nights.run_again(rows, [f"{name}:{count}" for name, count in trips.items()], **params)


def make_codes(count: int, start: int = 1, *, key1: str = "21", key2: str = "1", **fields: object) -> list[Row]:
    """Rows as an ERP has them: in use, with codes and texts of their own."""
    return [
        {
            "integration_id": n,
            "code": f"K.{n}",
            "status": "A",
            "key1": key1,
            "key2": key2,
            "typecode": "26",
            "description": f"açıklama {n}",
            **fields,
        }
        for n in range(start, start + count)
    ]

"""A15: ``approve`` was marked success by hand in the grid: nobody answered, and load wrote.

With Airflow itself: ``tests/integration/dag/test_brakes.py``.
"""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from oduyo_provider.core.errors import IncompleteError
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.report import check_complete, report
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 30
#: What report is told when ``approve`` left no answer.
NOBODY = "by a person, or nobody answered in time"


def make_rows(text: str) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


@pytest.fixture
def asking(dag: Nights) -> Nights:
    """A DAG whose next plan needs an approval."""
    assert dag.night(make_rows("eski")).is_green
    return dag


def say(dag: Nights, steps: Steps) -> tuple[dict[str, int], str]:
    """The figures of the last run, and why it is red."""
    step = dag.step(dag.new_run("night2"), on_unsafe="ask")
    made = asyncio.run(report(step, msgspec.structs.replace(steps, rejected_by=NOBODY)))
    try:
        check_complete(made, msgspec.structs.replace(steps, rejected_by=NOBODY), step)
    except IncompleteError as error:
        return {"updated": made.updated, "not_applied": made.not_applied}, str(error)
    return {"updated": made.updated, "not_applied": made.not_applied}, ""


def test_a15_a_load_that_wrote_all_is_reported_as_such_and_green(asking: Nights) -> None:
    assert asking.night(make_rows("yeni"), on_unsafe="ask").is_green
    assert say(asking, asking.steps["night2"]) == ({"updated": COUNT, "not_applied": 0}, "")


def test_a15_a_load_that_wrote_some_is_reported_with_what_it_wrote_and_red(site: Sandbox, asking: Nights) -> None:
    site.set_faults(
        {"call": "update", "kind": "kill_session", "skip": 10},
        {"call": "login", "kind": "status", "status": 401, "body": '{"status": false}', "skip": 2},
    )
    asking.night(make_rows("yeni"), on_unsafe="ask")
    assert asking.steps["night2"].load is None
    figures, why = say(asking, asking.steps["night2"])
    assert figures["updated"] == sum(record["description"] == "yeni" for record in site.records()) > 0
    assert not why.startswith("Not applied")
    assert "applying did not come to its end" in why


def test_a15_of_a_load_that_a_brake_stopped_nothing_is_said_to_have_died(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "number"})
    site.set_faults({"call": "create", "kind": "drop", "where": "after", "match": {"integration_id": "A-3"}})
    keys = [*(f"A-{number}" for number in range(6)), "007", "THE-LONGEST-GOES-FIRST"]
    night = dag.night([{"integration_id": key, "code": f"KOD.{key}"} for key in keys])
    assert "CanaryError" in night.why
    assert (night.report.doubtful, night.report.reasons) == (
        1,
        {"doubtful: the task ended before it was known whether it arrived": 1},
    )


def test_a15_a_plan_that_was_rejected_and_not_loaded_is_reported_so(site: Sandbox, asking: Nights) -> None:
    since = site.counts()["requests"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "_load", lambda *_: None)  # the task load is skipped
        asking.night(make_rows("yeni"), on_unsafe="ask")
    figures, why = say(asking, asking.steps["night2"])
    assert figures == {"updated": 0, "not_applied": COUNT}
    assert why.startswith("Not applied: the plan was rejected")
    assert site.writes(since=since) == []

"""A19: a task of an old run is cleared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oduyo_provider.core.errors import OutdatedPlanError
from oduyo_provider.sync.steps.guard import guard
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 30


def make_rows(text: str, count: int = COUNT) -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text, "status": "1"}
        for number in range(1, count + 1)
    ]


def clear_report(dag: Nights, run: str) -> None:
    dag.report_again(run)


def clear_load(dag: Nights, run: str) -> None:
    guarded = dag.steps[run].guarded
    assert guarded is not None
    with pytest.raises(OutdatedPlanError):
        dag.load(list(guarded["plans"]), dag.new_run(run, 2))
    dag.report_again(run)


def clear_guard(dag: Nights, run: str) -> None:
    steps = dag.steps[run]
    guard(dag.step(dag.new_run(run, 2), release=["updates"]), steps.plans)
    clear_load(dag, run)


@pytest.fixture
def old(site: Sandbox, dag: Nights) -> Nights:
    """Four nights: made, changed by the ERP, one refused and one rejected, one deleted."""
    site.set_habits({"habit": "refuse", "keys": "7", "call": "update"})
    assert dag.night(make_rows("1")).is_green
    assert dag.night(make_rows("2"), release=["updates"]).is_green
    assert dag.night([*make_rows("3")[:-1], {"integration_id": "", "code": ""}], release=["updates"]).is_green
    assert dag.night(make_rows("3", COUNT - 1), on_missing="delete", missing_runs=1).is_green
    return dag


@pytest.mark.parametrize("clear", [clear_report, clear_load, clear_guard])
@pytest.mark.parametrize("run", ["night1", "night2", "night3"])
def test_a19_what_is_kept_of_the_site_never_goes_back(
    site: Sandbox, old: Nights, clear: Callable[[Nights, str], None], run: str
) -> None:
    state, records, since = old.read_state(), site.records(), site.counts()["requests"]
    clear(old, run)
    assert old.read_state() == state
    assert site.records() == records
    assert site.writes(since=since) == []
    night = old.night(make_rows("3", COUNT - 1), on_missing="delete", missing_runs=1)
    assert night.is_green, night.why
    assert night.report.writes == 0


def test_a19_a_cleared_report_says_what_it_said_before(old: Nights) -> None:
    for run in ("night1", "night2", "night3", "night4"):
        before, again = old.report_again(run), old.report_again(run)
        assert before.figures == again.figures
    assert old.report_again("night1").figures == {"extracted": COUNT, "created": COUNT}
    assert old.report_again("night3").report.refused == 1


def test_a19_an_old_run_that_died_and_was_reported_long_after_a_newer_one_changes_nothing(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows("1")).is_green
    site.set_faults({"call": "update", "kind": "drop", "skip": 10})
    assert not dag.night(make_rows("2"), release=["updates"]).is_green
    site.set_faults()
    assert dag.night(make_rows("3"), release=["updates"]).is_green
    state = dag.read_state()
    clear_load(dag, "night2")
    assert dag.read_state() == state
    assert {record["description"] for record in site.records()} == {"3"}

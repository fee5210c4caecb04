"""The library: what was read is not read again, what changed is, and memory stays bounded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import StagingError
from oduyo_provider.page.run_cache import FRESH_FOR_S, Library
from oduyo_provider.sync.staging.archive import fetch_run
from tests.unit.page.staged import Stage


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_an_ended_run_is_read_once(stage: Stage) -> None:
    stage.plan("r", ["1", "2"])
    library = Library()
    opened = library.open(stage.find("r"), is_going=False)
    assert opened.ledger.counts == {"not_applied": 2}
    assert library.open(stage.find("r"), is_going=False) is opened


def test_an_ended_run_that_got_another_result_is_read_again(stage: Stage) -> None:
    plan = stage.plan("r", ["1", "2"])
    library = Library()
    library.open(stage.find("r"), is_going=False)
    stage.settle("r", plan, ["1"])
    assert library.open(stage.find("r"), is_going=False).ledger.counts == {"created": 1, "not_applied": 1}


def test_a_going_run_is_not_read_at_every_glance(stage: Stage) -> None:
    plan, clock = stage.plan("r", ["1", "2", "3"]), Clock()
    library = Library(clock=clock)
    stage.settle("r", plan, ["1"])
    first = library.open(stage.find("r"), is_going=True)
    stage.settle("r", plan, ["2"])
    stage.intend("r", plan, ["3"])
    assert library.open(stage.find("r"), is_going=True) is first
    clock.now = FRESH_FOR_S + 0.1
    second = library.open(stage.find("r"), is_going=True)
    assert (first.ledger.counts["created"], second.ledger.counts["created"]) == (1, 2)
    (waiting,) = second.ledger.read(second.ledger.find(["waiting"]))
    assert waiting.reason == "sent, the answer is awaited"
    assert {outcome for _, outcome, _ in second.tally} == {Outcome.DONE, Outcome.NOT_APPLIED}
    ended = library.open(stage.find("r"), is_going=False)
    (doubtful,) = ended.ledger.read(ended.ledger.find(["doubtful"]))
    assert doubtful.reason == "the task died while it was being sent"


def test_the_least_recently_asked_for_is_dropped(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        stage.plan(name, ["1", "2"])
    for library in (Library(max_lines=4), Library(max_runs=2)):
        opened = {name: library.open(stage.find(name), is_going=False) for name in ("a", "b")}
        assert library.open(stage.find("a"), is_going=False) is opened["a"]
        library.open(stage.find("c"), is_going=False)
        assert library.open(stage.find("a"), is_going=False) is opened["a"]
        assert library.open(stage.find("b"), is_going=False) is not opened["b"]


def test_a_run_larger_than_the_bound_is_held_alone(stage: Stage) -> None:
    stage.plan("a", ["1", "2", "3"])
    library = Library(max_lines=1)
    opened = library.open(stage.find("a"), is_going=False)
    assert library.open(stage.find("a"), is_going=False) is opened


def test_the_plan_that_was_listed_and_written_last_counts(stage: Stage) -> None:
    stage.plan("r", ["1", "2"])
    stage.plan("r", ["3"], attempt="try2-b", listed_at=9.0)
    opened = Library().open(stage.find("r"), is_going=False)
    assert [entry.integration_id for entry in opened.ledger.read([0])] == ["3"]
    assert len(opened.plans) == 1


def test_a_journal_of_another_plan_is_an_error(stage: Stage) -> None:
    plan = stage.plan("r", ["1"])
    stage.intend("r", msgspec.structs.replace(plan, digest=plan.digest[:16] + "0" * 48), ["1"])
    with pytest.raises(StagingError, match="belongs to another plan"):
        Library().open(stage.find("r"), is_going=False)


def test_a_folder_that_is_no_run_is_none(stage: Stage) -> None:
    stage.root.child("dag", "r").write("notes.txt", b"x")
    assert fetch_run(stage.root, "dag", "r") == []
    assert fetch_run(stage.root, "_sites", "r") == []

"""What the list of a DAG's runs says of one."""

from __future__ import annotations

import pytest

from oduyo_provider.page.dag_view import RunItem, compute_dag_view, compute_item, sort_items
from oduyo_provider.page.going_wording import Sentence
from tests.unit.page.test_wording import STATES


@pytest.mark.parametrize("name", ["dry", "the first write waits"])
def test_what_was_only_planned_is_no_figure_of_the_list(name: str) -> None:
    facts = STATES[name][0]
    assert facts.report is not None
    assert facts.report.writes > 0
    item = compute_item(facts)
    assert (item.series, item.is_good, item.has_plan) == ({}, False, True)
    assert compute_dag_view("dag", [item])["columns"] == []


def make_item(run_id: str, tone: str, task: str = "", *, is_going: bool = False) -> RunItem:
    return RunItem(run_id=run_id, task=task, sentence=Sentence(tone, "", f"{run_id} {task}"), is_going=is_going)


def test_how_a_dag_stands_is_told_by_the_worst_task_of_the_run_that_goes_or_came_last() -> None:
    old, going = make_item("run1", "good", "b"), make_item("run1", "busy", "b", is_going=True)
    bad, warned, good = (make_item("run2", tone, tone) for tone in ("bad", "warn", "good"))
    latest = [(2.0, bad), (4.0, good), (3.0, warned)]
    assert sort_items([(1.0, old), *latest]) == [bad, warned, good, old]
    items = sort_items([*latest, (1.0, going), (1.5, make_item("run1", "good", "a"))])
    assert [item.run_id for item in items] == ["run1"] * 2 + ["run2"] * 3
    view = compute_dag_view("dag", items)
    assert (view["sentence"], view["before"]) == (going.sentence, bad.sentence), "before it came another run"

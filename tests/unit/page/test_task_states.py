"""A task with all its instances."""

from __future__ import annotations

from oduyo_provider.page.task_states import TaskState, gather_tasks


def make(index: int, state: str, started_at: float | None = 1.0, ended_at: float | None = None) -> TaskState:
    return TaskState("transform", index, state, started_at=started_at, ended_at=ended_at)


def test_a_mapped_task_sums_its_instances() -> None:
    (task,) = gather_tasks([make(0, "success"), make(1, "success"), make(2, "running"), make(3, "none", None)])
    assert (task.counts, task.done, task.instances) == ({"success": 2, "running": 1, "none": 1}, 2, 4)
    assert task.is_unfinished


def test_of_a_mapped_task_the_instance_whose_log_says_most_is_shown() -> None:
    (task,) = gather_tasks([make(0, "success"), make(2, "up_for_retry"), make(1, "failed"), make(3, "failed")])
    assert (task.map_index, task.state) == (1, "failed")
    (task,) = gather_tasks([make(0, "success"), make(1, "scheduled")])
    assert (task.map_index, task.state) == (1, "scheduled")
    (task,) = gather_tasks([make(1, "success"), make(0, "success")])
    assert (task.map_index, task.is_unfinished) == (0, False)


def test_it_began_with_its_first_instance_and_ended_with_its_last() -> None:
    (task,) = gather_tasks([make(0, "success", 5.0, 6.0), make(1, "success", 3.0, 9.0), make(2, "none", None)])
    assert (task.started_at, task.ended_at) == (3.0, 9.0)


def test_tasks_stand_in_the_order_in_which_they_started() -> None:
    found = gather_tasks([TaskState("c"), TaskState("b", started_at=2.0), TaskState("a", started_at=1.0)])
    assert [task.task_id for task in found] == ["a", "b", "c"]


def test_the_steps_stand_in_their_order_also_where_a_later_one_of_a_run_that_was_cleared_started_first() -> None:
    found = gather_tasks([TaskState("report", started_at=1.0), TaskState("load", started_at=2.0), TaskState("approve")])
    assert [task.task_id for task in found] == ["approve", "load", "report"]

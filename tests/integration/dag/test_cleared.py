"""A person clears a run, or marks tasks by hand: what was left before is not taken for what was made since."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import airflow
import pytest
from airflow.sdk.exceptions import AirflowFailException
from packaging.version import Version

from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.steps import transform
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, answer_approval, load_dag
from tests.conftest import Erp
from tests.integration.dag.clearing import ALL, go_on
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick

QUERY = "SELECT n AS integration_id, 'K.' || n AS code, 'A' AS status, text AS description FROM test.t"

#: Goes on with a run: ``again(run, clear, …)``, see :func:`go_on`.
Again = Callable[..., DagRunResult]


@pytest.fixture
def again(dags_folder: Path, staging: Path) -> Again:
    def go(made: DagRunResult, clear: tuple[str, ...], **options: Any) -> DagRunResult:
        return go_on(load_dag(dags_folder), made.run_id, staging, clear=clear, **options)

    return go


@pytest.fixture
def _four_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A side of more than forty rows is split into four."""
    monkeypatch.setenv("ODUYO_BUCKETS", "4")
    for module in ("staging.buckets", "site.ledger"):
        monkeypatch.setattr(f"oduyo_provider.sync.{module}.SINGLE_PARTITION_ROWS", 40)


def fill(erp: Erp, count: int, text: str) -> None:
    erp.run("DROP TABLE IF EXISTS test.t")
    erp.run(f"CREATE TABLE test.t AS SELECT n, '{text}' AS text FROM generate_series(1, {count}) AS n")


def answer(option: str) -> Callable[[], None]:
    """Answers approve as soon as it waits."""

    def give() -> None:
        with contextlib.suppress(Exception):  # it does not wait yet
            answer_approval("oduyo_special_codes", option)

    return give


@pytest.mark.usefixtures("_four_partitions")
def test_plans_of_instances_that_are_gone_are_not_applied(
    oduyo: Sandbox,
    erp: Erp,
    set_oduyo: Callable[..., None],
    run_special_codes: RunSpecialCodes,
    again: Again,
) -> None:
    def break_login(dag: Any) -> None:
        dag.task_dict["load"].on_execute_callback = [lambda _: set_oduyo(password="wrong")]

    fill(erp, 60, "old")
    made = run_special_codes(query=QUERY, change=break_login)
    assert (made.tasks["transform"], made.tasks["load"]) == (["success"] * 4, ["failed"])
    set_oduyo()
    fill(erp, 20, "new")
    made = again(made, ALL)
    assert made.tasks["transform"] == ["success"] + ["removed"] * 3
    if Version(airflow.__version__) < Version("3.3"):  # it takes the instances that are gone for undone ones
        assert (made.state, made.tasks["guard"], oduyo.records()) == ("failed", ["None"], [])
        return
    assert pick(made.report) == {"extracted": 20, "created": 20}
    assert Counter(record["description"] for record in oduyo.records()) == {"new": 20}


def test_a_green_run_that_fails_when_it_is_cleared_is_red(
    oduyo: Sandbox, set_oduyo: Callable[..., None], run_special_codes: RunSpecialCodes, again: Again, erp: Erp
) -> None:
    made = run_special_codes(query=make_query(3))
    assert made.state == "success"
    set_oduyo(password="wrong")
    made = again(made, ALL)
    assert (made.state, made.tasks["snapshot"], made.tasks["report"]) == ("failed", ["failed"], ["failed"])
    assert made.report["faults"] == ["reading"]
    assert pick(made.report) == {}


def test_a_plan_that_is_rejected_when_the_run_is_cleared_makes_it_red(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again
) -> None:
    oduyo.seed(make_records(20, description="by hand"))
    made = run_special_codes({"on_unsafe": "ask"}, query=make_query(20), between=answer("Approve"))
    assert made.state == "success", made.error
    made = again(made, ("approve", "load", "report"), between=answer("Reject"))
    assert (made.state, made.tasks["load"], made.tasks["report"]) == ("failed", ["skipped"], ["failed"])
    assert made.report["faults"] == ["applying"]


@pytest.mark.usefixtures("_four_partitions")
def test_of_a_plan_whose_partition_was_marked_by_hand_nothing_is_written(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = transform.transform

    def fail_once(step: Any, part: Reference) -> Reference:
        if part["partition"] == 1:
            raise MemoryError
        return real(step, part)

    fill(erp, 60, "text")
    with monkeypatch.context() as patch:
        patch.setattr(transform, "transform", fail_once)
        made = run_special_codes(query=QUERY)
    assert made.tasks["transform"] == ["success", "failed", "success", "success"]
    made = again(made, ALL[3:], mark={"transform": "success"})
    assert made.error.startswith("The plan is not whole: the step transform left that of 3 of 4 partitions")
    assert {type(error) for error in made.errors} == {AirflowFailException}
    assert made.report["faults"] == ["comparing"]
    assert count_writes(oduyo) == 0


@pytest.mark.parametrize(("marked", "stopped"), [("snapshot", "extract"), ("transform", "guard"), ("guard", "approve")])
def test_a_step_that_was_marked_by_hand_is_named_by_the_next_one_once(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, marked: str, stopped: str
) -> None:
    made = run_special_codes(query=make_query(3), marked=marked, retries=None)
    assert (made.tasks[stopped], made.tries[stopped], made.state) == (["failed"], 1, "failed")
    assert made.error.startswith(f"The step {marked} left no result to go on with")
    assert f"Clear the run from {marked}" in made.error
    assert made.xcoms[f"{stopped}.error"] == [made.error]
    assert count_writes(oduyo) == 0


def test_a_report_whose_steps_left_nothing_any_more_says_so_and_leaves_the_figures_as_they_were(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again
) -> None:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    made = run_special_codes(query=make_query(3))
    before = (made.folder / "report.json").read_bytes()
    with create_session() as session:  # as airflow db clean does
        session.execute(delete(XComModel).where(XComModel.run_id == made.run_id))
    for named in ("snapshot", "extract"):
        made = again(made, ("report",))
        assert made.error.startswith(f"The step {named} left no result to go on with")
        assert (made.state, (made.folder / "report.json").read_bytes()) == ("failed", before)
        again(made, ("snapshot",))
    made = again(made, ALL)
    assert (made.state, pick(made.report), count_writes(oduyo)) == ("success", {"extracted": 3, "unchanged": 3}, 3)


def test_a_release_is_for_the_plan_that_was_looked_at_and_for_no_later_one_of_its_run(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again
) -> None:
    fill(erp, 30, "text")
    conf = {"on_missing": "delete", "missing_runs": 1, "release": ["retired", "retired_pair", "retired_week"]}
    assert run_special_codes(query=QUERY).state == "success"
    fill(erp, 18, "text")
    made = run_special_codes(conf, query=QUERY)
    assert (made.state, made.report["deleted"]) == ("success", 12)
    fill(erp, 1, "text")
    made = again(made, ALL)
    assert made.error.startswith("Stopped before any write. retired: 17 records")
    assert "What this run releases was for what it compared before (plan 2)" in made.error
    assert len(oduyo.records()) == 18


def test_a_decision_on_an_earlier_plan_is_not_applied(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again
) -> None:
    fill(erp, 3, "old")
    made = run_special_codes(query=QUERY, marked="load")
    fill(erp, 3, "new")
    again(made, ALL[:3])
    made = again(made, ("load", "report"))
    assert (made.tasks["guard"], made.tasks["load"], made.tasks["report"]) == (["success"], ["failed"], ["failed"])
    assert made.error.startswith("The step guard left no result to go on with")
    assert made.report["faults"] == ["stopped"]
    assert count_writes(oduyo) == 0


def switch_dry_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the default of the param: a run whose conf does not say otherwise has it from its next task on."""
    monkeypatch.setenv("ODUYO_PARAMS", '{"dry_run": true}')


def test_a_plan_is_not_sent_once_dry_run_is_switched_on(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run_special_codes(query=make_query(3), marked="load")
    with monkeypatch.context() as patch:
        switch_dry_run_on(patch)
        made = again(made, ("load", "report"))
    assert (made.tasks["load"], made.report["faults"], count_writes(oduyo)) == (["skipped"], ["applying"], 0)
    assert "Nothing is sent: dry_run is on." in made.log
    made = again(made, ("load", "report"))
    assert (made.state, pick(made.report)) == ("success", {"extracted": 3, "created": 3})


def test_a_run_that_has_written_is_never_called_dry(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run_special_codes(query=make_query(3))
    switch_dry_run_on(monkeypatch)
    made = again(made, ALL[3:])
    assert pick(made.report) == {"extracted": 3, "created": 3}  # dry_run would be one of these


def test_a_plan_that_becomes_a_dry_run_in_guard_is_green(
    oduyo: Sandbox, erp: Erp, run_special_codes: RunSpecialCodes, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run_special_codes(query=make_query(3), marked="guard")
    switch_dry_run_on(monkeypatch)
    made = again(made, ALL[3:])
    assert (made.state, made.report["dry_run"], made.report["faults"]) == ("success", True, [])
    assert count_writes(oduyo) == 0


def test_a_run_asks_a_person_about_one_plan_alone(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, again: Again
) -> None:
    """Airflow shows the question of the first try to the end of the run, whatever a later one asks."""
    oduyo.seed(make_records(20, description="eski"))
    fill(erp, 20, "yeni")
    shown: list[str] = []

    def give(option: str) -> Callable[[], None]:
        def act() -> None:
            with contextlib.suppress(Exception):  # it does not wait yet
                shown.append(answer_approval("oduyo_special_codes", option)["body"])

        return act

    made = run_special_codes({"on_unsafe": "ask"}, query=QUERY, between=give("Reject"))
    assert "'eski' → 'yeni'" in shown[0]
    made = again(made, ("guard", *ALL[4:]), between=give("Reject"))  # the same plan once more
    assert (made.tasks["approve"], len(shown), shown[1]) == (["success"], 2, shown[0])

    fill(erp, 20, "başka")
    made = again(made, ALL, between=give("Approve"))
    assert (made.state, made.tasks["guard"], len(shown), count_writes(oduyo)) == ("failed", ["failed"], 2, 0)
    assert "This run has asked a person about an earlier plan, and Airflow goes on showing that question" in made.log
    made = run_special_codes({"on_unsafe": "ask"}, query=QUERY, between=give("Approve"))
    assert (made.state, pick(made.report)["updated"]) == ("success", 20)
    assert "'eski' → 'başka'" in shown[2]

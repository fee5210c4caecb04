"""The DAG ``oduyo_site_check`` and the hook's ``check_site``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.hooks.oduyo import OduyoHook
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, load_dag, run_dag
from tests.conftest import ROOT
from tests.integration.check.checker import read, seed

Run = Callable[..., DagRunResult]


@pytest.fixture
def dag() -> Any:
    return load_dag(ROOT / "dags", "oduyo_site_check")


@pytest.fixture
def run_check(airflow_db: None, dag: Any, staging: Path) -> Run:
    """Runs the DAG with the fields of its form."""
    return lambda **form: run_dag(dag, form, staging)


def test_the_dag_runs_by_hand_only_and_reads_only_unless_it_is_told_otherwise(dag: Any) -> None:
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == (None, False, 1)
    assert dag.params.dump() == {"write": False, "resource": "special_codes"}
    assert dag.params.get_param("resource").schema["enum"] == [resource.plural for resource in RESOURCES]
    (task,) = dag.tasks
    assert (task.task_id, task.retries) == ("check", 0)
    assert "ODUYO-CHECK-" in dag.doc_md


def test_a_check_by_the_dag_writes_nothing_and_returns_a_line(oduyo: Sandbox, run_check: Run) -> None:
    seed(oduyo)
    made = run_check()
    assert made.state == "success", made.error
    (result,) = made.xcoms["check"]
    assert result["answers"] > 20
    assert result["summary"].startswith(f"{result['answers']} questions answered; ")
    assert oduyo.writes() == []
    assert "Does a second login of the same user end the first session?" in made.log


def test_with_write_the_dag_tries_a_record_of_the_resource_that_is_named(oduyo: Sandbox, run_check: Run) -> None:
    name = "erp_project_code"
    oduyo.create(resource=name, integration_id="E1", status="1")
    made = run_check(write=True, resource="project_codes")
    assert made.state == "success", made.error
    assert {entry["resource"] for entry in oduyo.writes()} == {name}
    assert len(oduyo.records(name)) == 1


def test_a_refused_login_is_red_at_once_and_says_why(
    oduyo: Sandbox, set_oduyo: Callable[..., None], run_check: Run
) -> None:
    set_oduyo(password="yanlış")
    made = run_check()
    assert (made.state, made.tries["check"]) == ("failed", 1)
    assert "Ödüyo refused the login" in made.error


def test_a_form_that_airflow_does_not_pass_on_is_told(
    oduyo: Sandbox, run_check: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS", "False")
    made = run_check(write=True)
    assert made.state == "failed"
    assert "conf sets write" in made.error
    assert oduyo.counts()["requests"] == 0


def test_a_param_that_there_is_not_is_named_before_anything_is_asked(oduyo: Sandbox, run_check: Run) -> None:
    made = run_check(wirte=True)
    assert made.state == "failed"
    assert "wirte is not a param (is write meant?). Correct them and trigger the run again" in made.error
    assert oduyo.counts()["requests"] == 0


def test_the_hook_checks_and_returns_the_answers(oduyo: Sandbox, staging: Path) -> None:
    seed(oduyo)
    check = OduyoHook().check_site()
    assert read(check)["login"] == ("found",)
    assert oduyo.writes() == []
    assert OduyoHook().check_site(write=True).partial_updates is True
    assert list(staging.rglob("check.json"))


def test_the_hook_raises_what_airflow_does_not_try_again(oduyo: Sandbox, staging: Path) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    oduyo.set_habits("login_fails=423")
    with pytest.raises(AirflowFailException, match="Hesabınız kilitlendi"):
        OduyoHook().check_site()

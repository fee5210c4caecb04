"""The DAG as Airflow sees it: names, order, params, schedule."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.resources import RESOURCES
from tests.airflow_run import load_dag
from tests.conftest import ROOT

DAGS = ROOT / "dags"

PARAMS = {
    "erp_query": "dia_postgres",
    "sync_mode": "upsert",
    "on_missing": "keep",
    "dry_run": False,
    "missing_runs": 2,
    "adopt": False,
    "resend_refused": False,
    "source": None,
    "max_missing_percent": 10,
    "max_update_percent": 50,
    "max_rejected_percent": 5,
    "on_unsafe": "fail",
    "release": [],
}


@pytest.fixture
def dag() -> Any:
    return load_dag(DAGS)


def read_bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=DAGS, bundle_name="dags-folder")


@pytest.mark.parametrize(
    ("named", "dag_ids"),
    [
        ("", ["oduyo_special_codes"]),
        (" ", ["oduyo_special_codes"]),
        (" ,", ["oduyo_special_codes"]),
        ("special_codes", ["oduyo_special_codes"]),
        ("bank_accounts", ["oduyo_bank_accounts"]),
        (" services , special_codes,", ["oduyo_services", "oduyo_special_codes"]),
        (",".join(resource.plural for resource in RESOURCES), sorted(f"oduyo_{item.plural}" for item in RESOURCES)),
    ],
)
def test_the_dags_are_those_of_the_resources_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, named: str, dag_ids: list[str]
) -> None:
    monkeypatch.setenv("ODUYO_RESOURCES", named)
    bag = read_bag()
    assert (bag.import_errors, sorted(bag.dags)) == ({}, sorted([*dag_ids, "oduyo_site_check"]))


def test_an_unknown_resource_is_an_import_error_that_names_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ODUYO_RESOURCES", "special_codes,banka")
    bag = read_bag()
    assert list(bag.dags) == ["oduyo_site_check"]
    for error in bag.import_errors.values():
        assert (
            "ODUYO_RESOURCES names banka, which is no resource. Write some of special_codes, bank_accounts, " in error
        )


def test_a_further_resource_has_its_own_operator_queries_schedule_and_params(monkeypatch: pytest.MonkeyPatch) -> None:
    from oduyo_provider.core.resources import LEDGER_ACCOUNT
    from oduyo_provider.observability.asset import ASSETS

    monkeypatch.setenv("ODUYO_RESOURCES", "bank_accounts,ledger_accounts")
    monkeypatch.setenv("ODUYO_SCHEDULE", "@hourly")
    monkeypatch.setenv("ODUYO_PARAMS", '{"erp_query": "logo_mssql"}')
    monkeypatch.setenv("ODUYO_SCHEDULE_LEDGER_ACCOUNTS", "@weekly")
    monkeypatch.setenv("ODUYO_PARAMS_LEDGER_ACCOUNTS", '{"on_missing": "deactivate"}')
    bag = read_bag()
    other, dag = bag.dags["oduyo_bank_accounts"], bag.dags["oduyo_ledger_accounts"]
    assert (other.schedule, dag.schedule) == (None, "@weekly")
    assert (other.params["on_missing"], dag.params["on_missing"]) == ("keep", "deactivate")
    assert dag.params["erp_query"] == "erp"
    assert dag.params.get_param("erp_query").schema["enum"] == ["erp"]
    assert dag.task_dict["load"].resource is LEDGER_ACCOUNT
    assert dag.task_dict["load"].source_query == f"{DAGS}/sql/ledger_accounts/{{{{ params.erp_query }}}}.sql"
    assert dag.task_dict["report"].outlets == [ASSETS["erp_muhCode"][1]]


def test_the_steps_follow_each_other_as_promised(dag: Any) -> None:
    downstream = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert downstream == {
        "snapshot": ["extract"],
        "extract": ["transform"],
        "transform": ["guard"],
        "guard": ["approve", "load"],
        "approve": ["load"],
        "load": ["report"],
        "report": [],
    }
    assert [task.task_id for task in dag.tasks if task.is_mapped] == ["transform"]
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks if task.trigger_rule.value != "all_success"}
    assert rules == {"load": "none_failed", "report": "all_done"}


def test_runs_come_daily_one_at_a_time_and_none_is_made_up_for(dag: Any) -> None:
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == ("@daily", False, 1)
    assert all(task.retries == 3 and task.retry_delay == timedelta(minutes=1) for task in dag.tasks)
    assert dag.doc_md


@pytest.mark.parametrize(("text", "retries"), [("28", 28), ("0", 0), (" ", 3)])
def test_a_night_s_outage_takes_as_many_tries_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, text: str, retries: int
) -> None:
    monkeypatch.setenv("ODUYO_RETRIES", text)
    assert {task.retries for task in load_dag(ROOT / "dags").tasks} == {retries}


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "101"])
def test_a_number_of_tries_that_is_none_is_the_dag_s_import_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ODUYO_RETRIES", text)
    with pytest.raises(
        AssertionError, match=rf"ODUYO_RETRIES is \\\\?.{re.escape(text)}\\\\?.: set it to a whole number from 0 to 100"
    ):
        load_dag(ROOT / "dags")


def test_the_params_are_those_of_the_contract(dag: Any) -> None:
    from oduyo_provider.core.params import PARAM_NAMES

    params = dag.params.dump()
    assert {name: params[name] for name in PARAMS} == PARAMS
    assert set(params) == set(PARAM_NAMES)
    assert all(dag.params.get_param(name).description for name in params)
    assert (
        sorted(path.stem for path in (DAGS / "sql").glob("*.sql")) == dag.params.get_param("erp_query").schema["enum"]
    )
    in_front = [name for name in params if not dag.params.get_param(name).schema.get("section")]
    assert in_front[:4] == ["erp_query", "sync_mode", "on_missing", "dry_run"]


def test_every_field_of_the_form_has_a_title_an_explanation_and_named_choices(dag: Any) -> None:
    sections: dict[str, list[str]] = {}
    titles = set()
    for name in dag.params:
        schema = dag.params.get_param(name).schema
        titles.add(schema["title"])
        sections.setdefault(schema.get("section") or "", []).append(name)
        assert dag.params.get_param(name).description.endswith(".")
        if "enum" in schema and name != "erp_query":
            assert list(schema["values_display"]) == schema["enum"]
    assert len(titles) == len(dag.params)
    assert list(sections) == [
        "",
        "What to do: whose records",
        "Safety: when to stop before any write",
        "What to read: texts",
    ]
    assert sections[""] == ["erp_query", "sync_mode", "on_missing", "dry_run"]


def test_every_task_says_what_it_does(dag: Any) -> None:
    assert all(40 < len(task.doc_md) < 400 for task in dag.tasks)
    assert all(f"**{task.task_id}**" in dag.doc_md for task in dag.tasks)


def test_the_defaults_of_the_form_are_those_of_the_run(dag: Any) -> None:
    from oduyo_provider.core.params import RunParams, parse_params

    assert parse_params(dag.params.dump()) == RunParams() == parse_params({})


def test_oduyo_params_sets_other_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"erp_query": "logo_postgres", "on_missing": "deactivate", "max_missing_percent": 25, "dry_run": True}
    monkeypatch.setenv("ODUYO_PARAMS", json.dumps(changed))
    assert load_dag(DAGS).params.dump() == {**load_dag_params_without(monkeypatch), **changed}


def load_dag_params_without(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        patch.delenv("ODUYO_PARAMS")
        return dict(load_dag(DAGS).params.dump())


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("{dry_run: true}", ["ODUYO_PARAMS is no JSON object", "Write one into it", '{"on_missing": "deactivate"}']),
        ('["dry_run"]', ["ODUYO_PARAMS is no JSON object", "Write one into it", '{"on_missing": "deactivate"}']),
        ("null", ["ODUYO_PARAMS is no JSON object"]),
        ("5", ["ODUYO_PARAMS is no JSON object"]),
        ('{"dryrun": true}', ["ODUYO_PARAMS", "dryrun is not a param", "Correct it on all machines."]),
        ('{"on_missing": "sil"}', ["ODUYO_PARAMS", "on_missing cannot be 'sil'", "one of keep, deactivate, delete"]),
        ('{"release": ["updates"]}', ["ODUYO_PARAMS", "sets release, which is for one run"]),
        ('{"max_update_ratio": 0.2}', ["ODUYO_PARAMS", "is max_update_percent meant?"]),
        (
            '{"erp_query": "yok"}',
            ["no query yok.sql in the DAG's folder of queries, only dia_postgres, ", "ODUYO_PARAMS"],
        ),
    ],
)
def test_a_wrong_oduyo_params_is_an_import_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, text: str, facts: list[str]
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("ODUYO_PARAMS", text)
    (error,) = DagBag(dag_folder=DAGS, bundle_name="dags-folder").import_errors.values()
    last = error.strip().splitlines()[-1]
    assert all(fact in last for fact in facts), last
    assert "trigger the run again" not in last


@pytest.mark.parametrize(
    ("text", "schedule"), [("0 5 * * 1-5", "0 5 * * 1-5"), ("", None), (" ", None), ("@once", "@once")]
)
def test_oduyo_schedule_sets_the_schedule(monkeypatch: pytest.MonkeyPatch, text: str, schedule: str | None) -> None:
    monkeypatch.setenv("ODUYO_SCHEDULE", text)
    assert load_dag(DAGS).schedule == schedule


def test_a_dag_can_be_scheduled_on_assets_as_long_as_the_variable_does_not_say_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk import Asset

    from oduyo_provider.dag.build import build_dag

    ready = Asset("erp_is_ready")
    monkeypatch.delenv("ODUYO_SCHEDULE", raising=False)
    assert build_dag("special_codes", DAGS / "sql", schedule=[ready]).schedule == [ready]
    monkeypatch.setenv("ODUYO_SCHEDULE", "@hourly")
    assert build_dag("special_codes", DAGS / "sql", schedule=[ready]).schedule == "@hourly"


@pytest.mark.parametrize(("ending", "text"), [("", "None"), ("", "'@daily'"), ("_BANK_ACCOUNTS", "99 * * * *")])
def test_a_wrong_schedule_is_an_import_error_that_names_its_variable_and_what_to_write(
    monkeypatch: pytest.MonkeyPatch, ending: str, text: str
) -> None:
    monkeypatch.setenv("ODUYO_RESOURCES", "special_codes,bank_accounts")
    monkeypatch.setenv(f"ODUYO_SCHEDULE{ending}", text)
    (error,) = read_bag().import_errors.values()
    last = error.strip().splitlines()[-1]
    assert f"{text!r} is no schedule" in last
    assert f"Set the environment variable ODUYO_SCHEDULE{ending} to a cron line or preset, such as 0 2 * * * or" in last


NEXT_RUN = """
import datetime, inspect, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

bag = DagBag(dag_folder=sys.argv[1], bundle_name="dags-folder")
dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["oduyo_special_codes"]))
last = next(iter(inspect.signature(dag.next_dagrun_info).parameters))  # before Airflow 3.3 it is called otherwise
print(dag.next_dagrun_info(**{last: None}).run_after.astimezone(datetime.timezone.utc).isoformat())
"""


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("Europe/Istanbul", "23:00:00+00:00"), ("utc", "02:00:00+00:00"), ("Asia/Tokyo", "17:00:00+00:00")],
)
def test_d2_the_schedule_is_in_the_time_zone_that_airflow_is_set_to(zone: str, hour: str) -> None:
    settings = {"AIRFLOW__CORE__DEFAULT_TIMEZONE": zone, "ODUYO_SCHEDULE": "0 2 * * *"}
    told = subprocess.run(
        [sys.executable, "-c", NEXT_RUN, str(DAGS)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split("T")[-1].strip() == hour


def test_the_dag_tells_of_its_asset_and_of_how_a_run_ends(dag: Any) -> None:
    from oduyo_provider.observability.alert import announce_failure, announce_success
    from oduyo_provider.observability.asset import SPECIAL_CODES, SPECIAL_CODES_UPDATES

    read = {task.task_id: task.inlets for task in dag.tasks if task.inlets}
    updated = {task.task_id: task.outlets for task in dag.tasks if task.outlets}
    assert (read, updated) == ({"snapshot": [SPECIAL_CODES]}, {"report": [SPECIAL_CODES_UPDATES]})
    report = dag.task_dict["report"]
    assert (report.on_failure_callback, report.on_success_callback) == ([announce_failure], [announce_success])


PARSE = """
import sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[1], bundle_name="dags-folder")
assert not bag.import_errors and bag.dags, bag.import_errors
print(*sorted(sys.modules))
"""


def test_d4_parsing_the_dag_files_imports_nothing_that_only_tasks_need() -> None:
    parsed = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS)],
        env={**os.environ, "ODUYO_RESOURCES": "special_codes,bank_accounts"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(parsed.stdout.split())
    assert "oduyo_provider.operators.special_code" in imported
    only_tasks = ("aiohttp", "requests", "boto3", "airflow.providers.http.hooks", "airflow.providers.common.sql.hooks")
    only_tasks += ("oduyo_provider.sync.apply", "oduyo_provider.sync.steps", "oduyo_provider.api")
    only_tasks += ("oduyo_provider.erp.query", "oduyo_provider.erp.cursor", "oduyo_provider.hooks.oduyo")
    assert [name for name in imported if f"{name}.".startswith(tuple(f"{start}." for start in only_tasks))] == []


def test_the_dag_serialises(dag: Any) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    text = json.dumps(DagSerialization.to_dict(dag))
    assert len(text) < 60_000
    assert Path.home().as_posix() not in text or Path.home() in ROOT.parents

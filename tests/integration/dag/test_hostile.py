"""Everything that users get wrong: each ends in one paragraph that names the cause and the next step, and in no write."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query

pytestmark = pytest.mark.usefixtures("erp")

SetOduyo = Callable[..., None]
HTML = "<html><body>Hoş geldiniz</body></html>"


def assert_stopped(made: DagRunResult, oduyo: Sandbox, task: str, *facts: str, logins: int = 1, tries: int = 1) -> None:
    assert made.state == "failed"
    assert made.tasks[task] == ["failed"]
    assert made.tries[task] == tries
    for fact in facts:
        assert fact in made.error
    assert "\n" not in made.error
    assert 60 < len(made.error) < 1000
    assert made.error.rstrip().endswith((".", ")"))
    assert oduyo.log()["counters"]["login"] <= logins
    assert count_writes(oduyo) == 0
    assert oduyo.records() == []


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"password": "yanlış-parola"}, 401),
        ({"password": "yanlış-parola"}, 200),
        ({"api_key": "baska-anahtar-1"}, 403),
        ({"login": "baskasi"}, 401),
    ],
)
def test_a_refused_login_is_asked_for_once(
    oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes, wrong: dict[str, str], refusal: int
) -> None:
    oduyo.set_readings(login_refusal=refusal)
    set_oduyo(**wrong)
    made = run_special_codes(retries=None)
    user = wrong.get("login", "muhasebe")
    facts = ("refused the login", f"'{user}'", "Check login, password and api_key of the connection", "Ödüyo panel")
    assert_stopped(made, oduyo, "snapshot", *facts)
    assert not [value for value in wrong.values() if value != user and value in made.error]


@pytest.mark.parametrize("status", [401, 403])
def test_sessions_that_are_never_accepted_end_after_four_logins(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, status: int
) -> None:
    body = '{"status": false, "message": "Yetkisiz erişim"}'
    oduyo.set_faults(
        {"call": "list", "kind": "status", "status": status, "body": body, "content_type": "application/json"}
    )
    made = run_special_codes(retries=None)
    facts = ("accepted the login, but then refused 4 fresh sessions", "a user of its own", "check its rights")
    assert_stopped(made, oduyo, "snapshot", *facts, logins=4)


def test_a_port_where_nothing_listens(oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes) -> None:
    set_oduyo(host="https://127.0.0.1:1")
    made = run_special_codes()
    assert_stopped(made, oduyo, "snapshot", "127.0.0.1:1 cannot be reached", "Check host and port of the connection")


def test_a_host_name_that_nobody_knows(oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes) -> None:
    set_oduyo(host="https://firma.oduyo.invalid")
    made = run_special_codes()
    assert_stopped(made, oduyo, "snapshot", "firma.oduyo.invalid cannot be reached", "Check host and port")


@pytest.mark.parametrize("status", [200, 404])
def test_a_web_page_in_place_of_the_api(oduyo: Sandbox, run_special_codes: RunSpecialCodes, status: int) -> None:
    oduyo.set_faults({"call": "login", "kind": "html", "status": status, "body": HTML})
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", "as the Ödüyo API does", f"HTTP {status}", "Check host, port and path")


@pytest.mark.parametrize("status", [200, 301])
def test_a_web_page_behind_a_good_login_is_a_lost_answer_and_tried_again(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, status: int
) -> None:
    oduyo.set_faults({"call": "list", "kind": "html", "status": status, "body": HTML})
    made = run_special_codes(retries=1)
    assert (made.state, made.tasks["snapshot"], made.tries["snapshot"]) == ("failed", ["failed"], 2)
    assert f"HTTP {status}" in made.error
    assert oduyo.log()["counters"]["create"] == 0


def test_a_path_that_is_another_program_s(
    oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes
) -> None:
    set_oduyo(host=f"{oduyo.url}/panel")
    made = run_special_codes(retries=None)
    assert_stopped(
        made, oduyo, "snapshot", "/panel/api/v1/ws/login does not answer as the Ödüyo API does", "Check host"
    )


def test_plain_http_to_another_machine(oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes) -> None:
    set_oduyo(host="http://firma.oduyo.example")
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", "plain http", "use https", "allow_plain_http", logins=0)


def test_all_faults_of_the_connection_are_named_together(
    oduyo: Sandbox, set_oduyo: SetOduyo, run_special_codes: RunSpecialCodes
) -> None:
    set_oduyo(host="", password="", api_key="", timeout_s="çok", max_concurrency=0)
    made = run_special_codes(retries=None)
    facts = (
        "host is missing",
        "password is missing",
        "api_key is missing",
        "timeout_s must be",
        "max_concurrency must be",
    )
    assert_stopped(made, oduyo, "snapshot", *facts, "Admin, Connections", logins=0)


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        ("SELECT 1 AS integration_id, 'x' AS description", ['no column "code"', "test_query.sql", "by alias (kod AS code)"]),
        ("SELECT 1 AS integration_id, 'x' AS code, 'y' AS renk", ['"renk", which no field is called', "The fields of"]),
        ("SELECT 1 AS _key, 'x' AS kod", ['no column "integration_id", "code"', 'returns "_key", "kod"']),
        ("SELEC 1", ["does not accept test_query.sql", "syntax error", "Try test_query.sql in an SQL client"]),
        ("SELECT 1 AS integration_id, kod AS code FROM test.yok", ['"test.yok" does not exist', "Correct it"]),
        ("SELECT 1 AS integration_id, 'x' AS code; DELETE FROM erp.sis_ozelkod", ["More than one statement", "one SELECT"]),
        ("UPDATE erp.sis_ozelkod SET kod = ''", ["test_query.sql", "SELECT"]),
        ("SELECT n / (n - 1500) AS integration_id, 'x' AS code FROM generate_series(1, 3000) n", ["division by zero", "test_query.sql"]),
    ],
)  # fmt: skip
def test_a_wrong_query(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, query: str, facts: list[str]
) -> None:
    made = run_special_codes(query=query, retries=None)
    assert_stopped(made, oduyo, "extract", *facts)
    assert "reading Ödüyo or the ERP failed" in str(made.errors[-1])


def test_a_query_of_comments_only_is_refused_before_anything_is_read(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes(query="-- SELECT YOUR_COLUMN AS integration_id", retries=None)
    facts = ("test_query.sql holds only comments", "Write one SELECT into it")
    assert_stopped(made, oduyo, "snapshot", *facts, logins=0)


@pytest.mark.parametrize(
    ("conn_id", "fact"), [("erp_default", "the ERP's database"), ("oduyo_default", "its user and its API key")]
)
def test_a_connection_that_is_not_there(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, conn_id: str, fact: str
) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{conn_id.upper()}")
    made = run_special_codes(retries=None)
    facts = (f"There is no connection '{conn_id}'", fact, "Admin, Connections", f"AIRFLOW_CONN_{conn_id.upper()}")
    assert_stopped(made, oduyo, "snapshot", *facts, logins=0)


@pytest.mark.parametrize(
    "written", ['{"conn_type": "oduyo", "password": "gizli"', '{"conn_type": "oduyo", "passwort": "gizli"}']
)
def test_a_connection_that_is_written_wrongly_is_not_said_to_be_missing(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ODUYO_DEFAULT", written)
    made = run_special_codes(retries=None)
    # From 3.3 on Airflow logs what it could not read besides; that names no connection.
    made.errors[:] = [error for error in made.errors if not isinstance(error, (json.JSONDecodeError, TypeError))]
    facts = ("cannot read the connection 'oduyo_default'", "AIRFLOW_CONN_ODUYO_DEFAULT", "JSON object")
    assert_stopped(made, oduyo, "snapshot", *facts, logins=0)
    assert "gizli" not in made.error


@pytest.mark.parametrize(
    ("connection", "facts"),
    [
        ({"conn_type": "http", "host": "erp"}, ["'erp_default' gives a HttpHook, which reads no database", "ERP_CONN_ID"]),
        ({"conn_type": "oduyo", "host": "erp"}, ["'erp_default' gives a OduyoHook, which reads no database"]),
        ({"conn_type": "nebim", "host": "erp"}, ["is of the type 'nebim'", "Install the provider"]),
    ],
)  # fmt: skip
def test_an_erp_connection_that_is_no_database(
    oduyo: Sandbox,
    run_special_codes: RunSpecialCodes,
    monkeypatch: pytest.MonkeyPatch,
    connection: dict[str, str],
    facts: list[str],
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ERP_DEFAULT", json.dumps(connection))
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", *facts, logins=0)


@pytest.mark.parametrize(
    ("changes", "facts", "tries"),
    [
        (
            {"schema": "yok"},
            ['database "yok" does not exist', "Correct host, port, database, user, password or extra"],
            1,
        ),
        ({"login": "yok"}, ['role "yok" does not exist', "Correct host, port, database, user, password or extra"], 1),
        ({"host": "127.0.0.1", "port": 1}, ["cannot be opened", "127.0.0.1", "is tried again"], 2),
    ],
)
def test_an_erp_database_that_cannot_be_opened(
    erp: Erp,
    oduyo: Sandbox,
    run_special_codes: RunSpecialCodes,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    facts: list[str],
    tries: int,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ERP_DEFAULT", json.dumps({**erp.server.connection, **changes}))
    made = run_special_codes(retries=1)
    assert_stopped(made, oduyo, "extract", *facts, tries=tries)


@pytest.mark.parametrize("name", ["yok", "../../etc/passwd", ""])
def test_a_query_that_is_not_in_the_folder_is_refused_when_the_run_is_triggered(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, name: str
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    # Airflow before 3.3 raises the bare ValueError.
    with pytest.raises((ParamValidationError, ValueError), match="erp_query"):
        run_special_codes({"erp_query": name})
    assert oduyo.log()["counters"]["login"] == 0


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..", "a\0b"])
def test_a_query_name_that_leads_out_of_the_folder_is_refused_where_the_form_lets_it_through(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, name: str
) -> None:
    def open_form(dag: Any) -> None:
        for owner in [dag, *(task for task in dag.tasks if "erp_query" in task.params)]:
            owner.params.get_param("erp_query").schema.pop("enum", None)

    made = run_special_codes({"erp_query": name}, change=open_form, retries=None)
    assert_stopped(made, oduyo, "snapshot", "There is no query ", "dia_postgres, ", "as erp_query", logins=0)


def test_a_query_that_this_worker_has_not(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, dags_folder: Path
) -> None:
    made = run_special_codes(change=lambda _dag: (dags_folder / "sql" / "dia_postgres.sql").unlink(), retries=None)
    facts = ("no query 'dia_postgres'", "logo_postgres", "on all workers")
    assert_stopped(made, oduyo, "snapshot", *facts, logins=0)


def test_c6_a_query_that_is_not_in_utf_8_says_how_to_save_it(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, dags_folder: Path
) -> None:
    text = "SELECT 1 AS integration_id, 'ŞUBE' AS code"
    (dags_folder / "sql" / "dia_postgres.sql").write_text(text, encoding="cp1254")
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", "is not UTF-8, perhaps windows-1254", "Save it as UTF-8", logins=0)


@pytest.mark.parametrize("name", ["logo_şirket.sql", "logo.şube.sql", "KOD.SQL"])
def test_c6_what_the_form_offers_is_what_a_run_takes(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, dags_folder: Path, name: str
) -> None:
    text = "\ufeffSELECT 1 AS integration_id, 'ŞUBE' AS code"
    (dags_folder / "sql" / name).write_text(text, encoding="utf-8")
    made = run_special_codes({"erp_query": name[: -len(".sql")]})
    assert made.state == "success", made.error
    assert [record["code"] for record in oduyo.records()] == ["ŞUBE"]


@pytest.mark.parametrize("text", ["0", "1001", "yedi"])
def test_a_wrong_number_of_buckets(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("ODUYO_BUCKETS", text)
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", f"ODUYO_BUCKETS is '{text}'", "a whole number from 1 to 1000", logins=0)


def test_a_staging_path_that_cannot_be_written(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "dosya").touch()
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(tmp_path / "dosya" / "staging"))
    made = run_special_codes()
    assert_stopped(
        made, oduyo, "snapshot", str(tmp_path / "dosya"), "mend its rights", "ODUYO_STAGING_PATH", "Nothing is lost"
    )


@pytest.mark.parametrize("place", ["gopher://depo/staging", "gs://depo/staging"])
def test_a_staging_path_in_a_store_that_cannot_be_opened(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", place)
    made = run_special_codes(retries=None)
    assert_stopped(made, oduyo, "snapshot", place.partition(":")[0], "ODUYO_STAGING_PATH", logins=0)


@pytest.mark.parametrize("task", ["extract", "transform", "guard", "load"])
def test_staging_that_is_emptied_between_two_tasks(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path, task: str
) -> None:
    def change(dag: Any) -> None:
        found = dag.task_dict[task]
        settings = found.partial_kwargs if hasattr(found, "partial_kwargs") else vars(found)
        settings["on_execute_callback"] = [lambda _context: shutil.rmtree(staging)]

    made = run_special_codes(query=make_query(5), change=change)
    assert_stopped(
        made, oduyo, task, "There is no staged file", "staging was emptied", "clear the run from its first task"
    )


def test_a_param_of_the_wrong_kind_is_refused_when_the_run_is_triggered(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    wrong: list[dict[str, Any]] = [
        {"max_missing_percent": 150},
        {"on_missing": "sil"},
        {"dry_run": "belki"},
        {"max_text_length": 0},
        {"sync_mode": None},
    ]
    for conf in wrong:
        with pytest.raises((ParamValidationError, ValueError), match=next(iter(conf))):
            run_special_codes(conf)
    assert oduyo.log()["counters"]["login"] == 0


def test_a_param_that_there_is_not_is_named(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes({"dryrun": True}, retries=None)
    assert_stopped(made, oduyo, "snapshot", "dryrun is not a param", "trigger the run again", logins=0)

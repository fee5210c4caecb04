"""OpenLineage: the ERP's tables are what Ödüyo's special codes are made of."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, run_dag
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes

pytestmark = pytest.mark.usefixtures("erp")

QUERY = """
    SELECT c.id AS integration_id, c.code, f.no AS key1, '1' AS key2
      FROM test.codes AS c JOIN test.firms AS f ON f.id = c.firm"""


class Events:
    """What was sent to OpenLineage."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ends(self, task_id: str) -> list[dict[str, Any]]:
        """How the tries of a task ended."""
        if not self._path.exists():
            return []
        events = [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]
        ended = [event for event in events if event["eventType"] in ("COMPLETE", "FAIL")]
        return [event for event in ended if event["job"]["name"].endswith(f".{task_id}")]


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    """OpenLineage's listener, writing into a file, in this process."""
    pytest.importorskip("airflow.providers.openlineage", reason="the OpenLineage provider is not installed")
    # Its plugin, imported while nothing says where events go, adds no listener of its own beside this one.
    importlib.import_module("airflow.providers.openlineage.plugins.openlineage")
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins import listener as module
    from airflow.sdk.listener import get_listener_manager

    path = tmp_path / "lineage.jsonl"
    transport = {"type": "file", "log_file_path": str(path), "append": True}
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(transport))
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__NAMESPACE", "deneme")
    # Else it forks and closes what it takes for its own process.
    in_process = {"_fork_execute": lambda _self, send, _name, **_: send()}
    listener = type("Listener", (module.OpenLineageListener,), in_process)()
    _forget(conf)
    manager = get_listener_manager()
    manager.add_listener(listener)
    yield Events(path)
    manager.pm.unregister(listener)
    _forget(conf)


def _forget(conf: Any) -> None:
    """The provider keeps what it once read of its settings."""
    for value in vars(conf).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


@pytest.fixture(autouse=True)
def _tables(erp: Erp) -> None:
    erp.run(
        "CREATE TABLE test.firms (id int, no int)",
        "CREATE TABLE test.codes (id int, code text, firm int)",
        "INSERT INTO test.firms VALUES (1, 2)",
        "INSERT INTO test.codes SELECT n, 'K.' || n, 1 FROM generate_series(1, 4) AS n",
    )


def names(datasets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(dataset["namespace"], dataset["name"]) for dataset in datasets}


def test_load_names_the_erp_s_tables_and_what_it_wrote_to_oduyo(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, events: Events
) -> None:
    made = run_special_codes(query=QUERY)
    assert made.state == "success", made.error
    (event,) = events.ends("load")
    assert event["eventType"] == "COMPLETE"
    tables = {name.rpartition(".test.")[2] for _, name in names(event["inputs"])}
    assert tables == {"codes", "firms"}
    assert all(namespace.startswith("postgres://") for namespace, _ in names(event["inputs"]))
    site = oduyo.url.partition("//")[2]
    assert names(event["outputs"]) == {(f"oduyo://{site}", "erp_special_code")}
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 4
    assert "test.codes" in event["job"]["facets"]["sql"]["query"]
    assert oduyo.account.password not in json.dumps(event)


def test_a_load_that_failed_names_what_it_wrote_before(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, events: Events
) -> None:
    oduyo.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "2"}})
    assert run_special_codes(query=QUERY).state == "failed"
    (event,) = events.ends("load")
    assert (event["eventType"], event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"]) == ("FAIL", 3)


def run_operator(staging: Path, **options: Any) -> DagRunResult:
    from airflow.sdk import DAG

    with DAG(dag_id="soy", schedule=None) as dag:
        OduyoSpecialCodeOperator(task_id="save", rows=[{"integration_id": 1, "code": "K.1"}], **options)
    return run_dag(dag, {}, staging)


@pytest.mark.usefixtures("airflow_db")
def test_the_operator_by_itself_names_no_source_unless_it_is_told_one(
    oduyo: Sandbox, staging: Path, events: Events, tmp_path: Path
) -> None:
    query = tmp_path / "kodlar.sql"
    query.write_text("SELECT 1 AS integration_id", encoding="utf-8")
    assert run_operator(staging).state == "success"
    assert run_operator(staging, source_query=str(query)).state == "success"
    assert run_operator(staging, source_query=str(tmp_path / "yok.sql")).state == "success"
    plain, told, missing = events.ends("save")
    assert [plain["inputs"], missing["inputs"]] == [[], []]
    ((namespace, name),) = names(told["inputs"])
    assert (namespace.partition("://")[0], name) == ("postgres", "kodlar")
    counts = [event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] for event in (plain, told)]
    assert counts == [1, 0]


@pytest.mark.usefixtures("airflow_db")
def test_without_its_provider_the_operator_works_all_the_same(
    oduyo: Sandbox, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(("airflow.providers.openlineage.", "openlineage."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "airflow.providers.openlineage", None)
    monkeypatch.setitem(sys.modules, "openlineage", None)
    monkeypatch.delitem(sys.modules, "oduyo_provider.observability.lineage")
    importlib.import_module("oduyo_provider.observability.lineage")
    assert run_operator(staging, source_query="yok.sql").state == "success"


@pytest.mark.usefixtures("oduyo")
@pytest.mark.parametrize(
    ("name", "encoding"),
    [("kod.sql", "utf-8"), ("KOD.SQL", "utf-8"), ("kod.sql", "utf-8-sig"), ("kod.şube.sql", "utf-16")],
)
def test_c6_a_query_is_read_as_extract_reads_it(tmp_path: Path, name: str, encoding: str) -> None:
    pytest.importorskip("airflow.providers.openlineage", reason="the OpenLineage provider is not installed")
    from oduyo_provider.observability.lineage import compute_lineage

    (tmp_path / name).write_text(QUERY, encoding=encoding)
    found = compute_lineage(f"{tmp_path}/{name[:-4]}.sql", None, SPECIAL_CODE, 0)
    assert {dataset.name.rpartition(".test.")[2] for dataset in found.inputs} == {"codes", "firms"}


def test_an_erp_whose_hook_knows_no_openlineage_gives_the_query_s_name(
    oduyo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("airflow.providers.openlineage", reason="the OpenLineage provider is not installed")
    from oduyo_provider.observability import lineage

    monkeypatch.setattr(lineage, "open_erp", object)
    query = tmp_path / "kodlar.sql"
    query.write_text("SELECT id AS integration_id FROM kodlar", encoding="utf-8")
    found = lineage.compute_lineage(str(query), None, SPECIAL_CODE, 0)
    ((namespace, name),) = [(dataset.namespace, dataset.name) for dataset in found.inputs]
    assert (namespace.partition("://")[0], name) == ("postgres", "kodlar")
    monkeypatch.delenv("AIRFLOW_CONN_ODUYO_DEFAULT")
    found = lineage.compute_lineage(str(query), None, SPECIAL_CODE, 0)
    assert (len(found.inputs), found.outputs) == (1, [])

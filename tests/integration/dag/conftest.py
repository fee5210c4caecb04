"""The project's DAG, run whole against the sandbox and a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, load_dag, run_dag
from tests.conftest import ROOT, Erp
from tests.integration.dag.alerts import Box, make_box

#: Runs the DAG: ``run(conf, query=…, change=…, retries=…, between=…)``. A query given as text becomes the file that
#: ``erp_query`` names; ``change`` is called with the DAG before it runs; the rest is of :func:`tests.airflow_run.run_dag`.
RunSpecialCodes = Callable[..., DagRunResult]


@pytest.fixture
def dags_folder(tmp_path: Path) -> Path:
    """A copy of the DAG folder, in which a test may add queries."""
    folder = tmp_path / "dags"
    shutil.copytree(ROOT / "dags", folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def run_special_codes(airflow_db: None, dags_folder: Path, staging: Path) -> RunSpecialCodes:
    """Runs ``oduyo_special_codes``."""

    def run(
        conf: dict[str, Any] | None = None,
        *,
        query: str = "",
        change: Callable[[Any], object] | None = None,
        **options: Any,
    ) -> DagRunResult:
        given = dict(conf or {})
        if query:
            (dags_folder / "sql" / "test_query.sql").write_text(query, encoding="utf-8")
            given.setdefault("erp_query", "test_query")
        dag = load_dag(dags_folder)
        if change is not None:
            change(dag)
        return run_dag(dag, given, staging, **options)

    return run


@pytest.fixture
def demo(erp: Erp) -> Erp:
    erp.load_demo()
    return erp


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A notifier that writes into a file, named by the environment."""
    return make_box(tmp_path, monkeypatch)


def make_query(count: int, start: int = 1, *, columns: str = "") -> str:
    """A query of rows ``start``, ``start + 1``, …; its columns are those that :func:`make_records` seeds."""
    return f"""
        SELECT n AS integration_id, 'K.' || n AS code, 'A' AS status, 2 AS key1, 1 AS key2, 'HK1' AS typecode,
               'açıklama ' || n AS description {columns}
          FROM generate_series({start}, {start + count - 1}) AS n"""


def make_records(count: int, start: int = 1, **fields: str) -> list[dict[str, str | None]]:
    """Records as Ödüyo holds them after :func:`make_query`'s rows were sent; ``fields`` differ from these."""
    return [
        {
            "integration_id": str(n),
            "code": f"K.{n}",
            "status": "1",
            "key1": "2",
            "key2": "1",
            "typecode": "HK1",
            "description": f"açıklama {n}",
            **fields,
        }
        for n in range(start, start + count)
    ]


def count_writes(oduyo: Sandbox) -> int:
    """Creates, updates and deletes that Ödüyo was asked for."""
    counters = oduyo.log()["counters"]
    return int(counters["create"] + counters["update"] + counters["delete"])


def pick(report: dict[str, Any]) -> dict[str, int]:
    """A report's figures that are not zero."""
    return {name: value for name, value in report.items() if isinstance(value, int) and value}

"""Other DAGs can be scheduled on Ödüyo's special codes, and read what a run did to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.observability.asset import SPECIAL_CODES, SPECIAL_CODES_UPDATES
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import load_dag, run_dag, store_dag
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records
from tests.wiring import pages

pytestmark = pytest.mark.usefixtures("erp")


@pytest.fixture
def consumer(airflow_db: None, tmp_path: Path) -> Any:
    """The DAG of docs/observability.md, which is scheduled on the asset."""
    (tmp_path / "consumer").mkdir()
    (tmp_path / "consumer" / "after.py").write_text(
        pages.example(pages.DOCS / "observability.md", "after_special_codes"), encoding="utf-8"
    )
    dag = load_dag(tmp_path / "consumer", "after_special_codes")
    store_dag(dag)
    return dag


@pytest.fixture(autouse=True)
def _no_events(airflow_db: None) -> None:
    """Forget what other runs of this session have told."""
    from airflow.models.asset import AssetDagRunQueue, AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.execute(delete(AssetDagRunQueue))
        for event in session.query(AssetEvent):
            session.delete(event)


def fetch_events() -> list[dict[str, Any]]:
    """The metadata of all updates of the asset so far."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(AssetEvent.extra).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        return [dict(extra) for extra in session.scalars(query.where(AssetModel.uri == SPECIAL_CODES.uri))]


def fetch_waiting() -> list[str]:
    """The DAGs that the scheduler is to start because of an asset."""
    from airflow.models.asset import AssetDagRunQueue
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        return list(session.scalars(select(AssetDagRunQueue.target_dag_id)))


def attach_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next run consume all updates, as the scheduler does."""
    from airflow.models import dagrun
    from airflow.models.asset import AssetEvent
    from sqlalchemy import select

    make = dagrun.get_or_create_dagrun

    def make_and_attach(*, session: Any, **given: Any) -> Any:
        run = make(session=session, **given)
        run.consumed_asset_events.extend(session.scalars(select(AssetEvent)))
        session.commit()
        return run

    monkeypatch.setattr(dagrun, "get_or_create_dagrun", make_and_attach)


def test_a_dag_that_is_scheduled_on_the_asset_is_started_and_reads_the_counts(
    consumer: Any,
    oduyo: Sandbox,
    run_special_codes: RunSpecialCodes,
    staging: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    oduyo.seed(make_records(2, code="ESKİ"))
    made = run_special_codes(query=make_query(5))
    assert made.state == "success", made.error
    assert fetch_waiting() == ["after_special_codes"]
    (extra,) = fetch_events()
    assert {name: made.report[name] for name in extra} == extra
    assert (extra["created"], extra["updated"], extra["extracted"]) == (3, 2, 5)
    assert set(made.report) - set(extra) == {"dry_run", "sync_mode", "faults", "reasons"}
    attach_events(monkeypatch)
    told = run_dag(consumer, {}, staging)
    assert told.state == "success", told.error
    assert told.xcoms["tell"] == [5]


def test_a_run_that_finds_nothing_to_do_updates_the_asset(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(3))
    assert run_special_codes(query=make_query(3)).state == "success"
    (extra,) = fetch_events()
    assert (extra["unchanged"], extra["created"], extra["updated"]) == (3, 0, 0)


def test_a_dry_run_does_not(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    assert run_special_codes({"dry_run": True}, query=make_query(3)).state == "success"
    assert fetch_events() == []


def test_a_run_that_is_not_complete_does_not(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "2"}})
    assert run_special_codes(query=make_query(3)).state == "failed"
    assert len(oduyo.records()) == 2
    assert fetch_events() == []


@pytest.mark.parametrize(("outlets", "events"), [([SPECIAL_CODES_UPDATES], 1), ([], 0)])
def test_the_operator_by_itself_updates_it_if_it_is_an_outlet(
    airflow_db: None, oduyo: Sandbox, staging: Path, outlets: list[Any], events: int
) -> None:
    from airflow.sdk import DAG

    with DAG(dag_id="subeler", schedule=None) as dag:
        OduyoSpecialCodeOperator(task_id="save", rows=[{"integration_id": 1, "code": "K.1"}], outlets=outlets)
    made = run_dag(dag, {}, staging)
    assert made.state == "success", made.error
    assert [extra["created"] for extra in fetch_events()] == [1] * events

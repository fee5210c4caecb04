"""Runs a whole DAG in this process, and keeps all that a test may ask about it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import structlog

from tests.airflow_server import Server

if TYPE_CHECKING:
    from airflow.triggers.base import TriggerEvent

#: Loggers that say nothing about a run, and much.
_CHATTY = ("httpcore", "httpx", "sqlalchemy", "asyncio", "fsspec", "urllib3", "aiosqlite")


DAGS = Path(__file__).parents[1] / "dags"

#: The bundle of the DAG folder.
BUNDLE = "dags-folder"


class RunLog:
    """What a run logs through the standard library and structlog, prints, and writes to stderr, at DEBUG and unmasked.

    Airflow's masking is left out on purpose: a test that looks for secrets must see what a plain console would show.
    """

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._stream = io.StringIO()

    @property
    def text(self) -> str:
        """Everything so far."""
        return self._stream.getvalue()

    def _note(self, _logger: Any, _method: str, event: Any) -> Any:
        exception = event.get("exc_info")
        if exception is True:
            exception = sys.exc_info()
        if isinstance(exception, tuple):
            exception = exception[1]
        if isinstance(exception, BaseException) and exception not in self.errors:
            self.errors.append(exception)
        return event

    @contextlib.contextmanager
    def capture(self) -> Iterator[RunLog]:
        """Take everything that is said within the block; loggers are as before afterwards."""
        from airflow.sdk._shared.logging.structlog import configure_logging

        root, before, airflow = logging.getLogger(), structlog.get_config(), logging.getLogger("airflow")
        handlers, level, airflow_level = list(root.handlers), root.level, airflow.level
        configure_logging(
            log_level="DEBUG",
            namespace_log_levels=dict.fromkeys(_CHATTY, "WARNING"),
            output=self._stream,
            extra_processors=[self._note],
            colors=False,
        )
        try:
            with contextlib.redirect_stdout(self._stream), contextlib.redirect_stderr(self._stream):
                yield self
        finally:
            structlog.configure(**before)
            root.handlers[:] = handlers
            root.setLevel(level)
            airflow.setLevel(airflow_level)


@dataclass
class DagRunResult:
    """What became of a run.

    :ivar state: of the DAG run.
    :ivar tasks: task id → the states of its instances, by map index.
    :ivar tries: task id → the most tries that an instance of it took.
    :ivar xcoms: task id → what its instances returned, by map index.
    :ivar errors: what tasks raised, in their order.
    :ivar folder: the run's folder in staging.
    """

    state: str
    run_id: str
    folder: Path
    log: str
    tasks: dict[str, list[str]]
    tries: dict[str, int]
    xcoms: dict[str, list[Any]]
    errors: list[BaseException] = field(default_factory=list)

    @property
    def report(self) -> dict[str, Any]:
        """The XCom of ``report``."""
        (made,) = self.xcoms["report"]
        return dict(made)

    @property
    def error(self) -> str:
        """The message of the first error."""
        assert self.errors, f"nothing was raised; tasks: {self.tasks}"
        return str(self.errors[0])

    def lines(self, name: str) -> list[dict[str, Any]]:
        """A file of JSON lines in the run's folder."""
        return [json.loads(line) for line in (self.folder / name).read_text(encoding="utf-8").splitlines()]


def run_dag(
    dag: Any,
    conf: dict[str, Any],
    staging: Path,
    *,
    retries: int | None = 0,
    between: Callable[[], None] | None = None,
    run_type: str = "manual",
    marked: str | None = None,
) -> DagRunResult:
    """Run a DAG to its end, as ``dag.test`` does, with the connections that the environment holds.

    :param conf: the run's conf, as the trigger form gives it.
    :param retries: of every task, without a delay; None leaves the DAG's own number.
    :param between: is called whenever nothing can run, as while a task waits for a person.
    :param run_type: of the DAG run, such as ``scheduled``.
    :param marked: a task that a person marks as success, so that it does not run.
    """
    for task in dag.task_dict.values():
        # A mapped task keeps what its instances will get in partial_kwargs.
        settings = task.partial_kwargs if hasattr(task, "partial_kwargs") else vars(task)
        settings.update(retry_delay=timedelta(0), retry_exponential_backoff=0)
        if retries is not None:
            settings["retries"] = retries
    recorded = RunLog()
    if not (DAGS / f"{dag.dag_id}.py").exists():  # dag.test itself stores those of the DAG folder
        store_dag(dag)
    _keep_one_server()
    with recorded.capture(), _calling(between), _creating(run_type), _checking_schemas_once(), _storing_dags_once():
        run = dag.test(run_conf=conf, mark_success_pattern=marked)
    return _describe(run, staging, recorded)


@contextlib.contextmanager
def _calling(between: Callable[[], None] | None) -> Iterator[None]:
    """Within the block ``dag.test`` does not wait, but calls `between`.

    It sleeps where no task can run: for a retry, or for a person. Before Airflow 3.3 the latter is a trigger's doing, whose
    look at the answer ``dag.test`` does not serve.
    """
    from airflow.models.hitl import HITLDetail
    from airflow.providers.standard.triggers.hitl import HITLTrigger
    from airflow.triggers.base import TriggerEvent
    from airflow.utils.session import create_session

    is_triggers_doing = not hasattr(HITLDetail, "as_resume_event_payload")

    async def call_and_tell(trigger: HITLTrigger) -> AsyncIterator[TriggerEvent]:
        assert between, "a task waits for a person, and nobody is there"
        between()
        with create_session() as session:
            detail = session.get_one(HITLDetail, trigger.ti_id)
            told = ("chosen_options", "params_input", "responded_at", "responded_by_user")
            yield TriggerEvent({name: getattr(detail, name) for name in told})

    def call(_seconds: float) -> None:
        if between and not is_triggers_doing:
            between()

    with mock.patch("time.sleep", side_effect=call), mock.patch.object(HITLTrigger, "run", call_and_tell):
        yield


@contextlib.contextmanager
def _creating(run_type: str) -> Iterator[None]:
    """Within the block ``dag.test`` makes runs of this type; by itself it makes manual ones."""
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.utils.types import DagRunType

    create = SerializedDAG.create_dagrun

    def create_other(dag: SerializedDAG, *, run_id: str, **options: Any) -> Any:
        name = run_id.replace("manual__", f"{run_type}__", 1)
        return create(dag, run_id=name, **{**options, "run_type": DagRunType(run_type)})

    with mock.patch.object(SerializedDAG, "create_dagrun", create_other):
        yield


_checked_schemas: set[str] = set()


@contextlib.contextmanager
def _checking_schemas_once() -> Iterator[None]:
    """Within the block the schema of a param is checked once a process; values are checked each time.

    Airflow checks all of them again for each task, which takes a fifth of a run's time.
    """
    from jsonschema import Draft202012Validator

    check = Draft202012Validator.check_schema

    def check_once(schema: Any) -> None:
        text = json.dumps(schema, sort_keys=True)
        if text not in _checked_schemas:
            check(schema)
            _checked_schemas.add(text)

    with mock.patch.object(Draft202012Validator, "check_schema", check_once):
        yield


_stored_under: list[tuple[str, str]] = []


@contextlib.contextmanager
def _storing_dags_once() -> Iterator[None]:
    """Within the block ``dag.test`` does not store the DAG folder again if it was stored under the same settings.

    By itself it reads and stores it for each run, which takes a sixth of its time.
    """
    from airflow.dag_processing import dagbag

    store = dagbag.sync_bag_to_db
    settings = sorted(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith(("ODUYO_", "AIRFLOW__")) and name != "ODUYO_STAGING_PATH"
    )

    def store_and_note(*given: Any, **more: Any) -> None:
        store(*given, **more)
        _stored_under[:] = settings

    if settings == _stored_under:
        with mock.patch.object(dagbag, "BundleDagBag"), mock.patch.object(dagbag, "sync_bag_to_db"):
            yield
    else:
        with mock.patch.object(dagbag, "sync_bag_to_db", store_and_note):
            yield


def _keep_one_server() -> None:
    """From now on all tasks talk to one server in this process, and to no other."""
    from airflow.sdk.execution_time import supervisor

    if not isinstance(supervisor.in_process_api_server(), Server):
        server = Server()
        supervisor.in_process_api_server = lambda: server


def store_dag(dag: Any) -> None:
    """Write a DAG into the metadata database."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session

    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
        session.flush()
        lazy = LazyDeserializedDAG.from_dag(dag)
        SerializedDAG.bulk_write_to_db(BUNDLE, None, [lazy], session=session)
        session.flush()
        SerializedDagModel.write_dag(lazy, bundle_name=BUNDLE, session=session)


def _describe(run: Any, staging: Path, recorded: RunLog) -> DagRunResult:
    tasks: dict[str, list[str]] = {}
    tries: dict[str, int] = {}
    for ti in sorted(run.get_task_instances(), key=lambda ti: (ti.task_id, ti.map_index)):
        tasks.setdefault(ti.task_id, []).append(str(ti.state))
        tries[ti.task_id] = max(tries.get(ti.task_id, 0), ti.try_number)
    return DagRunResult(
        state=str(run.state),
        run_id=run.run_id,
        folder=staging / run.dag_id / run.run_id,
        log=recorded.text,
        tasks=tasks,
        tries=tries,
        xcoms=fetch_xcoms(run.dag_id, run.run_id),
        errors=recorded.errors,
    )


def fetch_xcoms(dag_id: str, run_id: str) -> dict[str, list[Any]]:
    """Every XCom of a run, by task; those that are no return value by ``task.key``."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    found: dict[str, list[Any]] = {}
    with create_session() as session:
        query = select(XComModel).where(XComModel.dag_id == dag_id, XComModel.run_id == run_id)
        for xcom in session.scalars(query.order_by(XComModel.task_id, XComModel.map_index)):
            name = xcom.task_id if xcom.key == "return_value" else f"{xcom.task_id}.{xcom.key}"
            found.setdefault(name, []).append(XComModel.deserialize_value(xcom))
    return found


def answer_approval(dag_id: str, option: str) -> dict[str, str]:
    """Answer the one task that waits for a person, as the API does; returns the subject and body that it showed."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        waiting = select(HITLDetail).join(TaskInstance, TaskInstance.id == HITLDetail.ti_id)
        query = waiting.where(TaskInstance.dag_id == dag_id, HITLDetail.responded_at.is_(None))
        detail = session.scalars(query).unique().one()
        detail.responded_at, detail.chosen_options = datetime.now(timezone.utc), [option]
        detail.responded_by, detail.params_input = {"id": "1", "name": "ayse"}, {}
        if hasattr(detail, "as_resume_event_payload"):  # before Airflow 3.3 a trigger finds the answer by itself
            ti = session.get_one(TaskInstance, detail.ti_id)
            handle_event_submit(TriggerEvent(detail.as_resume_event_payload()), task_instance=ti, session=session)
        return {"subject": detail.subject, "body": detail.body or ""}


def load_dag(folder: Path, dag_id: str = "oduyo_special_codes") -> Any:
    """A DAG out of a folder of DAG files, parsed anew."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=folder, bundle_name=BUNDLE)
    assert not bag.import_errors, bag.import_errors
    return bag.dags[dag_id]

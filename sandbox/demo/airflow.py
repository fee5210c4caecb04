"""Airflow for the demo: the environment that it runs in, and its REST API."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from sandbox.demo.place import HOST, ROOT, DemoError, Place, find_ports

DAG_ID = "oduyo_special_codes"
#: The DAG that asks Ödüyo how it reads what its documentation leaves open, and its task.
CHECK_DAG_ID, CHECK_TASK_ID = "oduyo_site_check", "check"

#: How long Airflow may take to start, and then to read the DAG, on a slow machine.
START_TIMEOUT_S = 180.0
_CALL_TIMEOUT_S = 60.0
_POLL_S = 0.5
_SAY_EVERY_S = 10.0

#: What the caller's shell may carry and the demo must not see.
_FOREIGN_PREFIXES = ("AIRFLOW", "ODUYO_", "ERP_", "PYTHON", "OTEL_")
_FOREIGN_NAMES = ("FORCE_COLOR", "VIRTUAL_ENV", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
#: Longer paths leave no room for the sockets that some libraries make among temporary files.
_LONGEST_TEMPORARY = 70


def compute_environment(place: Place) -> dict[str, str]:
    """The caller's environment without what would change the demo; temporary files go to the state folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_FOREIGN_PREFIXES) and name.upper() not in _FOREIGN_NAMES
    }
    kept.update(
        PATH=os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
        NO_COLOR="1",
        NO_PROXY="*",
        no_proxy="*",
        PYTHONUNBUFFERED="1",
        # The checkout stays as it is; what is installed was compiled when it was set up.
        PYTHONDONTWRITEBYTECODE="1",
    )
    if len(str(place.temporary)) <= _LONGEST_TEMPORARY:
        kept["TMPDIR"] = str(place.temporary)
    return kept


def compute_airflow_environment(
    place: Place, port: int, connections: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The environment of ``airflow standalone``.

    :param port: of its API and UI.
    :param connections: connection id → what ``airflow.sdk.Connection`` takes.
    """
    address = f"http://{HOST}:{port}"
    worker_log_port, trigger_log_port = find_ports(2)
    settings = {
        "AIRFLOW_HOME": place.airflow,
        "AIRFLOW__CORE__DAGS_FOLDER": ROOT / "dags",
        "AIRFLOW__CORE__PLUGINS_FOLDER": ROOT / "plugins",
        "AIRFLOW__CORE__LOAD_EXAMPLES": False,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": 4,  # 32 would be 32 idle processes
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": 1,  # a task that skips is at times seen to have ended only then
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{place.airflow}/airflow.db",
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__WORKERS": 1,
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.1,  # with 1 s a chain of tasks waits most of the time
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": 1,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": place.logs / "tasks",
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": place.logs / "dag_processor",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": worker_log_port,
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": trigger_log_port,
        "ODUYO_STAGING_PATH": place.staging,
        "ODUYO_SCHEDULE": "",  # runs only when it is asked to
    }
    named = {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in connections.items()}
    return {**compute_environment(place), **{name: str(value) for name, value in settings.items()}, **named}


class AirflowApi:
    """Airflow's REST API, which asks for no login here.

    :param check: called while waiting; raises when Airflow has died.
    """

    def __init__(self, port: int, *, check: Callable[[], None], say: Callable[[str], None]) -> None:
        self.address = f"http://{HOST}:{port}"
        self._check = check
        self._say = say
        self._session = requests.Session()
        self._session.trust_env = False

    def call(self, method: str, path: str, body: object = None, *, accept: tuple[int, ...] = ()) -> Any:
        """Call ``/api/v2/<path>``; returns the answer's JSON, None when it has none.

        :param accept: further statuses that are no error.
        """
        answer = self._session.request(method, f"{self.address}/api/v2/{path}", json=body, timeout=_CALL_TIMEOUT_S)
        if not answer.ok and answer.status_code not in accept:
            raise DemoError(
                f"Airflow answered {method} {path} with {answer.status_code}: {answer.text[:500]}. Its logs say why."
            )
        return answer.json() if answer.content else None

    def wait_until_ready(self) -> None:
        """Return once the API answers, tasks can start, and the DAG was read after now."""
        began_at = time.time() - 1
        self._wait("Airflow", self._is_up)
        # The first call takes seconds; without this the first task would wait for it.
        self._session.get(f"{self.address}/execution/health", timeout=_CALL_TIMEOUT_S)
        self._wait("reading the DAG", lambda: self._is_parsed(began_at))

    def _wait(self, what: str, is_done: Callable[[], bool]) -> None:
        started_at = said_at = time.monotonic()
        while not is_done():
            self._check()
            now = time.monotonic()
            if now - started_at > START_TIMEOUT_S:
                raise DemoError(
                    f"{what} took longer than {START_TIMEOUT_S:.0f} s. Stop other programs, then start again; when that "
                    "does not help, airflow.log says why."
                )
            if now - said_at >= _SAY_EVERY_S:
                said_at = now
                self._say(f"  {what}: {now - started_at:.0f} s")
            time.sleep(_POLL_S)

    def _is_up(self) -> bool:
        try:
            answer = self._session.get(f"{self.address}/api/v2/monitor/health", timeout=_CALL_TIMEOUT_S)
        except requests.ConnectionError:
            return False
        parts = answer.json() if answer.ok else {}
        return all(parts.get(name, {}).get("status") == "healthy" for name in ("metadatabase", "scheduler"))

    def _is_parsed(self, since: float) -> bool:
        if errors := self.call("GET", "importErrors")["import_errors"]:
            raise DemoError(
                f"The DAG cannot be read: {errors[0]['stack_trace'].strip()} ({errors[0]['filename']}). Mend it, then start "
                "again."
            )
        dags = [self.call("GET", f"dags/{dag_id}", accept=(404,)) for dag_id in (DAG_ID, CHECK_DAG_ID)]
        times = [dag.get("last_parsed_time") for dag in dags]
        return all(parsed_at and _parse_time(parsed_at) >= since for parsed_at in times)

    def unpause(self) -> None:
        """Let the DAGs run."""
        for dag_id in (DAG_ID, CHECK_DAG_ID):
            self.call("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    def trigger(self, params: Mapping[str, object], dag_id: str = DAG_ID) -> str:
        """Start a run; returns its id."""
        run = self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": dict(params)})
        return str(run["dag_run_id"])

    def fetch_run_state(self, run_id: str, dag_id: str = DAG_ID) -> str:
        """``queued``, ``running``, ``success`` or ``failed``."""
        return str(self.call("GET", f"dags/{dag_id}/dagRuns/{quote(run_id)}")["state"])

    def fetch_tasks(self, run_id: str) -> list[dict[str, Any]]:
        """The run's task instances."""
        path = f"dags/{DAG_ID}/dagRuns/{quote(run_id)}/taskInstances?limit=100"
        return list(self.call("GET", path)["task_instances"])

    def fetch_report(self, run_id: str) -> dict[str, Any] | None:
        """What ``report`` pushed; None when it came not so far."""
        return self._fetch_result(DAG_ID, run_id, "report")

    def fetch_site_check(self, run_id: str) -> dict[str, Any] | None:
        """What the site check returned; None when it did not come to its end."""
        return self._fetch_result(CHECK_DAG_ID, run_id, CHECK_TASK_ID)

    def _fetch_result(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any] | None:
        path = (
            f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries/return_value?deserialize=true"
        )
        value = self.call("GET", path, accept=(404,)).get("value")
        return value if isinstance(value, dict) else None

    def fail_active_runs(self) -> None:
        """Mark runs that are not at their end as failed: the next start of Airflow would take them up again."""
        for dag_id in (DAG_ID, CHECK_DAG_ID):
            for state in ("running", "queued"):
                for run in self.call("GET", f"dags/{dag_id}/dagRuns?state={state}")["dag_runs"]:
                    self.call("PATCH", f"dags/{dag_id}/dagRuns/{quote(run['dag_run_id'])}", {"state": "failed"})

    def save_connection(self, name: str, connection: Mapping[str, Any]) -> None:
        """Add a connection, or set it anew, so that the UI shows it."""
        body = {"connection_id": name, **connection}
        found = self.call("GET", f"connections/{name}", accept=(404,))
        if "connection_id" in found:
            self.call("PATCH", f"connections/{name}", body)
        else:
            self.call("POST", "connections", body)


def _parse_time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

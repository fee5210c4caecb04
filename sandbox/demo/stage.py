"""Bring up the demo ERP, the sandbox and Airflow, and take everything down again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
import requests

from sandbox.demo import processes
from sandbox.demo.airflow import AirflowApi, compute_airflow_environment, compute_environment
from sandbox.demo.place import HOST, ROOT, DemoError, Place
from sandbox.erp.load import ForeignTablesError, load_demo
from sandbox.erp.postgres import ServerError
from sandbox.erp.server import DemoErp, start_server, stop_server

#: The sandbox's account; the sandbox holds nothing worth a secret.
USERNAME, PASSWORD, API_KEY = "oduyo", "oduyo-parola", "oduyo-anahtar"

#: Nothing is late in the sandbox, so nobody has to wait a minute for it.
SETTLE_S = 5

_SANDBOX_START_S = 30.0
_SANDBOX_STOP_S = 5.0
#: ``airflow standalone`` took 3 to 13 s to stop; on a busy machine more.
_AIRFLOW_STOP_S = 30.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody stops the demo: Ctrl-C, a closed window, or SIGTERM."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class Stage:
    """What is up.

    :ivar connections: connection id → what ``airflow.sdk.Connection`` takes.
    """

    place: Place
    say: Callable[[str], None]
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    sandbox_url: str = ""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    api: AirflowApi | None = None

    def check(self) -> None:
        """Raise DemoError when something that has to run has ended."""
        for name, process in self.running.items():
            if (code := process.poll()) is not None:
                log = self.place.logs / f"{name}.log"
                raise DemoError(
                    f"{name} ended by itself (exit code {code}). The end of {log}:\n{processes.read_end(log)}\n"
                    f"Start again; when it happens again, `{self.place.compute_command('stop', '--remove')}` removes what is "
                    "there, and the next start makes it anew."
                )

    def start_erp(self) -> None:
        """Start the demo ERP and load it unless it is loaded: edits stay."""
        if os.environ.get("ERP_DSN"):
            self.say("The ERP: the database that ERP_DSN names")
        else:
            for name in [name for name in os.environ if name.startswith("PG")]:
                del os.environ[name]  # they steer libpq, and this server is found by its folder
            self.say("The demo ERP: an embedded PostgreSQL")
        try:
            erp = start_server(self.place.erp)
            if _has_codes(erp):
                self.say("  its tables are there from an earlier run; edits are kept")
            else:
                self.say(f"  {load_demo(erp.dsn):,} special codes loaded")
        except (psycopg2.Error, ForeignTablesError) as error:
            raise DemoError(
                f"The ERP's database cannot be used: {str(error).strip()} Correct ERP_DSN, or unset it to use the embedded one."
            ) from error
        except ServerError as error:
            raise DemoError(str(error)) from error
        self.connections["erp_default"] = erp.connection

    def start_sandbox(self) -> None:
        """Start the local Ödüyo."""
        port = self.place.choose_sandbox_port()
        self.sandbox_url = f"http://{HOST}:{port}"
        account = ("--username", USERNAME, "--password", PASSWORD, "--api-key", API_KEY)
        self.running["oduyo"] = processes.start(
            [sys.executable, "-m", "sandbox.oduyo", "--port", str(port), "--db", str(self.place.oduyo), *account],
            state=self.place.folder,
            environment=compute_environment(self.place),
            folder=ROOT,
            log=self.place.logs / "oduyo.log",
        )
        held = self.fetch_record_count()
        self.say(f"The local Ödüyo: {self.sandbox_url} holds {held:,} special codes")
        self.connections["oduyo_default"] = {
            "conn_type": "oduyo",
            "host": f"http://{HOST}",
            "port": port,
            "login": USERNAME,
            "password": PASSWORD,
            "extra": f'{{"api_key": "{API_KEY}", "settle_s": {SETTLE_S}}}',
        }

    def fetch_record_count(self) -> int:
        """Records in the sandbox, once it answers."""
        session = requests.Session()
        session.trust_env = False
        started_at = time.monotonic()
        while True:
            self.check()
            try:
                return len(session.get(f"{self.sandbox_url}/_sandbox/records", timeout=_SANDBOX_START_S).json())
            except requests.ConnectionError as error:
                if time.monotonic() - started_at > _SANDBOX_START_S:
                    log = self.place.logs / "oduyo.log"
                    raise DemoError(f"The local Ödüyo does not answer. {log} says why; then start again.") from error
                time.sleep(0.1)

    def start_airflow(self, port: int, *, has_connections: bool) -> AirflowApi:
        """Start Airflow and wait until the DAG can run.

        :param has_connections: give it the connections by its environment, where its UI neither shows nor changes them.
        """
        self.say("Airflow starts, which takes 15 to 60 s")
        environment = compute_airflow_environment(self.place, port, self.connections if has_connections else {})
        self.place.unclean.touch()
        self.running["airflow"] = processes.start(
            [sys.executable, "-m", "airflow", "standalone"],
            state=self.place.folder,
            environment=environment,
            folder=self.place.airflow,
            log=self.place.logs / "airflow.log",
        )
        self.api = AirflowApi(port, check=self.check, say=self.say)
        self.api.wait_until_ready()
        self.api.unpause()
        return self.api

    def take_down(self) -> None:
        """Stop everything, in order. Signals do not disturb it; it is over in a bounded time."""
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        is_clean = self._end_runs()
        if airflow := self.running.pop("airflow", None):
            processes.stop(airflow, signal.SIGINT, timeout_s=_AIRFLOW_STOP_S)
        if oduyo := self.running.pop("oduyo", None):
            processes.stop(oduyo, signal.SIGTERM, timeout_s=_SANDBOX_STOP_S)
        processes.kill_marked(self.place.folder)
        stop_server(self.place.erp)
        if is_clean:
            self.place.unclean.unlink(missing_ok=True)
        shutil.rmtree(self.place.temporary, ignore_errors=True)

    def _end_runs(self) -> bool:
        """False when a run may be left that Airflow would take up again."""
        if self.api is None:
            return "airflow" not in self.running
        try:
            self.api.fail_active_runs()
        except (requests.RequestException, DemoError):
            return False
        return True


@contextmanager
def open_stage(place: Place, say: Callable[[str], None]) -> Iterator[Stage]:
    """An empty stage, cleared of what a killed demo left; everything on it is taken down at the end.

    Meanwhile signals raise Interrupted; afterwards they do what they did.
    """
    with place.lock():
        clear(place, say)
        place.make()
        stage = Stage(place, say)
        handlers = {number: signal.signal(number, _interrupt) for number in _STOP_SIGNALS}
        try:
            yield stage
        finally:
            with suppress(OSError):  # the terminal may be gone
                say("Stopping what was started")
            stage.take_down()
            for number, handler in handlers.items():
                signal.signal(number, handler)


def clear(place: Place, say: Callable[[str], None]) -> None:
    """End what a killed demo left. Its Airflow forgets its runs, which would go on otherwise; the rest is kept."""
    left = processes.kill_marked(place.folder)
    if place.unclean.exists():
        say(
            f"The demo before was cut short ({left} of its processes were left and are ended): Airflow's own database is made anew"
        )
        shutil.rmtree(place.airflow, ignore_errors=True)
        place.unclean.unlink()


def _interrupt(number: int, _frame: object) -> None:
    raise Interrupted(number)


def _has_codes(erp: DemoErp) -> bool:
    connection = psycopg2.connect(erp.dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('erp.sis_ozelkod') IS NOT NULL")
            (is_there,) = cursor.fetchone() or (False,)
            return bool(is_there)
    finally:
        connection.close()

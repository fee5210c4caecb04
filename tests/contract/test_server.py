"""Starting, stopping and restarting; the command line; independence from the provider."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.oduyo.server import Sandbox
from sandbox.oduyo.state import Account
from tests.contract.calls import TIMEOUT_S, Caller

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def command(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The sandbox as a process of its own, and its address."""
    line = [sys.executable, "-m", "sandbox.oduyo", "--port", "0", *arguments]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert address is not None
            yield process, address.group()
        finally:
            process.kill()


def log_in(url: str, **changes: str) -> requests.Response:
    form = {"username": "oduyo", "password": "oduyo-parola", "oduyo_api_key": "oduyo-anahtar", **changes}
    return requests.post(f"{url}/api/v1/ws/login", data=form, timeout=TIMEOUT_S)


def test_records_sessions_and_counters_survive_a_restart(tmp_path: Path) -> None:
    with Sandbox(db=tmp_path / "oduyo.sqlite") as sandbox:
        caller = Caller(sandbox).log_in()
        with caller.http:
            caller.create()
            caller.create()
            caller.delete("2")
            before, port, effects = sandbox.records(), sandbox.port, sandbox.effects()
            sandbox.restart()
            assert sandbox.port == port
            assert sandbox.records() == before
            assert sandbox.effects() == effects
            assert len(effects) == 3
            assert sandbox.log()["counters"]["create"] == 2
            assert sandbox.log()["sessions"] == [caller.session_id]
            assert "<3>" in caller.create().json()["data"]


def test_another_process_finds_what_the_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "oduyo.sqlite"
    with Sandbox(db=file) as sandbox:
        sandbox.seed([{"code": "A"}])
    with Sandbox(db=file) as sandbox:
        assert [record["code"] for record in sandbox.records()] == ["A"]


def test_late_commits_and_lagging_lists_survive_a_restart() -> None:
    with Sandbox(readings={"late_commit_s": 30, "list_lag_s": 20}) as sandbox:
        caller = Caller(sandbox).log_in()
        with caller.http:
            sandbox.seed([{"code": "A"}])
            caller.create()
            caller.update("1", code="B")
            sandbox.restart()
            sandbox.advance(35)
            assert [record["code"] for record in sandbox.records()] == ["B", "BAYİ-ŞUBE"]
            sandbox.restart()
            assert [record["code"] for record in caller.list_records().json()["data"]] == ["A"]
            sandbox.advance(20)
            assert caller.ids() == ["1", "2"]


def test_an_ended_session_stays_dead_over_a_restart() -> None:
    with Sandbox() as sandbox:
        caller = Caller(sandbox).log_in()
        with caller.http:
            sandbox.expire()
            sandbox.restart()
            assert caller.list_records().status_code == 401


def test_a_killed_process_loses_no_answered_write(tmp_path: Path) -> None:
    file = tmp_path / "oduyo.sqlite"
    with command("--db", str(file)) as (process, url):
        session = log_in(url).json()["data"]["session_id"]
        headers = {"Apikey": "oduyo-anahtar", "Authorization": session}
        body = {"column": {"code": "A"}}
        created = requests.post(
            f"{url}/api/v1/erp/erp_special_code/create", json=body, headers=headers, timeout=TIMEOUT_S
        )
        assert created.status_code == 200
        process.kill()
        process.wait(TIMEOUT_S)
    with Sandbox(db=file) as sandbox:
        assert [record["code"] for record in sandbox.records()] == ["A"]
        assert sandbox.log()["counters"]["create"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_stops_cleanly_on_a_signal(number: signal.Signals) -> None:
    with command("--reading", "login_shape=token", "--username", "ayşe", "--password", "p", "--api-key", "k") as (
        process,
        url,
    ):
        assert "token" in log_in(url, username="ayşe", password="p", oduyo_api_key="k").json()
        process.send_signal(number)
        assert process.wait(TIMEOUT_S) == 0


@pytest.mark.parametrize("reading", ["unknown=1", "list_cap", "list_cap=many"])
def test_the_command_refuses_a_wrong_reading(reading: str) -> None:
    line = [sys.executable, "-m", "sandbox.oduyo", "--port", "0", "--reading", reading]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--reading" in done.stderr


def test_a_port_that_is_taken_is_an_error_and_leaves_nothing_behind() -> None:
    with Sandbox() as sandbox:
        threads = threading.active_count()
        second = Sandbox(port=sandbox.port)
        with pytest.raises(OSError, match="address already in use"):
            second.start()
        assert threading.active_count() == threads
        line = [sys.executable, "-m", "sandbox.oduyo", "--port", str(sandbox.port)]
        done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert str(sandbox.port) in done.stderr


def test_stop_frees_the_port_and_may_be_repeated() -> None:
    sandbox = Sandbox().start()
    url = sandbox.url
    assert requests.get(url, timeout=TIMEOUT_S).status_code == 200
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=TIMEOUT_S)
    with pytest.raises(RuntimeError, match="not serving"):
        sandbox.records()


def test_stop_does_not_wait_for_a_slow_answer() -> None:
    with Sandbox() as sandbox:
        sandbox.set_faults({"kind": "slow", "seconds": 600})
        caller = Caller(sandbox)
        seen: list[str] = []

        def log_in_slowly() -> None:
            try:
                caller.login()
            except requests.ConnectionError as error:
                seen.append(type(error).__name__)

        thread = threading.Thread(target=log_in_slowly)
        thread.start()
        while not sandbox.log()["requests"]:
            threading.Event().wait(0.01)
        sandbox.stop()
        thread.join(TIMEOUT_S)
        caller.http.close()
        assert seen == ["ConnectionError"]


def test_starting_twice_is_an_error() -> None:
    with Sandbox() as sandbox, pytest.raises(RuntimeError, match="already"):
        sandbox.start()


def test_only_loopback_is_served_by_default() -> None:
    with Sandbox() as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"


def test_the_account_does_not_show_its_secrets() -> None:
    sandbox = Sandbox(account=Account("oduyo", "gizli-parola", "gizli-anahtar"))
    assert "gizli" not in repr(sandbox.account)


def test_the_sandbox_imports_nothing_of_the_provider() -> None:
    names: set[str] = set()
    for file in (ROOT / "sandbox" / "oduyo").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                names.add(node.module or "")
    assert "aiohttp" in names
    assert not [name for name in names if name.split(".")[0] in ("oduyo_provider", "plugins", "airflow")]

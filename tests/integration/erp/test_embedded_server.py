"""The embedded PostgreSQL: for every user, in a folder of any name, and without a trace outside of it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from sandbox.erp import postgres
from sandbox.erp.postgres import ROOTS_SERVER_USER, Server, ServerError
from sandbox.erp.server import remove_server, start_server, stop_server

pytestmark = pytest.mark.usefixtures("no_own_database")

#: What another user runs: a second server, started and stopped.
SECOND = """
import sys
from pathlib import Path
from postgres import Server
server = Server(Path(sys.argv[1]))
server.start()
print(server.is_running(), server.stop(), server.is_running())
"""


@pytest.fixture
def no_own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERP_DSN", raising=False)


@pytest.fixture
def wanted(tmp_path: Path) -> Iterator[Path]:
    """A folder of an awkward and long name, and of root one that its server's user cannot enter."""
    tmp_path.parent.chmod(0o700)
    data = tmp_path / "Müşteri's (deneme) & co; iki,üç" / ("u" * 90) / "erp"
    yield data
    stop_server(data)
    remove_server(data)


def find_user_of(dsn: str) -> str:
    """Who runs the server."""
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone() or (0,)
            return str(psutil.Process(pid).username())
    finally:
        connection.close()


def list_modes(folder: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in folder.parents if parent.exists()}


def test_a_server_runs_for_a_folder_of_any_name_and_leaves_nothing_outside(wanted: Path) -> None:
    users, modes = Path("/etc/passwd").read_bytes(), list_modes(wanted.parents[1])
    erp = start_server(wanted)
    assert find_user_of(erp.dsn) == (ROOTS_SERVER_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    sockets = Path(str(erp.connection["host"]))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stop_server(wanted)
    remove_server(wanted)
    assert not sockets.exists()
    assert not wanted.exists()
    assert Path("/etc/passwd").read_bytes() == users
    assert list_modes(wanted.parents[1]) == modes


def test_a_start_that_was_cut_short_is_begun_anew(server_data: Path) -> None:
    server = Server(server_data.resolve())
    (server.folder / "pgdata.partial").mkdir()
    (server.folder / "pgdata.partial" / "PG_VERSION").write_text("18\n")
    server.start()
    assert server.is_running()


def test_a_socket_folder_that_somebody_else_has_made_is_not_used(server_data: Path, tmp_path: Path) -> None:
    server = Server(server_data.resolve())
    server.sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(ServerError, match=r"belongs to somebody else\. Remove it"):
            server.start()
    finally:
        server.sockets.unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_start_says_why_and_what_to_do(server_data: Path) -> None:
    server = Server(server_data.resolve())
    (server.folder / "pgdata").mkdir(mode=0o700)
    with pytest.raises(ServerError, match=r"pg_ctl failed: (?s:.+)Remove .+ to begin anew, or name a database"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a second user's program")
def test_two_users_of_one_machine_have_their_servers_side_by_side(server_data: Path) -> None:
    first = Server(server_data.resolve())
    first.start()
    user = pwd.getpwnam(ROOTS_SERVER_USER)
    theirs = first.folder / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, user.pw_uid, user.pw_gid)
    shutil.copy(str(postgres.__file__), theirs)
    done = subprocess.run(
        [find_python_for(user), "-c", SECOND, theirs / "erp"],
        cwd=theirs,
        # The program is root's copy, as they may not be able to read this environment.
        env={"PYTHONPATH": f"{theirs}:{first.folder / 'program'}"},
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True True False\n", "")
    assert first.is_running()


def find_python_for(user: pwd.struct_passwd) -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run([python, "--version"], user=user.pw_uid, capture_output=True, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("no Python that another user may run")

"""A MariaDB of the tests' own, from the system's packages, in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymysql
import pytest

_START_S = 30


@contextmanager
def run_mariadb(folder: Path) -> Iterator[Path]:
    """Start the server and give its socket; the test is skipped where MariaDB is not installed."""
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        pytest.skip("No MariaDB was found. Install it (Debian: apt-get install mariadb-server)")
    data, socket = folder / "data", folder / "s.sock"
    common = ["--no-defaults", f"--datadir={data}", "--user=root"]
    install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    command = ["mariadbd", *common, f"--socket={socket}", "--skip-networking", "--innodb-buffer-pool-size=16M"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_for(socket, server)
            yield socket
        finally:
            server.terminate()


def _wait_for(socket: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(_START_S * 10):
        if server.poll() is not None:
            break
        try:
            pymysql.connect(unix_socket=str(socket), user="root").close()
        except pymysql.err.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"MariaDB did not start; its messages are in {socket.parent / 'log'}.")

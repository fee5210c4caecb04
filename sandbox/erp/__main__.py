"""``python -m sandbox.erp start|load|edit|stop --data DIR``: the demo ERP by hand."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from sandbox.erp.load import ForeignTablesError, apply_edits, load_demo
from sandbox.erp.postgres import ServerError
from sandbox.erp.server import start_server, stop_server


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.erp", description="The demo ERP, by hand.")
    parser.add_argument("command", choices=("start", "load", "edit", "stop"))
    parser.add_argument("--data", type=Path, help="the server's folder; not needed with a database in ERP_DSN")
    parser.add_argument("--force", action="store_true", help="load: overwrite tables that the demo ERP did not make")
    options = parser.parse_args(arguments)
    try:
        print(_run(options.command, options.data, force=options.force))
    except (ForeignTablesError, ServerError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(command: str, data: Path | None, *, force: bool) -> str:
    if command == "stop":
        return "The demo ERP is stopped." if stop_server(data) else "No demo ERP to stop."
    erp = start_server(data)
    if command == "load":
        return f"The demo ERP is loaded: {load_demo(erp.dsn, force=force)} special codes in erp.sis_ozelkod."
    if command == "edit":
        touched = apply_edits(erp.dsn)
        return "The demo ERP is edited: " + ", ".join(f"{name} {rows}" for name, rows in touched.items()) + "."
    if os.environ.get("ERP_DSN"):
        return "Nothing was started: ERP_DSN names the database to use."
    return f"The demo ERP is running. For Airflow:\nexport AIRFLOW_CONN_ERP_DEFAULT={shlex.quote(erp.connection_json)}"


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.tds.read_alone PORT``: read through pymssql in a process of its own; prints what came as JSON.

pymssql keeps the words of a refused login for the whole process, and shows them again for the next one. With port 0 the
connection names none, and Airflow's hook is used; otherwise pymssql alone, which starts faster.
"""

from __future__ import annotations

import json
import sys

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.erp.query import fetch_rows
from tests.tds.hooks import PymssqlHook, make_mssql_hook


def main(port: str) -> None:
    """Read, and print the error's class and text."""
    hook = PymssqlHook(port) if int(port) else make_mssql_hook(None)
    try:
        with fetch_rows(hook, "SELECT 1", resource=SPECIAL_CODE, query_name="q.sql") as rows:
            print(json.dumps(["", str(list(rows))]))
    except OduyoError as error:
        print(json.dumps([type(error).__name__, str(error)]))


if __name__ == "__main__":
    main(sys.argv[1])

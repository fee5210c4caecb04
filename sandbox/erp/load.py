"""Put the demo ERP's tables into a database, and make the edits that a user might make."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import psycopg2
from psycopg2.errors import RaiseException

DEMO_SQL = Path(__file__).with_name("demo.sql")

#: The comment that ``demo.sql`` leaves on what it makes.
MARK = "demo ERP of airflow-provider-oduyo"


class ForeignTablesError(RuntimeError):
    """The database holds tables of the demo ERP's names that the demo ERP did not make."""


class Edit(NamedTuple):
    """One thing that somebody does in the ERP.

    :param name: what it is called in tests.
    :param statement: SQL for the DIA-shaped table; running it twice changes nothing more.
    :param keys: the ``_key`` of each row that it touches: all of them clean rows, which the provider sends.
    """

    name: str
    statement: str
    keys: tuple[int, ...]


#: A day's work in the ERP. The next run finds two new, four changed and one missing.
EDITS = (
    Edit(
        "descriptions",
        "UPDATE erp.sis_ozelkod"
        " SET aciklama = rtrim(kod) || ' (yeni açıklama)', _date = timestamp '2025-06-02 10:15:00'"
        " WHERE _key IN (161500, 163000, 166000)",
        (161500, 163000, 166000),
    ),
    Edit(
        "new_codes",
        "INSERT INTO erp.sis_ozelkod"
        " (_key, _level1, _level2, _owner, _user, _serial, turkodu, kod, aciklama, durum, _cdate, _date) VALUES"
        " (170503, 2, 1, 12, 12, 3501, 'CHK1', 'E-TİCARET-IĞDIR.001', 'E-TİCARET-IĞDIR grubu', 'A',"
        " timestamp '2025-06-02 09:30:00', timestamp '2025-06-02 09:30:00'),"
        " (170506, 21, 1, 12, 12, 3502, 'HK1', 'SİGORTA.002', 'SİGORTA grubu', 'A',"
        " timestamp '2025-06-02 09:35:00', timestamp '2025-06-02 09:35:00')"
        " ON CONFLICT (_key) DO NOTHING",
        (170503, 170506),
    ),
    Edit(
        "passive",
        "UPDATE erp.sis_ozelkod SET durum = 'P', _date = timestamp '2025-06-02 11:00:00' WHERE _key = 164500",
        (164500,),
    ),
    Edit("deleted", "DELETE FROM erp.sis_ozelkod WHERE _key = 167500", (167500,)),
)


def load_demo(dsn: str, *, force: bool = False) -> int:
    """Make the demo ERP's tables anew, all or nothing, and return the number of DIA-shaped rows.

    :param dsn: for libpq.
    :param force: overwrite tables of the same names that the demo ERP did not make.
    :raises ForeignTablesError: there are such tables, and ``force`` is not given.
    """
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True  # the script has its own BEGIN and COMMIT, so that psql runs it as well
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('demo.force', %s, false)", ("on" if force else "off",))
            cursor.execute(DEMO_SQL.read_text(encoding="utf-8"))
            cursor.execute("SELECT count(*) FROM erp.sis_ozelkod")
            (rows,) = cursor.fetchone() or (0,)
            return int(rows)
    except RaiseException as error:
        raise ForeignTablesError(f"{error.diag.message_primary} {error.diag.message_hint}") from error
    finally:
        connection.close()


def apply_edits(dsn: str) -> dict[str, int]:
    """Make all :data:`EDITS` in one transaction; returns the rows that each one touched.

    :raises ForeignTablesError: there is no demo ERP in this database, perhaps a real one.
    """
    connection = psycopg2.connect(dsn)
    touched: dict[str, int] = {}
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT obj_description(to_regclass('erp.sis_ozelkod'), 'pg_class')")
            if cursor.fetchone() != (MARK,):
                raise ForeignTablesError(
                    "This database holds no erp.sis_ozelkod of the demo ERP, so nothing was edited. Load it first."
                )
            for edit in EDITS:
                cursor.execute(edit.statement)
                touched[edit.name] = cursor.rowcount
    finally:
        connection.close()
    return touched

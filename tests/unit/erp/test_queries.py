"""The queries in ``dags/sql``: their columns, read off the text; the PostgreSQL ones are also run, elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions as exp

from oduyo_provider.core.record import PROJECT_CODE, SPECIAL_CODE
from oduyo_provider.erp.query import match_columns

FOLDER = Path(__file__).parents[3] / "dags" / "sql"
FILES = sorted(FOLDER.rglob("*.sql"))
PROJECT_CODES = "project_codes"
DIALECTS = {"postgres": "postgres", "mssql": "tsql"}


def parse(path: Path) -> exp.Query:
    dialect = DIALECTS[path.stem.rpartition("_")[2]]
    (statement,) = sqlglot.parse(path.read_text(encoding="utf-8"), read=dialect)
    assert isinstance(statement, exp.Query)
    return statement


def test_there_is_a_query_for_every_erp() -> None:
    assert {path.stem for path in FILES if path.parent == FOLDER} == {
        "dia_postgres",
        "logo_postgres",
        "uyumsoft_postgres",
        "odoo_postgres",
        "logo_mssql",
        "netsis_mssql",
        "mikro_mssql",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
class TestQuery:
    def test_it_is_one_select_whose_aliases_are_fields(self, path: Path) -> None:
        is_project = path.parent.name == PROJECT_CODES
        columns = match_columns(parse(path).named_selects, PROJECT_CODE if is_project else SPECIAL_CODE)
        assert {"integration_id", "key1", "key2", "description"} <= set(columns)
        assert is_project or {"code", "typecode"} <= set(columns)

    def test_it_returns_nothing_that_it_does_not_know(self, path: Path) -> None:
        for column in parse(path).selects:
            value = column.unalias()
            empty = isinstance(value, exp.Null) or (isinstance(value, exp.Literal) and value.name == "")
            assert not empty, f"{column.alias} would wipe what is in Ödüyo"
            assert not column.alias.startswith("space")

    def test_it_needs_no_parameters(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert not list(parse(path).find_all(exp.Placeholder, exp.Parameter))
        assert "%" not in text
        assert "?" not in text
        assert "{{" not in text

    def test_it_says_what_to_edit_and_which_rights_it_needs(self, path: Path) -> None:
        comment = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("--"))
        for word in ("Edit:", "Rights:", "Left out:"):
            assert word in comment
        assert re.search(r"Confirmed:|Inferred:", comment)
        assert "-- EDIT: " in path.read_text(encoding="utf-8")

    def test_dates_that_drivers_cannot_take_are_guarded(self, path: Path) -> None:
        query = parse(path)
        dates = [column for column in query.selects if column.alias.endswith("_in")]
        if path.stem.endswith("_postgres"):
            for column in dates:
                assert "ISFINITE" in column.sql().upper()
        assert bool(dates) == (path.stem.partition("_")[0] in {"dia", "uyumsoft", "odoo", "mikro"})

"""The queries in ``dags/sql``: their columns, read off the text; the PostgreSQL ones are also run, elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import expressions as exp

from oduyo_provider.core.errors import SourceError
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.erp.query import match_columns
from oduyo_provider.erp.statement import parse_statement
from tests.conftest import ROOT

FOLDER = ROOT / "dags" / "sql"
#: Queries that are to be filled in; every other one can be run.
SKELETONS = sorted(FOLDER.rglob("erp.sql"))
FILES = sorted(set(FOLDER.rglob("*.sql")) - set(SKELETONS))
DIALECTS = {"postgres": "postgres", "mssql": "tsql"}


def parse(path: Path) -> exp.Query:
    dialect = DIALECTS[path.stem.rpartition("_")[2]]
    (statement,) = sqlglot.parse(path.read_text(encoding="utf-8"), read=dialect)
    assert isinstance(statement, exp.Query)
    return statement


def find_resource(path: Path) -> Resource:
    named = path.relative_to(FOLDER).parts[:-1]
    return next(resource for resource in RESOURCES if named == (resource.plural,)) if named else SPECIAL_CODE


def test_there_is_a_query_or_a_skeleton_for_every_further_resource() -> None:
    folders = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
    assert folders == sorted(resource.plural for resource in RESOURCES if resource is not SPECIAL_CODE)
    assert {path.parent.name for path in SKELETONS} | {"project_codes"} == set(folders)


@pytest.mark.parametrize("path", SKELETONS, ids=lambda path: path.parent.name)
class TestSkeleton:
    def test_as_it_is_it_says_that_it_has_to_be_filled_in(self, path: Path) -> None:
        with pytest.raises(SourceError, match=r"erp\.sql holds only comments\. Write one SELECT into it"):
            parse_statement(path.read_text(encoding="utf-8"), path.name)

    def test_without_its_comment_signs_it_is_one_select_of_the_resource_s_fields(self, path: Path) -> None:
        _, _, lines = path.read_text(encoding="utf-8").partition("\n--\n-- SELECT")
        text = "\n".join(line.removeprefix("-- ") for line in f"-- SELECT{lines}".splitlines())
        (statement,) = sqlglot.parse(text)
        assert isinstance(statement, exp.Query)
        columns = set(match_columns(statement.named_selects, find_resource(path)))
        left_out = set(find_resource(path).field_names) - columns
        assert {name for name in left_out if not name.startswith("space")} <= {"created_in", "updated_in"}

    def test_it_says_which_amounts_are_perhaps_not_the_erp_s(self, path: Path) -> None:
        lines = path.read_text(encoding="utf-8").splitlines()
        shared = {field.name for field in find_resource(path).fields if field.is_shared}
        told = {line.split(" AS ")[1].split(",")[0] for line in lines if "only if the ERP is its master" in line}
        assert told == shared


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
        resource = find_resource(path)
        columns = set(match_columns(parse(path).named_selects, resource))
        assert {"integration_id", "key1", "key2", "description", *resource.natural_key} <= columns

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

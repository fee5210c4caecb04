"""What docs/, README.tr.md and CONTRIBUTING.md say is so: links, names, commands, SQL and examples, against the code."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import psycopg2
import pytest
import sqlglot
import yaml
from sqlglot import expressions as exp

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.params import RunParams, parse_params
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import SUMS, Report
from oduyo_provider.erp.query import match_columns
from oduyo_provider.erp.query_files import list_queries
from oduyo_provider.operators.approval import ANSWER_WITHIN
from oduyo_provider.sync.site.quiesce import SENT_WITHIN_S
from oduyo_provider.sync.staging.retention import ABANDONED_AFTER_S, KEPT_RUNS
from sandbox.erp.server import DemoErp
from tests.airflow_run import load_dag
from tests.conftest import ROOT
from tests.system import commands
from tests.wiring import test_readme as readme

DOCS, SQL = ROOT / "docs", ROOT / "dags" / "sql"
#: For those who install or change it; any other page of docs/ has a Turkish one.
ENGLISH_ONLY = {"deploy", "exactly-once", "architecture", "performance"}
#: English page → Turkish page.
_PAGES = sorted(path for path in (*DOCS.glob("erp/*.md"), *DOCS.glob("*.md")) if path.stem not in ENGLISH_ONLY)
TWINS = {path: DOCS / "tr" / path.relative_to(DOCS) for path in _PAGES}
OWN = sorted([*TWINS, *TWINS.values(), DOCS / "architecture.md", ROOT / "README.tr.md", ROOT / "CONTRIBUTING.md"])
LINKED = sorted({*OWN, *DOCS.rglob("*.md")})
ERP_PAGES = [path for path in TWINS if path.parent.name == "erp"]
#: What is named in the pages but stands in no file of the program: Airflow, PostgreSQL, SQL Server, GitHub.
FOREIGN = {"Enabled", "EXECUTE", "Approve", "Reject", "Þube", "Şube", "Þ", "Ş", "Ý", "İ", "ÿ", "oduyo_reader"}
_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: what follows the fence, and the text."""

    language: str
    text: str


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str = "") -> list[Block]:
    """The fenced blocks of a page, those within lists too."""
    found = [Block(match[2], textwrap.dedent(match[3])) for match in _FENCE.finditer(read(path))]
    return [block for block in found if not language or block.language == language]


def prose(path: Path) -> str:
    return _FENCE.sub("", read(path))


def headings(path: Path) -> list[str]:
    return re.findall(r"^#+ .*$", prose(path), re.MULTILINE)


def tables(path: Path) -> list[list[list[str]]]:
    """Every table: its rows, the header and the ruler left out."""
    found = re.findall(r"(?:^ *\|.*\n)+", prose(path), re.MULTILINE)
    return [
        [[cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))] for row in text.splitlines()][2:]
        for text in found
    ]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def sources() -> str:
    """All that a name in a page may be a name of."""
    files = [path for folder in ("plugins", "dags", "sandbox", "tests") for path in sorted((ROOT / folder).rglob("*"))]
    files = [path for path in files if path.suffix in (".py", ".sql", ".js") and path != Path(__file__)]
    files += [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "README.md"]
    return "\n".join(read(path) for path in files)


class TestLinks:
    @pytest.mark.parametrize("page", LINKED, ids=name)
    def test_links_and_images_lead_to_what_is_there(self, page: Path) -> None:
        for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
            if link.startswith("https://"):
                continue
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), f"{link} leads nowhere"
            assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
            if anchor:
                titles = [title.lstrip("# ").lower() for title in headings(target)]
                assert anchor in {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}, link

    @pytest.mark.parametrize("page", OWN, ids=name)
    def test_a_page_is_short(self, page: Path) -> None:
        assert read(page).count("\n") <= 145

    def test_every_page_can_be_reached_from_the_quick_starts_or_the_readmes(self) -> None:
        seen, open_pages = set[Path](), [ROOT / "README.tr.md", DOCS / "quick-start.md"]
        while open_pages:
            page = open_pages.pop()
            seen.add(page)
            links = [(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+\.md)", prose(page))]
            open_pages += [link for link in links if link not in seen and link.exists()]
        assert set(OWN) <= seen


class TestTurkish:
    @pytest.mark.parametrize("page", TWINS, ids=name)
    def test_a_turkish_page_has_the_sections_tables_and_blocks_of_the_english_one(self, page: Path) -> None:
        twin = TWINS[page]
        assert [title.count("#") for title in headings(twin)] == [title.count("#") for title in headings(page)]
        assert [[len(row) for row in rows] for rows in tables(twin)] == [
            [len(row) for row in rows] for rows in tables(page)
        ]
        for mine, theirs in zip(tables(twin), tables(page), strict=True):
            for ours, english in zip(mine, theirs, strict=True):
                assert set(readme.names_in(" ".join(ours))) == set(readme.names_in(" ".join(english)))
        assert sorted(re.findall(r"\d+", prose(twin))) == sorted(re.findall(r"\d+", prose(page)))
        assert [_strip_comments(block) for block in blocks(twin)] == [_strip_comments(block) for block in blocks(page)]

    def test_settings_have_the_names_and_defaults_of_the_readme(self) -> None:
        rows = {row[0]: row[1:] for text in tables(ROOT / "README.tr.md") for row in text}
        titles = [("Connection `oduyo_default`", "extra", 2), ("Environment variables", "variable", 2)]
        for title, header, column in [*titles, ("Params of the DAG `oduyo_special_codes`", "param", 1)]:
            for row in readme.table(readme.section(title), header):
                told = rows[row[0]][column - 1]
                default = {"required": "zorunlu", "none": "yok", "only by hand": "yalnızca elle"}.get(
                    row[column], row[column]
                )
                assert told == default or readme.names_in(told) == readme.names_in(default) != [], row[0]
        sums = {readme.names_in(key)[0]: readme.names_in(cells[0]) for key, cells in rows.items() if "=" in cells[0]}
        assert sums == {whole: [" + ".join(parts)] for whole, parts in SUMS.items()}


class TestNames:
    @pytest.mark.parametrize("page", OWN, ids=name)
    def test_every_name_in_backticks_is_a_name_of_the_program(self, page: Path) -> None:
        known = set(re.findall(r"\w+", sources())) | FOREIGN
        unknown = {word for word in re.findall(r"`([^\W\d]\w*)`", prose(page)) if word not in known}
        # `apply_` and `_s` stand for all names that begin or end so.
        assert {
            word for word in unknown if not (word[0] == "_" or word[-1] == "_") or not _is_part(word, known)
        } == set()

    @pytest.mark.parametrize("page", OWN, ids=name)
    def test_every_file_that_is_named_exists(self, page: Path) -> None:
        named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:py|md|toml))`", prose(page))
        roots = (ROOT, ROOT / "plugins" / "oduyo_provider")
        made_by_users = re.compile(r"yourcompany|^existing/|^\.run/|^\.venv/|^dags/sql/<")
        lost = [file for file in named if not made_by_users.search(file)]
        assert not [file for file in lost if not any((root / file).exists() for root in roots)]

    def test_outcomes_are_the_report_s_figures(self) -> None:
        told = {figure for row in tables(DOCS / "operations.md")[1] for figure in readme.names_in(row[0])}
        assert told == set(Report.__struct_fields__) - {*SUMS, "dry_run", "reasons", "started_at", "ended_at"}

    def test_brakes_are_the_guard_s_each_once(self) -> None:
        guard = readme.read_sources("plugins/oduyo_provider/core")
        fragments = [readme.names_in(row[0])[0] for row in tables(DOCS / "operations.md")[2]]
        assert len(set(fragments)) == len(set(re.findall(r'Trip\("(\w+)"', guard)))
        assert [fragment for fragment in fragments if fragment not in guard] == []

    def test_what_a_failed_connection_test_says_is_what_the_code_says(self) -> None:
        code = readme.read_sources("plugins")
        fragments = [readme.names_in(row[0])[0] for row in tables(DOCS / "oduyo.md")[2]]
        assert fragments
        assert [fragment for fragment in fragments if fragment not in code] == []

    def test_figures_are_those_of_the_code(self) -> None:
        text, dag = read(DOCS / "operations.md"), load_dag(ROOT / "dags")
        assert (KEPT_RUNS, ABANDONED_AFTER_S) == (30, 30 * 86_400)
        assert "the last 30; the run page shows these. One that was not reported: 30 days" in text
        assert f"`settle_s` + {SENT_WITHIN_S:g} seconds" in text
        retries, longest = dag.default_args["retries"], dag.default_args["max_retry_delay"]
        assert f"up to {retries} times, after 1 to {longest.seconds // 60} minutes" in text
        assert ANSWER_WITHIN.days == 1
        percents = RunParams().max_update_percent, RunParams().max_rejected_percent, RunParams().max_missing_percent
        assert "the defaults are {}, {} and {} percent".format(*percents) in read(DOCS / "oduyo.md")


class TestCommands:
    @pytest.mark.parametrize("page", OWN, ids=name)
    def test_every_command_is_one_that_is_known(self, page: Path) -> None:
        for block in blocks(page, "sh"):
            checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
            assert checked.stderr == ""
        for line in find_commands(page):
            check_command(line)

    def test_commands_are_found(self) -> None:
        found = [line for page in OWN for line in find_commands(page)]
        assert {line.split()[0] for line in found} >= {"make", "airflow", "pip", "export", ".venv/bin/python"}

    @pytest.mark.parametrize(
        "line",
        ["make runn", "airflow dags triger x", "curl x", "export ODUYO_STAGE=", "export ODUYO_PARAMS='{\"dry\": 1}'"],
    )
    def test_a_command_that_is_not_known_would_be_seen(self, line: str) -> None:
        with pytest.raises((AssertionError, SystemExit, SettingsError)):
            check_command(line)


class TestSql:
    def test_every_query_has_its_page_which_tells_what_was_never_run(self) -> None:
        told = {}
        for page in ERP_PAGES:
            for query in set(re.findall(r"dags/sql/(\w+)\.sql\)", prose(page))):
                told[query] = "syntax only" in prose(page)
        assert sorted(told) == list_queries(str(SQL))
        for query, is_told in told.items():
            assert is_told or "Only parsed here" not in " ".join(read(SQL / f"{query}.sql").replace("--", "").split())

    @pytest.mark.parametrize("path", sorted(SQL.glob("*.sql")), ids=lambda path: path.stem)
    def test_rights_are_those_that_the_query_needs_and_no_more(self, path: Path) -> None:
        erp, _, database = path.stem.partition("_")
        language, dialect = {"postgres": ("sql", "postgres"), "mssql": ("sql tsql", "tsql")}[database]
        granted = set[str]()
        for block in blocks(DOCS / "erp" / f"{erp}.md", language):
            for statement in parse(block, dialect):
                if isinstance(statement, exp.Grant):
                    assert statement.args["principals"][0].name == "oduyo_reader"
                    (right,), object_ = statement.args["privileges"], statement.args["securable"]
                    granted.add(f"{right.this.name} {object_.name}")
        needed = set(sqlglot.parse_one(read(path), read=dialect).find_all(exp.Table))
        schemas = {table.db or "public" for table in needed} if database == "postgres" else set()
        assert granted == {f"SELECT {table.name}" for table in needed} | {f"USAGE {schema}" for schema in schemas}

    @pytest.mark.parametrize("page", [page for page in ERP_PAGES if blocks(page, "sql")], ids=name)
    def test_postgresql_rights_suffice_for_all_that_the_page_runs(self, page: Path, erp_server: DemoErp) -> None:
        grants = [block.text for block in blocks(page, "sql") if block.text.startswith("CREATE ROLE")]
        looks = [
            block.text
            for block in blocks(page, "sql")
            if block.text.startswith("SELECT") and "UNION ALL" not in block.text
        ]
        assert len(grants) == 1
        assert looks
        connection = psycopg2.connect(erp_server.dsn, options="-c search_path=public,odoo")
        try:
            with connection.cursor() as cursor:
                # The demo keeps Odoo's tables in a schema of their own.
                cursor.execute(grants[0].replace("SCHEMA public", "SCHEMA odoo"))
                cursor.execute("SET ROLE oduyo_reader")
                for text in [read(SQL / f"{page.stem}_postgres.sql"), *looks]:
                    cursor.execute(text)
                    assert cursor.fetchall(), text
        finally:
            connection.rollback()
            connection.close()

    def test_logo_s_query_for_two_firms_has_an_id_for_each_row(self, erp_server: DemoErp) -> None:
        (text,) = [block.text for block in blocks(DOCS / "erp" / "logo.md", "sql") if "UNION ALL" in block.text]
        (statement,) = sqlglot.parse(text, read="postgres")
        assert isinstance(statement, exp.Query)
        assert "integration_id" in match_columns(statement.named_selects, SPECIAL_CODE)
        connection = psycopg2.connect(erp_server.dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute(text)
            rows = cursor.fetchall()
        connection.close()
        assert {row[3] for row in rows} == {"21", "22"}
        assert len({row[0] for row in rows}) == len(rows) > 1_000
        assert re.fullmatch(r"2[12]-\d+", rows[0][0])

    @pytest.mark.parametrize("page", ERP_PAGES, ids=name)
    def test_the_connection_is_one_and_its_user_the_one_with_the_rights(self, page: Path) -> None:
        from airflow.sdk import Connection

        for block in blocks(page, "json"):
            connection = Connection.from_json(block.text)
            assert connection.conn_type in ("postgres", "mssql")
            assert connection.port == {"postgres": 5432, "mssql": 1433}[connection.conn_type]
            assert connection.login == "oduyo_reader"
            assert connection.login in "".join(part.text for part in blocks(page) if part.language.startswith("sql"))


def test_the_pre_commit_hook_fetches_nothing_and_calls_a_target_that_exists() -> None:
    (repository,) = yaml.safe_load(read(ROOT / ".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        check_command(hook["entry"])


def _is_part(word: str, known: set[str]) -> bool:
    return any(name.endswith(word) if word[0] == "_" else name.startswith(word) for name in known)


def _strip_comments(block: Block) -> Block:
    return Block(block.language, re.sub(r"\s+# .*$", "", block.text, flags=re.MULTILINE))


def parse(block: Block, dialect: str) -> Iterator[Any]:
    """The statements of a SQL block; sqlglot knows no logins and roles, which must look as they do."""
    for text in re.split(r";\s*(?:\n|\Z)", block.text):
        if re.match(r"CREATE (ROLE oduyo_reader LOGIN PASSWORD|LOGIN oduyo_reader WITH|USER oduyo_reader FOR)", text):
            continue
        if text.strip():
            statement = sqlglot.parse_one(text, read=dialect)
            assert isinstance(statement, (exp.Query, exp.Grant)), text
            yield statement


def find_commands(page: Path) -> Iterator[str]:
    """The lines of the shell blocks, and what reads like a command in the text."""
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            if command := re.sub(r"(^|\s+)#\s.*$", "", line).strip():
                yield command
    yield from re.findall(r"`((?:make|airflow|pip) [^`]+)`", prose(page))


def check_command(line: str) -> None:
    """Fail unless a command is one that the project has, with arguments that it takes."""
    program, *words = shlex.split(line)
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
        for word in words:
            variable, is_set, value = word.partition("=")
            assert variable in (("PARAMS", "ARGS") if is_set else targets), line
            if variable == "PARAMS":
                parse_params(json.loads(value))
            if variable == "ARGS":
                assert (ROOT / value.split()[0]).exists(), line
    elif program == "airflow":
        from airflow.cli.cli_parser import get_parser

        taken = vars(get_parser().parse_args(words))
        assert taken.get("dag_id") in (None, "oduyo_special_codes"), line
        assert taken.get("conn_id") in (None, "oduyo_default", "erp_default"), line
        if taken.get("conf"):
            check_params(taken["conf"])
    elif program == "export":
        variable, _, value = words[0].partition("=")
        assert variable in readme.names_in(" ".join(row[0] for row in _environment())), line
        if variable == "ODUYO_PARAMS":
            check_params(value)
    elif program == ".venv/bin/python":
        module = ROOT.joinpath(*words[1].split("."))
        assert words[0] == "-m", line
        assert (module / "__main__.py").exists(), line
        assert f'"{words[2]}"' in read(module / "__main__.py"), line
    else:
        copy = {"pip": ["install ."], "cp": ['-r dags/. "$AIRFLOW_HOME/dags/"']}
        copy["pip"] += ["install --upgrade .", "uninstall --yes airflow-provider-oduyo"]
        copy["rm"] = ['"$AIRFLOW_HOME/dags/oduyo_special_codes.py"']
        assert line.partition(" ")[2] in copy.get(program, []), f"nobody knows {line}"


def check_params(text: str) -> None:
    params = parse_params(json.loads(text))
    assert params.erp_query in list_queries(str(SQL))
    assert msgspec.to_builtins(params)


def _environment() -> list[list[str]]:
    return readme.table(readme.section("Environment variables"), "variable")


def test_every_command_of_every_page_is_run_by_the_script() -> None:
    unknown = {command: str(page.relative_to(ROOT)) for command, page in commands.find_unknown().items()}
    assert not unknown, "put them into tests/system/commands.py, and run tests/system/documents.py"
    assert commands.find_all().keys() >= commands.KNOWN, "no page has these any more"

"""What the pages say is so: links, names, messages, figures, commands and SQL, against the code; and Turkish as English."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg2
import pytest
import sqlglot
import yaml
from babel.messages.pofile import read_po
from sqlglot import expressions as exp

from bench import measure
from oduyo_provider.api.cookies import SHORTEST_SECRET
from oduyo_provider.core import errors
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import DOMAIN, LOCALE_FOLDER
from oduyo_provider.core.ledger import MAX_RESENDS, REFUSED_BEFORE, RESEND_AFTER_S
from oduyo_provider.core.params import PARAM_NAMES, RunParams, parse_params
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.redact import PASSING_SECRETS
from oduyo_provider.core.release import BRAKES
from oduyo_provider.core.report import SUMS, Report
from oduyo_provider.core.variables import LANGUAGE, VARIABLES
from oduyo_provider.dag.site_check import build_form as build_site_check_form
from oduyo_provider.erp.query import match_columns
from oduyo_provider.erp.query_files import list_queries
from oduyo_provider.operators.approval import ANSWER_WITHIN
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from oduyo_provider.sync.runtime.timing import ABANDONED_AFTER_S, SENT_WITHIN_S
from oduyo_provider.sync.staging.retention import KEPT_RUNS
from sandbox.erp.server import DemoErp
from tests.airflow_run import load_dag
from tests.conftest import ROOT
from tests.system import commands
from tests.wiring import pages
from tests.wiring.pages import DOCS, TWINS, names_in, table

SQL = ROOT / "dags" / "sql"
OPERATIONS, MESSAGES, OWN_DAG = (DOCS / f"{name}.md" for name in ("operations", "messages", "own-dag"))
#: Pages whose tables quote messages.
QUOTING = (pages.README, MESSAGES)
#: Heads of columns that quote messages, on any page.
SAYING = {"it says", "the plan says"}
#: Pages that people write, which are short; the changelog grows.
WRITTEN = [page for page in pages.PAGES if page.parent.name != "reference" and page.stem != "CHANGELOG"]
#: What is named in the pages but stands in no file of the program: Airflow, PostgreSQL, SQL Server, GitHub, systemd.
FOREIGN = {"Enabled", "EXECUTE", "Approve", "Reject", "Þube", "Şube", "Þ", "Ş", "Ý", "İ", "ÿ", "oduyo_reader"}
FOREIGN |= {
    "Environment",
    "EnvironmentFile",
    "TimeoutStopSec",
    "KillMode",
    "mixed",
    "Restart",
    "always",
    "default_timezone",
}


def _list_quoted(page: Path) -> list[str]:
    """What the tables of a page quote of messages."""
    return [part for rows in pages.tables(page) for row in rows[1:] for part in names_in(row[0])]


def _list_said(page: Path, heads: list[list[str]]) -> list[str]:
    """What the columns of a page quote of messages whose heads, on the English page, are in `SAYING`."""
    return [
        part
        for rows, head in zip(pages.tables(page), heads, strict=True)
        for row in rows[1:]
        for cell, title in zip(row, head, strict=True)
        if title in SAYING
        for part in names_in(cell)
    ]


class TestLinks:
    @pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
    def test_links_and_images_lead_to_what_is_there(self, page: Path) -> None:
        for link in re.findall(r"\]\(([^)\s]+)\)", pages.prose(page)):
            if link.startswith("https://"):
                continue
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), f"{link} leads nowhere"
            assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
            assert not anchor or anchor in pages.anchors(target), f"{link} leads to no heading"

    @pytest.mark.parametrize("page", WRITTEN, ids=pages.name)
    def test_a_page_is_short(self, page: Path) -> None:
        assert pages.read(page).count("\n") <= 180

    @pytest.mark.parametrize("page", TWINS.values(), ids=pages.name)
    def test_a_turkish_page_leads_to_turkish_pages_where_there_are_any(self, page: Path) -> None:
        english = {twin.resolve() for twin in TWINS} - {next(key for key, value in TWINS.items() if value == page)}
        links = [link.partition("#")[0] for link in re.findall(r"(?<!\[English)\]\(([^)\s]+)\)", pages.prose(page))]
        assert not [link for link in links if (page.parent / link).resolve() in english]


class TestTurkish:
    @pytest.mark.parametrize("page", TWINS, ids=pages.name)
    def test_a_turkish_page_has_the_sections_tables_blocks_and_figures_of_the_english_one(self, page: Path) -> None:
        twin = TWINS[page]
        assert twin.exists(), "no Turkish page"
        assert [title.count("#") for title in pages.headings(twin)] == [
            title.count("#") for title in pages.headings(page)
        ]
        mine, theirs = pages.tables(twin), pages.tables(page)
        assert [(len(rows), len(rows[0])) for rows in mine] == [(len(rows), len(rows[0])) for rows in theirs]
        for table_of_mine, table_of_theirs in zip(mine, theirs, strict=True):
            # What is quoted of a message is translated: see TestMessages.
            kept = [
                place
                for place, title in enumerate(table_of_theirs[0])
                if title not in SAYING and not (page in QUOTING and place == 0)
            ]
            for ours, english in zip(table_of_mine, table_of_theirs, strict=True):
                assert {name for place in kept for name in names_in(ours[place])} == {
                    name for place in kept for name in names_in(english[place])
                }
        assert sorted(re.findall(r"\d+", pages.prose(twin))) == sorted(re.findall(r"\d+", pages.prose(page)))
        assert [_strip_comments(block) for block in pages.blocks(twin)] == [
            _strip_comments(block) for block in pages.blocks(page)
        ]

    @pytest.mark.parametrize("page", [pages.README, DOCS / "quick-start.md"], ids=pages.name)
    def test_who_reads_turkish_is_told_how_messages_become_turkish(self, page: Path) -> None:
        assert f"`{LANGUAGE.name}=tr`" in pages.section(TWINS[page], "Kendi Airflow'unuzda")

    def test_both_glossaries_have_the_same_words(self) -> None:
        english, turkish = DOCS / "glossary.md", DOCS / "tr" / "glossary.md"
        pairs = [(row[0], row[1]) for rows in pages.tables(english) for row in rows[1:]]
        assert [(row[1], row[0]) for rows in pages.tables(turkish) for row in rows[1:]] == pairs
        assert len({word for word, _ in pairs}) == len(pairs) == len({word for _, word in pairs})


class TestNames:
    @pytest.mark.parametrize("page", [page for page in WRITTEN if page.stem != "SECURITY"], ids=pages.name)
    def test_every_name_in_backticks_is_a_name_of_the_program(self, page: Path) -> None:
        known = set(re.findall(r"\w+", _read_sources())) | FOREIGN
        unknown = {word for word in re.findall(r"`(?!AIRFLOW__)([^\W\d]\w*)`", pages.prose(page)) if word not in known}
        # `apply_` and `_s` stand for all names that begin or end so.
        assert {
            word for word in unknown if not (word[0] == "_" or word[-1] == "_") or not _is_part(word, known)
        } == set()

    @pytest.mark.parametrize("page", WRITTEN, ids=pages.name)
    def test_every_file_that_is_named_exists(self, page: Path) -> None:
        named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?|[\w-]+\.(?:py|md|toml))`", pages.prose(page))
        roots = (
            ROOT,
            ROOT / "dags",
            ROOT / "plugins" / "oduyo_provider",
            ROOT / "plugins" / "oduyo_provider" / "sync" / "steps",
        )
        made_by_users = re.compile(r"yourcompany|^existing/|^_sites/|^_alerts/|^\.run/|^\.venv/|^dags/sql/<|^dist/")
        lost = [file for file in named if not made_by_users.search(file)]
        assert not [file for file in lost if not any((root / file).exists() for root in roots)]

    def test_outcomes_are_the_report_s_figures(self) -> None:
        told = {figure for row in table(OPERATIONS, "figure") for figure in names_in(row[0])}
        told |= {"adopted", "known_refused", "known_rejected", "new_other_source"}  # told in sentences
        assert told - {"doubtful"} == set(Report.__struct_fields__) - {
            *SUMS,
            "doubtful",
            "dry_run",
            "sync_mode",
            "faults",
            "reasons",
            "started_at",
            "ended_at",
        }

    def test_the_brakes_that_stop_a_run_are_those_of_guard(self) -> None:
        rows = table(OPERATIONS, "brake")
        assert {name for row in rows for name in names_in(row[0])} == {
            brake.name for brake in BRAKES if not brake.is_canary
        }
        said = pages.texts("plugins/oduyo_provider/core")
        assert [part for row in rows for part in names_in(row[1]) if not any(part in text for text in said)] == []

    def test_what_a_failed_connection_test_says_is_what_the_code_says(self) -> None:
        said = pages.texts("plugins")
        fragments = [names_in(row[0])[0] for row in table(DOCS / "oduyo.md", "it says")]
        assert fragments
        assert [part for part in fragments if not any(part in text for text in said)] == []

    def test_the_operator_takes_what_it_is_said_to_take(self) -> None:
        taken = set(inspect.signature(OduyoSpecialCodeOperator.__init__).parameters)
        own = taken - {"self", "kwargs", "rows", "plan"} - set(PARAM_NAMES)
        assert own <= {part for row in table(OWN_DAG, "question") for part in names_in(" ".join(row))}

    def test_make_s_targets_are_told_each_once(self) -> None:
        told = [
            part.removeprefix("make ")
            for row in table(ROOT / "CONTRIBUTING.md", "command")
            for part in names_in(row[0])
        ]
        assert sorted(told) == sorted(re.findall(r"^([a-z-]+):.*## ", pages.read(ROOT / "Makefile"), re.MULTILINE))


class TestMessages:
    FRAGMENTS = tuple(_list_quoted(MESSAGES))

    def test_each_is_what_the_code_says(self) -> None:
        said = pages.texts("plugins")
        assert [part for part in self.FRAGMENTS if not any(part in text for text in said)] == []

    @pytest.mark.parametrize("page", TWINS, ids=pages.name)
    def test_the_turkish_page_quotes_the_turkish_text_of_each(self, page: Path) -> None:
        with (LOCALE_FOLDER / "tr" / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as file:
            catalogue = read_po(file, locale="tr")
        told = [
            (" ".join([*message.id]) if isinstance(message.id, tuple) else message.id, "".join(message.string))
            for message in catalogue
        ]
        heads = [rows[0] for rows in pages.tables(page)]
        quoted = [
            [*(_list_quoted(side) if page in QUOTING else ()), *_list_said(side, heads)] for side in (page, TWINS[page])
        ]
        pairs = list(zip(*quoted, strict=True))
        assert [
            pair for pair in pairs if not any(pair[0] in english and pair[1] in turkish for english, turkish in told)
        ] == []

    def test_every_error_is_told(self) -> None:
        kinds = {name for name in vars(errors) if name.endswith("Error")}
        files = sorted((ROOT / "plugins").rglob("*.py"))
        raised = [
            text
            for node in (node for path in files for node in ast.walk(ast.parse(pages.read(path))))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds and node.args
            if re.search("[a-z]", text := pages.render(node.args[0]))
        ]
        assert len(raised) > 50
        assert [text for text in raised if not any(part in text for part in self.FRAGMENTS)] == []


class TestFigures:
    def test_operations(self) -> None:
        text, dag = pages.read(OPERATIONS), load_dag(ROOT / "dags")
        assert (KEPT_RUNS, ABANDONED_AFTER_S) == (30, 30 * 86_400)
        assert "the last 30; the run page shows these. One that was not reported: 30 days" in text
        assert f"`settle_s` + {SENT_WITHIN_S:g} seconds" in text
        retries, longest = dag.default_args["retries"], dag.default_args["max_retry_delay"]
        told = f"up to {retries} times, after 1 to {longest // timedelta(minutes=1)} minutes"
        assert all(told in " ".join(pages.read(page).split()) for page in (OPERATIONS, MESSAGES))
        assert timedelta(days=1) == ANSWER_WITHIN

    def test_when_a_refused_change_is_sent_again(self) -> None:
        (told,) = [row[1] for row in table(MESSAGES, "reason") if REFUSED_BEFORE in row[0]]
        weeks = {7 * 86_400: "a week later"}
        assert told.startswith("refused before with the same values; sent again when the row changes, ")
        assert told.endswith(f"{weeks[int(RESEND_AFTER_S)]} ({MAX_RESENDS} a run), or with `resend_refused`")

    def test_which_cookies_are_masked(self) -> None:
        told = " ".join(pages.read(DOCS / "data-protection.md").split())
        # A value is masked as it is sent and as PHP shows it.
        assert f"of at least {SHORTEST_SECRET} characters" in told
        assert f"for the last {PASSING_SECRETS // 2} at least" in told

    def test_the_defaults_of_the_brakes(self) -> None:
        percents = RunParams().max_update_percent, RunParams().max_rejected_percent, RunParams().max_missing_percent
        assert "the defaults are {}, {} and {} percent".format(*percents) in pages.read(DOCS / "oduyo.md")

    def test_the_bounds_of_the_measurements(self) -> None:
        told = [row[1] for row in table(DOCS / "performance.md", "figure")]
        bounds = [f"≥ {measure.MIN_REACH[1]:g}", f"≥ {measure.MIN_REACH[64]:g}", f"≥ {measure.MIN_SPEED_RATIO:g}"]
        bounds += [
            f"≤ {measure.MAX_CPU_RATIO:g}",
            f"≤ {measure.MAX_CPU_S_PER_MILLION:g} s",
            f"≤ {measure.MAX_PEAK_MB:g} MiB",
        ]
        bounds += [
            f"≤ {measure.MAX_GROWTH:g}",
            f"≤ {measure.MAX_IDLE_S_PER_100_000:g} s",
            f"≤ {measure.MAX_ANSWER_S:g} s",
            f"≤ {measure.MAX_SEARCH_S_PER_100_000:g} s",
            f"≤ {measure.MAX_S_OVER_EMPTY_DAG:g} s",
        ]
        assert told == bounds


class TestCommands:
    @pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
    def test_every_command_is_one_that_is_known(self, page: Path) -> None:
        for block in pages.blocks(page, "sh"):
            checked = subprocess.run(["bash", "-n"], input=block.text, text=True, capture_output=True, check=False)
            assert checked.stderr == ""
        for line in commands.find_commands(page):
            check_command(line)

    @pytest.mark.parametrize(
        "line",
        ["make runn", "airflow dags triger x", "curl x", "export ODUYO_STAGE=", "export ODUYO_PARAMS='{\"dry\": 1}'"],
    )
    def test_a_command_that_is_not_known_would_be_seen(self, line: str) -> None:
        with pytest.raises((AssertionError, SystemExit, SettingsError)):
            check_command(line)

    def test_every_command_is_run_by_the_script(self) -> None:
        unknown = {command: pages.name(page) for command, page in commands.find_unknown().items()}
        assert not unknown, "put them into tests/system/commands.py, and run tests/system/documents.py"
        assert commands.find_all().keys() >= commands.KNOWN, "no page has these any more"

    @pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
    def test_a_block_says_where_airflow_lies_before_it_uses_that(self, page: Path) -> None:
        for block in pages.blocks(page, "sh"):
            before, used, _ = block.text.partition('"$AIRFLOW_HOME/')
            assert not used or commands.HOME in before

    @pytest.mark.parametrize("told", [(), ("AIRFLOW_HOME",), ("AIRFLOW_HOME", "ODUYO_STAGING_PATH")])
    def test_a_backup_is_put_back_whatever_the_shell_knows(self, told: tuple[str, ...], tmp_path: Path) -> None:
        places = {"AIRFLOW_HOME": tmp_path / "opt", "ODUYO_STAGING_PATH": tmp_path / "share"}
        known = {name: places[name] for name in told}
        home = known.get("AIRFLOW_HOME", tmp_path / "airflow")
        staging = known.get("ODUYO_STAGING_PATH", home / "oduyo_staging")
        for folder in {home, staging, tmp_path / "bin"}:
            folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bin" / "airflow").symlink_to("/bin/true")
        (ledger := staging / "ledger").write_text("of the backup")
        environment = {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
        environment |= {name: str(place) for name, place in known.items()}
        for word in ("tar --create", "tar --extract"):
            (block,) = [block.text for block in pages.blocks(DOCS / "upgrade.md", "sh") if word in block.text]
            subprocess.run(["bash", "-euc", block], env=environment, check=True)
            if word == "tar --create":
                ledger.write_text("of today")
                (staging / "run").write_text("of today")
        assert [path.name for path in staging.iterdir()] == ["ledger"]
        assert ledger.read_text() == "of the backup"

    def test_the_pre_commit_hook_fetches_nothing_and_calls_a_target_that_exists(self) -> None:
        (repository,) = yaml.safe_load(pages.read(ROOT / ".pre-commit-config.yaml"))["repos"]
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            check_command(hook["entry"])


class TestErp:
    def test_every_query_has_a_row_and_a_page_which_tell_what_was_never_run(self) -> None:
        rows = {names_in(row[0])[0]: row for row in table(DOCS / "erp" / "README.md", "query")}
        told = {
            query: "syntax only" in pages.prose(page)
            for page in pages.ERP_PAGES
            for query in re.findall(r"dags/sql/(\w+)\.sql\)", pages.prose(page))
        }
        assert sorted(rows) == sorted(told) == list_queries(str(SQL))
        for query, row in rows.items():
            is_only_parsed = "Only parsed here" in " ".join(pages.read(SQL / f"{query}.sql").replace("--", "").split())
            assert ("never run" in row[3]) == is_only_parsed
            assert told[query] or not is_only_parsed

    def test_required_and_optional_columns_are_the_resource_s(self) -> None:
        text = " ".join(pages.prose(DOCS / "erp" / "README.md").split())
        found = re.search(r"- Required: (.*?)\. - Optional: (.*?)\. A field", text)
        assert found
        told = found[2].replace("`space1` to `space5`", ", ".join(f"`space{number}`" for number in range(1, 6)))
        assert set(names_in(found[1])) == {field.name for field in SPECIAL_CODE.fields if field.required}
        assert set(names_in(told)) == {field.name for field in SPECIAL_CODE.fields if not field.required}

    @pytest.mark.parametrize("path", sorted(SQL.glob("*.sql")), ids=lambda path: path.stem)
    def test_rights_are_those_that_the_query_needs_and_no_more(self, path: Path) -> None:
        erp, _, database = path.stem.partition("_")
        language, dialect = {"postgres": ("sql", "postgres"), "mssql": ("sql tsql", "tsql")}[database]
        granted = set[str]()
        for block in pages.blocks(DOCS / "erp" / f"{erp}.md", language):
            for statement in parse(block, dialect):
                if isinstance(statement, exp.Grant):
                    assert statement.args["principals"][0].name == "oduyo_reader"
                    (right,), object_ = statement.args["privileges"], statement.args["securable"]
                    granted.add(f"{right.this.name} {object_.name}")
        needed = set(sqlglot.parse_one(pages.read(path), read=dialect).find_all(exp.Table))
        schemas = {table.db or "public" for table in needed} if database == "postgres" else set()
        assert granted == {f"SELECT {table.name}" for table in needed} | {f"USAGE {schema}" for schema in schemas}

    @pytest.mark.parametrize("page", [page for page in pages.ERP_PAGES if pages.blocks(page, "sql")], ids=pages.name)
    def test_postgresql_rights_suffice_for_all_that_the_page_runs(self, page: Path, erp_server: DemoErp) -> None:
        texts = [block.text for block in pages.blocks(page, "sql")]
        (grant,) = [text for text in texts if text.startswith("CREATE ROLE")]
        looks = [text for text in texts if text.startswith("SELECT") and "UNION ALL" not in text]
        assert looks
        connection = psycopg2.connect(erp_server.dsn, options="-c search_path=public,odoo")
        try:
            with connection.cursor() as cursor:
                # The demo keeps Odoo's tables in a schema of their own.
                cursor.execute(grant.replace("SCHEMA public", "SCHEMA odoo"))
                cursor.execute("SET ROLE oduyo_reader")
                for text in [pages.read(SQL / f"{page.stem}_postgres.sql"), *looks]:
                    cursor.execute(text)
                    assert cursor.fetchall(), text
        finally:
            connection.rollback()
            connection.close()

    def test_logo_s_query_for_two_firms_has_an_id_for_each_row(self, erp_server: DemoErp) -> None:
        (text,) = [block.text for block in pages.blocks(DOCS / "erp" / "logo.md", "sql") if "UNION ALL" in block.text]
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

    @pytest.mark.parametrize("page", pages.ERP_PAGES, ids=pages.name)
    def test_the_connection_is_one_and_its_user_the_one_with_the_rights(self, page: Path) -> None:
        from airflow.sdk import Connection

        for block in pages.blocks(page, "json"):
            connection = Connection.from_json(block.text)
            assert connection.port == {"postgres": 5432, "mssql": 1433}[connection.conn_type]
            assert connection.login == "oduyo_reader"
            assert connection.login in "".join(part.text for part in pages.blocks(page) if "sql" in part.language)


def _read_sources() -> str:
    """All that a name in a page may be a name of."""
    files = [
        path
        for folder in ("plugins", "dags", "sandbox", "tests", "docker")
        for path in sorted((ROOT / folder).rglob("*"))
    ]
    files = [path for path in files if path.suffix in (".py", ".sql", ".js", ".sh") and path != Path(__file__)]
    files += [
        ROOT / name
        for name in ("Makefile", "pyproject.toml", ".env.example", "docker-compose.yml", "Dockerfile", ".ci/run")
    ]
    return "\n".join(map(pages.read, files))


def _is_part(word: str, known: set[str]) -> bool:
    return any(name.endswith(word) if word[0] == "_" else name.startswith(word) for name in known)


def _strip_comments(block: pages.Block) -> pages.Block:
    return pages.Block(block.language, re.sub(r"\s+# .*$", "", block.text, flags=re.MULTILINE))


def parse(block: pages.Block, dialect: str) -> Iterator[Any]:
    """The statements of a SQL block; sqlglot knows no logins and roles, which must look as they do."""
    for text in re.split(r";\s*(?:\n|\Z)", block.text):
        if re.match(r"CREATE (ROLE oduyo_reader LOGIN PASSWORD|LOGIN oduyo_reader WITH|USER oduyo_reader FOR)", text):
            continue
        if text.strip():
            statement = sqlglot.parse_one(text, read=dialect)
            assert isinstance(statement, (exp.Query, exp.Grant)), text
            yield statement


def check_command(line: str) -> None:
    """Fail unless a command is one that the project has, with arguments that it takes."""
    program, *words = shlex.split(re.sub(r"\$\(date [^)]*\)", "2026-01-01", line))
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", pages.read(ROOT / "Makefile"), re.MULTILINE))
        for word in words:
            variable, is_set, value = word.partition("=")
            assert variable in (("PARAMS", "ARGS") if is_set else targets), line
            if variable == "PARAMS":
                parse_params(json.loads(value))
            if variable == "ARGS":
                assert (ROOT / value.split()[0]).exists(), line
    elif program == "airflow" and line not in commands.MENTIONED:
        from airflow.cli.cli_parser import get_parser

        taken = vars(get_parser().parse_args(words))
        assert taken.get("dag_id") in (None, *(path.stem for path in (ROOT / "dags").glob("*.py"))), line
        assert taken.get("conn_id") in (None, "oduyo_default", "erp_default"), line
        if taken.get("conf") and taken["dag_id"] == "oduyo_site_check":
            assert json.loads(taken["conf"]).keys() <= build_site_check_form().keys(), line
        elif taken.get("conf"):
            check_params(taken["conf"])
    elif program == "export":
        variable, _, value = words[0].partition("=")
        assert variable in {*(known.name for known in VARIABLES), "AIRFLOW_CONN_ODUYO_DEFAULT", "AIRFLOW_HOME"}, line
        if variable == "ODUYO_PARAMS":
            check_params(value)
    else:  # run by the script, as they stand
        assert line in commands.KNOWN | commands.MENTIONED, f"nobody knows {line}"


def check_params(text: str) -> None:
    params = parse_params(json.loads(text))
    assert params.erp_query in list_queries(str(SQL))
    assert msgspec.to_builtins(params)

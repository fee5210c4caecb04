"""What README.md says is so: names, defaults, examples and links, checked against the code."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.normalise import Rules
from oduyo_provider.core.params import PARAMS, RunParams
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import SUMS, Report
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from oduyo_provider.provider_info import CONNECTION_FIELDS
from oduyo_provider.sync.staging.retention import KEPT_RUNS
from sandbox.oduyo.__main__ import build_parser
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import load_dag, run_dag
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")


def section(title: str) -> str:
    """The text below a heading, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", _without_blocks(README), re.DOTALL | re.MULTILINE)
    assert found, f"no section {title!r}"
    return found[1]


def table(text: str, first_header: str) -> list[list[str]]:
    """The cells of the table whose first header cell says so, the header left out."""
    for paragraph in text.strip().split("\n\n"):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in paragraph.splitlines()]
        if [first_header] == rows[0][:1]:
            assert {len(row) for row in rows} == {len(rows[0])}, f"a row of the table {first_header!r} is torn"
            return rows[2:]
    raise AssertionError(f"no table {first_header!r}")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def example(name: str) -> str:
    """The Python block that defines this function."""
    (found,) = [block for block in blocks("python") if f"def {name}(" in block]
    return found


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def read_sources(*folders: str) -> str:
    """All Python of these folders, with adjacent string literals joined as the compiler does."""
    text = "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    )
    return re.sub(r'"\s*\n\s*f?"', "", text)


def names_in(cell: str) -> list[str]:
    """The names in backticks."""
    return CODE.findall(cell)


class TestSettings:
    def test_every_connection_extra_stands_there_with_its_default(self) -> None:
        told = {names_in(row[0])[0]: row[2] for row in table(section("Connection `oduyo_default`"), "extra")}
        required = {field.name for field in msgspec.structs.fields(Settings) if field.required}
        expected = {}
        for field in msgspec.structs.fields(Settings):
            if field.name in CONNECTION_FIELDS:
                default = "required" if field.name in required else _show(field.default)
                expected[field.name] = default
        assert told == expected
        assert set(told) == set(CONNECTION_FIELDS)

    def test_every_environment_variable_stands_there_and_no_other(self) -> None:
        told = {names_in(row[0])[0] for row in table(section("Environment variables"), "variable")}
        used = set(re.findall(r'"((?:ODUYO|ERP)_[A-Z_]+)"', read_sources("plugins", "dags")))
        assert told == used

    def test_every_param_stands_there_with_its_default(self) -> None:
        rows = table(section("Params of the DAG `oduyo_special_codes`"), "param")
        told = {names_in(row[0])[0]: json.loads(names_in(row[1])[0]) for row in rows}
        dag = load_dag(ROOT / "dags")
        assert told == {name: dag.params.get_param(name).value for name in dag.params}
        assert told == {param.name: param.default for param in PARAMS}
        assert told["max_text_length"] == Rules().max_text_length

    def test_the_values_that_a_param_takes_stand_in_its_row(self) -> None:
        rows = {names_in(row[0])[0]: row for row in table(section("Params of the DAG `oduyo_special_codes`"), "param")}
        dag = load_dag(ROOT / "dags")
        for name in ("sync_mode", "on_missing", "on_unsafe"):
            assert set(dag.params.get_param(name).schema["enum"]) <= set(names_in(rows[name][2]))


class TestReport:
    def test_every_field_of_the_report_stands_there_in_its_order(self) -> None:
        rows = table(section("The report"), "field")
        assert [name for row in rows for name in names_in(row[0])] == list(Report.__struct_fields__)

    def test_the_sums_are_those_that_the_code_checks(self) -> None:
        told = {}
        for name, counts in table(section("The report"), "field"):
            if "=" in counts:
                told[names_in(name)[0]] = tuple(names_in(counts)[0].split(" + "))
        assert told == SUMS


class TestErp:
    def test_every_query_stands_there_and_no_other(self) -> None:
        told = [names_in(row[0])[0] for row in table(section("Point it at your ERP"), "query")]
        assert sorted(told) == sorted(path.stem for path in (ROOT / "dags" / "sql").glob("*.sql"))

    def test_a_query_that_was_never_run_is_told_so(self) -> None:
        for row in table(section("Point it at your ERP"), "query"):
            text = (ROOT / "dags" / "sql" / f"{names_in(row[0])[0]}.sql").read_text(encoding="utf-8")
            assert ("never run" in row[3]) == ("Only parsed here" in " ".join(text.replace("--", "").split()))

    def test_required_and_optional_columns_are_the_resource_s(self) -> None:
        text = " ".join(section("Point it at your ERP").split())
        required = re.search(r"- Required: (.*?)\. - Optional: (.*?)\. A field", text)
        assert required
        told = re.sub(r"`space1` to `space5`", ", ".join(f"`space{n}`" for n in range(1, 6)), required[2])
        assert set(names_in(required[1])) == {field.name for field in SPECIAL_CODE.fields if field.required}
        assert set(names_in(told)) == {field.name for field in SPECIAL_CODE.fields if not field.required}

    def test_every_reason_for_rejecting_stands_there_and_no_other(self) -> None:
        rows = table(section("Point it at your ERP"), "reason")
        told = {name for row in rows for name in names_in(row[0])}
        raised = set(re.findall(r'InvalidValueError\(\s*"(\w+)"', read_sources("plugins/oduyo_provider/core")))
        faults = set(re.findall(r'Fault\([^,()]+, "(\w+)"', read_sources("plugins/oduyo_provider/core")))
        warnings = {"above_int32", "before_created", "replacement_character"}
        assert warnings < faults
        assert told == (raised | faults) - warnings


class TestErrors:
    @pytest.mark.parametrize("seen", [row[0] for row in table(section("When something goes wrong"), "you see")])
    def test_what_one_sees_is_what_the_code_says(self, seen: str) -> None:
        sources = read_sources("plugins")
        for fragment in names_in(seen):
            assert fragment in sources, f"no message says {fragment!r}"

    def test_figures_are_those_of_the_code(self) -> None:
        assert f"The last {KEPT_RUNS} runs of a DAG are kept" in README


class TestDevelopment:
    def test_every_make_target_stands_there_and_no_other(self) -> None:
        rows = table(section("Development"), "command")
        told = {name.removeprefix("make ") for row in rows for name in names_in(row[0])}
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert told == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))

    def test_make_targets_in_examples_exist(self) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        used = set(re.findall(r"^make ([\w-]+)", "\n".join(blocks("sh")), re.MULTILINE))
        assert {"run", "test", "ui"} <= used
        for name in used:
            assert re.search(rf"^{name}:", makefile, re.MULTILINE), name

    def test_the_local_oduyo_s_account_is_the_one_told(self) -> None:
        options = build_parser().parse_args([])
        for value in (f"{options.host}:{options.port}", options.username, options.password, options.api_key):
            assert value in README

    def test_the_arrow_is_drawn_as_the_folders_are_called(self) -> None:
        arrow = re.search(r"`core ← (.*?)`", README)
        assert arrow
        for name in re.findall(r"[a-z]+", arrow[0]):
            folder = ROOT / ("dags" if name == "dags" else f"plugins/oduyo_provider/{name}")
            assert folder.is_dir()


class TestLinks:
    def test_relative_links_lead_to_something_that_is_in_the_repository(self) -> None:
        links = re.findall(r"\]\(([^)#]+)\)", README)
        relative = [link for link in links if not link.startswith("https://")]
        assert "LICENSE" in relative
        for link in relative:
            assert (ROOT / link).exists(), link

    def test_links_within_the_page_lead_to_a_heading(self) -> None:
        headings = re.findall(r"^#+ (.*)$", _without_blocks(README), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        used = re.findall(r"\]\(#([^)]+)\)", README)
        assert used
        assert set(used) <= anchors


class TestExamples:
    def test_the_connection_s_json_is_a_connection_that_can_be_used(self) -> None:
        from airflow.sdk import Connection

        (text,) = blocks("json")
        connection = Connection.from_json(text)
        settings = Settings.from_connection(
            host=connection.host,
            port=connection.port,
            login=connection.login,
            password=connection.password,
            extra={**connection.extra_dejson, "api_key": "key"},
        )
        assert (settings.site, settings.requests_per_second) == ("yourcompany.oduyo.com.tr", 20)
        assert "api_key" in connection.extra_dejson

    def test_params_in_examples_are_params(self) -> None:
        objects = re.findall(r"PARAMS='(\{.*?\})'", README)
        assert len(objects) == 2
        for text in objects:
            for name, value in json.loads(text).items():
                assert msgspec.convert({name: value}, RunParams)
                assert name in RunParams.__struct_fields__

    @pytest.mark.parametrize("number", range(len(blocks("python"))))
    def test_python_compiles(self, number: int) -> None:
        assert ast.parse(blocks("python")[number]).body

    @pytest.mark.parametrize("number", range(len(blocks("sh"))))
    def test_shell_parses(self, number: int) -> None:
        checked = subprocess.run(
            ["bash", "-n"], input=blocks("sh")[number], text=True, capture_output=True, check=False
        )
        assert checked.stderr == ""

    def test_what_the_operator_is_said_to_take_it_takes(self) -> None:
        sentence = re.search(r"Both also take (.*?), each as above", README.replace("\n", " "))
        assert sentence
        taken = set(inspect.signature(OduyoSpecialCodeOperator.__init__).parameters) - {
            "self",
            "kwargs",
            "rows",
            "plan",
        }
        named = names_in(sentence[1])
        params = set(RunParams.__struct_fields__) - set(named)
        assert taken == (set(named) | params) - {"erp_query", "on_unsafe"}

    def test_the_operator_s_example_runs_and_sends_its_rows_once(
        self, airflow_db: None, oduyo: Sandbox, staging: Path, tmp_path: Path
    ) -> None:
        from airflow.dag_processing.bundles.manager import DagBundlesManager
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

        (tmp_path / "branch_codes.py").write_text(example("branch_codes"), encoding="utf-8")
        DagBundlesManager().sync_bundles_to_db()
        # dag.test registers only DAGs that lie in Airflow's own DAG folder.
        sync_bag_to_db(DagBag(dag_folder=tmp_path, bundle_name="dags-folder"), "dags-folder", None)
        for _ in range(2):
            made = run_dag(load_dag(tmp_path, "branch_codes"), {}, staging)
            assert made.state == "success", made.error
        assert made.xcoms["save"][0]["unchanged"] == 2
        assert [record["code"] for record in oduyo.records()] == ["ŞUBE.01", "ŞUBE.02"]

    def test_the_hook_s_example_fetches_records(self, oduyo: Sandbox, set_oduyo: Callable[..., None]) -> None:
        oduyo.seed([{"integration_id": "1", "code": "K.1"}])
        namespace: dict[str, Any] = {}
        exec(compile(example("fetch_first_records"), "README.md", "exec"), namespace)  # noqa: S102  our own document
        assert [record["code"] for record in namespace["fetch_first_records"]("erp_special_code")] == ["K.1"]


def _show(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)

"""README.md in short, and every example of the documents, run."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from sandbox.oduyo.__main__ import build_parser
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, load_dag, run_dag
from tests.conftest import ROOT, Erp
from tests.wiring import pages

OWN_DAG = pages.DOCS / "own-dag.md"
EXAMPLES = [(page, block.text) for page in pages.PAGES for block in pages.blocks(page, "python")]


def run_example(page: Path, function: str, folder: Path, staging: Path) -> DagRunResult:
    """Run a DAG of a page, as somebody copies it."""
    (folder / f"{function}.py").write_text(pages.example(page, function), encoding="utf-8")
    return run_dag(load_dag(folder, function), {}, staging)


class TestReadme:
    @pytest.mark.parametrize("page", [pages.README, pages.TWINS[pages.README]], ids=pages.name)
    def test_it_is_short(self, page: Path) -> None:
        assert pages.read(page).count("\n") <= 140

    def test_the_first_sync_is_at_most_eight_steps_away(self) -> None:
        way = pages.section(pages.README, "Into your Airflow")
        steps = re.findall(r"^(\d)\. ", way, re.MULTILINE)
        assert steps == [str(number) for number in range(1, len(steps) + 1)]
        assert len(steps) <= 8
        assert pages.names_in(way).count("dry_run") == 0
        assert way.index("First sync") < way.index("Once more")

    def test_the_commonest_messages_stand_in_the_page_of_all_messages(self) -> None:
        told = {part for row in pages.table(pages.README, "you see") for part in pages.names_in(row[0])}
        every = pages.read(pages.DOCS / "messages.md")
        assert len(pages.table(pages.README, "you see")) == 5
        assert not [
            part for part in told if part not in every and not any(part in text for text in pages.texts("plugins"))
        ]

    def test_every_page_can_be_reached_from_here(self) -> None:
        seen, waiting = set[Path](), [pages.README, pages.TWINS[pages.README]]
        while waiting:
            page = waiting.pop()
            seen.add(page)
            links = [(page.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+\.md)", pages.prose(page))]
            waiting += [link for link in links if link not in seen and link.exists()]
        assert set(pages.PAGES) - {ROOT / "CONTRIBUTING.md"} <= seen

    def test_the_local_oduyo_s_account_is_the_one_told(self) -> None:
        options = build_parser().parse_args([])
        told = pages.read(ROOT / "CONTRIBUTING.md")
        for value in (f"{options.host}:{options.port}", options.username, options.password, options.api_key):
            assert value in told


class TestExamples:
    @pytest.mark.parametrize("example", [text for _, text in EXAMPLES], ids=[pages.name(page) for page, _ in EXAMPLES])
    def test_python_compiles(self, example: str) -> None:
        assert ast.parse(example).body

    def test_rows_of_a_task_are_sent_once(
        self, airflow_db: None, oduyo: Sandbox, staging: Path, tmp_path: Path
    ) -> None:
        for _ in range(2):
            made = run_example(pages.README, "branch_codes", tmp_path, staging)
            assert made.state == "success", made.error
        assert made.xcoms["save"][0]["unchanged"] == 2
        assert [record["code"] for record in oduyo.records()] == ["ŞUBE.01", "ŞUBE.02"]

    def test_rows_of_a_query_become_records(
        self, airflow_db: None, oduyo: Sandbox, erp: Erp, staging: Path, tmp_path: Path
    ) -> None:
        made = run_example(OWN_DAG, "customer_codes", tmp_path, staging)
        assert made.state == "success", made.error
        report = made.xcoms["save"][0]
        assert report["created"] == len(oduyo.records()) > 100
        assert report["extracted"] == report["created"] + report["rejected"] + report["repeated"]

    def test_the_example_of_a_query_is_the_one_in_the_wheel_and_runs_only_by_hand(self) -> None:
        shipped = pages.read(ROOT / "plugins/oduyo_provider/example_dags/example_oduyo_rows_of_a_query.py")
        assert shipped.partition('"""\n\n')[2] == pages.example(OWN_DAG, "customer_codes")
        assert "schedule=None" in shipped

    def test_the_hook_fetches_records(self, oduyo: Sandbox, set_oduyo: Callable[..., None]) -> None:
        oduyo.seed([{"integration_id": "1", "code": "K.1"}])
        namespace: dict[str, Any] = {}
        exec(compile(pages.example(OWN_DAG, "fetch_first_records"), "own-dag.md", "exec"), namespace)  # noqa: S102  our own document
        assert [record["code"] for record in namespace["fetch_first_records"]("erp_special_code")] == ["K.1"]
        refusal = {
            "call": "list",
            "kind": "status_false",
            "status": 200,
            "body": '{"status": false, "message": "Yetki yok"}',
        }
        oduyo.set_faults(refusal)
        # `run` says so; the example need not look.
        with pytest.raises(AirflowException, match=r"HTTP 200: .*Yetki yok"):
            namespace["fetch_first_records"]("erp_special_code")
        assert "raise" not in pages.example(OWN_DAG, "fetch_first_records")

    def test_the_notifier_s_setting_is_json(self) -> None:
        (text,) = re.findall(r"export ODUYO_NOTIFIER='(.*?)'", pages.read(pages.DOCS / "observability.md"), re.DOTALL)
        assert set(json.loads(text)) == {"class", "kwargs"}

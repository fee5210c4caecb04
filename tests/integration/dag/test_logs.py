"""The task logs of a run with 3,500 rows: short enough to be read at night, and telling what happened."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from oduyo_provider.operators.errors import LINE_WIDTH
from oduyo_provider.sync.runtime.log_table import MAX_WIDTH
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, make_query

#: What a person reads without losing the thread.
MOST_LINES = 100
#: A row of a table: a name, at least two blanks, a figure to the right.
TABLE_ROW = re.compile(r" {2}\S.* {2,}[\d,]+")


class TaskLogs(logging.Handler):
    """What the provider tells in each task's log, line by line, at the level that Airflow keeps by default."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: dict[str, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        from airflow.sdk import get_current_context

        task_id = get_current_context()["ti"].task_id
        self.lines.setdefault(task_id, []).extend(record.getMessage().splitlines())

    def text(self, task_id: str) -> str:
        """All of one task."""
        return "\n".join(self.lines[task_id])


@pytest.fixture
def logs(erp: Erp) -> Iterator[TaskLogs]:
    """The logs of the demo's run."""
    erp.load_demo()
    heard = TaskLogs()
    logger = logging.getLogger("oduyo_provider")
    logger.addHandler(heard)
    yield heard
    logger.removeHandler(heard)


def assert_readable(logs: TaskLogs) -> None:
    assert {task_id for task_id, lines in logs.lines.items() if len(lines) >= MOST_LINES} == set()
    tables = [line for lines in logs.lines.values() for line in lines if TABLE_ROW.fullmatch(line)]
    assert len(tables) > 10
    assert [line for line in tables if len(line) > MAX_WIDTH] == []
    assert MAX_WIDTH == 80


def test_every_task_of_the_first_run_tells_its_figures_in_a_few_lines(
    oduyo: Sandbox, logs: TaskLogs, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes()
    assert made.state == "success", made.error
    assert_readable(logs)
    assert set(logs.lines) == {"snapshot", "extract", "transform", "guard", "load", "report"}
    assert "3,500" in logs.text("extract")
    assert re.search(r"to create +3,461\n", logs.text("guard"))
    assert re.search(r"code: empty +39", logs.text("guard"))
    assert "3,461" in logs.text("load")


def test_many_refusals_show_some_samples_and_all_reasons(
    oduyo: Sandbox, logs: TaskLogs, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.set_habits({"habit": "refuse", "keys": "*7", "message": "kayıt kabul edilmedi " * 8})
    made = run_special_codes()
    assert_readable(logs)
    assert made.report["refused"] > 300
    assert "kayıt kabul edilmedi" in logs.text("load")
    assert f"{made.report['refused']:,}" in logs.text("load")
    assert 1 <= logs.text("load").count("refused: ") <= 25


def test_an_explained_error_is_told_sentence_by_sentence_and_leaves_no_traceback_of_this_package(
    logs: TaskLogs, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.api.pacer.LONGEST_GAP_S", 0.1)  # a 503 slows down by seconds
    oduyo.set_faults({"call": "list", "kind": "status", "status": 503})
    made = run_special_codes(retries=1)
    assert (made.tasks["snapshot"], made.tries["snapshot"]) == (["failed"], 2)
    told = [line for line in logs.lines["snapshot"] if line in made.error or line in str(made.errors[1])]
    assert len(told) > 3
    assert max(map(len, told)) <= LINE_WIDTH
    assert " ".join(told) == f"{made.error} {made.errors[1]}"
    assert sum(line.startswith("Airflow tries this again by itself") for line in told) == 1
    assert_short_traceback(made.log, of=made.errors)


def assert_short_traceback(log: str, of: list[BaseException]) -> None:
    """Airflow's own calls, down to the one place of this package that raises; no error that it came from."""
    assert log.count("Traceback (most recent call last)") == len(of) > 0
    assert "direct cause" not in log
    assert "During handling" not in log
    places = re.findall(r'oduyo_provider/([\w/]+\.py)", line', log)
    assert not [place for place in places if place.partition("/")[0] not in ("operators", "dag")]


def test_a_red_run_s_last_word_is_told_sentence_by_sentence(
    logs: TaskLogs, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes(query=f"{make_query(1)} WHERE n > 1")
    assert (made.tasks["guard"], made.tasks["report"]) == (["failed"], ["failed"])
    assert logs.lines["guard"][-1].endswith("look at the ERP query and the ERP's table first.")
    assert [line for line in logs.lines["report"] if line.startswith(("The run is not in step: ", "What was done is "))]
    assert_short_traceback(made.log, of=made.errors)


def test_an_error_that_nobody_foresaw_keeps_its_traceback(
    logs: TaskLogs, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("oduyo_provider.sync.steps.guard.open_parts")
    made = run_special_codes(query=make_query(1))
    assert made.tasks["guard"] == ["failed"]
    assert re.search(r'oduyo_provider/sync/steps/guard\.py", line \d+, in guard\n', made.log)

"""Rows and records that were left out: beside the run before, and in the figures that lead to them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.errors import UnsafePlanError
from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows


def test_rows_that_were_left_out_stand_beside_the_run_before(get: Get, driver: Driver) -> None:
    """Of two rows without a code one gets it, and another one loses it."""
    rows = make_rows(4)

    def run(*without: int) -> dict[str, Any]:
        run_id = f"run{len(driver.entries())}-{without}"
        taken = [{**row, "code": None} if row["integration_id"] in without else row for row in rows]
        driver.sync(taken, driver.new_run(run_id), max_rejected_percent=100)
        return dict(get("run", dag_id=DAG_ID, run_id=run_id).json())

    run(1, 2)
    view = run(2, 3)
    (side,) = view["left_out"]
    assert (side["new"], side["known"], side["gone"]) == (1, 1, 1)
    assert view["sentence"]["label"] == "1 row newly left out"
    view = run(2, 3)
    assert (view["sentence"]["tone"], view["sentence"]["label"]) == ("warn", "2 known rows left out")


@pytest.mark.parametrize(
    ("changed", "figures"),
    [({"description": "other"}, (1, 1, 1)), ({"code": "ÿÿ"}, (2, 0, 1))],
    ids=["what is beside the fault", "the value at fault"],
)
def test_a_row_that_is_left_out_again_is_new_where_the_value_at_fault_is(
    get: Get, driver: Driver, changed: dict[str, str], figures: tuple[int, int, int]
) -> None:
    for run_id, bad in (("run1", {1: {}, 2: {}}), ("run2", {1: changed, 3: {}})):
        rows = [{**row, "code": None, **bad[n]} if (n := row["integration_id"]) in bad else row for row in make_rows(4)]
        driver.sync(rows, driver.new_run(run_id), max_rejected_percent=100)
    (side,) = get("run", dag_id=DAG_ID, run_id="run2").json()["left_out"]
    assert (side["new"], side["known"], side["gone"]) == figures


def test_a_refusal_is_gone_when_its_row_is_taken_and_not_while_it_is_only_remembered(get: Get, driver: Driver) -> None:
    def run(run_id: str, **fields: str) -> list[tuple[Any, ...]]:
        driver.sync(make_rows(3, **fields), driver.new_run(run_id), max_rejected_percent=100)
        sides = get("run", dag_id=DAG_ID, run_id=run_id).json()["left_out"]
        return [(side["name"], side["new"], side["known"], side["gone"]) for side in sides]

    driver.site.set_faults({"call": "create", "kind": "status_false", "match": {"integration_id": "2"}})
    assert run("run1") == [("refused", 1, 0, None)]
    assert run("run2") == [("refused", 0, 1, 0)]
    driver.site.set_faults()
    assert run("run3", description="taken now") == [("refused", 0, 0, 1)]


def test_a_run_with_a_damaged_report_is_not_the_run_before(get: Get, driver: Driver, staging: Path) -> None:
    bad = [{**row, "code": None} for row in make_rows(1)]
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run1"), max_rejected_percent=100)
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run2"))
    (staging / DAG_ID / "run2" / "report.json").write_text("{")
    driver.sync(make_rows(4), driver.new_run("run3"))
    (side,) = get("run", dag_id=DAG_ID, run_id="run3").json()["left_out"]
    assert (side["name"], side["gone"]) == ("rejected", 1)


def test_a_dry_run_is_not_the_run_before(get: Get, driver: Driver) -> None:
    bad = [{**row, "code": None} for row in make_rows(1)]
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run1"), max_rejected_percent=100)
    driver.sync(make_rows(4), driver.new_run("run2"), dry_run=True)
    driver.sync(make_rows(4), driver.new_run("run3"))
    (side,) = get("run", dag_id=DAG_ID, run_id="run3").json()["left_out"]
    assert (side["name"], side["gone"]) == ("rejected", 1)


def list_shown(get: Get, run_id: str) -> dict[str, int]:
    """Figure → how many lines the filter shows that the page chooses for it; none where it is no button."""
    view = get("run", dag_id=DAG_ID, run_id=run_id).json()
    shown = {}
    for part in (part for sum_ in view["sums"] for part in sum_["parts"] if part["count"]):
        for one in view["figures"].get(part["name"], []):
            if one["count"] == part["count"]:
                shown[part["name"]] = count_shown(get, run_id, one["filter"])
                assert shown[part["name"]] == part["count"], part
                break
    return shown


def count_shown(get: Get, run_id: str, shown: list[list[str]]) -> int:
    """How many lines a filter shows."""
    asked: dict[str, list[str]] = {}
    for name, value in shown:
        asked.setdefault(name, []).append(value)
    return int(get("changes", dag_id=DAG_ID, run_id=run_id, **asked).json()["found"])


def list_shown_from_the_dag(get: Get, run_id: str) -> dict[str, tuple[int, int]]:
    """Part of a run in the list of its DAG's runs → what it counts, and how many lines it leads to."""
    (item,) = (run for run in get("dag", dag_id=DAG_ID).json()["runs"] if run["run_id"] == run_id)
    return {
        name: (count, count_shown(get, run_id, item["filters"][name]))
        for name, count in item["series"].items()
        if count
    }


def test_a_figure_of_a_dry_run_leads_to_all_that_it_counts(get: Get, driver: Driver) -> None:
    driver.site.seed([{"integration_id": "", "code": f"KOD.{n}", "status": "1"} for n in (1, 2)])
    driver.sync(make_rows(1, start=3))
    rows = [*make_rows(2), *make_rows(1, start=3, description="YENİ"), *make_rows(1, start=9)]
    driver.sync(rows, adopt=True, dry_run=True)
    assert list_shown(get, "run2") == {"updated": 3, "created": 1}


def test_refused_rows_and_refused_retirements_are_told_apart(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(30))
    refuse = {"kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'}
    driver.site.set_faults(
        {**refuse, "call": "delete", "match": {"id": driver.stored()["30"]["id"]}},
        {**refuse, "call": "create", "match": {"integration_id": "90"}},
    )
    rows = [*make_rows(28), *make_rows(1, start=90)]
    driver.sync(rows, on_missing="delete", missing_runs=1, max_rejected_percent=100)
    assert list_shown(get, "run2") == {"refused": 1, "deleted": 1, "missing_refused": 1}
    assert list_shown_from_the_dag(get, "run2") == {"rejected": (1, 1), "deactivated": (1, 1)}
    # What is to be mended in the ERP are rows: the record that is refused to be deleted has none.
    workbook = get("changes.xlsx", dag_id=DAG_ID, run_id="run2").content
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        assert parts.read("xl/worksheets/sheet2.xml").count(b"<row ") == 1 + 1
    # Remembered, it is no row that was left out before either.
    driver.sync(
        [*rows, *make_rows(1, start=91, code="")], on_missing="delete", missing_runs=1, max_rejected_percent=100
    )
    view = get("run", dag_id=DAG_ID, run_id="run3").json()
    assert {one["name"]: one["count"] for one in view["filters"] if one["kind"] == "known"} == {"new": 1, "known": 1}
    assert sum(side["known"] for side in view["left_out"]) == 1
    assert {one["text"]: one["count"] for one in view["reasons"]} == {
        "code: empty": 1,
        "refused: refused before, and not sent again in this run": 2,  # a row and a record
    }
    for one in view["reasons"]:
        assert count_shown(get, "run3", [["outcome", one["outcome"]], ["reason", one["reason"]]]) == one["count"]
    assert list_shown(get, "run3") == {"rejected": 1, "refused": 1, "missing_refused": 1}
    assert list_shown_from_the_dag(get, "run3") == {"rejected": (2, 2)}
    assert [part["count"] for sum_ in view["sums"] for part in sum_["parts"] if part["name"] == "missing_refused"] == [
        1
    ]


def test_rows_that_were_not_sent_and_records_that_were_left_as_they_are_are_told_apart(
    get: Get, driver: Driver
) -> None:
    driver.sync(make_rows(60))
    rows = [*make_rows(40), *make_rows(3, start=90)]
    made, error = driver.sync_and_fail(rows, on_missing="delete", missing_runs=1)
    assert isinstance(error, UnsafePlanError)
    assert (made.not_applied, made.kept_missing) == (3, 20)
    assert list_shown(get, "run2") == {"not_applied": 3, "kept_missing": 20}
    assert list_shown_from_the_dag(get, "run2") == {"failed": (3, 3)}
    both = {"outcome": "not_applied", "of": ["row", "record"]}
    assert get("changes", dag_id=DAG_ID, run_id="run2", **both).json()["found"] == 23
    assert get("changes", dag_id=DAG_ID, run_id="run2", of="thing").status_code == 422

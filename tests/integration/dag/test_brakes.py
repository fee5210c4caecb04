"""The brakes in the project's DAG: an unsafe run stops before its first write, says how to go on, and asks when it is told to.

On what each brake trips: tests/integration/findings.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from sandbox.oduyo.server import Sandbox
from tests.airflow_run import answer_approval
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick

pytestmark = pytest.mark.usefixtures("erp")

DAG_ID = "oduyo_special_codes"


class Unsafe(NamedTuple):
    """One plan that a brake stops.

    :param figures: what the message says of it.
    :param sample: a change that the message shows.
    :param release: how the message says to go on.
    :param done: the report's figures once somebody released it.
    """

    name: str
    records: list[dict[str, str | None]]
    query: str
    conf: dict[str, Any]
    figures: str
    sample: str
    release: list[str]
    done: dict[str, int]


UNSAFE = [
    Unsafe("no_rows", make_records(3), make_query(0), {}, "no_rows: the ERP query returned no row", "", ["no_rows:0"], {}),
    Unsafe("rejected", make_records(80), make_query(80) + " UNION ALL SELECT n, '', 'A', 2, 1, '', '' FROM generate_series(101, 111) n", {}, "rejected: 11 of 91 rows", "101: code: ", ["rejected:11"], {"extracted": 91, "rejected": 11, "unchanged": 80}),
    Unsafe("updates", make_records(15, code="ESKİ") + make_records(14, start=16), make_query(29), {}, "updates: 15 of 29 matched records would be updated (max_update_percent 50)", "update 1 (Ödüyo 1): code 'ESKİ' → 'K.1'", ["updates:15"], {"extracted": 29, "updated": 15, "unchanged": 14}),
    Unsafe("retired", make_records(100), make_query(89) + " UNION ALL SELECT n, 'K.' || n, 'P', 2, 1, 'HK1', 'açıklama ' || n FROM generate_series(90, 100) n", {}, "retired: 11 records would be", "(Ödüyo 100): status '1' → '0'", ["retired:11"], {"extracted": 100, "unchanged": 89, "updated": 11}),
    Unsafe("look_alikes", make_records(30, integration_id=""), make_query(30), {}, "look_alikes: 30 of 30 rows to create", "1: Ödüyo's record 1 has the same 2 · HK1 · K.1", ["look_alikes:30"], {"extracted": 30, "created": 30}),
]  # fmt: skip


@pytest.mark.parametrize("unsafe", UNSAFE, ids=lambda unsafe: unsafe.name)
def test_an_unsafe_plan_stops_before_any_write_and_goes_on_when_it_is_released(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, unsafe: Unsafe
) -> None:
    oduyo.seed(unsafe.records)
    stopped = run_special_codes(unsafe.conf, query=unsafe.query, retries=None)
    assert stopped.state == "failed"
    assert count_writes(oduyo) == 0
    assert (stopped.tasks["guard"], stopped.tries["guard"]) == (["failed"], 1)
    assert (stopped.tasks["report"], stopped.tries["report"]) == (["failed"], 1)
    way_on = f"release {json.dumps(unsafe.release)}"
    for fact in ("Stopped before any write. ", unsafe.figures, unsafe.sample, way_on, "on_unsafe=ask"):
        assert fact in stopped.error
    assert "\n" not in stopped.error
    done = ("rejected", "unchanged", "not_applied")
    assert stopped.report["extracted"] == sum(stopped.report[name] for name in done)
    assert "the plan was stopped before any write" in str(stopped.errors[-1])

    released = run_special_codes({**unsafe.conf, "release": unsafe.release}, query=unsafe.query)
    assert released.state == "success", released.error
    assert f"Released for this run: {unsafe.figures}" in released.log
    assert pick(released.report) == unsafe.done


def test_too_many_records_without_a_row_stop_the_run(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(100))
    conf = {"on_missing": "delete", "missing_runs": 1}
    assert run_special_codes(conf, query=make_query(100)).state == "success"
    stopped = run_special_codes(conf, query=make_query(89))
    assert (stopped.state, count_writes(oduyo)) == ("failed", 0)
    assert "retired: 11 records would be deactivated, deleted or turned passive; 100 of this source" in stopped.error
    released = run_special_codes({**conf, "release": ["retired:11"]}, query=make_query(89))
    assert pick(released.report) == {"extracted": 89, "unchanged": 89, "missing": 11, "deleted": 11}


@pytest.mark.parametrize(
    ("name", "unsafe"), [("max_missing_percent", 3), ("max_update_percent", 2), ("max_rejected_percent", 1)]
)
def test_a_percentage_may_be_raised(oduyo: Sandbox, run_special_codes: RunSpecialCodes, name: str, unsafe: int) -> None:
    oduyo.seed(UNSAFE[unsafe].records)
    made = run_special_codes({**UNSAFE[unsafe].conf, name: 90}, query=UNSAFE[unsafe].query)
    assert made.state == "success", made.error
    assert pick(made.report) == UNSAFE[unsafe].done


def test_releasing_one_brake_does_not_release_another_and_a_limit_holds(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(2, key1="21") + make_records(1, start=3, key1=""))
    made = run_special_codes({"release": ["updates", "other_source"]}, query=make_query(3))
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 3, "rejected": 2, "updated": 1}
    assert made.report["reasons"] == {"key1: other_firm": 2}
    assert 'To let them pass: release ["other_firm:2"]' in made.log
    assert [record["key1"] for record in oduyo.records()] == ["21", "21", "2"]
    assert 'release ["other_firm:2"]' in run_special_codes({"release": ["other_firm:1"]}, query=make_query(3)).error
    released = run_special_codes({"release": ["other_firm:2"]}, query=make_query(3))
    assert pick(released.report) == {"extracted": 3, "updated": 2, "unchanged": 1}
    assert [record["key1"] for record in oduyo.records()] == ["2", "2", "2"]


def test_records_that_vanished_are_left_out_and_the_rest_goes_on(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    assert run_special_codes(query=make_query(20)).state == "success"
    oduyo.delete("1")
    made = run_special_codes(query=make_query(21))
    assert made.state == "failed"
    assert pick(made.report) == {"extracted": 21, "unchanged": 19, "created": 1, "doubtful": 1, "vanished": 1}
    assert 'To let them pass: release ["vanished:1"]' in made.log
    released = run_special_codes({"release": ["vanished:1"]}, query=make_query(21))
    assert pick(released.report) == {"extracted": 21, "unchanged": 20, "created": 1}


@pytest.fixture
def ask(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> Callable[[str], Any]:
    """``ask(option)``: runs an unsafe plan with on_unsafe=ask, and answers so."""

    def run(option: str) -> Any:
        oduyo.seed(make_records(30, code="ESKİ " + "ş" * 200))
        shown: list[dict[str, str]] = []

        def answer() -> None:
            assert count_writes(oduyo) == 0
            shown.append(answer_approval(DAG_ID, option))

        made = run_special_codes({"on_unsafe": "ask"}, query=make_query(30), between=answer)
        (seen,) = shown
        return made, seen

    return run


def test_a_run_that_asks_waits_without_a_write_and_applies_what_was_approved(
    oduyo: Sandbox, ask: Callable[[str], Any]
) -> None:
    made, shown = ask("Approve")
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 30, "updated": 30}
    assert [record["code"] for record in oduyo.records()] == [f"K.{n}" for n in range(1, 31)]
    assert "30 of 30 matched records would be updated" in shown["body"]
    assert "update 1 (Ödüyo 1): code 'ESKİ" in shown["body"]
    (told,) = made.xcoms["guard"]
    assert (told["ask"], told["why_not"], told["trips"]) == (True, "", ["updates"])
    assert (told["actions"], told["changes"], len(told["sample"])) == ({"update": 30}, 30, 10)
    assert len(told["figures"]) == len(told["plans"]) == 1
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 4000


def test_a_run_that_was_rejected_writes_nothing_and_says_so(oduyo: Sandbox, ask: Callable[[str], Any]) -> None:
    made, _ = ask("Reject")
    assert made.state == "failed"
    assert count_writes(oduyo) == 0
    assert pick(made.report) == {"extracted": 30, "not_applied": 30}
    assert "the plan was rejected in the task approve (ayse)." in str(made.errors[-1])


def test_a15_approve_marked_success_by_hand_writes_and_the_report_says_so(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))
    made = run_special_codes({"on_unsafe": "ask"}, query=make_query(30), marked="approve")
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 30, "updated": 30}
    assert [record["code"] for record in oduyo.records()] == [f"K.{n}" for n in range(1, 31)]
    assert "rejected in the task approve" not in made.log


def test_a15_guard_or_load_marked_success_by_hand_writes_nothing_and_the_report_says_so(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))
    for marked, told in (("guard", "the plan was stopped before any write"), ("load", "applying did not come to its")):
        made = run_special_codes({"on_unsafe": "ask", "release": ["updates"]}, query=make_query(30), marked=marked)
        assert (made.state, count_writes(oduyo)) == ("failed", 0)
        assert pick(made.report) == {"extracted": 30, "not_applied": 30}
        assert told in str(made.errors[-1])
        assert "rejected in the task approve" not in str(made.errors[-1])


def test_a_safe_run_asks_nobody(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes({"on_unsafe": "ask"}, query=make_query(3))
    assert (made.state, made.tasks["approve"]) == ("success", ["skipped"])

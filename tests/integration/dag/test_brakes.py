"""The brakes: an unsafe run stops before its first write, says why and how to go on, and asks when it is told to."""

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
    :param done: the report's figures once somebody allowed it.
    """

    name: str
    records: list[dict[str, str | None]]
    query: str
    conf: dict[str, Any]
    figures: str
    sample: str
    done: dict[str, int]


NO_KEYS = "SELECT integration_id, code, description FROM ({}) AS rows"
SOME_UNREADABLE = make_query(100) + " UNION ALL SELECT NULL, 'X', 'A', 2, 1, 'HK1', ''"

UNSAFE = [
    Unsafe("no_rows", make_records(3), make_query(0), {}, "the ERP query returned no row", "no change is planned", {}),
    Unsafe("no_rows_and_no_records", [], make_query(0), {}, "the ERP query returned no row", "no change is planned", {}),
    Unsafe("rejected", make_records(80), make_query(80) + " UNION ALL SELECT n, '', 'A', 2, 1, '', '' FROM generate_series(101, 111) n", {}, "11 of 91 rows are rejected (max_rejected_ratio 0.05)", "no change is planned", {"extracted": 91, "rejected": 11, "unchanged": 80}),
    Unsafe("updates", make_records(15, code="ESKİ") + make_records(14, start=16), make_query(29), {}, "15 of 29 matched records would be updated (max_update_ratio 0.5)", "update 1 (Ödüyo 1): code 'ESKİ' → 'K.1'", {"extracted": 29, "updated": 15, "unchanged": 14}),
    Unsafe("missing_delete", make_records(100), make_query(89), {"on_missing": "delete"}, "11 of 100 records in scope have no ERP row any more (max_missing_ratio 0.1, on_missing=delete)", "delete 100 (Ödüyo 100): code 'K.100'", {"extracted": 89, "unchanged": 89, "missing": 11, "deleted": 11}),
    Unsafe("missing_deactivate", make_records(100), make_query(89), {"on_missing": "deactivate"}, "11 of 100 records in scope have no ERP row any more (max_missing_ratio 0.1, on_missing=deactivate)", "deactivate 100 (Ödüyo 100): status '1' → '0'", {"extracted": 89, "unchanged": 89, "missing": 11, "deactivated": 11}),
    Unsafe("keys_changed", make_records(30), make_query(30, start=5001), {}, "30 records would be created while 30 of 30 existing ones match no row: have the ERP's keys changed?", "create 5001: code 'K.5001'", {"extracted": 30, "created": 30, "missing": 30, "kept_missing": 30}),
    Unsafe("no_scope", make_records(3), NO_KEYS.format(make_query(2)), {"on_missing": "delete"}, "on_missing=delete needs the query's columns key1 and key2", "delete 3 (Ödüyo 3)", {"extracted": 2, "unchanged": 2, "missing": 1, "deleted": 1}),
    Unsafe("unreadable_ids", make_records(101), SOME_UNREADABLE, {"on_missing": "deactivate"}, "1 rows have an unreadable integration_id: their records would look missing", "deactivate 101 (Ödüyo 101)", {"extracted": 101, "rejected": 1, "unchanged": 100, "missing": 1, "deactivated": 1}),
]  # fmt: skip


@pytest.mark.parametrize("unsafe", UNSAFE, ids=lambda unsafe: unsafe.name)
def test_an_unsafe_plan_stops_before_any_write_and_goes_on_when_it_is_allowed(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, unsafe: Unsafe
) -> None:
    oduyo.seed(unsafe.records)
    stopped = run_special_codes(unsafe.conf, query=unsafe.query, retries=None)
    assert stopped.state == "failed"
    assert count_writes(oduyo) == 0
    assert (stopped.tasks["guard"], stopped.tries["guard"]) == (["failed"], 1)
    assert (stopped.tasks["report"], stopped.tries["report"]) == (["failed"], 1)
    for fact in ("Stopped before any write: ", unsafe.figures, unsafe.sample, "release=", "on_unsafe=ask"):
        assert fact in stopped.error
    assert "\n" not in stopped.error
    assert (
        stopped.report["extracted"]
        == stopped.report["rejected"] + stopped.report["unchanged"] + stopped.report["not_applied"]
    )
    assert "the plan was stopped before any write" in str(stopped.errors[-1])

    allowed = run_special_codes({**unsafe.conf, "release": ["retired"]}, query=unsafe.query)
    assert allowed.state == "success", allowed.error
    assert "Going on although a brake tripped" in allowed.log
    assert pick(allowed.report) == unsafe.done


def test_a_listing_that_fell_since_the_last_run_stops_the_next(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    run_special_codes(query=make_query(100))
    for record in oduyo.records()[:11]:
        oduyo.delete(str(record["id"]))
    writes = count_writes(oduyo)
    stopped = run_special_codes(query=make_query(100))
    assert (stopped.state, count_writes(oduyo)) == ("failed", writes)
    assert "Ödüyo lists 89 records, 11 fewer than the 100 after the last applied run" in stopped.error
    allowed = run_special_codes({"release": ["retired"]}, query=make_query(100))
    assert pick(allowed.report) == {"extracted": 100, "unchanged": 89, "created": 11}
    assert run_special_codes(query=make_query(100)).state == "success"


@pytest.mark.parametrize("name", ["max_missing_percent", "max_update_percent", "max_rejected_percent"])
def test_a_percentage_may_be_raised(oduyo: Sandbox, run_special_codes: RunSpecialCodes, name: str) -> None:
    by_name = {
        "max_missing_percent": "missing_delete",
        "max_update_percent": "updates",
        "max_rejected_percent": "rejected",
    }
    unsafe = next(unsafe for unsafe in UNSAFE if unsafe.name == by_name[name])
    oduyo.seed(unsafe.records)
    made = run_special_codes({**unsafe.conf, name: 90}, query=unsafe.query)
    assert made.state == "success", made.error
    assert pick(made.report) == unsafe.done


def test_ten_of_eleven_may_change_without_a_brake(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(10, code="ESKİ") + make_records(1, start=11))
    made = run_special_codes(query=make_query(11))
    assert (made.state, pick(made.report)) == ("success", {"extracted": 11, "updated": 10, "unchanged": 1})


def test_another_firm_s_record_is_not_taken_over_unless_that_is_allowed(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(1, key1="21") + make_records(1, start=2, key1=""))
    made = run_special_codes(query=make_query(2))
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 2, "rejected": 1, "updated": 1}
    assert made.report["reasons"] == {"key1: other_firm": 1}
    assert [record["key1"] for record in oduyo.records()] == ["21", "2"]
    allowed = run_special_codes({"release": ["retired"]}, query=make_query(2))
    assert pick(allowed.report) == {"extracted": 2, "updated": 1, "unchanged": 1}
    assert [record["key1"] for record in oduyo.records()] == ["2", "2"]


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
    assert "30 changes" in shown["body"]
    assert "30 of 30 matched records would be updated" in shown["body"]
    assert "update 1 (Ödüyo 1): code 'ESKİ" in shown["body"]
    assert len(json.dumps(made.xcoms["guard"], ensure_ascii=False).encode()) < 2000


def test_a_run_that_was_rejected_writes_nothing_and_says_so(oduyo: Sandbox, ask: Callable[[str], Any]) -> None:
    made, _ = ask("Reject")
    assert made.state == "failed"
    assert count_writes(oduyo) == 0
    assert pick(made.report) == {"extracted": 30, "not_applied": 30}
    assert "the plan was rejected in the task approve" in str(made.errors[-1])


def test_a_safe_run_asks_nobody(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes({"on_unsafe": "ask"}, query=make_query(3))
    assert (made.state, made.tasks["approve"]) == ("success", ["skipped"])

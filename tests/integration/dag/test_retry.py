"""Airflow tries a task again: each record is there exactly once all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from oduyo_provider.core.change import Change
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.site import quiesce
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records, pick

pytestmark = pytest.mark.usefixtures("erp")


def count_codes(oduyo: Sandbox) -> Counter[str]:
    return Counter(str(record["integration_id"]) for record in oduyo.records())


def test_creates_whose_answers_are_lost_are_there_once_after_the_retry(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try creates two records, then loses all answers and cannot look anything up; the second finds out."""

    def set_faults(context: Any) -> None:
        if context["ti"].try_number == 1:
            oduyo.set_faults(
                {"call": "create", "kind": "drop", "where": "after", "skip": 2}, {"call": "list", "kind": "drop"}
            )
        else:
            oduyo.set_faults()

    def change(dag: Any) -> None:
        dag.task_dict["load"].on_execute_callback = [set_faults]

    monkeypatch.setattr(quiesce, "SENT_WITHIN_S", 1.0)  # between two real tries a minute passes; here none
    made = run_special_codes(query=make_query(12), retries=2, change=change)
    assert made.state == "success", made.error
    assert made.tries["load"] == 2
    assert count_codes(oduyo) == Counter({str(n): 1 for n in range(1, 13)})
    assert pick(made.report) == {"extracted": 12, "created": 12}


def test_a_load_that_dies_in_the_middle_goes_on_where_it_was(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, tries = Applier.apply, []

    async def die_once(self: Applier, recorder: Recorder, changes: Sequence[Change]) -> None:
        tries.append(len(changes))
        if len(tries) == 1:
            await send(self, recorder, changes[:7])
            raise MemoryError
        await send(self, recorder, changes)

    monkeypatch.setattr(Applier, "apply", die_once)
    oduyo.seed(make_records(5, code="ESKİ"))
    made = run_special_codes(query=make_query(12), retries=1)
    assert made.state == "success", made.error
    assert (tries, made.tries["load"]) == ([12, 12], 2)
    assert count_codes(oduyo) == Counter({str(n): 1 for n in range(1, 13)})
    assert pick(made.report) == {"extracted": 12, "created": 7, "updated": 5}
    assert oduyo.log()["counters"]["create"] == 7


def test_steps_before_the_load_are_tried_again_and_leave_nothing_behind_that_confuses(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(12))
    oduyo.set_faults({"call": "list", "kind": "status", "status": 500, "times": 30})
    made = run_special_codes(query=make_query(12), retries=2)
    assert made.state == "success", made.error
    assert made.tries["snapshot"] in (2, 3)
    assert pick(made.report) == {"extracted": 12, "unchanged": 12}


def test_the_run_after_a_failed_one_sends_only_what_is_missing(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.set_faults({"call": "create", "kind": "drop", "where": "before", "skip": 4})
    failed = run_special_codes(query=make_query(8))
    assert failed.state == "failed"
    assert "Another try sends what did not arrive" in failed.error or "not complete" in str(failed.errors[-1])
    oduyo.set_faults()
    made = run_special_codes(query=make_query(8))
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 8, "unchanged": 4, "created": 4}
    assert count_codes(oduyo) == Counter({str(n): 1 for n in range(1, 9)})

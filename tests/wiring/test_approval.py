"""The task that asks: what it shows, and what it makes of an answer."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from oduyo_provider.operators.approval import ANSWER_WITHIN, UnsafePlanApproval, name_rejecter

FIGURE = "39 of 3,500 rows are rejected (max_rejected_percent 0)"
DECISION = {
    "ask": True,
    "figures": [FIGURE],
    "sample": ["create 1: code 'K.1'"],
    "actions": {"delete": 1, "create": 3460},
    "changes": 3461,
}
CONTEXT = {"ti": SimpleNamespace(dag_id="oduyo_special_codes", run_id="manual 1"), "params": {}}
REJECTED = {
    "chosen_options": ["Reject"],
    "params_input": {},
    "responded_at": datetime(2026, 1, 2, tzinfo=timezone.utc),
    "responded_by_user": {"id": "1", "name": "ayse"},
}


NO_ANSWER = "nobody answered within a day, which counts as a no"


def ask(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> str:
    """The body that a person sees."""
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    monkeypatch.setattr(ApprovalOperator, "execute", lambda self, context: self.body)
    return str(UnsafePlanApproval(task_id="approve", decision={**DECISION, **changes}).execute(CONTEXT))


def test_it_shows_the_counts_by_action_then_the_brakes_then_samples_and_what_each_answer_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = ask(monkeypatch)
    facts = (
        "- **1** to delete\n",
        "- **3,460** to create\n",
        f"- ` {FIGURE} `\n",
        "- ` create 1: code 'K.1' `\n",
        "(/dags/oduyo_special_codes/runs/manual%201/plugin/oduyo-run)",
        "**Approve**",
        "**Reject**",
        "a day",
    )
    places = [body.find(fact) for fact in facts]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("part", ["sample", "figures"])
def test_no_text_of_the_erp_becomes_a_link_or_an_image(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    lines = ["create 1: code '`![x](https://elsewhere.example/x.png)``'", "create 2: code '```'"]
    body = ask(monkeypatch, **{"figures": [], "sample": [], part: lines})
    first, second = [line for line in body.splitlines() if line.startswith("- `")]
    assert first.startswith("- ``` create 1")
    assert first.endswith(" ```")
    assert second.startswith("- ```` create 2")
    assert second.endswith(" ````")


def test_a_plan_without_a_change_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "- no change\n" in ask(monkeypatch, sample=[], actions={}, changes=0)


def test_silence_for_a_day_is_a_no() -> None:
    operator = UnsafePlanApproval(task_id="approve", decision=DECISION)
    assert (operator.defaults, operator.response_timeout) == (["Reject"], ANSWER_WITHIN)
    assert ANSWER_WITHIN.total_seconds() == 24 * 60 * 60


@pytest.mark.parametrize(
    ("answers", "rejecter"),
    [
        ([{**REJECTED, "chosen_options": ["Approve"]}], ""),
        ([REJECTED], "ayse"),
        ([{**REJECTED, "responded_by_user": None}], f"{NO_ANSWER}; clear approve to be asked once more"),
        ([], "by a person, or nobody answered in time"),
    ],
)
def test_only_approve_is_a_yes(answers: list[dict[str, Any]], rejecter: str) -> None:
    assert name_rejecter(answers) == rejecter


class TestAfterTheAnswer:
    @pytest.fixture
    def approve(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The task in its DAG; Airflow's API fails when it is to skip what follows."""
        from airflow.sdk import DAG
        from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
        from airflow.sdk.execution_time.comms import ErrorResponse

        def fail(self: Any, **_: Any) -> None:
            raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 500}))

        monkeypatch.setattr(UnsafePlanApproval, "skip", fail)
        with DAG("d"):
            approve = UnsafePlanApproval(task_id="approve", decision=DECISION)
            approve >> UnsafePlanApproval(task_id="after", decision=DECISION)
        return approve

    def test_a_no_is_not_asked_again_when_what_follows_cannot_be_skipped(self, approve: Any) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        noted: list[tuple[str, Any]] = []
        ti = SimpleNamespace(xcom_push=lambda key, value: noted.append((key, value)))
        with pytest.raises(AirflowFailException, match="The plan was rejected: nothing is written"):
            approve.execute_complete({"ti": ti, "task": approve}, REJECTED)
        (_, answer), error = noted
        assert (name_rejecter([answer]), error) == ("ayse", ("error", "The plan was rejected: nothing is written."))

    def test_a_yes_is_passed_on(self, approve: Any) -> None:
        answer = approve.execute_complete({}, {**REJECTED, "chosen_options": ["Approve"]})
        assert name_rejecter([answer]) == ""

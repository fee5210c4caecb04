"""When fault rules strike."""

from __future__ import annotations

import pytest

from tests.contract.calls import Caller


def outcomes(caller: Caller, number: int) -> list[int]:
    return [caller.create().status_code for _ in range(number)]


@pytest.mark.parametrize("call", ["login", "create", "update", "delete", "list"])
def test_a_rule_strikes_its_call_alone(caller: Caller, call: str) -> None:
    caller.sandbox.seed([{"code": "A"}])
    caller.sandbox.set_faults({"kind": "status", "status": 500, "call": call})
    answers = {
        "login": caller.login(),
        "create": caller.create(),
        "update": caller.update("1", code="B"),
        "delete": caller.delete("1"),
        "list": caller.list_records(),
    }
    assert {name for name, answer in answers.items() if answer.status_code == 500} == {call}


def test_any_strikes_every_call(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "status", "status": 500})
    assert {caller.login().status_code, caller.create().status_code, caller.list_records().status_code} == {500}


def test_skip_and_times_count_matching_requests(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "status", "status": 500, "call": "create", "skip": 2, "times": 2})
    caller.list_records()
    assert outcomes(caller, 6) == [200, 200, 500, 500, 200, 200]


def test_match_strikes_records_with_these_values(caller: Caller) -> None:
    match = {"integration_id": "7", "code": "B"}
    caller.sandbox.set_faults({"kind": "status", "status": 500, "match": match})
    assert caller.create(integration_id="7", code="A").status_code == 200
    assert caller.create(integration_id="7", code="B").status_code == 500
    assert caller.list_records().status_code == 200


def test_the_first_rule_that_fires_wins(caller: Caller) -> None:
    caller.sandbox.set_faults(
        {"kind": "status", "status": 501, "call": "create", "times": 1},
        {"kind": "status", "status": 502, "call": "create", "times": 2},
        {"kind": "status", "status": 503, "call": "create"},
    )
    assert outcomes(caller, 4) == [501, 502, 502, 503]


def test_the_same_seed_gives_the_same_faults(caller: Caller) -> None:
    rule = {"kind": "status", "status": 500, "call": "create", "probability": 0.5}
    seen = []
    for seed in (1, 1, 2):
        caller.sandbox.set_faults({**rule, "seed": seed})
        seen.append(outcomes(caller, 40))
    assert seen[0] == seen[1] != seen[2]
    assert 5 < seen[0].count(500) < 35


def test_a_rule_draws_from_its_own_generator(caller: Caller) -> None:
    rule = {"kind": "status", "status": 500, "call": "create", "probability": 0.5, "seed": 3}
    caller.sandbox.set_faults(rule)
    alone = outcomes(caller, 20)
    caller.sandbox.set_faults({"kind": "html", "call": "list", "probability": 0.5, "seed": 3}, rule)
    beside = []
    for _ in range(20):
        caller.list_records()
        beside.append(caller.create().status_code)
    assert beside == alone


def test_the_log_and_the_rules_tell_what_struck(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "status", "status": 500, "call": "create", "where": "after", "skip": 1})
    outcomes(caller, 3)
    log = caller.sandbox.log(call="create")
    assert [entry["fault"] for entry in log["requests"]] == ["", "status after", "status after"]
    assert log["counters"]["faults"] == 2
    (rule,) = caller.sandbox.faults()
    assert (rule["matched"], rule["fired"]) == (3, 2)


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "explode"},
        {"kind": "drop", "call": "read"},
        {"kind": "drop", "where": "during"},
        {"kind": "drop", "probability": 2},
        {"kind": "status", "status": 99},
        {"kind": "drop", "time": 1},
    ],
    ids=str,
)
def test_a_malformed_rule_is_refused_and_changes_nothing(caller: Caller, rule: dict[str, object]) -> None:
    caller.sandbox.set_faults({"kind": "html", "call": "list"})
    answer = caller.control("faults", [rule])
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert [kept["kind"] for kept in caller.sandbox.faults()] == ["html"]

"""What a person does at the panel, at once and by a script, over real HTTP."""

from __future__ import annotations

import pytest

from tests.contract.calls import ROW, Caller


def act(caller: Caller, **body: object) -> str:
    answer = caller.control("act", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def test_an_edit_changes_some_fields_and_stamps_the_record(caller: Caller) -> None:
    caller.create()
    caller.sandbox.advance(60)
    before = caller.sandbox.records()[0]["updated_in"]
    assert act(caller, do="edit", id="1", fields={"code": "B", "note": "elle değişti"}) == "1"
    (record,) = caller.list_records().json()["data"]
    assert (record["code"], record["note"], record["description"]) == ("B", "elle değişti", ROW["description"])
    assert record["updated_in"] > str(before)
    assert [entry["call"] for entry in caller.sandbox.log()["requests"]] == ["login", "create", "list"]
    caller.sandbox.edit("1", code="C", note=None)
    assert caller.sandbox.records()[0]["code"] == "C"
    assert caller.sandbox.records()[0]["note"] is None


def test_a_delete_removes_the_record(caller: Caller) -> None:
    caller.sandbox.seed([{"code": "A"}, {"code": "B"}])
    act(caller, do="delete", id="1")
    caller.sandbox.delete(2)
    assert caller.sandbox.records() == []


def test_a_create_makes_a_record_with_an_integration_id_or_without_one(caller: Caller) -> None:
    assert act(caller, do="create", fields={"code": "PANEL"}) == "1"
    assert act(caller, do="create", id="7", fields={"integration_id": "4711", "code": "B"}) == "7"
    assert caller.sandbox.create(code="C") == "8"
    records = caller.sandbox.records()
    assert [(record["id"], record["integration_id"]) for record in records] == [("1", ""), ("7", "4711"), ("8", "")]
    assert records[0]["created_in"]


def test_a_twin_is_a_second_record_with_the_same_values(caller: Caller) -> None:
    caller.create()
    assert act(caller, do="twin", key=ROW["integration_id"], fields={"space5": "ikiz"}) == "2"
    first, second = caller.sandbox.records()
    moved = {name for name in first if first[name] != second[name]}
    assert moved - {"created_in", "updated_in"} == {"id", "space5"}
    assert caller.sandbox.twin(1) == "3"


def test_a_record_is_named_by_its_key_and_of_several_the_lowest_id_counts(caller: Caller) -> None:
    caller.create()
    caller.create()
    assert act(caller, do="edit", key=ROW["integration_id"], fields={"code": "B"}) == "1"
    assert [record["code"] for record in caller.sandbox.records()] == ["B", ROW["code"]]


@pytest.mark.parametrize(
    "body",
    [
        {"do": "edit", "id": "9", "fields": {"code": "B"}},
        {"do": "edit", "key": "9", "fields": {"code": "B"}},
        {"do": "edit", "id": "1", "fields": {"id": "2"}},
        {"do": "edit", "id": "1", "fields": {"x": "2"}},
        {"do": "edit", "id": "1", "fields": {"code": None}},
        {"do": "edit", "id": "1", "resource": "erp_kasa"},
        {"do": "create", "id": "1"},
        {"do": "twin", "id": "x"},
        {"do": "burn", "id": "1"},
        {"id": "1"},
        [],
    ],
    ids=str,
)
def test_an_act_that_does_not_fit_is_refused(caller: Caller, body: object) -> None:
    caller.create()
    before = caller.sandbox.records()
    answer = caller.control("act", body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert caller.sandbox.records() == before


def test_acts_are_kept_with_the_record_before_and_after(caller: Caller) -> None:
    caller.create()
    caller.sandbox.edit("1", code="B")
    caller.sandbox.twin("1")
    caller.sandbox.delete("1")
    acts = caller.look("acts").json()
    assert acts == caller.sandbox.acts()
    assert [(done["number"], done["do"], done["id"], done["request"]) for done in acts] == [
        (1, "edit", "1", 0),
        (2, "twin", "2", 0),
        (3, "delete", "1", 0),
    ]
    edit, twin, delete = acts
    assert (edit["before"]["code"], edit["after"]["code"]) == (ROW["code"], "B")
    assert (twin["before"], twin["after"]["integration_id"]) == (None, ROW["integration_id"])
    assert (delete["before"]["code"], delete["after"]) == ("B", None)
    assert edit["time"] <= twin["time"] <= delete["time"]
    assert edit["resource"] == "erp_special_code"


def test_a_script_strikes_between_the_arrival_of_a_call_and_its_effect(caller: Caller) -> None:
    caller.create()
    caller.create()
    edit = {"do": "edit", "id": "it", "fields": {"note": "elle"}}
    assert caller.control("script", [{"at": {"call": "update", "number": 2}, "do": edit}]).status_code == 200
    caller.update("1", code="B")
    assert caller.sandbox.acts() == []
    caller.update("2", code="C", note="")
    (done,) = caller.sandbox.acts()
    assert (done["id"], done["after"]["code"], done["after"]["note"]) == ("2", ROW["code"], "elle")
    assert done["request"] == caller.sandbox.log(call="update")["requests"][1]["number"]
    assert caller.sandbox.records()[1]["note"] == ""
    assert caller.sandbox.script() == []


def test_a_script_can_strike_after_the_effect_and_before_the_answer(caller: Caller) -> None:
    caller.sandbox.set_script({"at": {"call": "create", "when": "after"}, "do": {"do": "twin", "id": "it"}})
    assert "<1>" in caller.create().json()["data"]
    assert [record["integration_id"] for record in caller.sandbox.records()] == [ROW["integration_id"]] * 2


def test_a_script_counts_writes_or_the_calls_about_some_records(caller: Caller) -> None:
    made = {"do": "create", "fields": {"code": "PANEL"}}
    caller.sandbox.set_script(
        {"at": {"number": 3}, "do": {**made, "fields": {"code": "third write"}}},
        {"at": {"call": "create", "keys": "9*"}, "do": {**made, "fields": {"code": "key"}}},
        {"at": {"call": "list", "when": "after"}, "do": {**made, "fields": {"code": "list"}}},
    )
    caller.create(integration_id="1")
    caller.create(integration_id="90")
    assert [step["seen"] for step in caller.look("script").json()] == [2, 0]
    caller.list_records()
    caller.delete("1")
    assert [done["after"]["code"] for done in caller.sandbox.acts()] == ["key", "list", "third write"]


def test_an_act_of_a_script_that_cannot_be_done_is_noted_and_spares_the_call(caller: Caller) -> None:
    caller.sandbox.set_script({"at": {"call": "create"}, "do": {"do": "delete", "id": "9"}})
    assert caller.create().status_code == 200
    (done,) = caller.sandbox.acts()
    assert "no record 9" in done["error"]
    assert (done["before"], done["after"]) == (None, None)


@pytest.mark.parametrize(
    "step",
    [
        {"at": {"number": 0}, "do": {"do": "delete", "id": "1"}},
        {"at": {"call": "read"}, "do": {"do": "delete", "id": "1"}},
        {"at": {}, "do": {"do": "edit", "id": "1", "fields": {"x": "1"}}},
        {"do": {"do": "delete", "id": "1"}},
    ],
    ids=str,
)
def test_a_malformed_script_is_refused_and_changes_nothing(caller: Caller, step: dict[str, object]) -> None:
    caller.sandbox.set_script({"at": {}, "do": {"do": "delete", "id": "1"}})
    before = caller.sandbox.script()
    assert caller.control("script", [step]).status_code == 400
    assert caller.sandbox.script() == before


def test_reset_forgets_acts_and_script(caller: Caller) -> None:
    caller.sandbox.create(code="A")
    caller.sandbox.set_script({"at": {}, "do": {"do": "delete", "id": "1"}})
    caller.sandbox.reset()
    assert caller.sandbox.acts() == caller.sandbox.script() == []

"""Habits of writes, over real HTTP."""

from __future__ import annotations

import pytest

from tests.contract.calls import ROW, Caller

YES = {"status": True, "data": "Guncelleme islemi Basarili"}


def codes(caller: Caller) -> list[str | None]:
    return [record["code"] for record in caller.sandbox.records()]


def test_an_update_is_answered_yes_and_changes_nothing(caller: Caller) -> None:
    caller.create()
    before = caller.sandbox.records()
    caller.sandbox.set_habits("ignore=update")
    assert caller.update("1", code="B").json() == YES
    assert caller.sandbox.records() == before
    assert caller.sandbox.writes()[-1]["ids"] == []


def test_an_update_is_ignored_by_id_or_once(caller: Caller) -> None:
    caller.sandbox.seed([{"code": "A"}, {"code": "A"}])
    caller.sandbox.set_habits({"habit": "ignore", "ids": ["2"]})
    caller.update("1", code="B")
    caller.update("2", code="B")
    assert codes(caller) == ["B", "A"]
    caller.sandbox.set_habits({"habit": "ignore", "times": 1})
    caller.update("1", code="C")
    caller.update("1", code="D")
    assert codes(caller) == ["D", "A"]


def test_a_record_is_selected_by_its_stored_key_where_none_is_sent(caller: Caller) -> None:
    caller.sandbox.seed([{"integration_id": "4711", "code": "A"}, {"integration_id": "90", "code": "A"}])
    caller.sandbox.set_habits({"habit": "ignore", "call": "write", "keys": "9*"})
    caller.update("1", code="B")
    caller.update("2", code="B")
    caller.delete("2")
    assert codes(caller) == ["B", "A"]


def test_some_fields_are_never_set(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits({"habit": "ignore", "fields": ["code", "integration_id"]})
    caller.update("1", code="B", integration_id="5", description="Yeni")
    (record,) = caller.sandbox.records()
    assert (record["code"], record["integration_id"], record["description"]) == (ROW["code"], "4711", "Yeni")


@pytest.mark.parametrize(
    ("resource", "in_use", "passive"), [("erp_special_code", "1", "0"), ("erp_services", "A", "P")]
)
def test_a_deactivation_is_ignored_and_the_rest_of_it_is_not(
    caller: Caller, resource: str, in_use: str, passive: str
) -> None:
    caller.resource = resource
    caller.sandbox.seed([{"status": in_use}], resource)
    caller.sandbox.set_habits("ignore=deactivate")
    assert caller.update("1", status=passive, description="Yeni").json() == YES
    (record,) = caller.sandbox.records(resource)
    assert (record["status"], record["description"]) == (in_use, "Yeni")
    caller.sandbox.edit(1, resource=resource, status=passive)
    caller.update("1", status=in_use)
    assert caller.sandbox.records(resource)[0]["status"] == in_use


def test_a_delete_is_answered_yes_and_does_nothing(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("ignore=delete")
    assert caller.delete("1").json()["status"] is True
    assert caller.ids() == ["1"]


def test_a_create_is_answered_yes_with_an_id_and_makes_nothing(caller: Caller) -> None:
    caller.sandbox.set_habits("ignore=create")
    assert "<1>" in caller.create().json()["data"]
    assert caller.ids() == []
    caller.sandbox.set_habits()
    assert "<2>" in caller.create().json()["data"]


@pytest.mark.parametrize(("names", "named"), [("first", "<1>"), ("last", "<2>")])
def test_a_create_makes_two_records(caller: Caller, names: str, named: str) -> None:
    caller.sandbox.set_habits(f"twice={names}")
    assert named in caller.create().json()["data"]
    assert [record["integration_id"] for record in caller.sandbox.records()] == ["4711", "4711"]
    assert caller.sandbox.writes()[0]["ids"] == ["1", "2"]


@pytest.mark.parametrize("status", [404, 200])
def test_rows_are_refused_for_good_with_words(caller: Caller, status: int) -> None:
    caller.sandbox.seed([{"integration_id": "90", "code": "A"}])
    habit = {"habit": "refuse", "keys": "9*", "status": status, "message": "Kod en fazla 5 karakter olabilir"}
    caller.sandbox.set_habits(habit)
    answers = [caller.create(integration_id="91"), caller.create(integration_id="91"), caller.update("1", code="B")]
    for answer in (*answers, caller.delete("1")):
        assert answer.status_code == status
        assert answer.json() == {"status": False, "message": "Kod en fazla 5 karakter olabilir"}
    assert codes(caller) == ["A"]
    assert caller.create().status_code == 200
    assert caller.sandbox.writes()[0]["reason"] == "refused by a habit"


def test_a_refusal_may_be_about_one_call_and_one_text(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "refuse", "call": "create", "text": "yasak"})
    assert caller.create(description="bu yasak").status_code == 404
    assert caller.create().status_code == 200
    assert caller.update("1", description="yasak").status_code == 200


@pytest.mark.parametrize(("where", "stored"), [("before", 0), ("after", 1)])
def test_a_row_gets_an_internal_error_each_time(caller: Caller, where: str, stored: int) -> None:
    caller.sandbox.set_habits({"habit": "row_fails", "keys": "4711", "where": where})
    answer = caller.create()
    assert answer.status_code == 500
    assert answer.headers["Content-Type"].startswith("text/html")
    assert len(caller.sandbox.records()) == stored
    assert caller.create().status_code == 500
    assert caller.create(integration_id="5").status_code == 200


def test_a_record_that_is_gone_is_said_to_be_gone(caller: Caller) -> None:
    caller.sandbox.set_habits("gone_says")
    for answer in (caller.delete("7"), caller.update("7", code="B")):
        assert (answer.status_code, answer.json()["message"]) == (404, "No record found for this ID")
    caller.sandbox.set_habits({"habit": "gone_says", "status": 200, "message": "Silinmiş"})
    answer = caller.delete("7")
    assert (answer.status_code, answer.json()) == (200, {"status": False, "message": "Silinmiş"})


def test_a_record_that_is_gone_is_answered_yes(caller: Caller) -> None:
    caller.sandbox.set_habits("gone_is_yes=update")
    assert caller.update("7", code="B").json() == YES
    assert caller.delete("7").json() == {"status": False}
    caller.sandbox.set_habits("gone_is_yes")
    assert caller.delete("7").json()["status"] is True
    assert caller.sandbox.records() == []


def test_an_update_that_changes_nothing_is_answered_no(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("unchanged_is_no")
    assert caller.update("1", code=ROW["code"]).json() == {"status": False}
    assert caller.update("1", code="B").json() == YES
    caller.sandbox.set_habits("unchanged_is_no=Değişiklik yok")
    assert caller.update("1", code="B").json() == {"status": False, "message": "Değişiklik yok"}


def test_a_second_create_of_a_key_is_refused(caller: Caller) -> None:
    caller.sandbox.set_habits("unique")
    assert caller.create().status_code == 200
    answer = caller.create(code="B")
    assert (answer.status_code, answer.json()["message"]) == (404, "Bu kayıt zaten mevcut")
    assert caller.create(integration_id="").status_code == caller.create(integration_id="").status_code == 200
    assert len(caller.sandbox.records()) == 3


def test_a_second_create_of_a_key_updates_the_record(caller: Caller) -> None:
    caller.sandbox.set_habits("unique=update")
    caller.create()
    assert "<1>" in caller.create(code="B").json()["data"]
    assert codes(caller) == ["B"]


def test_a_create_is_answered_in_other_words(caller: Caller) -> None:
    caller.sandbox.set_habits("create_text=Kayıt eklendi")
    assert caller.create().json() == {"status": True, "data": "Kayıt eklendi"}
    caller.sandbox.set_habits("create_text=No: {id}")
    assert caller.create().json()["data"] == "No: 2"


def test_a_create_names_a_wrong_id(caller: Caller) -> None:
    caller.sandbox.set_habits("wrong_id=3")
    assert "<4>" in caller.create().json()["data"]
    assert caller.ids() == ["1"]


def test_a_delete_makes_passive_and_leaves_the_record(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("soft_delete")
    assert caller.delete("1").json()["data"] == "Erp Special Code Silme Islemi Basarili"
    (record,) = caller.sandbox.records()
    assert (record["status"], record["code"]) == ("0", ROW["code"])


def test_a_status_that_is_not_documented_is_refused(caller: Caller) -> None:
    caller.sandbox.set_habits("strict_status")
    assert caller.create(status="A").json() == {"status": False, "message": "Geçersiz durum"}
    assert caller.create(status="0").status_code == caller.create(status="").status_code == 200
    caller.resource = "erp_services"
    assert caller.post("create", {"column": {"status": "A"}}).status_code == 200
    assert caller.post("create", {"column": {"status": "1"}}).status_code == 404


def test_an_update_loses_or_keeps_absent_fields_as_the_reading_says(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("cut=20")
    caller.update("1", code="B")
    assert caller.sandbox.records()[0]["description"] == ROW["description"]
    caller.sandbox.set_readings(update_keeps_absent=False)
    caller.update("1", code="B")
    assert caller.sandbox.records()[0]["description"] == ""

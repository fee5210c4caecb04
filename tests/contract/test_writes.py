"""Create, update and delete: the documented answers, and the readings of what they leave open."""

from __future__ import annotations

import re

import pytest

from tests.contract.calls import ROW, Caller

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def test_a_create_answers_with_the_new_id_in_quoted_text(caller: Caller) -> None:
    answer = caller.create()
    assert answer.status_code == 200
    assert answer.json() == {"status": True, "data": '"Erp Special Code successfully added id <1>"'}
    assert answer.headers["Content-Type"].startswith("application/json")


def test_a_created_record_is_listed_whole(caller: Caller) -> None:
    caller.create()
    (record,) = caller.list_records().json()["data"]
    assert {name: record[name] for name in ROW} == ROW
    assert record["id"] == "1"
    assert record["note"] is None
    assert record["space5"] == record["special_updated_in"] == ""
    assert MOMENT.fullmatch(record["created_in"])
    assert MOMENT.fullmatch(record["updated_in"])
    assert len(record) == 18


def test_a_second_create_makes_a_second_record(caller: Caller) -> None:
    caller.create()
    assert "<2>" in caller.create().json()["data"]
    assert [record["integration_id"] for record in caller.sandbox.records()] == ["4711", "4711"]


def test_ids_ascend_and_are_not_given_again(caller: Caller) -> None:
    caller.create()
    caller.create()
    caller.delete("2")
    assert "<3>" in caller.create().json()["data"]
    assert caller.ids() == ["1", "3"]


def test_an_update_answers_and_changes_only_what_it_names(caller: Caller) -> None:
    caller.create()
    answer = caller.update("1", description="Yeni")
    assert answer.status_code == 200
    assert answer.json() == {"status": True, "data": "Guncelleme islemi Basarili"}
    (record,) = caller.sandbox.records()
    assert record["description"] == "Yeni"
    assert record["code"] == ROW["code"]


def test_an_update_stamps_updated_in_and_not_created_in(caller: Caller) -> None:
    caller.create()
    (before,) = caller.sandbox.records()
    caller.sandbox.advance(120)
    caller.update("1", code="B")
    (after,) = caller.sandbox.records()
    assert after["created_in"] == before["created_in"]
    assert str(after["updated_in"]) > str(before["updated_in"])


def test_an_update_that_wipes_keeps_what_it_names_and_created_in(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_readings(update_keeps_absent=False)
    caller.update("1", code="B")
    (record,) = caller.sandbox.records()
    assert record["code"] == "B"
    assert record["integration_id"] == record["description"] == record["special_created_in"] == ""
    assert record["created_in"]
    assert record["updated_in"]


@pytest.mark.parametrize(("keeps", "left"), [(True, "elle"), (False, None)])
def test_an_update_may_carry_the_note_and_wipes_it_like_any_other_field(
    caller: Caller, keeps: bool, left: str | None
) -> None:
    caller.create()
    caller.update("1", note="elle")
    assert caller.sandbox.records()[0]["note"] == "elle"
    caller.sandbox.set_readings(update_keeps_absent=keeps)
    caller.update("1", code="B")
    assert caller.sandbox.records()[0]["note"] == left


def test_a_delete_answers_and_removes_the_record(caller: Caller) -> None:
    caller.create()
    answer = caller.delete("1")
    assert answer.status_code == 200
    assert answer.json() == {"status": True, "data": "Erp Special Code Silme Islemi Basarili"}
    assert caller.sandbox.records() == []


@pytest.mark.parametrize("style", [404, 200])
@pytest.mark.parametrize("record_id", ["2", "0", "-1", "abc", "", "9" * 40, "١"])
def test_an_unknown_id_is_status_false(caller: Caller, record_id: str, style: int) -> None:
    caller.create()
    caller.sandbox.set_readings(error_style=style)
    for answer in (caller.update(record_id, code="B"), caller.delete(record_id)):
        assert answer.status_code == style
        assert answer.json() == {"status": False}
    assert [record["code"] for record in caller.sandbox.records()] == [ROW["code"]]


def test_stamps_in_the_body_are_kept_unless_the_server_always_stamps(caller: Caller) -> None:
    caller.create(created_in="2001-01-01 00:00:00", updated_in="2002-02-02 00:00:00")
    caller.sandbox.set_readings(stamps="always")
    caller.create(created_in="2001-01-01 00:00:00")
    caller.update("1", created_in="1999-01-01 00:00:00", updated_in="1999-01-01 00:00:00")
    first, second = caller.sandbox.records()
    assert first["created_in"] == "2001-01-01 00:00:00"
    assert str(first["updated_in"]) > "2020"
    assert str(second["created_in"]) > "2020"


def test_fields_are_cut_silently(caller: Caller) -> None:
    caller.sandbox.set_readings(silently_cut={"code": 4, "description": 0})
    caller.create()
    caller.update("1", code="ABCDEFG")
    (record,) = caller.sandbox.records()
    assert record["code"] == "ABCD"
    assert record["description"] == ""
    assert record["integration_id"] == "4711"


def test_id_step_leaves_gaps(caller: Caller) -> None:
    caller.sandbox.set_readings(id_step=5)
    caller.create()
    caller.create()
    assert caller.ids() == ["5", "10"]


def test_a_late_commit_is_answered_at_once_and_stored_later(caller: Caller) -> None:
    caller.sandbox.set_readings(late_commit_s=30)
    assert "<1>" in caller.create().json()["data"]
    assert caller.ids() == []
    assert caller.update("1", code="B").status_code == 404
    caller.sandbox.advance(31)
    assert caller.ids() == ["1"]


def test_late_updates_and_deletes_take_effect_in_their_order(caller: Caller) -> None:
    caller.create()
    caller.create()
    caller.sandbox.set_readings(late_commit_s=30)
    caller.update("1", code="B")
    caller.update("1", code="C")
    caller.delete("2")
    assert [record["code"] for record in caller.sandbox.records()] == [ROW["code"], ROW["code"]]
    caller.sandbox.advance(31)
    assert [record["code"] for record in caller.sandbox.records()] == ["C"]


def test_a_late_update_that_wipes_takes_effect(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_readings(late_commit_s=30, update_keeps_absent=False)
    caller.update("1", code="B")
    caller.sandbox.advance(31)
    (record,) = caller.sandbox.records()
    assert (record["code"], record["note"], record["description"]) == ("B", None, "")


def test_every_so_many_ids_commit_after_higher_ones(caller: Caller) -> None:
    caller.sandbox.set_readings(late_id_every=2, late_id_s=30)
    for _ in range(5):
        caller.create()
    assert caller.ids() == ["1", "3", "5"]
    caller.sandbox.advance(31)
    assert caller.ids() == ["1", "2", "3", "4", "5"]

"""Habits of lists and look-ups, over real HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.contract.calls import ROW, Caller

BY_KEY = "integration_id"


def seed(caller: Caller, *keys: str) -> None:
    caller.sandbox.seed([{"integration_id": key, "code": f"K{key}"} for key in keys])


def find(caller: Caller, key: str, field: str = BY_KEY) -> list[str]:
    return caller.ids(filters=[{"field": field, "operator": "=", "value": key}])


def test_the_filter_finds_nothing_for_a_value_with_a_quote(caller: Caller) -> None:
    seed(caller, "O'BRIEN", "4711")
    assert find(caller, "O'BRIEN") == ["1"]
    caller.sandbox.set_habits("filter_blind='")
    assert find(caller, "O'BRIEN") == []
    assert find(caller, "4711") == ["2"]
    assert find(caller, "1", "id") == ["1"]
    assert caller.ids() == ["1", "2"]


def test_the_filter_finds_nothing_at_all(caller: Caller) -> None:
    seed(caller, "1", "2")
    caller.sandbox.set_habits("filter_blind", {"habit": "filter_blind", "field": "id"})
    assert find(caller, "1") == find(caller, "1", "id") == []
    assert caller.ids(filters=[{"field": "id", "operator": ">", "value": "1"}]) == ["2"]


def test_the_filter_may_say_no_with_words(caller: Caller) -> None:
    seed(caller, "O'BRIEN")
    caller.sandbox.set_habits({"habit": "filter_blind", "holds": "'", "shape": "words_404"})
    answer = caller.list_records(filters=[{"field": BY_KEY, "operator": "=", "value": "O'BRIEN"}])
    assert (answer.status_code, answer.json()) == (404, {"status": False, "message": "Kayıt bulunamadı"})


def test_filters_on_one_field_or_on_all_are_ignored(caller: Caller) -> None:
    seed(caller, "A", "B")
    caller.sandbox.set_habits(f"filter_ignored={BY_KEY}")
    assert find(caller, "A") == ["1", "2"]
    assert find(caller, "2", "id") == ["2"]
    caller.sandbox.set_habits("filter_ignored")
    assert find(caller, "2", "id") == ["1", "2"]
    assert caller.list_records(filters="x").status_code == 400


def test_lists_come_newest_change_first_whatever_is_asked_for(caller: Caller) -> None:
    seed(caller, "A", "B")
    caller.sandbox.advance(5)
    caller.sandbox.edit(1, code="X")
    assert caller.ids() == ["1", "2"]
    caller.sandbox.set_habits("sorting_ignored")
    assert caller.ids() == ["1", "2"]
    caller.sandbox.advance(5)
    caller.sandbox.edit(2, code="X")
    assert caller.ids() == ["2", "1"]


def test_records_are_left_out_by_id_and_by_key_for_ever(caller: Caller) -> None:
    seed(caller, "A1", "A2", "B1", "B2")
    caller.sandbox.set_habits({"habit": "hide", "ids": ["2"]}, {"habit": "hide", "keys": "B*"})
    assert caller.ids() == ["1"]
    assert find(caller, "A2") == find(caller, "B1") == []
    caller.sandbox.advance(10**6)
    caller.log_in()
    assert caller.ids() == ["1"]
    assert len(caller.sandbox.records()) == 4


def test_a_share_of_the_records_is_left_out_the_same_ones_each_time(caller: Caller) -> None:
    seed(caller, *(f"{number}" for number in range(200)))
    caller.sandbox.set_habits({"habit": "hide", "share": 0.3})
    shown = caller.ids()
    assert 110 < len(shown) < 170
    assert caller.ids() == shown
    caller.sandbox.set_habits({"habit": "hide", "share": 0.3, "seed": 1})
    assert caller.ids() != shown


def test_a_record_is_left_out_for_its_first_seconds(caller: Caller) -> None:
    caller.sandbox.set_habits("hide=30")
    caller.create()
    assert caller.ids() == []
    caller.sandbox.advance(31)
    assert caller.ids() == ["1"]


def test_some_records_appear_late_and_the_others_at_once(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "hide", "for_s": 30, "keys": "9*"})
    caller.create()
    caller.create(integration_id="90")
    assert caller.ids() == ["1"]
    caller.sandbox.advance(31)
    assert caller.ids() == ["1", "2"]


def test_a_list_leaves_so_many_records_out_once(caller: Caller) -> None:
    seed(caller, *(f"{number}" for number in range(10)))
    caller.sandbox.set_habits({"habit": "hide", "count": 3, "times": 1})
    assert caller.ids() == [str(number) for number in range(4, 11)]
    assert caller.ids() == [str(number) for number in range(1, 11)]
    (habit,) = caller.sandbox.habits()
    assert habit["fired"] == 3


def test_what_comes_after_a_record_that_is_left_out_moves_up(caller: Caller) -> None:
    seed(caller, *(f"{number}" for number in range(10)))
    caller.sandbox.set_habits({"habit": "hide", "ids": ["1", "3", "10"]})
    assert caller.ids(limit="3") == ["2", "4", "5"]
    assert caller.ids(limit="1", sorting=[{"field": "id", "sort": "DESC"}]) == ["9"]
    assert caller.list_records(limit="1", params={"colums": ["code"]}).json()["data"] == [{"code": "K1"}]


@pytest.mark.parametrize(("where", "listed", "found"), [("pages", [], ["1"]), ("lookups", ["1"], [])])
def test_a_record_is_left_out_of_pages_or_of_look_ups_alone(
    caller: Caller, where: str, listed: list[str], found: list[str]
) -> None:
    seed(caller, "A")
    caller.sandbox.set_habits({"habit": "hide", "where": where})
    assert caller.ids() == listed
    assert find(caller, "A") == find(caller, "1", "id") == found


#: Shape → (HTTP status, the answer's text).
SHAPES: Mapping[str, tuple[int, str]] = {
    "words": (200, '{"status":false,"message":"M"}'),
    "words_404": (404, '{"status":false,"message":"M"}'),
    "status_false": (200, '{"status":false}'),
    "status_false_404": (404, '{"status":false}'),
    "no_body": (200, ""),
    "no_body_404": (404, ""),
    "empty_array": (200, "[]"),
    "empty_object": (200, "{}"),
    "bare_false": (200, "false"),
    "bare_null": (200, "null"),
    "empty_text": (200, '""'),
    "data_array": (200, '{"status":true,"data":[]}'),
    "data_object": (200, '{"status":true,"data":{}}'),
    "data_false": (200, '{"status":true,"data":false}'),
    "data_null": (200, '{"status":true,"data":null}'),
    "data_text": (200, '{"status":true,"data":""}'),
    "data_absent": (200, '{"status":true}'),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_user_who_may_not_list_is_told_so_in_every_shape(caller: Caller, shape: str) -> None:
    seed(caller, "A")
    caller.sandbox.set_habits({"habit": "no_list", "shape": shape, "message": "M"})
    answer = caller.list_records()
    assert (answer.status_code, answer.text) == SHAPES[shape]
    assert caller.create().status_code == 200


def test_a_missing_page_may_be_html(caller: Caller) -> None:
    caller.sandbox.set_habits("no_list=html_404")
    answer = caller.list_records()
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_user_who_may_not_list_is_told_in_turkish(caller: Caller) -> None:
    caller.sandbox.set_habits("no_list")
    assert caller.list_records().json()["message"] == "Bu işlem için yetkiniz bulunmamaktadır"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_empty_list_comes_in_every_shape(caller: Caller, shape: str) -> None:
    caller.sandbox.set_habits({"habit": "empty_as", "shape": shape, "message": "M"})
    answer = caller.list_records()
    assert (answer.status_code, answer.text) == SHAPES[shape]
    seed(caller, "A")
    assert caller.ids() == ["1"]


def test_a_list_of_one_is_the_record_itself(caller: Caller) -> None:
    caller.sandbox.set_habits("one_as_object")
    assert caller.list_records().json()["data"] == []
    seed(caller, "A")
    assert caller.list_records().json()["data"]["integration_id"] == "A"
    seed(caller, "B")
    assert caller.ids() == ["1", "2"]


@pytest.mark.parametrize("status", [500, 504])
def test_a_page_that_is_too_much_fails(caller: Caller, status: int) -> None:
    seed(caller, "A")
    caller.sandbox.set_habits({"habit": "page_fails", "above": 100, "status": status, "seconds": 0.01})
    answer = caller.list_records(limit="101")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert caller.ids(limit="100") == ["1"]


def test_ids_come_as_numbers(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("numbers")
    (record,) = caller.list_records().json()["data"]
    assert (record["id"], record["integration_id"], record["key1"]) == (1, "4711", "21")
    caller.sandbox.set_habits('numbers=["id", "integration_id", "code"]')
    (record,) = caller.list_records().json()["data"]
    assert (record["integration_id"], record["code"]) == (4711, ROW["code"])


def test_an_empty_date_comes_as_zeros_and_is_taken_so(caller: Caller) -> None:
    caller.create()
    zeros = "0000-00-00 00:00:00"
    assert caller.update("1", special_updated_in=zeros).status_code == 400
    caller.sandbox.set_habits("zero_dates")
    (record,) = caller.list_records().json()["data"]
    assert (record["special_updated_in"], record["special_created_in"]) == (zeros, ROW["special_created_in"])
    assert caller.update("1", special_updated_in=zeros).status_code == 200


def test_a_field_without_a_value_is_left_out(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("nulls_left_out")
    (record,) = caller.list_records().json()["data"]
    assert "note" not in record
    assert "space5" not in record
    assert record["code"] == ROW["code"]


def test_records_carry_fields_that_the_documentation_does_not_have(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits("more_fields=2")
    (record,) = caller.list_records().json()["data"]
    assert (record["alan1"], record["alan2"], record["id"]) == ("x", "x", "1")

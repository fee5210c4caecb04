"""The list call: filters, columns, sorting, paging, and the readings of what it leaves open."""

from __future__ import annotations

import pytest

from tests.contract.calls import Caller

FIELDS = ("id", "code", "description", "status")
RECORDS = [
    dict(zip(FIELDS, values, strict=True))
    for values in (
        ("1", "A", "Elma", "1"),
        ("2", "B", "Armut", "0"),
        ("9", "C", "Elma suyu", "1"),
        ("10", "D", "Taze elma", "1"),
        ("100", "E", "%50_indirim", "0"),
        ("1000", "F", "", "1"),
    )
]


@pytest.fixture
def stocked(caller: Caller) -> Caller:
    caller.sandbox.seed(RECORDS)
    return caller


def where(field: str, operator: str, value: object) -> dict[str, object]:
    return {"field": field, "operator": operator, "value": value}


FILTERS = [
    ([where("id", "=", "9")], ["9"]),
    ([where("id", "<>", "9")], ["1", "2", "10", "100", "1000"]),
    ([where("id", ">", "9")], ["10", "100", "1000"]),
    ([where("id", ">=", "9")], ["9", "10", "100", "1000"]),
    ([where("id", "<", "9")], ["1", "2"]),
    ([where("id", "<=", "9")], ["1", "2", "9"]),
    ([where("id", ">", "99999999999999999999999")], []),
    ([where("id", ">", "abc")], ["1", "2", "9", "10", "100", "1000"]),
    ([where("id", "IN", "1,9, 10")], ["1", "9", "10"]),
    ([where("id", "IN", ["1", "9"])], ["1", "9"]),
    ([where("code", "IN", "A, B")], ["1", "2"]),
    ([where("code", "NOT IN", ["A", "B"])], ["9", "10", "100", "1000"]),
    ([where("description", "LIKE", "elma")], ["1", "9", "10"]),
    ([where("description", "NOT LIKE", "elma")], ["2", "100", "1000"]),
    ([where("description", "LIKE AFTER", "elma")], ["1", "9"]),
    ([where("description", "LIKE BEFORE", "elma")], ["1", "10"]),
    ([where("description", "LIKE NONE", "elma")], ["1"]),
    ([where("description", "LIKE", "%50_")], ["100"]),
    ([where("description", "LIKE", "_")], ["100"]),
    ([where("description", "=", "")], ["1000"]),
    ([where("note", "=", "")], ["1", "2", "9", "10", "100", "1000"]),
    ([where("status", "=", "1"), where("id", ">", "9")], ["10", "1000"]),
    ([where("code", "=", "A"), where("code", "OR =", "B")], ["1", "2"]),
    ([where("code", "OR =", "A")], ["1"]),
    ([where("code", "=", "A"), where("code", "OR =", "B"), where("status", "=", "1")], ["1"]),
    ([where("code", "=", "A"), where("id", "OR IN", "2,9")], ["1", "2", "9"]),
    ([where("code", "=", "x' OR '1'='1")], []),
    ([], ["1", "2", "9", "10", "100", "1000"]),
]


@pytest.mark.parametrize(("filters", "ids"), FILTERS)
def test_filters(stocked: Caller, filters: list[object], ids: list[str]) -> None:
    assert stocked.ids(filters=filters) == ids


@pytest.mark.parametrize(
    "operator", ["=", "<>", ">", ">=", "<", "<=", "IN", "NOT IN", "LIKE", "NOT LIKE", "LIKE AFTER", "LIKE BEFORE"]
)
def test_every_operator_passes_with_and_without_or(stocked: Caller, operator: str) -> None:
    for spelt in (operator, f"OR {operator}"):
        assert stocked.list_records(filters=[where("code", spelt, "A")]).status_code == 200


def test_text_compares_exactly_or_as_loosely_as_mysql_does(caller: Caller) -> None:
    caller.sandbox.seed([{"integration_id": "A1  "}, {"integration_id": "a1"}, {"integration_id": "Ş1"}])
    for spelt, exact, loose in (("a1", ["2"], ["1", "2"]), ("s1", [], ["3"]), ("A1", [], ["1", "2"])):
        caller.sandbox.set_readings(text_compare="exact")
        assert caller.ids(filters=[where("integration_id", "=", spelt)]) == exact
        caller.sandbox.set_readings(text_compare="loose")
        assert caller.ids(filters=[where("integration_id", "=", spelt)]) == loose
        assert caller.ids(filters=[where("integration_id", "IN", [spelt])]) == loose
    assert caller.ids(filters=[where("id", "=", "1")]) == ["1"]


def test_sorting_follows_fields_in_their_order(stocked: Caller) -> None:
    sorting = [{"field": "status", "sort": "ASC"}, {"field": "id", "sort": "DESC"}]
    assert stocked.ids(sorting=sorting) == ["100", "2", "1000", "10", "9", "1"]


def test_the_last_id_is_the_first_one_descending(stocked: Caller) -> None:
    assert stocked.ids(sorting=[{"field": "id", "sort": "DESC"}], limit="1") == ["1000"]


def test_no_sorting_means_by_id(stocked: Caller) -> None:
    assert stocked.ids(sorting="") == ["1", "2", "9", "10", "100", "1000"]


def test_params_choose_columns(stocked: Caller) -> None:
    assert stocked.list_records(params={"colums": ["code", "id"]}, limit="1").json()["data"] == [
        {"code": "A", "id": "1"}
    ]


def test_offset_skips_rows_or_starts_at_an_id(stocked: Caller) -> None:
    assert stocked.ids(offset="2", limit="2") == ["9", "10"]
    stocked.sandbox.set_readings(offset_meaning="start_id")
    assert stocked.ids(offset="2", limit="2") == ["2", "9"]
    assert stocked.ids(offset="0", limit="2") == ["1", "2"]


def test_start_id_binds_all_of_an_or_filter(stocked: Caller) -> None:
    stocked.sandbox.set_readings(offset_meaning="start_id")
    filters = [where("code", "=", "A"), where("code", "OR =", "D")]
    assert stocked.ids(filters=filters, offset="5") == ["10"]


def test_the_server_caps_the_limit(stocked: Caller) -> None:
    stocked.sandbox.set_readings(list_cap=2)
    assert stocked.ids(limit="1000") == ["1", "2"]
    assert stocked.ids(limit="1") == ["1"]


def test_an_empty_list_is_data_or_a_404(caller: Caller) -> None:
    assert caller.list_records().json() == {"status": True, "data": []}
    caller.sandbox.set_readings(empty_list=404)
    answer = caller.list_records()
    assert answer.status_code == 404
    assert answer.json() == {"status": False}
    caller.create()
    assert caller.list_records().status_code == 200


def test_ids_compare_as_text_in_filter_and_sort(stocked: Caller) -> None:
    stocked.sandbox.set_readings(id_compare="text")
    assert stocked.ids() == ["1", "10", "100", "1000", "2", "9"]
    assert stocked.ids(filters=[where("id", ">", "1000")]) == ["2", "9"]


def test_filter_and_sort_can_compare_each_in_its_own_way(stocked: Caller) -> None:
    stocked.sandbox.set_readings(filter_compare="text")
    assert stocked.ids(filters=[where("id", ">", "10")]) == ["2", "9", "100", "1000"]
    stocked.sandbox.set_readings(filter_compare=None, sort_compare="text")
    assert stocked.ids(filters=[where("id", ">", "9")]) == ["10", "100", "1000"]
    assert stocked.ids() == ["1", "10", "100", "1000", "2", "9"]


def test_empty_fields_come_as_text_or_null(stocked: Caller) -> None:
    (record,) = stocked.list_records(filters=[where("id", "=", "1000")]).json()["data"]
    assert record["description"] == ""
    stocked.sandbox.set_readings(null_style="null")
    (record,) = stocked.list_records(filters=[where("id", "=", "1000")]).json()["data"]
    assert record["description"] is None
    assert record["code"] == "F"


def test_a_lagging_list_shows_creates_later(caller: Caller) -> None:
    caller.sandbox.set_readings(list_lag_s=30)
    caller.create()
    assert caller.ids() == []
    assert len(caller.sandbox.records()) == 1
    caller.sandbox.advance(31)
    assert caller.ids() == ["1"]


def test_a_lagging_list_shows_old_versions_for_a_while(caller: Caller) -> None:
    def codes() -> list[tuple[str, str]]:
        return [(record["id"], record["code"]) for record in caller.list_records().json()["data"]]

    caller.sandbox.seed([{"code": "A"}, {"code": "X"}])
    caller.sandbox.set_readings(list_lag_s=30)
    caller.update("1", code="B")
    caller.sandbox.advance(20)
    caller.update("1", code="C")
    caller.delete("2")
    assert codes() == [("1", "A"), ("2", "X")]
    caller.sandbox.advance(15)
    assert codes() == [("1", "B"), ("2", "X")]
    caller.sandbox.advance(20)
    assert codes() == [("1", "C")]


def test_a_lagging_record_stays_unseen_when_another_program_edits_it(caller: Caller) -> None:
    caller.sandbox.set_readings(list_lag_s=30)
    caller.create()
    caller.sandbox.edit("1", code="B")
    assert caller.ids() == []


def test_the_lag_of_a_late_commit_counts_from_the_commit(caller: Caller) -> None:
    caller.sandbox.set_readings(late_commit_s=30, list_lag_s=20)
    caller.create()
    caller.sandbox.advance(55)
    assert caller.ids() == ["1"]


def test_a_record_that_lags_is_there_for_update_and_delete(caller: Caller) -> None:
    caller.sandbox.set_readings(list_lag_s=30)
    caller.create()
    assert caller.update("1", code="B").status_code == 200
    assert caller.delete("1").status_code == 200
    assert caller.ids() == []

"""Which rows become which changes, which are rejected, and which records count as missing."""

from __future__ import annotations

from typing import Any

import pytest

from oduyo_provider.core.change import Action
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.plan import Altered, OnMissing, PlanCounts, Scope, SyncMode
from tests.unit.core.sides import EVERYTHING, REPAIRING, Row, make_record, make_row, plan_of, reasons_of

DEACTIVATE, DELETE = {"on_missing": OnMissing.DEACTIVATE}, {"on_missing": OnMissing.DELETE}


def test_a_row_without_a_record_is_created_with_its_fields_only() -> None:
    [change] = plan_of([make_row()], []).changes
    assert (change.action, change.integration_id, change.oduyo_id) == (Action.CREATE, "100", None)
    assert change.body() == {"integration_id": "100", "code": "K1", "status": "1", "key1": "21", "key2": "1"}


def test_a_row_that_its_record_equals_needs_no_change() -> None:
    plan = plan_of([make_row()], [make_record()])
    assert plan.changes == []
    assert (plan.counts.unchanged, plan.counts.matched) == (1, 1)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"key2": None}, {"key2": None}),
        ({"description": ""}, {"description": None}),
        ({"description": "a b"}, {"description": " a   b "}),
        ({"special_created_in": None}, {"special_created_in": "2024-01-01 00:00:00"}),
        ({"special_created_in": "1899-12-30"}, {"special_created_in": "2024-01-01 00:00:00"}),
        ({"special_created_in": "2024-05-06"}, {"special_created_in": "2024-05-06T00:00:00"}),
        ({"status": "A"}, {"status": "1"}),
    ],
)
def test_values_that_mean_the_same_are_equal(given: Row, stored: dict[str, str | None]) -> None:
    assert plan_of([make_row(**given)], [make_record(**stored)]).changes == []


def test_an_update_names_the_fields_that_differ_before_and_after() -> None:
    [change] = plan_of([make_row(code="K2", description="d")], [make_record(description=None)]).changes
    assert (change.action, change.oduyo_id, change.differs) == (Action.UPDATE, "7", ("code", "description"))
    assert change.before == {"code": "K1", "description": None}
    assert change.after == {"code": "K2", "description": "d"}


def test_a_field_without_a_column_is_neither_compared_nor_changed() -> None:
    [change] = plan_of([{"integration_id": "100", "code": "K2"}], [make_record(description="kept")]).changes
    assert change.differs == ("code",)
    assert change.body()["description"] == "kept"


def test_changes_stand_in_the_order_of_action_then_id_then_number() -> None:
    rows = [make_row("b"), make_row("a"), make_row("u2", code="X"), make_row("u1", code="X")]
    records = [make_record("3", "u2"), make_record("4", "u1"), make_record("10", "gone"), make_record("9", "gone")]
    keys = [change.key for change in plan_of(rows, records, **DELETE).changes]
    assert keys == ["create:a", "create:b", "update:4", "update:3", "delete:9", "delete:10"]


def test_a_later_row_with_the_same_id_is_a_duplicate() -> None:
    plan = plan_of([make_row("7", code="A"), make_row(7.0, code="B")], [])
    assert [change.payload["code"] for change in plan.changes] == ["A"]
    assert reasons_of(plan) == [["integration_id: duplicate"]]
    assert "7" in plan.rejected[0].faults[0].detail


def test_all_faults_of_a_row_are_reported_together_with_its_being_a_duplicate() -> None:
    plan = plan_of([make_row(), make_row(code="", status="?")], [])
    assert reasons_of(plan) == [["code: empty", "status: unknown_status", "integration_id: duplicate"]]
    assert plan.counts.reasons == {"code: empty": 1, "integration_id: duplicate": 1, "status: unknown_status": 1}
    assert list(plan.counts.reasons) == sorted(plan.counts.reasons)
    assert plan.counts.rejected == 1


@pytest.mark.parametrize("first", [{"code": ""}, {"key1": "22"}], ids=["faulty", "other firm's"])
def test_a_row_whose_namesake_was_rejected_is_no_duplicate(first: Row) -> None:
    plan = plan_of([make_row(**first), make_row(code="K2")], [make_record()])
    assert [change.action for change in plan.changes] == [Action.UPDATE]
    assert plan.counts.rejected == 1


def test_a_row_is_a_duplicate_of_one_that_needed_no_change() -> None:
    assert reasons_of(plan_of([make_row(), make_row()], [make_record()])) == [["integration_id: duplicate"]]


def test_a_rejected_row_is_kept_as_extracted() -> None:
    row = make_row(code="", note="untouched")
    [rejected] = plan_of([row], []).rejected
    assert (rejected.integration_id, rejected.row) == ("100", row)


@pytest.mark.parametrize("raw", [None, "", "ÿ", True, 1.5])
def test_rows_without_a_readable_id_are_rejected_and_counted(raw: object) -> None:
    plan = plan_of([make_row(raw), make_row()], [])
    assert (plan.counts.unreadable_ids, plan.counts.rejected, plan.counts.creates) == (1, 1, 1)
    assert plan.rejected[0].integration_id is None


def test_warnings_count_only_rows_that_are_sent() -> None:
    odd = {"special_created_in": "2024-05-06", "special_updated_in": "2024-05-05"}
    rows = [make_row("1", **odd), make_row("1", **odd), make_row("2", code="", **odd), make_row("7", key1="22", **odd)]
    plan = plan_of(rows, [make_record(integration_id="7")])
    assert plan.counts.warnings == {"special_updated_in: before_created": 1}


def test_an_update_across_firms_is_rejected() -> None:
    plan = plan_of([make_row(key1="22", code="K2")], [make_record()])
    assert plan.changes == []
    assert reasons_of(plan) == [["key1: other_firm"]]
    assert plan.rejected[0].faults[0].detail == "Ödüyo's record 7 has key1 '21', the row '22': another firm's record"
    assert (plan.counts.matched, plan.counts.missing) == (0, 0)


def test_emptying_key1_is_an_update_across_firms_too() -> None:
    assert reasons_of(plan_of([make_row(key1=None)], [make_record()])) == [["key1: other_firm"]]


def test_allow_unsafe_lets_an_update_across_firms_pass() -> None:
    [change] = plan_of([make_row(key1="22")], [make_record()], allow_unsafe=True).changes
    assert change.differs == ("key1",)


@pytest.mark.parametrize("stored", [None, "", "  ", "\u200b"])
def test_a_record_whose_key1_is_blank_is_no_other_firms(stored: str | None) -> None:
    [change] = plan_of([make_row()], [make_record(key1=stored)]).changes
    assert change.differs == ("key1",)


def test_the_detail_of_a_rejected_row_stays_one_short_printable_line() -> None:
    rows = [make_row("a\u2028" * 100, key1="22"), *[make_row("b\u2028" * 100)] * 2]
    records = [make_record("1", "a\u2028" * 100, key1="2\u20281" * 100)]
    details = [fault.detail for rejected in plan_of(rows, records).rejected for fault in rejected.faults]
    assert len(details) == 2
    assert all(detail.isprintable() and len(detail) < 400 for detail in details)


def test_a_known_alteration_counts_as_equal() -> None:
    known = Altered("7", "100", "description", sent="long text", stored="long")
    plan = plan_of([make_row(description="long text")], [make_record(description="long")], altered=[known])
    assert (plan.changes, plan.counts.unchanged) == ([], 1)


@pytest.mark.parametrize(
    ("wanted", "stored", "oduyo_id", "field"),
    [
        ("other text", "long", "7", "description"),
        ("long text", "lon", "7", "description"),
        ("long text", None, "7", "description"),
        ("long text", "long", "8", "description"),
        ("long text", "long", "7", "space1"),
    ],
    ids=["sent otherwise", "stored otherwise", "emptied", "other record", "other field"],
)
def test_an_alteration_is_forgotten_once_anything_about_it_differs(
    wanted: str, stored: str | None, oduyo_id: str, field: str
) -> None:
    known = Altered(oduyo_id, "100", field, sent="long text", stored="long")
    plan = plan_of([make_row(description=wanted)], [make_record(description=stored)], altered=[known])
    assert [change.differs for change in plan.changes] == [("description",)]


def test_of_several_records_with_one_id_the_lowest_number_is_kept_in_step() -> None:
    records = [make_record("10"), make_record("9"), make_record("80", "other")]
    plan = plan_of([make_row(code="K2"), make_row("other")], records, **DELETE)
    assert [change.key for change in plan.changes] == ["update:9"]
    assert (plan.counts.remote_duplicates, plan.counts.existing, plan.counts.missing) == (1, 3, 0)


def test_ids_that_differ_only_in_form_are_one_record() -> None:
    plan = plan_of([make_row()], [make_record("2", " 100"), make_record("3", "100.0")])
    assert (plan.counts.remote_duplicates, plan.counts.creates) == (1, 0)


@pytest.mark.parametrize("integration_id", [None, "", "  ", "ÿ", "\ud800"])
def test_a_record_without_a_readable_integration_id_is_left_alone(integration_id: str | None) -> None:
    plan = plan_of([make_row("5")], [make_record("1", integration_id), make_record("2", integration_id)], **DELETE)
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert (plan.counts.existing, plan.counts.existing_in_scope, plan.counts.missing) == (2, 0, 0)
    assert plan.counts.remote_duplicates == 0


def test_a_record_that_no_row_has_is_kept_unless_asked_otherwise() -> None:
    plan = plan_of([], [make_record()])
    assert plan.changes == []
    assert (plan.counts.missing, plan.counts.kept_missing) == (1, 1)


def test_deactivating_sends_the_whole_record_with_a_passive_status() -> None:
    [change] = plan_of([], [make_record(description="d", note="n")], **DEACTIVATE).changes
    assert (change.action, change.before, change.after) == (Action.DEACTIVATE, {"status": "1"}, {"status": "0"})
    assert change.body() == {
        name: "0" if name == "status" else value
        for name, value in make_record(description="d", note="n").items()
        if value and (not name.endswith("_in") or name in ("created_in", "updated_in"))
    } | dict.fromkeys(("typecode", *(f"space{number}" for number in range(1, 6))), "")


@pytest.mark.parametrize("status", ["0", "P", "pasif"])
def test_a_record_that_is_passive_already_is_kept(status: str) -> None:
    plan = plan_of([], [make_record(status=status)], **DEACTIVATE)
    assert plan.changes == []
    assert (plan.counts.missing, plan.counts.kept_missing, plan.counts.deactivates) == (1, 1, 0)


@pytest.mark.parametrize("status", [None, "", "1", "2"])
def test_a_record_whose_status_is_not_passive_is_deactivated(status: str | None) -> None:
    assert plan_of([], [make_record(status=status)], **DEACTIVATE).counts.deactivates == 1


def test_a_passive_status_that_oduyo_is_known_to_store_otherwise_is_not_sent_again() -> None:
    known = Altered("7", "100", "status", sent="0", stored="2")
    assert plan_of([], [make_record(status="2")], altered=[known], **DEACTIVATE).counts.kept_missing == 1


def test_a_passive_record_is_deleted_all_the_same() -> None:
    [change] = plan_of([], [make_record(status="0")], **DELETE).changes
    assert (change.action, change.body()) == (Action.DELETE, {"id": "7"})


@pytest.mark.parametrize(
    "row",
    [
        make_row(code=""),
        make_row(code="x" * 300),
        make_row(status="?"),
        make_row(key1="22"),
        make_row(" 100 ", code=None),
    ],
)
def test_the_record_of_a_rejected_row_with_a_readable_id_is_not_missing(row: Row) -> None:
    plan = plan_of([row], [make_record()], scope=EVERYTHING, **DELETE)
    assert (plan.counts.rejected, plan.counts.missing, plan.changes) == (1, 0, [])


def test_the_record_of_an_id_that_is_too_long_is_not_missing() -> None:
    long_id = "9" * 300
    plan = plan_of([make_row(long_id)], [make_record(integration_id=long_id)], scope=EVERYTHING, **DELETE)
    assert (plan.counts.rejected, plan.counts.missing) == (1, 0)


@pytest.mark.parametrize(
    ("key1", "key2", "is_in"),
    [("21", "1", True), (" 21", "1 ", True), ("21", "2", False), ("22", "1", False), ("1", "21", False)],
)
def test_only_records_with_the_two_keys_of_some_row_can_be_missing(key1: str, key2: str, is_in: bool) -> None:
    plan = plan_of([], [make_record(key1=key1, key2=key2)], **DELETE)
    assert (plan.counts.existing_in_scope, plan.counts.missing, len(plan.changes)) == (is_in, is_in, is_in)


def test_in_scope_are_records_that_rows_have_and_those_that_are_missing() -> None:
    records = [make_record("1"), make_record("2", "gone"), make_record("3", "far", key1="99")]
    counts = plan_of([make_row()], records).counts
    assert (counts.existing, counts.existing_in_scope, counts.missing) == (3, 2, 1)


def test_pairs_of_keys_are_not_mixed() -> None:
    scope = Scope(frozenset({("21", "1"), ("22", "2")}))
    records = [make_record("1", "a", key1="21", key2="2"), make_record("2", "b", key1="22", key2="2")]
    assert [change.key for change in plan_of([], records, scope=scope, **DELETE).changes] == ["delete:2"]


def test_records_with_null_keys_are_in_scope_where_rows_have_none() -> None:
    scope = Scope(frozenset({("", "")}))
    assert plan_of([], [make_record(key1=None, key2="")], scope=scope).counts.missing == 1


def test_without_key_columns_every_record_is_in_scope() -> None:
    records = [make_record("1", "a", key1="99"), make_record("2", "b", key1=None)]
    assert plan_of([], records, scope=EVERYTHING).counts.missing == 2


def test_a_record_with_a_mangled_key_is_in_the_scope_of_the_mended_one() -> None:
    scope = Scope(frozenset({("Ş", "1")}))
    assert plan_of([], [make_record(key1="Þ")], scope=scope, normaliser=REPAIRING).counts.missing == 1


def test_create_mode_sends_every_valid_row_once_and_compares_nothing() -> None:
    rows = [make_row(), make_row(), make_row("5", key1="22"), make_row("6", code="")]
    records = [make_record(), make_record("8", "5"), make_record("9", "gone")]
    plan = plan_of(rows, records, sync_mode=SyncMode.CREATE, **DELETE)
    assert [change.key for change in plan.changes] == ["create:100", "create:5"]
    assert reasons_of(plan) == [["integration_id: duplicate"], ["code: empty"]]
    assert (plan.counts.missing, plan.counts.existing_in_scope) == (0, 0)


@pytest.mark.parametrize("oduyo_id", [None, "", "x", "-1", "1.5", "٣", "²"])
@pytest.mark.parametrize(
    ("rows", "rules"), [([make_row(code="K2")], {}), ([], DELETE), ([], DEACTIVATE)], ids=["update", "delete", "off"]
)
def test_a_record_that_no_change_could_name_stops_the_plan(
    oduyo_id: Any, rows: list[Row], rules: dict[str, Any]
) -> None:
    with pytest.raises(ListingError, match="no whole number"):
        plan_of(rows, [{**make_record(), "id": oduyo_id}], **rules)


def test_records_without_a_number_are_not_sorted_by_guess() -> None:
    nameless = make_record()
    del nameless["id"]
    with pytest.raises(ListingError, match="has the id"):
        plan_of([make_row()], [make_record(), nameless])


def test_counts_of_partitions_add_up_with_their_reasons_in_order() -> None:
    one = PlanCounts(extracted=2, creates=1, reasons={"b": 1, "c": 1}, warnings={"w": 1})
    two = PlanCounts(extracted=3, updates=2, unchanged=4, reasons={"a": 2, "c": 2})
    both = one + two
    assert both == PlanCounts(
        extracted=5, creates=1, updates=2, unchanged=4, reasons={"a": 2, "b": 1, "c": 3}, warnings={"w": 1}
    )
    assert list(both.reasons) == ["a", "b", "c"]
    assert (both.matched, both.changes) == (6, 3)
    assert one.reasons == {"b": 1, "c": 1}

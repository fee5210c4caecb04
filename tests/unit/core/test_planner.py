"""From rows, records and entries to a plan: what is written, what is rejected, and what is remembered."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import msgspec
import pytest

from oduyo_provider.core.change import Action
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.ledger import RESEND_AFTER_S, Entry, Missing, Refused, Stored, compute_payload_digest
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import OnMissing, Plan, Rejected, SyncMode
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.resources import PROJECT_CODE
from oduyo_provider.core.shared_codes import compute_code_digest
from tests.unit.core.sides import (
    ABSENT,
    DAY,
    HOUR,
    NOW,
    RUN,
    SOURCE,
    UUID,
    Row,
    make_entry,
    make_record,
    make_row,
    notes_of,
    plan_of,
    reasons_of,
)

PASSIVE_AT = {"retired_at": NOW - DAY}


def test_a_row_without_a_record_is_created_with_its_fields_only() -> None:
    [change] = plan_of([make_row()], []).changes
    assert (change.action, change.integration_id, change.oduyo_id) == (Action.CREATE, "100", None)
    assert change.compute_body() == {"integration_id": "100", "code": "K1", "status": "1", "key1": "21", "key2": "1"}


def test_a_row_that_its_record_equals_needs_no_change() -> None:
    plan = plan_of([make_row()], [make_record()])
    assert plan.changes == []
    assert (plan.counts.unchanged, plan.counts.matched, plan.counts.existing) == (1, 1, 1)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"key2": None}, {"key2": None}),
        ({"description": ""}, {"description": None}),
        ({"special_created_in": None}, {"special_created_in": "2024-01-01 00:00:00"}),
        ({"special_created_in": "1899-12-30"}, {"special_created_in": "2024-01-01 00:00:00"}),
        ({"special_created_in": "2024-05-06"}, {"special_created_in": "2024-05-06T00:00:00"}),
        ({"status": "A"}, {"status": "1"}),
        ({"status": None}, {"status": "1"}),
        ({"description": "a  b"}, {"description": "a b"}),
    ],
)
def test_values_that_mean_the_same_are_equal(given: Row, stored: dict[str, str | None]) -> None:
    assert plan_of([make_row(**given)], [make_record(**stored)]).changes == []


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, {"code": " K1"}),
        ({"code": "K 1"}, {"code": "K\u00a01"}),
        ({"description": "a b"}, {"description": "a  b"}),
        ({}, {"status": "A"}),
        ({}, {"status": None}),
        ({}, {"key2": "1 "}),
    ],
)
def test_what_oduyo_stores_in_another_form_is_a_difference(given: Row, stored: dict[str, str | None]) -> None:
    [change] = plan_of([make_row(**given)], [make_record(**stored)]).changes
    assert (change.action, change.differs) == (Action.UPDATE, tuple(stored))


def test_an_update_names_the_fields_that_differ_before_and_after() -> None:
    [change] = plan_of([make_row(code="K2", description="d")], [make_record(description=None)]).changes
    assert (change.action, change.oduyo_id, change.differs) == (Action.UPDATE, "7", ("code", "description"))
    assert [change.base[name] for name in change.differs] == ["K1", None]
    assert [change.payload[name] for name in change.differs] == ["K2", "d"]


def test_a_field_without_a_column_is_neither_compared_nor_changed() -> None:
    [change] = plan_of([{"integration_id": "100", "code": "K2"}], [make_record(description="kept")]).changes
    assert change.differs == ("code",)
    assert change.compute_body()["description"] == "kept"


def test_changes_stand_in_the_order_of_action_then_record_then_key() -> None:
    rows = [make_row("b"), make_row("a"), make_row("u2", code="X"), make_row("u1", code="X")]
    records = [make_record("3", "u2"), make_record("4", "u1"), make_record("10", "g1"), make_record("9", "g2")]
    gone = [make_entry("g1", "10", missing=ABSENT), make_entry("g2", "9", missing=ABSENT)]
    changes = plan_of(rows, records, gone, on_missing=OnMissing.DELETE).changes
    assert [change.key for change in changes] == [
        "create:a",
        "create:b",
        "update:3",
        "update:4",
        "delete:9",
        "delete:10",
    ]


def test_a_record_that_no_change_could_name_stops_the_plan() -> None:
    with pytest.raises(ListingError, match="no whole number"):
        plan_of([], [make_record("x")])


# Rejected rows


def test_a_rejected_row_is_kept_as_extracted_with_every_fault() -> None:
    row = make_row(code="", status="?", note="untouched")
    [rejected] = plan_of([row], []).rejected
    assert (rejected.integration_id, rejected.row) == ("100", row)
    assert [fault.code for fault in rejected.faults] == ["code: empty", "status: unknown_status"]


def test_reasons_are_counted_by_fault_in_order_and_rows_once() -> None:
    counts = plan_of([make_row(code="", status="?"), make_row("5", code="")], []).counts
    assert list(counts.reasons.items()) == [("code: empty", 2), ("status: unknown_status", 1)]
    assert counts.rejected == 2


@pytest.mark.parametrize("raw", [None, "", "ÿ", True, Decimal("1.5")])
def test_rows_without_a_readable_id_are_each_rejected(raw: object) -> None:
    plan = plan_of([make_row(raw), make_row(raw), make_row()], [])
    assert (plan.counts.rejected, plan.counts.repeated, plan.counts.creates) == (2, 0, 1)
    assert [rejected.integration_id for rejected in plan.rejected] == [None, None]


def test_warnings_count_only_rows_that_are_compared() -> None:
    odd = {"special_created_in": "2024-05-06", "special_updated_in": "2024-05-05"}
    rows = [make_row("1", **odd), make_row("1", **odd), make_row("2", code="", **odd)]
    assert plan_of(rows, []).counts.warnings == {"special_updated_in: before_created": 1}


def test_every_row_with_a_shared_code_is_warned_and_planned_as_any_other() -> None:
    rows = [make_row("1", code="K"), make_row("2", code="\ufeffK"), make_row("3", code="L")]
    shared = frozenset([compute_code_digest(rows[0], Normaliser(SPECIAL_CODE).texts)])
    plan = plan_of(rows, [], shared_codes=shared)
    assert plan.counts.warnings == {"code: shared_code": 2}
    assert {(remark.outcome, remark.integration_id, remark.reason) for remark in plan.remarks} == {
        ("warned", "1", "code: shared_code"),
        ("warned", "2", "code: shared_code"),
    }
    assert plan.counts.creates == 3


def test_a_row_that_the_last_applied_run_rejected_alike_is_known() -> None:
    [rejected] = plan_of([make_row(code="")], []).rejected
    assert not rejected.is_known
    rows = [make_row(code=""), make_row("5", code=""), make_row("100", code="", space1="x"), make_row("100", code=" ")]
    again = plan_of(rows[:2], [], known_rejected=[rejected.digest])
    assert [item.is_known for item in again.rejected] == [True, False]
    assert (again.counts.rejected, again.counts.known_rejected) == (2, 1)
    alike, other = (plan_of([row], [], known_rejected=[rejected.digest]).rejected[0].is_known for row in rows[2:])
    assert (alike, other) == (True, False)


def test_a_row_that_is_rejected_for_another_reason_than_before_is_new() -> None:
    [alone] = plan_of([make_row(code="")], []).rejected
    both = plan_of([make_row(code=""), make_row(code="", key2="2")], [], known_rejected=[alone.digest])
    assert not any(item.is_known for item in both.rejected)


# Repeated rows, and rows that share an id and differ


def test_the_same_row_once_more_is_repeated_and_sent_once() -> None:
    plan = plan_of([make_row(), make_row("5"), make_row(), make_row()], [])
    assert [change.key for change in plan.changes] == ["create:100", "create:5"]
    assert (plan.counts.extracted, plan.counts.repeated, plan.counts.rejected) == (4, 2, 0)


def test_the_order_of_columns_makes_no_other_row() -> None:
    turned = dict(reversed(make_row().items()))
    assert plan_of([make_row(), turned], []).counts.repeated == 1


DUPLICATES = [make_row(code="A"), make_row(code="B"), make_row(code=""), make_row("100.0", code="A")]


def summarise(plan: Plan) -> tuple[list[tuple[Any, ...]], bytes]:
    rejected = [(item.integration_id, *item.faults, sorted(item.row.items())) for item in plan.rejected]
    return sorted(rejected, key=repr), msgspec.json.encode(plan.counts)


def test_rows_that_share_an_id_and_differ_are_all_rejected_whatever_their_order() -> None:
    first = plan_of([*DUPLICATES, DUPLICATES[0]], [make_record()])
    assert (first.changes, first.counts.rejected, first.counts.repeated) == ([], 4, 1)
    assert first.counts.reasons == {"code: empty": 1, "integration_id: duplicate": 4}
    for order in permutations([*DUPLICATES, DUPLICATES[0]]):
        assert summarise(plan_of(order, [make_record()])) == summarise(first)


def test_a_duplicate_says_how_many_rows_share_the_id() -> None:
    plan = plan_of([make_row("7", code="A"), make_row("7", code="B"), make_row("7", code="B")], [])
    details = {rejected.faults[0].detail for rejected in plan.rejected}
    assert details == {"2 rows have the id 7 and differ: correct them in the ERP"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (make_row(UUID), make_row(UUID.upper())),
        (make_row(UUID), make_row(f"{{{UUID}}}")),
        (make_row("7"), make_row(7)),
        (make_row("7"), make_row("7.0")),
        (make_row(code=1), make_row(code=True)),
        (make_row(code="A"), make_row(code="A ")),
        (make_row(), make_row(extra="x")),
    ],
    ids=["case", "braces", "number", "decimals", "truth", "blank", "column"],
)
def test_rows_are_the_same_only_letter_for_letter(one: Row, other: Row) -> None:
    for rows in ([one, other], [other, one]):
        plan = plan_of(rows, [])
        assert (plan.changes, plan.counts.rejected, plan.counts.repeated) == ([], 2, 0)
        assert {rejected.integration_id for rejected in plan.rejected} == {
            rejected.integration_id for rejected in plan_of([other, one], []).rejected
        }


def test_the_record_of_rejected_rows_is_present() -> None:
    entries = [make_entry(missing=ABSENT)]
    for rows in ([make_row(code="")], [make_row(code="A"), make_row(code="B")]):
        plan = plan_of(rows, [make_record()], entries, on_missing=OnMissing.DELETE, missing_runs=1)
        assert (plan.changes, plan.counts.missing) == ([], 0)
        assert notes_of(plan)["100"].missing is None


# Matching, and keys that are stored otherwise


def test_a_record_that_the_ledger_knows_is_updated_and_its_twins_are_remembered() -> None:
    plan = plan_of([make_row(code="K2")], [make_record("9"), make_record("10")], [make_entry("100", "10")])
    assert [change.key for change in plan.changes] == ["update:10"]
    assert notes_of(plan)["100"] == make_entry("100", "10", twins=("9",))


@pytest.mark.parametrize(
    ("given", "stored"),
    [("500001", "500001.0"), ("-5", "-5.0"), ("500001", " 500001 "), ("a b", "a\u00a0b"), (UUID, f" {UUID}")],
)
def test_a_key_that_is_equal_only_after_normalising_matches_and_is_mended(given: str, stored: str) -> None:
    [change] = plan_of([make_row(given)], [make_record(integration_id=stored)]).changes
    assert (change.action, change.differs) == (Action.UPDATE, ("integration_id",))
    assert change.compute_body()["integration_id"] == given


@pytest.mark.parametrize(
    ("given", "stored"),
    [(UUID, UUID.upper()), (UUID.upper(), UUID), (UUID.upper(), f"{{{UUID}}}"), (f"{{{UUID}}}", UUID)],
)
def test_a_uuid_in_another_case_or_in_braces_is_the_same_key(given: str, stored: str) -> None:
    plan = plan_of([make_row(given)], [make_record(integration_id=stored)])
    assert (plan.changes, plan.counts.unchanged) == ([], 1)
    [change] = plan_of([make_row(given, code="K2")], [make_record(integration_id=stored)]).changes
    assert (change.differs, change.compute_body()["integration_id"]) == (("code",), given)


def test_a_key_that_was_mended_in_vain_is_equal_while_it_is_stored_so() -> None:
    known = make_entry(stored={"integration_id": Stored("100", "100.0")})
    plan = plan_of([make_row()], [make_record(integration_id="100.0")], [known])
    assert (plan.changes, plan.notes, plan.counts.unchanged) == ([], [], 1)
    assert plan_of([make_row()], [make_record(integration_id=" 100")], [known]).counts.updates == 1


def test_a_record_is_found_by_its_id_under_the_key_that_oduyo_made_of_it() -> None:
    known = make_entry("00001", "7", stored={"integration_id": Stored("00001", "1")})
    record = make_record("7", "1", code="K1")
    plan = plan_of([make_row("00001")], [record], [known])
    assert (plan.changes, plan.counts.unchanged) == ([], 1)
    [change] = plan_of([make_row("00001", code="K2")], [record], [known]).changes
    assert (change.key, change.differs) == ("update:7", ("code",))
    assert change.compute_body()["integration_id"] == "00001"


def test_a_known_alteration_counts_as_equal() -> None:
    known = make_entry(stored={"description": Stored("long text", "long")})
    plan = plan_of([make_row(description="long text")], [make_record(description="long")], [known])
    assert (plan.changes, plan.notes, plan.counts.unchanged) == ([], [], 1)


@pytest.mark.parametrize(
    ("pair", "rules", "is_equal"),
    [
        (Stored("Şube", "x", is_open=True, is_repeated=True), {"released": frozenset({"letters"})}, True),
        (
            Stored("Şube", "x", is_open=True),
            {"released": frozenset({"letters"}), "findings": {"letters:description"}},
            True,
        ),
        (Stored("Şube", "x", is_open=True), {"released": frozenset({"letters"}), "findings": {"letters"}}, False),
        (Stored("Şube", "x", is_open=True), {"findings": {"letters:description"}}, False),
        (Stored("Şube", "Sube", is_open=True), {"released": frozenset({"letters"}), "findings": {"letters"}}, True),
        (Stored("Şube", "", is_open=True, is_repeated=True), {"released": frozenset({"letters"})}, False),
    ],
    ids=["repeated", "shown", "another shown", "not released", "letters", "nothing"],
)
def test_another_value_that_ödüyo_was_seen_to_keep_is_equal_once_a_person_accepts_it(
    pair: Stored, rules: dict[str, frozenset[str]], is_equal: bool
) -> None:
    entry, record = make_entry(stored={"description": pair}), make_record(description=pair.stored)
    plan = plan_of([make_row(description="Şube")], [record], [entry], **rules)
    assert (plan.counts.unchanged, plan.counts.updates) == ((1, 0) if is_equal else (0, 1))
    known = notes_of(plan).get("100", entry)
    assert known.stored == {"description": Stored("Şube", pair.stored) if is_equal else pair}


def test_a_record_with_the_opposite_status_is_never_accepted() -> None:
    entry = make_entry(stored={"status": Stored("1", "0", is_open=True, is_repeated=True)})
    plan = plan_of([make_row(status="1")], [make_record(status="0")], [entry], released=frozenset({"letters"}))
    assert plan.counts.updates == 1


def test_a_create_without_an_id_is_not_made_again_beside_a_form_of_its_key() -> None:
    entry, stranger = make_entry("00017", None, confirmed_at=NOW), make_record("7", "17", code="ELLE")
    for released in (frozenset[str](), frozenset({"vanished"})):
        plan = plan_of([make_row("00017")], [stranger], [entry], released=released, read_all=lambda: [stranger])
        assert (plan.counts.vanished, plan.changes) == (1, [])
        assert "a record with the key '17' is, which may be it" in plan.remarks[0].detail
    plan = plan_of([make_row("00017")], [], [entry], released=frozenset({"vanished"}))
    assert plan.counts.recreates == 1


def test_a_create_without_an_id_is_made_again_beside_a_record_that_is_known_to_be_another_row_s() -> None:
    entries = [make_entry("00017", None, confirmed_at=NOW), make_entry("17", "7")]
    rows, other = [make_row("00017"), make_row("17")], make_record("7", "17")
    plan = plan_of(rows, [other], entries, released=frozenset({"vanished"}), read_all=lambda: [other])
    assert (plan.counts.recreates, plan.counts.vanished) == (1, 0)


@pytest.mark.parametrize(
    ("wanted", "stored", "field"),
    [
        ("other text", "long", "description"),
        ("long text", "lon", "description"),
        ("long text", None, "description"),
        ("long text", "long", "space1"),
    ],
    ids=["sent otherwise", "stored otherwise", "emptied", "other field"],
)
def test_an_alteration_is_forgotten_once_anything_about_it_differs(wanted: str, stored: str | None, field: str) -> None:
    known = make_entry(stored={field: Stored("long text", "long")})
    plan = plan_of([make_row(description=wanted, space1="")], [make_record(description=stored)], [known])
    assert [change.differs for change in plan.changes] == [("description",)]
    assert notes_of(plan)["100"].stored == {}


def test_an_alteration_of_a_field_that_is_not_asked_for_now_stays_known() -> None:
    known = make_entry(stored={"space2": Stored("x", "y")})
    assert plan_of([make_row()], [make_record(space2="z")], [known]).notes == []


@pytest.mark.parametrize("integration_id", [None, "", "  ", "ÿ"])
def test_a_record_without_a_key_is_left_alone(integration_id: str | None) -> None:
    plan = plan_of([make_row("5")], [make_record("1", integration_id), make_record("2", integration_id)])
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert (plan.counts.existing, plan.counts.missing, plan.counts.remote_duplicates) == (2, 0, 0)


# Whose record it is


def test_a_record_without_an_owner_becomes_the_sources_by_being_matched() -> None:
    assert notes_of(plan_of([make_row()], [make_record()])) == {"100": make_entry()}
    assert notes_of(plan_of([make_row()], [make_record()], [make_entry(source="")])) == {"100": make_entry()}


def test_what_is_remembered_already_is_not_noted_again() -> None:
    assert plan_of([make_row()], [make_record()], [make_entry()]).notes == []


def test_a_rejected_row_makes_nobody_the_owner() -> None:
    assert plan_of([make_row(code="")], [make_record()]).notes == []
    assert plan_of([make_row(key1="22")], [make_record()]).notes == []


def test_a_row_whose_record_another_source_owns_is_rejected() -> None:
    entries = [make_entry(source="other", missing=ABSENT, twins=("9",))]
    plan = plan_of([make_row(code="K2")], [make_record()], entries, on_missing=OnMissing.DELETE, missing_runs=1)
    assert (plan.changes, plan.notes, reasons_of(plan)) == ([], [], [["integration_id: other_source"]])
    assert plan.rejected[0].faults[0].detail == "the record belongs to other; release other_source to take it over"
    assert (plan.counts.rejected, plan.counts.other_source, plan.counts.new_other_source) == (1, 1, 1)
    assert (plan.counts.in_use, plan.counts.matched) == (0, 0)


def test_a_row_that_was_rejected_so_before_is_no_news() -> None:
    entries = [make_entry(source="other")]
    [rejected] = plan_of([make_row()], [make_record()], entries).rejected
    counts = plan_of([make_row()], [make_record()], entries, known_rejected=[rejected.digest]).counts
    assert (counts.other_source, counts.new_other_source, counts.known_rejected) == (1, 0, 1)


def test_releasing_other_source_moves_the_record_to_this_source_for_good() -> None:
    entries = [make_entry(source="other", missing=ABSENT)]
    plan = plan_of([make_row(code="K2")], [make_record()], entries, released=frozenset({"other_source"}))
    assert [change.key for change in plan.changes] == ["update:7"]
    assert notes_of(plan) == {"100": make_entry()}
    assert (plan.counts.in_use, plan.counts.other_source, plan.counts.new_other_source) == (1, 1, 0)


def test_a_confirmed_record_of_another_source_that_is_not_listed_is_not_made_again() -> None:
    for entry in (make_entry(source="other"), make_entry(oduyo_id=None, source="other", confirmed_at=NOW)):
        assert reasons_of(plan_of([make_row()], [], [entry])) == [["integration_id: other_source"]]


def test_a_key_of_which_another_source_has_no_record_is_free() -> None:
    deleted = make_entry(oduyo_id=None, source="other", retired_at=NOW - DAY)
    plan = plan_of([make_row()], [], [deleted])
    assert [change.key for change in plan.changes] == ["create:100"]
    assert notes_of(plan_of([make_row()], [make_record()], [deleted]))["100"].source == SOURCE


def test_an_update_across_firms_is_rejected() -> None:
    plan = plan_of([make_row(key1="22", code="K2")], [make_record()])
    assert (plan.changes, reasons_of(plan)) == ([], [["key1: other_firm"]])
    assert plan.rejected[0].faults[0].detail == "Ödüyo's record 7 has key1 '21', the row '22': another firm's record"
    assert (plan.counts.matched, plan.counts.missing, plan.counts.in_use, plan.counts.other_firm) == (0, 0, 0, 1)


def test_emptying_key1_is_an_update_across_firms_too() -> None:
    assert reasons_of(plan_of([make_row(key1=None)], [make_record()])) == [["key1: other_firm"]]


def test_releasing_other_firm_lets_an_update_across_firms_pass() -> None:
    plan = plan_of([make_row(key1="22")], [make_record()], released=frozenset({"other_firm"}))
    assert [change.differs for change in plan.changes] == [("key1",)]
    assert (plan.counts.other_firm, plan.counts.rejected) == (1, 0)


@pytest.mark.parametrize("stored", [None, "", "  "])
def test_a_record_whose_key1_is_blank_is_no_other_firms(stored: str | None) -> None:
    [change] = plan_of([make_row()], [make_record(key1=stored)]).changes
    assert change.differs == ("key1",)


@pytest.mark.parametrize("stored", ["21 ", "\u00a021", "21.0", "2\u200b1"])
@pytest.mark.parametrize("released", [frozenset(), frozenset({"other_firm"})])
def test_a_key1_in_another_form_is_the_same_firms_and_a_difference_to_be_mended(
    stored: str, released: frozenset[str]
) -> None:
    plan = plan_of([make_row()], [make_record(key1=stored)], released=released)
    assert [change.differs for change in plan.changes] == [("key1",)]
    assert (plan.counts.other_firm, plan.counts.rejected) == (0, 0)


@pytest.mark.parametrize("stored", ["22.0", "021", "21.5", "2 1"])
def test_a_key1_that_means_another_number_is_another_firms(stored: str) -> None:
    assert reasons_of(plan_of([make_row()], [make_record(key1=stored)])) == [["key1: other_firm"]]


def test_a_key1_that_a_site_keeps_in_another_form_is_mended_of_a_record_that_is_this_sources() -> None:
    padded = [make_record(key1="021")]
    assert [change.differs for change in plan_of([make_row()], padded, [make_entry()]).changes] == [("key1",)]
    for entry in (make_entry(oduyo_id="8"), make_entry(source="")):  # nobody knows it to be the row's own
        assert reasons_of(plan_of([make_row()], padded, [entry])) == [["key1: other_firm"]]
    assert reasons_of(plan_of([make_row()], [make_record(key1="121")], [make_entry()])) == [["key1: other_firm"]]


def test_the_record_of_the_rows_own_firm_is_its_and_the_other_firms_is_a_twin() -> None:
    records = [make_record("5", key1="22", code="Z"), make_record("7")]
    plan = plan_of([make_row()], records)
    assert (plan.changes, plan.rejected, plan.counts.unchanged) == ([], [], 1)
    assert (plan.counts.other_firm, plan.counts.remote_duplicates) == (0, 1)
    assert notes_of(plan)["100"] == make_entry(twins=("5",))
    [change] = plan_of([make_row(code="K2")], records).changes
    assert (change.oduyo_id, change.differs) == ("7", ("code",))


def test_a_rejected_row_is_not_remembered_with_another_firms_record() -> None:
    records = [make_record("5", key1="22"), make_record("7")]
    plan = plan_of([make_row(code="")], records, [make_entry(oduyo_id=None, confirmed_at=NOW)])
    assert notes_of(plan)["100"].oduyo_id == "7"


def test_a_key1_that_is_known_to_be_stored_otherwise_is_no_other_firms() -> None:
    known = make_entry(stored={"key1": Stored("021", "21")})
    assert plan_of([make_row(key1="021")], [make_record(key1="21")], [known]).counts.unchanged == 1


def test_the_detail_of_a_rejected_row_stays_one_short_printable_line() -> None:
    rows = [make_row("a\u2028" * 100, key1="22"), *(make_row("b\u2028" * 100, code=code) for code in "AB")]
    rows.append(make_row("c\u2028" * 100))
    records = [make_record("1", "a\u2028" * 100, key1="2\u20281" * 100)]
    entries = [make_entry(("c\u2028" * 100).strip(), "3", source="s\u2028" * 100)]
    details = [fault.detail for rejected in plan_of(rows, records, entries).rejected for fault in rejected.faults]
    assert len(details) == 4
    assert all(detail.isprintable() and len(detail) < 300 for detail in details)


# Records that are not listed any more


@pytest.mark.parametrize(
    "entry",
    [make_entry(), make_entry(oduyo_id=None, confirmed_at=NOW), make_entry(source="")],
    ids=["by id", "confirmed without an id", "without an owner"],
)
def test_a_row_whose_record_is_not_listed_any_more_is_never_created_again_by_itself(entry: Entry) -> None:
    plan = plan_of([make_row(), make_row("5")], [], [entry])
    assert [change.key for change in plan.changes] == ["create:5"]
    assert (plan.counts.vanished, plan.counts.rejected, plan.counts.known_ids, plan.counts.known_listed) == (1, 0, 1, 0)
    assert notes_of(plan).get("100", entry) == msgspec.structs.replace(entry, source=SOURCE)


def test_a_record_that_was_listed_again_has_not_vanished() -> None:
    plan = plan_of([make_row()], [make_record("9")], [make_entry(oduyo_id=None, confirmed_at=NOW)])
    assert (plan.counts.vanished, plan.counts.unchanged, plan.counts.known_listed) == (0, 1, 1)
    assert notes_of(plan) == {"100": make_entry("100", "9")}


def test_a_record_whose_key_somebody_changed_has_vanished_too() -> None:
    plan = plan_of([make_row()], [make_record("7", "200")], [make_entry()])
    assert (plan.counts.vanished, plan.changes) == (1, [])


@pytest.mark.parametrize("released", [frozenset(), frozenset({"vanished"})])
@pytest.mark.parametrize("key", ["200", "", None])
def test_a_vanished_record_that_is_listed_with_another_key_is_named_with_it_in_whatever_partition(
    key: str | None, released: frozenset[str]
) -> None:
    rows, entries = [make_row(), make_row("5")], [make_entry(), make_entry("5", "8")]
    moved = make_record("7", key)
    for here in ([moved], []):
        plan = plan_of(rows, here, entries, released=released, read_all=lambda: [moved, make_record("9", "900")])
        told = [
            f"100: Ödüyo's record 7 carries the key '{key or ''}' now; somebody changed it",
            "5 (Ödüyo 8) is not listed any more",
        ]
        assert plan.counts.samples["vanished"] == told
        assert [remark.detail for remark in plan.remarks] == ([] if released else told)


def test_other_partitions_are_not_read_where_nothing_has_vanished() -> None:
    def fail() -> list[Remote]:
        raise AssertionError

    assert plan_of([make_row()], [make_record()], [make_entry()], read_all=fail).counts.unchanged == 1


@pytest.mark.parametrize(("newest_id", "vanished"), [(6, 0), (7, 1), (None, 1)])
def test_a_record_that_was_made_after_the_listing_has_not_vanished(newest_id: int | None, vanished: int) -> None:
    plan = plan_of([make_row()], [], [make_entry(oduyo_id="7")], newest_id=newest_id)
    assert (plan.counts.vanished, plan.counts.creates) == (vanished, 1 - vanished)


def test_releasing_vanished_creates_the_record_again() -> None:
    plan = plan_of([make_row()], [], [make_entry()], released=frozenset({"vanished"}))
    assert [(change.key, change.replaces) for change in plan.changes] == [("create:100", "7")]
    assert (plan.counts.vanished, plan.counts.recreates) == (0, 1)
    assert plan.counts.samples["vanished"] == ["100 (Ödüyo 7) is not listed any more"]
    # Whatever becomes of the create, the record is not waited for any more.
    assert notes_of(plan) == {"100": make_entry(is_gone=True)}


@pytest.mark.parametrize("released", [frozenset[str](), frozenset({"vanished"})])
def test_a_vanished_record_without_an_owner_is_its_rows(released: frozenset[str]) -> None:
    plan = plan_of([make_row()], [], [make_entry(source="", confirmed_at=NOW - DAY)], released=released)
    assert plan.counts.recreates == len(released)
    assert [note.source for note in plan.notes] == [SOURCE]


@pytest.mark.parametrize(("made_in", "recreates"), [("", 1), ("an earlier run", 1), (RUN, 0)])
def test_what_the_run_itself_has_made_is_not_made_again_by_its_next_try(made_in: str, recreates: int) -> None:
    plan = plan_of([make_row()], [], [make_entry(made_in=made_in)], released=frozenset({"vanished"}))
    assert (plan.counts.recreates, plan.counts.creates, plan.counts.vanished) == (recreates, recreates, 1 - recreates)


@pytest.mark.parametrize("entry", [make_entry(oduyo_id=None), make_entry(oduyo_id=None, **PASSIVE_AT)])
def test_a_key_without_a_confirmed_record_is_created(entry: Entry) -> None:
    assert plan_of([make_row()], [], [entry]).counts.creates == 1


def test_a_confirmed_record_is_remembered_when_its_row_is_gone_too() -> None:
    for entry in (make_entry(), make_entry(oduyo_id=None, confirmed_at=NOW - 30 * DAY)):
        plan = plan_of([], [], [entry])
        assert (plan.forgotten, plan.notes, plan.counts.vanished, plan.counts.missing) == ([], [], 0, 0)


def test_releasing_vanished_forgets_records_whose_row_is_gone_too() -> None:
    plan = plan_of([], [], [make_entry(), make_entry("200", "8", "other")], released=frozenset({"vanished"}))
    assert plan.forgotten == ["100"]


@pytest.mark.parametrize(
    ("retired_at", "is_forgotten"), [(None, True), (NOW - 7 * DAY, True), (NOW - 7 * DAY + 1, False)]
)
def test_a_key_without_record_and_row_is_forgotten_once_its_retirement_is_a_week_ago(
    retired_at: float | None, is_forgotten: bool
) -> None:
    entry = make_entry(oduyo_id=None, retired_at=retired_at, twins=("8",))
    assert plan_of([], [], [entry]).forgotten == ["100"] * is_forgotten
    assert plan_of([], [], [entry], may_lack_rows=True).forgotten == []
    assert plan_of([make_row()], [], [entry]).forgotten == []
    assert plan_of([], [make_record()], [entry]).forgotten == []
    assert plan_of([], [], [msgspec.structs.replace(entry, source="other")]).forgotten == []


SENT = make_entry(oduyo_id=None, sent_at=NOW - HOUR)


@pytest.mark.parametrize("known", [SENT, msgspec.structs.replace(SENT, oduyo_id="3", is_gone=True, retired_at=NOW)])
def test_what_was_sent_to_an_unknown_fate_is_its_sources_once_it_is_listed_also_without_a_row(known: Entry) -> None:
    plan = plan_of([], [make_record()], [known], on_missing=OnMissing.DELETE, missing_runs=1)
    assert [(change.action, change.oduyo_id) for change in plan.changes] == [(Action.DELETE, "7")]
    assert (plan.counts.missing, plan.counts.in_use, plan.counts.retired) == (1, 1, 1)
    assert notes_of(plan)["100"] == make_entry(missing=Missing(NOW, NOW, 1, RUN))
    plan = plan_of([make_row()], [make_record()], [known])
    assert (plan.counts.unchanged, notes_of(plan)) == (1, {"100": make_entry()})
    plan = plan_of([make_row(code="ÿ")], [make_record()], [known])
    assert (plan.counts.rejected, notes_of(plan)) == (1, {"100": make_entry()})


def test_what_another_source_sent_and_is_listed_is_that_ones() -> None:
    sent = msgspec.structs.replace(SENT, source="other")
    plan = plan_of([], [make_record()], [sent], on_missing=OnMissing.DELETE, missing_runs=1)
    assert (plan.changes, plan.notes) == ([], [])
    plan = plan_of([make_row()], [make_record()], [sent])
    assert plan.notes == []
    assert (reasons_of(plan), plan.counts.new_other_source) == ([["integration_id: other_source"]], 1)


def test_of_several_records_with_a_key_that_was_sent_that_of_the_rows_firm_is_the_one() -> None:
    records = [make_record("7", key1="22"), make_record("8", key1="21")]
    assert notes_of(plan_of([make_row()], records, [SENT]))["100"].oduyo_id == "8"
    assert notes_of(plan_of([], records, [SENT]))["100"].oduyo_id == "7"


def test_a_refused_create_alone_makes_no_record_its_sources() -> None:
    refused = make_entry(oduyo_id=None, refused=Refused("x", "no", NOW))
    plan = plan_of([], [make_record()], [refused], on_missing=OnMissing.DELETE, missing_runs=1)
    assert (plan.changes, plan.notes, plan.counts.missing) == ([], [], 0)


@pytest.mark.parametrize(("settled_at", "is_forgotten"), [(NOW, True), (NOW - HOUR, True), (NOW - 2 * HOUR, False)])
def test_what_was_sent_is_forgotten_once_a_listing_does_not_show_it_although_it_would(
    settled_at: float, is_forgotten: bool
) -> None:
    assert plan_of([], [], [SENT], settled_at=settled_at).forgotten == ["100"] * is_forgotten
    assert plan_of([], [], [SENT], settled_at=settled_at, may_lack_rows=True).forgotten == []
    plan = plan_of([make_row()], [], [SENT], settled_at=settled_at)
    assert (plan.counts.creates, plan.forgotten, plan.notes) == (1, [], [])


# Refusals that are known


def refused(action: Action, payload: dict[str, str], since: float = NOW - DAY) -> Refused:
    return Refused(compute_payload_digest(action, payload), "no", since)


PAYLOAD = {"integration_id": "100", "code": "K1", "status": "1", "key1": "21", "key2": "1"}


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
@pytest.mark.parametrize(
    ("age_s", "resend_refused", "planned"),
    [
        (DAY, False, None),
        (RESEND_AFTER_S - 1, False, None),
        (RESEND_AFTER_S, False, "resend"),
        (DAY, True, "resend"),
        (RESEND_AFTER_S, True, "resend"),
    ],
)
def test_a_known_refusal_is_sent_again_after_a_week_or_on_request_only(
    action: Action, age_s: float, resend_refused: bool, planned: str | None
) -> None:
    is_update = action is Action.UPDATE
    entry = make_entry(oduyo_id="7" if is_update else None, refused=refused(action, PAYLOAD, NOW - age_s))
    records = [make_record(code="old")] if is_update else []
    plan = plan_of([make_row()], records, [entry], resend_refused=resend_refused)
    assert [change.is_resend for change in plan.changes] == ([] if planned is None else [planned == "resend"])
    assert plan.counts.known_refused == (planned is None)
    assert plan.counts.changes == (planned is not None)


@pytest.mark.parametrize(
    ("row", "known"),
    [
        (make_row(code="K2"), refused(Action.CREATE, PAYLOAD)),
        (make_row(), refused(Action.UPDATE, PAYLOAD)),
        (make_row(), None),
    ],
    ids=["row changed", "other action", "none"],
)
def test_a_refusal_holds_only_for_the_very_same_change(row: Row, known: Refused | None) -> None:
    plan = plan_of([row], [], [make_entry(oduyo_id=None, refused=known)])
    assert [change.is_resend for change in plan.changes] == [False]


def test_a_row_that_is_refused_and_known_looks_like_no_record() -> None:
    entry = make_entry(oduyo_id=None, refused=refused(Action.CREATE, PAYLOAD))
    assert plan_of([make_row()], [], [entry]).new_rows == []


def test_a_refused_update_is_still_the_sources_record() -> None:
    entry = make_entry(refused=refused(Action.UPDATE, PAYLOAD), missing=ABSENT)
    plan = plan_of([make_row()], [make_record(code="old")], [entry])
    assert (plan.counts.known_refused, plan.counts.matched) == (1, 0)
    assert notes_of(plan)["100"] == msgspec.structs.replace(entry, missing=None)


# What the brakes count


def count(row: Row, record: Remote, entry: Entry | None = None, **rules: Any) -> Any:
    return plan_of([row], [record], [] if entry is None else [entry], **rules).counts


def test_updates_that_change_more_than_dates_count_for_the_brake() -> None:
    dates = {"special_updated_in": "2024-05-06", "special_created_in": "2024-05-06"}
    assert count(make_row(**dates), make_record()).real_updates == 0
    assert count(make_row(**dates), make_record()).updates == 1
    assert count(make_row(**dates, code="K2"), make_record()).real_updates == 1


@pytest.mark.parametrize(
    ("row", "record", "emptied"),
    [
        ({"description": None}, {"description": "d"}, 1),
        ({"description": ""}, {"description": " "}, 0),
        ({"description": "e"}, {"description": "d"}, 0),
        ({"description": "e"}, {"description": None}, 0),
        ({"space1": "", "space2": "", "code": "K2"}, {"space1": "x", "space2": "y"}, 1),
    ],
)
def test_updates_that_empty_a_filled_field_are_counted_once(
    row: Row, record: dict[str, str | None], emptied: int
) -> None:
    assert count(make_row(**row), make_record(**record)).emptied == emptied


@pytest.mark.parametrize(
    ("sent", "given", "dates_back"),
    [
        ("2024-05-06 00:00:00", "2024-05-05", 1),
        ("2024-05-06 00:00:00", "2024-05-06", 0),
        ("2024-05-06 00:00:00", "2024-05-07", 0),
        ("2024-05-06 00:00:00", None, 0),
    ],
)
def test_updates_with_an_older_date_than_was_sent_are_counted(sent: str, given: str | None, dates_back: int) -> None:
    row = make_row(special_updated_in=given, code="K2")
    assert count(row, make_record(), make_entry(date_sent=sent)).dates_back == dates_back


@pytest.mark.parametrize(
    ("stored", "given", "dates_back"),
    [
        ("2024-05-06 00:00:00", "2024-05-05", 1),
        ("2024-05-06 00:00:00", "2024-05-06", 0),
        ("0000-00-00 00:00:00", "2024-05-05", 0),
        (None, "2024-05-05", 0),
    ],
)
def test_where_nothing_was_sent_yet_oduyos_own_date_says_whether_a_date_is_older(
    stored: str | None, given: str, dates_back: int
) -> None:
    row = make_row(special_updated_in=given, code="K2")
    record = make_record(special_updated_in=stored)
    assert count(row, record).dates_back == dates_back
    assert count(row, record, make_entry()).dates_back == dates_back
    assert count(row, record, make_entry(date_sent="2023-01-01 00:00:00")).dates_back == 0


def test_a_resource_without_a_date_of_change_and_a_natural_key_counts_none() -> None:
    resource = msgspec.structs.replace(PROJECT_CODE, fields=PROJECT_CODE.fields[:5], natural_key=())
    rows: list[Row] = [{"integration_id": "100", "description": "new"}, {"integration_id": "5"}]
    entry = make_entry(date_sent="2024-05-06 00:00:00")
    plan = plan_of(rows, [make_record(), make_record("8", None)], [entry], normaliser=Normaliser(resource))
    assert (plan.counts.updates, plan.counts.dates_back, plan.counts.creates) == (1, 0, 1)
    assert (plan.new_rows, plan.unmatched) == ([], [])


@pytest.mark.parametrize(
    ("given", "stored", "retired"),
    [
        *[("0", "1", 1), ("0", "A", 1), ("0", None, 1), ("0", "2", 1), ("1", "A", 0)],
        *[("0", "0", 0), ("0", "P", 0), ("0", "pasif", 0), ("1", "0", 0), ("1", "P", 0)],
    ],
)
def test_an_update_that_turns_a_record_passive_retires_it(given: str, stored: str | None, retired: int) -> None:
    plan = plan_of([make_row(status=given, code="K2")], [make_record(status=stored)])
    assert [change.retires for change in plan.changes] == [bool(retired)]
    assert plan.counts.retired == retired
    assert plan.counts.in_use == sum(pair.in_use for pair in plan.counts.pairs.values())
    assert plan.counts.in_use == (stored not in ("0", "P", "pasif"))


def test_records_in_use_are_counted_by_their_two_keys() -> None:
    rows = [make_row("1"), make_row("2"), make_row("3", key2="2", status="0"), make_row("4", status="0")]
    records = [make_record(n, n, key2="2" if n == "3" else "1") for n in "1234"]
    counts = plan_of(rows, records).counts
    assert (counts.in_use, counts.retired) == (4, 2)
    found = {name: (pair.in_use, pair.retired) for name, pair in counts.pairs.items()}
    assert found == {"21\x001": (3, 1), "21\x002": (1, 1)}


@pytest.mark.parametrize("stored", ["0", "P"])
def test_passive_records_are_not_in_use(stored: str) -> None:
    counts = plan_of([make_row(status="0")], [make_record(status=stored)]).counts
    assert (counts.in_use, counts.pairs) == (0, {})


def test_every_record_of_a_resource_without_a_passive_word_is_in_use() -> None:
    resource = msgspec.structs.replace(PROJECT_CODE, passive=None)
    rows, records = [{"integration_id": "100", "status": "0"}], [make_record(status="1")]
    plan = plan_of(rows, records, normaliser=Normaliser(resource))
    assert [change.retires for change in plan.changes] == [False]
    assert (plan.counts.in_use, plan.counts.retired) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"retired_at": NOW - 7 * DAY + 1}, 1),
        ({"retired_at": NOW - 7 * DAY}, 0),
        ({"retired_at": NOW - HOUR, "is_retirement_released": True}, 0),
        ({"retired_at": NOW - HOUR, "source": "other"}, 0),
        ({"retired_at": None}, 0),
    ],
)
def test_the_weeks_retirements_are_those_of_this_source_that_no_person_released(
    fields: dict[str, Any], counted: int
) -> None:
    passive, gone = make_entry(**fields), make_entry("200", None, **fields)
    assert plan_of([], [make_record(status="0")], [passive]).counts.retired_week == counted
    assert plan_of([], [], [gone]).counts.retired_week == counted


def test_a_record_that_is_in_use_again_is_no_loss_of_this_week() -> None:
    entry = make_entry(**PASSIVE_AT)
    for rows in ([make_row()], []):
        plan = plan_of(rows, [make_record()], [entry])
        assert (plan.counts.retired_week, notes_of(plan)["100"].retired_at) == (0, None)
    still = plan_of([make_row(status="0")], [make_record(status="0")], [entry])
    assert (still.counts.retired_week, still.notes) == (1, [])


def test_three_samples_are_kept_of_what_a_brake_counts_whatever_the_order() -> None:
    rows = [make_row(str(number), code="") for number in range(9, 0, -1)]
    one, other = (plan_of(given, []).counts.samples["rejected"] for given in (rows, rows[::-1]))
    assert one == other == [f"{number}: code: nothing is left after trimming" for number in (1, 2, 3)]


def test_a_sample_of_rejected_rows_is_a_new_one() -> None:
    known = [rejected.digest for rejected in plan_of([make_row("1", code="")], []).rejected]
    rows = [make_row("1", code=""), make_row("2", code="")]
    assert plan_of(rows, [], known_rejected=known).counts.samples["rejected"] == [
        "2: code: nothing is left after trimming"
    ]


def test_samples_name_the_record_and_what_would_happen_to_it() -> None:
    rows = [
        make_row("1", code="K2"),
        make_row("2", space1=""),
        make_row("3", special_updated_in="2024-01-01"),
        make_row("4"),
        make_row("5", key1="22"),
        make_row("6"),
        make_row("7", status="0"),
    ]
    records = [
        make_record("1", "1"),
        make_record("2", "2", space1="x"),
        make_record("3", "3"),
        make_record("5", "5"),
        make_record("7", "7"),
    ]
    entries = [
        make_entry("3", "3", date_sent="2024-05-06 00:00:00"),
        make_entry("4", "4"),
        make_entry("6", "6", source="other"),
    ]
    samples = plan_of(rows, records, entries).counts.samples
    assert "update 1 (Ödüyo 1): code 'K1' → 'K2'" in samples["updates"]
    assert samples["emptied"] == ["update 2 (Ödüyo 2): space1 'x' → ''"]
    assert samples["dates_back"] == ["3: 2024-01-01 00:00:00, 2024-05-06 00:00:00 was sent before"]
    assert samples["vanished"] == ["4 (Ödüyo 4) is not listed any more"]
    assert samples["other_firm"] == ["5: Ödüyo's record 5 has key1 '21', the row '22': another firm's record"]
    assert samples["other_source"][0].startswith("6: the record belongs to other")
    assert samples["retired"] == ["update 7 (Ödüyo 7): status '1' → '0'"]


def test_a_sample_of_a_vanished_record_without_an_id_says_so() -> None:
    samples = plan_of([make_row()], [], [make_entry(oduyo_id=None, confirmed_at=NOW)]).counts.samples
    assert samples["vanished"] == ["100 (confirmed without an id) is not listed any more"]


# sync_mode=create


def test_create_mode_sends_every_valid_row_once_and_compares_nothing() -> None:
    rows = [make_row(), make_row(), make_row("5", key1="22"), make_row("6", code="")]
    records = [make_record(), make_record("8", "5"), make_record("9", "gone")]
    entries = [make_entry(), make_entry("5", "8", source="other"), make_entry("9", "9", missing=ABSENT)]
    plan = plan_of(rows, records, entries, sync_mode=SyncMode.CREATE, on_missing=OnMissing.DELETE, missing_runs=1)
    assert [change.key for change in plan.changes] == ["create:100", "create:5"]
    assert reasons_of(plan) == [["code: empty"]]
    assert (plan.counts.repeated, plan.counts.missing, plan.counts.existing) == (1, 0, 0)


def test_create_mode_leaves_the_ledger_alone() -> None:
    plan = plan_of(
        [make_row(), make_row("5", code="")], [], [make_entry(), make_entry("5", "9")], sync_mode=SyncMode.CREATE
    )
    assert (plan.notes, plan.forgotten, plan.new_rows, plan.unmatched) == ([], [], [], [])
    assert (plan.counts.known_ids, plan.counts.known_refused, plan.counts.vanished) == (0, 0, 0)


def test_a_rejected_row_survives_json() -> None:
    row: Row = {"integration_id": "1", "code": "", "amount": Decimal("1.50")}
    rejected = Rejected("1", [Fault("code", "empty", "x")], row, "d", True)
    again = msgspec.json.decode(msgspec.json.encode(rejected), type=Rejected)
    assert msgspec.structs.replace(again, row=row) == rejected

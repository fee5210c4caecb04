"""Records that no row has: whose they are, since when, and whether they are to be retired."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from oduyo_provider.core.change import Action
from oduyo_provider.core.ledger import RESEND_AFTER_S, Entry, Missing, Refused, Stored, compute_payload_digest
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey, OnMissing, Plan
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.remarks import Remark
from oduyo_provider.core.resources import PROJECT_CODE, RESOURCES
from tests.unit.core.sides import (
    ABSENT,
    DAY,
    HOUR,
    NOW,
    REPAIRING,
    RUN,
    Row,
    make_entry,
    make_record,
    make_row,
    notes_of,
    plan_of,
)

DEACTIVATE, DELETE = OnMissing.DEACTIVATE, OnMissing.DELETE
GONE = make_entry(missing=ABSENT)
AT_ONCE: dict[str, Any] = {"missing_runs": 1}


def retire(
    record: Remote, entry: Entry = GONE, on_missing: OnMissing = DELETE, rows: list[Row] | None = None, **rules: Any
) -> Plan:
    return plan_of(rows or [], [record], [entry], on_missing=on_missing, **rules)


def figures(plan: Plan) -> tuple[int, int, int, int]:
    counts = plan.counts
    return counts.missing, counts.kept_missing, counts.deactivates, counts.deletes


# Since when


def test_a_record_is_kept_in_the_first_run_without_its_row_and_that_run_is_remembered() -> None:
    plan = retire(make_record(), make_entry())
    assert figures(plan) == (1, 1, 0, 0)
    assert notes_of(plan) == {"100": make_entry(missing=Missing(NOW, NOW, 1, RUN))}


def test_a_record_is_retired_in_the_second_run_at_least_twelve_hours_later() -> None:
    plan = retire(make_record())
    assert figures(plan) == (1, 0, 0, 1)
    assert notes_of(plan) == {"100": make_entry(missing=Missing(NOW - DAY, NOW, 2, RUN, ("run1",)))}


TAKEN_FOR_DELETED = make_entry(retired_at=NOW - DAY, is_gone=True)


def test_a_record_that_was_taken_for_deleted_and_is_listed_again_is_missing_and_retired_again() -> None:
    plan = retire(make_record(), TAKEN_FOR_DELETED, **AT_ONCE)
    assert figures(plan) == (1, 0, 0, 1)
    assert notes_of(plan) == {"100": make_entry(missing=Missing(NOW, NOW, 1, RUN))}


def test_its_row_that_comes_back_is_compared_where_it_is_listed_and_else_created() -> None:
    plan = retire(make_record(), TAKEN_FOR_DELETED, rows=[make_row()])
    assert (plan.counts.unchanged, notes_of(plan)) == (1, {"100": make_entry()})
    plan = plan_of([make_row()], [], [TAKEN_FOR_DELETED])
    assert (plan.counts.creates, plan.counts.vanished) == (1, 0)


def test_it_is_forgotten_like_any_other_once_its_week_is_over() -> None:
    assert plan_of([], [], [TAKEN_FOR_DELETED]).forgotten == []
    assert plan_of([], [], [make_entry(retired_at=NOW - 8 * DAY, is_gone=True)]).forgotten == ["100"]


@pytest.mark.parametrize(
    ("missing", "missing_runs", "is_retired"),
    [
        (Missing(NOW - 12 * HOUR, NOW - 12 * HOUR, 1, "run1"), 2, True),
        (Missing(NOW - 12 * HOUR + 1, NOW - 12 * HOUR + 1, 1, "run1"), 2, False),
        (Missing(NOW - DAY, NOW - DAY, 1, RUN), 2, False),
        (Missing(NOW - DAY, NOW - DAY, 1, "run1"), 3, False),
        (Missing(NOW - DAY, NOW - HOUR, 2, "run1"), 3, True),
        (None, 1, True),
        (None, 2, False),
    ],
    ids=["12 h", "less than 12 h", "the same run", "two of three", "three of three", "at once", "first of two"],
)
def test_a_record_is_retired_after_so_many_different_runs_over_twelve_hours(
    missing: Missing | None, missing_runs: int, is_retired: bool
) -> None:
    plan = retire(make_record(), make_entry(missing=missing), missing_runs=missing_runs)
    assert figures(plan) == (1, not is_retired, 0, is_retired)


def test_a_row_that_came_back_ends_the_count() -> None:
    plan = retire(make_record(), rows=[make_row()])
    assert (figures(plan), notes_of(plan)) == ((0, 0, 0, 0), {"100": make_entry()})


@pytest.mark.parametrize(
    "row", [make_row(code=""), make_row(code="x" * 300), make_row(status="?"), make_row(key1="22"), make_row(" 100 ", code=None)]
)  # fmt: skip
def test_the_record_of_a_rejected_row_is_not_missing(row: Row) -> None:
    plan = retire(make_record(), rows=[row], **AT_ONCE)
    assert (plan.counts.rejected, figures(plan)) == (1, (0, 0, 0, 0))
    assert notes_of(plan) == {"100": make_entry()}


def test_the_record_of_an_id_that_is_too_long_is_not_missing() -> None:
    long_id = "9" * 300
    plan = retire(make_record(integration_id=long_id), make_entry(long_id), rows=[make_row(long_id)], **AT_ONCE)
    assert (plan.counts.rejected, plan.counts.missing) == (1, 0)


def test_where_rows_may_lack_no_record_counts_as_missing() -> None:
    plan = retire(make_record(), rows=[make_row(None)], may_lack_rows=True, **AT_ONCE)
    assert (figures(plan), plan.notes, plan.counts.in_use) == ((0, 0, 0, 0), [], 1)


# Whose


@pytest.mark.parametrize("entry", [make_entry(source="other", missing=ABSENT), make_entry(source="", missing=ABSENT)])
def test_a_record_of_another_source_or_of_nobody_is_never_missing(entry: Entry) -> None:
    plan = retire(make_record(), entry, released=frozenset({"other_source"}), **AT_ONCE)
    assert (figures(plan), plan.notes, plan.counts.in_use) == ((0, 0, 0, 0), [], 0)


@pytest.mark.parametrize(
    "rows", [[], [make_row(status="?")], [make_row(key1="22")]], ids=["none", "rejected", "other_firm"]
)
def test_another_record_with_the_key_of_one_that_is_gone_is_nobodys_before_a_row_matches_it(rows: list[Row]) -> None:
    plan = retire(make_record("8"), make_entry(oduyo_id="7"), rows=rows, **AT_ONCE)
    assert (figures(plan), plan.notes, plan.counts.in_use) == ((0, 0, 0, 0), [], 0)
    assert [entry.oduyo_id for entry in retire(make_record("8"), GONE, rows=[make_row()]).notes] == ["8"]


def test_of_a_record_that_was_confirmed_without_an_id_the_one_with_its_key_is_missing() -> None:
    plan = retire(make_record("8"), make_entry(oduyo_id=None, confirmed_at=1.0), **AT_ONCE)
    assert figures(plan) == (1, 0, 0, 1)


def test_a_record_that_no_ledger_knows_is_never_missing() -> None:
    plan = plan_of([], [make_record()], [], on_missing=DELETE, **AT_ONCE)
    assert (figures(plan), plan.notes, plan.counts.existing) == ((0, 0, 0, 0), [], 1)


@pytest.mark.parametrize(
    ("key1", "key2", "is_in"),
    [("21", "1", True), (" 21", "1 ", True), ("21", "2", False), ("22", "1", False), ("1", "21", False)],
)
def test_records_of_two_keys_of_which_no_row_is_left_are_out_of_scope_and_kept(
    key1: str, key2: str, is_in: bool
) -> None:
    plan = retire(make_record(key1=key1, key2=key2), pairs=frozenset({("21", "1")}))
    assert figures(plan) == (is_in, 0, 0, is_in)
    assert plan.counts.out_of_scope == (not is_in)
    assert plan.counts.in_use == 1


def test_a_record_out_of_scope_is_not_counted_as_missing_in_this_run() -> None:
    assert retire(make_record(key1="99"), pairs=frozenset({("21", "1")})).notes == []


def test_pairs_of_keys_are_not_mixed() -> None:
    pairs = frozenset({("21", "1"), ("22", "2")})
    assert retire(make_record(key1="21", key2="2"), pairs=pairs).counts.out_of_scope == 1


def test_records_with_null_keys_are_in_scope_where_rows_have_none() -> None:
    assert retire(make_record(key1=None, key2=""), pairs=frozenset({("", "")})).counts.missing == 1


def test_a_record_with_a_mangled_key_is_in_the_scope_of_the_mended_one() -> None:
    pairs = frozenset({("Ş", "1")})
    assert retire(make_record(key1="Þ"), pairs=pairs, normaliser=REPAIRING).counts.missing == 1


@pytest.mark.parametrize(("listed", "is_in"), [("21", True), ("22", False)])
def test_a_record_of_which_oduyo_keeps_a_key_otherwise_is_in_the_scope_of_the_one_that_was_sent(
    listed: str, is_in: bool
) -> None:
    entry = msgspec.structs.replace(GONE, stored={"key1": Stored("021", "21")})
    plan = plan_of([], [make_record(key1=listed, key2="1")], [entry], pairs=frozenset({("021", "1")}))
    assert (plan.counts.missing, plan.counts.out_of_scope) == (is_in, not is_in)


def test_a_record_of_which_a_site_keeps_a_key_in_another_form_is_in_the_scope_of_its_rows() -> None:
    assert retire(make_record(key1="021", key2="1"), pairs=frozenset({("21", "01")})).counts.missing == 1


def test_a_record_whose_key_no_rule_reads_is_out_of_scope() -> None:
    assert retire(make_record(key1="\ud800"), pairs=frozenset({("", "1")})).counts.out_of_scope == 1


def test_without_key_columns_every_record_is_in_scope() -> None:
    assert retire(make_record(key1="99"), pairs=None).counts.missing == 1


def test_where_rows_may_lack_nothing_is_said_to_be_out_of_scope() -> None:
    plan = retire(make_record(key1="99"), pairs=frozenset({("21", "1")}), may_lack_rows=True)
    assert (plan.counts.out_of_scope, plan.counts.missing) == (0, 0)


@pytest.mark.parametrize("rules", [{"may_lack_rows": True}, {"pairs": frozenset({("99", "9")})}])
def test_of_a_record_that_is_not_missing_for_certain_only_what_is_listed_is_remembered(rules: dict[str, Any]) -> None:
    plan = plan_of([], [make_record("7"), make_record("9")], [GONE], **rules)
    assert notes_of(plan) == {"100": make_entry(twins=("9",), missing=ABSENT)}


# What is done


def test_a_missing_record_is_kept_unless_asked_otherwise() -> None:
    plan = retire(make_record(), on_missing=OnMissing.KEEP, **AT_ONCE)
    assert (plan.changes, figures(plan)) == ([], (1, 1, 0, 0))


def test_deactivating_sends_the_whole_record_with_a_passive_status() -> None:
    [change] = retire(make_record(description="d", note="n"), on_missing=DEACTIVATE).changes
    assert (change.action, change.differs, change.base["status"], change.payload) == (
        Action.DEACTIVATE,
        ("status",),
        "1",
        {"status": "0"},
    )
    assert change.retires
    body = change.compute_body()
    assert (body["id"], body["integration_id"], body["status"]) == ("7", "100", "0")
    assert (body["description"], body["note"], body["code"]) == ("d", "n", "K1")


def test_deleting_names_the_record_and_keeps_what_it_was_based_on() -> None:
    [change] = retire(make_record(note="n")).changes
    assert (change.action, change.compute_body(), change.base["note"]) == (Action.DELETE, {"id": "7"}, "n")
    assert change.retires


@pytest.mark.parametrize("status", ["0", "P", "pasif"])
def test_a_record_that_is_passive_already_is_kept(status: str) -> None:
    plan = retire(make_record(status=status), on_missing=DEACTIVATE)
    assert (plan.changes, figures(plan), plan.counts.retired) == ([], (1, 1, 0, 0), 0)


@pytest.mark.parametrize("status", [None, "", "1", "2"])
def test_a_record_whose_status_is_not_passive_is_deactivated(status: str | None) -> None:
    assert figures(retire(make_record(status=status), on_missing=DEACTIVATE)) == (1, 0, 1, 0)


def test_a_passive_status_that_is_known_to_be_stored_otherwise_is_not_sent_again() -> None:
    known = msgspec.structs.replace(GONE, stored={"status": Stored("0", "2")})
    assert figures(retire(make_record(status="2"), known, DEACTIVATE)) == (1, 1, 0, 0)


def test_a_passive_record_is_deleted_all_the_same() -> None:
    assert figures(retire(make_record(status="0"))) == (1, 0, 0, 1)


def test_a_resource_without_a_passive_word_deactivates_nothing() -> None:
    normaliser = Normaliser(msgspec.structs.replace(PROJECT_CODE, passive=None))
    assert figures(retire(make_record(), on_missing=DEACTIVATE, normaliser=normaliser)) == (1, 1, 0, 0)
    assert figures(retire(make_record(), on_missing=DELETE, normaliser=normaliser)) == (1, 0, 0, 1)


def test_the_key_that_was_sent_names_a_record_that_is_stored_under_another() -> None:
    entry = make_entry("00001", missing=ABSENT, stored={"integration_id": Stored("00001", "1")})
    [change] = retire(make_record("7", "1"), entry, DEACTIVATE).changes
    assert (change.integration_id, change.compute_body()["integration_id"]) == ("00001", "00001")


# Refusals that are known


@pytest.mark.parametrize("on_missing", [DEACTIVATE, DELETE])
@pytest.mark.parametrize(
    ("age_s", "resend_refused", "planned"),
    [
        (DAY, False, None),
        (RESEND_AFTER_S - 1, False, None),
        (RESEND_AFTER_S, False, "resend"),
        (DAY, True, "resend"),
    ],
)
def test_a_refused_retirement_is_sent_again_after_a_week_or_on_request_only(
    on_missing: OnMissing, age_s: float, resend_refused: bool, planned: str | None
) -> None:
    action, payload = (Action.DELETE, {}) if on_missing is DELETE else (Action.DEACTIVATE, {"status": "0"})
    refused = Refused(compute_payload_digest(action, payload), "no", NOW - age_s)
    entry = msgspec.structs.replace(GONE, refused=refused)
    plan = retire(make_record(), entry, on_missing, resend_refused=resend_refused)
    assert [change.is_resend for change in plan.changes] == ([] if planned is None else [planned == "resend"])
    assert (plan.counts.missing, plan.counts.missing_refused) == (1, planned is None)
    assert plan.counts.retired == (planned is not None)


# Figures


def test_retirements_are_counted_with_the_records_in_use_by_their_two_keys() -> None:
    records = [make_record("1", "1"), make_record("2", "2", key2="2"), make_record("3", "3"), make_record("4", "4")]
    entries = [make_entry(n, n, missing=ABSENT) for n in "123"] + [make_entry("4", "4", source="other")]
    counts = plan_of([make_row("3")], records, entries, on_missing=DEACTIVATE).counts
    assert (counts.in_use, counts.retired, counts.existing) == (3, 2, 4)
    found = {name: (pair.in_use, pair.retired) for name, pair in counts.pairs.items()}
    assert found == {"21\x001": (2, 1), "21\x002": (1, 1)}
    assert counts.samples["retired"][0] == "deactivate 1 (Ödüyo 1): status '1' → '0'"


def test_a_pair_has_samples_of_its_own_retirements() -> None:
    records = [make_record("1", "1"), make_record("2", "2", key2="2", code="K9")]
    entries = [make_entry(n, n, missing=ABSENT) for n in "12"]
    pairs = plan_of([], records, entries, on_missing=DELETE).counts.pairs
    assert list(pairs["21\x001"].samples) == ["delete 1 (Ödüyo 1): code 'K1'"]
    assert list(pairs["21\x002"].samples) == ["delete 2 (Ödüyo 2): code 'K9'"]


def test_null_keys_are_empty_ones() -> None:
    records = [make_record("1", "1", key1=None, key2=None), make_record("2", "2", key1="", key2="")]
    pairs = plan_of([], records, [make_entry(n, n) for n in "12"]).counts.pairs
    assert {name: pair.in_use for name, pair in pairs.items()} == {"\0": 2}


@pytest.mark.parametrize("status", ["0", None])
def test_every_record_of_a_resource_without_a_passive_word_is_in_use(status: str | None) -> None:
    normaliser = Normaliser(msgspec.structs.replace(PROJECT_CODE, passive=None))
    assert retire(make_record(status=status), normaliser=normaliser).counts.in_use == 1


def test_a_passive_record_that_is_deleted_counts_as_retired_and_not_as_in_use() -> None:
    counts = retire(make_record(status="0")).counts
    assert (counts.in_use, counts.retired) == (0, 1)


@pytest.mark.parametrize(
    ("entry", "rules", "new"),
    [
        (make_entry(), {}, 2),
        (make_entry(twins=("8",)), {}, 1),
        (make_entry(twins=("8", "9")), {}, 0),
        (make_entry(), {"is_first": True}, 0),
        (make_entry(source="other"), {}, 0),
        (make_entry(source=""), {}, 0),
    ],
    ids=["new", "one known", "both known", "first run", "another's", "nobody's"],
)
def test_twins_that_are_not_in_the_ledger_are_new(entry: Entry, rules: dict[str, Any], new: int) -> None:
    records = [make_record("7"), make_record("8"), make_record("9")]
    counts = plan_of([], records, [entry], **rules).counts
    assert (counts.remote_duplicates, counts.new_duplicates) == (2, new)


@pytest.mark.parametrize("rows", [[], [make_row()], [make_row(code="")]], ids=["missing", "matched", "rejected"])
def test_new_twins_are_remembered_so_that_they_are_new_once(rows: list[Row]) -> None:
    records = [make_record("7"), make_record("8")]
    plan = plan_of(rows, records, [make_entry()])
    assert (plan.counts.new_duplicates, notes_of(plan)["100"].twins) == (1, ("8",))
    assert [remark for remark in plan.remarks if remark.outcome == "warned"] == [
        Remark("warned", "100", "8", "K1", "new duplicate", "100: Ödüyo 7 and 8")
    ]
    again = plan_of(rows, records, plan.notes)
    assert again.counts.new_duplicates == 0
    assert not [remark for remark in again.remarks if remark.outcome == "warned"]


@pytest.mark.parametrize(("is_first", "new"), [(False, 1), (True, 0)])
def test_twins_of_a_record_that_is_matched_for_the_first_time_are_known_in_a_sources_first_run_only(
    is_first: bool, new: int
) -> None:
    counts = plan_of([make_row()], [make_record("7"), make_record("8")], is_first=is_first).counts
    assert (counts.remote_duplicates, counts.new_duplicates) == (1, new)


# Records that no row matches


@pytest.mark.parametrize(("others", "is_adoptable"), [((), True), (("1",), False)])
def test_a_record_without_a_key_that_another_source_owns_is_not_adopted(
    others: tuple[str, ...], is_adoptable: bool
) -> None:
    [record] = plan_of([], [make_record("1", None)], others=frozenset(others)).unmatched
    assert (record.oduyo_id, record.record is not None) == ("1", is_adoptable)


def test_records_that_no_row_matches_are_looked_through_for_look_alikes() -> None:
    records = [
        make_record("1", None, typecode="26"),
        make_record("2", "gone"),
        make_record("3", "100"),
        make_record("4", "theirs"),
        make_record("5", "mine"),
        make_record("6", "mine"),
        make_record("8", None, code=" "),
    ]
    entries = [make_entry("theirs", "4", source="other"), make_entry("mine", "5")]
    plan = plan_of([make_row(), make_row("new", code="K2")], records, entries)
    found = {item.oduyo_id: item for item in plan.unmatched}
    assert found.keys() == {"1", "2", "5", "6"}
    assert found["1"] == NaturalKey(("21", "26", "K1"), None, "1", records[0])
    assert found["2"] == NaturalKey(("21", "", "K1"), "gone", "2")
    assert plan.new_rows == [NaturalKey(("21", None, "K2"), "new")]


@pytest.mark.parametrize(
    "mine", [make_entry("mine", "5"), make_entry("mine", None, sent_at=NOW)], ids=["known", "just sent"]
)
def test_another_instance_s_row_may_match_what_this_source_owns_but_not_what_nobody_or_another_owns(
    mine: Entry,
) -> None:
    records = [make_record("1", None), make_record("2", "gone"), make_record("4", "theirs"), make_record("5", "mine")]
    entries = [make_entry("theirs", "4", source="other"), mine]
    plan = plan_of([make_row("new")], records, entries, is_mapped=True, may_lack_rows=True)
    assert [item.oduyo_id for item in plan.unmatched] == ["2", "1"]


def test_a_record_looks_like_a_row_whatever_its_blanks() -> None:
    plan = plan_of(
        [make_row("new", code="K 1", typecode=None)], [make_record("1", None, code=" K\u00a01 ", key1="21 ")]
    )
    assert [item.values for item in plan.unmatched] == [item.values for item in plan.new_rows]


@pytest.mark.parametrize("resource", [resource for resource in RESOURCES if resource.natural_key], ids=str)
@pytest.mark.parametrize("blanks", ["  ", "\u00a0 ", " \t"])
def test_a_record_of_any_resource_looks_like_the_row_with_its_texts(resource: Resource, blanks: str) -> None:
    texts = dict.fromkeys(resource.natural_key, f"A{blanks}B")
    normaliser = Normaliser(resource)
    plan = plan_of([{"integration_id": "1", **texts}], [{"id": "7", **texts}], normaliser=normaliser)
    assert [item.values for item in plan.unmatched] == [item.values for item in plan.new_rows] != []


def test_a_record_whose_code_no_rule_reads_looks_like_no_row() -> None:
    assert plan_of([], [make_record("1", None, code="\ud800")]).unmatched == []


@pytest.mark.parametrize(("listed", "told"), [("KOD İ", "kod i"), ("KOD X", "KOD X")])
def test_an_unmatched_record_of_which_oduyo_keeps_the_code_otherwise_is_told_by_the_one_that_was_sent(
    listed: str, told: str
) -> None:
    entry = make_entry(stored={"code": Stored("kod i", "KOD İ")})
    [unmatched] = plan_of([], [make_record(code=listed)], [entry]).unmatched
    assert unmatched.values[-1] == told

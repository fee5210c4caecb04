"""Which record belongs to which key: by the ledger's id while it carries the key, else by the key that Ödüyo holds."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import msgspec
import pytest

from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.made_records import join_nameless
from oduyo_provider.core.matching import (
    AlteredKeys,
    Match,
    Matching,
    compute_natural_key,
    compute_record_key,
    compute_seen,
    find_altered_keys,
    get_id,
    name_key,
)
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.resources import BANK_ACCOUNT, LEDGER_ACCOUNT
from oduyo_provider.core.row_groups import RowGroup
from tests.unit.core.sides import NORMALISER, NOW, UUID, make_entry, make_record, make_row


def match(records: list[Remote], entries: list[Entry] | None = None) -> dict[str, list[str]]:
    """Match key → ids of its records, the one that counts first."""
    matching = Matching(records, entries or [], NORMALISER)
    return {key: [get_id(found.record), *map(get_id, found.twins)] for key, found in matching.matches.items()}


def altered(sent: str, stored: str | None) -> dict[str, Stored]:
    return {"integration_id": Stored(sent, stored)}


@pytest.mark.parametrize("oduyo_id", [None, "", "x", "-1", "1.5", "٣", "²"])
def test_a_record_that_no_change_could_name_stops_the_plan(oduyo_id: Any) -> None:
    with pytest.raises(ListingError, match="no whole number"):
        Matching([{**make_record(), "id": oduyo_id}], [], NORMALISER)
    with pytest.raises(ListingError, match="no whole number"):
        Matching([{**make_record(integration_id=None), "id": oduyo_id}], [], NORMALISER)


def test_a_record_without_an_id_stops_the_plan_too() -> None:
    nameless = make_record()
    del nameless["id"]
    with pytest.raises(ListingError, match="has the id"):
        get_id(nameless)


@pytest.mark.parametrize(
    ("stored", "key"),
    [
        ("100", "100"),
        (" 100 ", "100"),
        ("100.0", "100"),
        ("100\u00a0", "100"),
        (UUID.upper(), UUID),
        (f"{{{UUID}}}", UUID),
        ("ab", "ab"),
        ("AB", "AB"),
        (None, None),
        ("", None),
        ("  ", None),
        ("ÿ", None),
        ("\ud800", None),
    ],
)
def test_a_record_is_known_by_its_normalised_key_and_uuids_in_one_form(stored: str | None, key: str | None) -> None:
    assert compute_record_key(make_record(integration_id=stored), NORMALISER) == key


def test_without_a_ledger_the_lowest_id_counts_and_the_others_are_twins() -> None:
    records = [make_record("10"), make_record("9", "100.0"), make_record("80", "other"), make_record("11", " 100")]
    assert match(records) == {"100": ["9", "10", "11"], "other": ["80"]}


def test_of_several_records_the_one_that_the_ledger_knows_counts() -> None:
    records = [make_record("9"), make_record("10"), make_record("11")]
    assert match(records, [make_entry("100", "10")]) == {"100": ["10", "9", "11"]}


def test_an_id_that_is_not_listed_leaves_the_choice_to_the_lowest() -> None:
    assert match([make_record("10"), make_record("9")], [make_entry("100", "7")]) == {"100": ["9", "10"]}


def match_rows(
    records: list[Remote], rows: list[dict[str, object]], entries: list[Entry] | None = None
) -> dict[str, list[str]]:
    """As :func:`match`, with the rows known."""
    matching, groups = Matching(records, entries or [], NORMALISER), {}
    for row in rows:
        key = str(row["integration_id"])
        if key in groups:
            groups[key].take(row)
        else:
            groups[key] = RowGroup(row, NORMALISER.row(row))
    join_nameless(matching, groups, NORMALISER)
    matching.prefer_firms(groups)
    return {key: [get_id(found.record), *map(get_id, found.twins)] for key, found in matching.matches.items()}


TWINS = [
    make_record("9", key1="22"),
    make_record("10", key1="21"),
    make_record("11", key1="21"),
    make_record("80", "x"),
]


@pytest.mark.parametrize("key1", ["21", 21, "21.0", " 21 "])
def test_of_several_records_without_a_ledger_the_lowest_of_the_rows_firm_counts(key1: object) -> None:
    for records in permutations(TWINS):
        assert match_rows(list(records), [make_row(key1=key1)]) == {"100": ["10", "9", "11"], "x": ["80"]}


@pytest.mark.parametrize("stored", ["21.0", " 21", "21"])
def test_a_firm_is_the_same_in_whatever_form_oduyo_holds_it(stored: str) -> None:
    assert match_rows([TWINS[0], make_record("10", key1=stored)], [make_row()]) == {"100": ["10", "9"]}


@pytest.mark.parametrize(
    "row", [make_row(key1="23"), make_row(key1=None), make_row(key1="ÿ"), {"integration_id": "100"}]
)
def test_where_no_record_is_of_the_rows_firm_the_lowest_counts(row: dict[str, object]) -> None:
    records = [*TWINS, make_record("12", key1=None), make_record("13", key1="")]
    assert match_rows(records, [row])["100"] == ["9", "10", "11", "12", "13"]


def test_of_records_of_another_firm_the_one_that_the_ledger_knows_counts() -> None:
    assert match_rows(TWINS, [make_row()], [make_entry("100", "9")])["100"] == ["9", "10", "11"]
    assert match_rows(TWINS, [make_row(key1="22")], [make_entry("100", "11")])["100"] == ["11", "9", "10"]


@pytest.mark.parametrize("oduyo_id", ["7", None])
def test_an_id_that_is_not_listed_leaves_the_choice_to_the_firm(oduyo_id: str | None) -> None:
    assert match_rows(TWINS, [make_row()], [make_entry("100", oduyo_id)])["100"] == ["10", "9", "11"]


def test_records_without_a_row_and_single_ones_stay_as_they_were() -> None:
    assert match_rows(TWINS, [make_row("x", key1="22")]) == {"100": ["9", "10", "11"], "x": ["80"]}


def test_of_rows_that_differ_each_names_a_firm_whatever_their_order() -> None:
    rows = [make_row(key1="23"), make_row(key1="21")]
    assert match_rows(TWINS, rows) == match_rows(TWINS, rows[::-1]) == {"100": ["10", "9", "11"], "x": ["80"]}


@pytest.mark.parametrize("stored", ["1", "00001               ", "X", "", None])
def test_a_record_that_the_ledger_knows_by_id_and_stored_key_belongs_to_the_key_that_was_sent(
    stored: str | None,
) -> None:
    entries = [make_entry("00001", "7", stored=altered("00001", stored))]
    assert match([make_record("7", stored)], entries) == {"00001": ["7"]}


def test_a_stored_key_is_nobodys_without_its_id() -> None:
    entries = [make_entry("00001", "7", stored=altered("00001", "1"))]
    assert match([make_record("7", "1"), make_record("8", "1")], entries) == {"00001": ["7"], "1": ["8"]}


def test_a_record_whose_key_somebody_changed_belongs_to_the_key_that_it_carries() -> None:
    entries = [make_entry("100", "7"), make_entry("00001", "8", stored=altered("00001", "1"))]
    assert match([make_record("7", "200"), make_record("8", "300")], entries) == {"200": ["7"], "300": ["8"]}


def test_a_record_whose_key_somebody_emptied_holds_none() -> None:
    matching = Matching([make_record("7", " ")], [make_entry("100", "7")], NORMALISER)
    assert (matching.matches, [get_id(record) for record in matching.unkeyed]) == ({}, ["7"])


def test_a_record_that_carries_the_key_as_sent_again_is_the_keys() -> None:
    entries = [make_entry("00001", "7", stored=altered("00001", "1"))]
    assert match([make_record("7", "00001")], entries) == {"00001": ["7"]}


def test_the_order_of_entries_does_not_matter_where_two_of_them_know_one_id() -> None:
    entries = [
        make_entry("b", "7", stored=altered("b", "x")),
        make_entry("a", "7", stored=altered("a", "x")),
        make_entry("x", "7"),
    ]
    for order in permutations(entries):
        assert match([make_record("7", "x")], list(order)) == {"a": ["7"]}


def test_a_record_goes_to_the_partition_of_the_key_that_was_sent() -> None:
    known = find_altered_keys(
        [
            make_entry("00001", "7", stored=altered("00001", "1")),
            make_entry("00002", None, stored=altered("00002", "2")),
            make_entry("00003", "9", stored={"code": Stored("A", "a")}),
            make_entry(UUID.upper(), "10", stored=altered(UUID.upper(), None)),
        ]
    )
    assert known == {"7": [("00001", "1")], "10": [(UUID, "")]}
    assert name_key(make_record("7", "1"), known, NORMALISER) == "00001"
    assert name_key(make_record("7", " 1 "), known, NORMALISER) == "00001", "the stored key, to be mended"
    assert name_key(make_record("10", None), known, NORMALISER) == UUID
    assert name_key(make_record("8", "1"), known, NORMALISER) == "1"


def test_a_record_that_carries_another_key_goes_to_the_partition_of_that_one() -> None:
    known: AlteredKeys = {"7": [("00001", "1")]}
    assert name_key(make_record("7", "200"), known, NORMALISER) == "200"
    assert name_key(make_record("7", None), known, NORMALISER) is None
    assert name_key(make_record("7", None), {"7": [("00001", "---")]}, NORMALISER) is None, (
        "what reads as no key is none"
    )
    assert name_key(make_record("7", "1"), {}, NORMALISER) == "1"


def test_known_ids_are_the_keys_with_a_confirmed_record_and_those_of_them_that_are_listed() -> None:
    entries = [
        make_entry("100", "7"),
        make_entry("200", "8"),
        make_entry("300", None, confirmed_at=NOW),
        make_entry("400", None, confirmed_at=NOW),
        make_entry("500", None),
    ]
    matching = Matching(
        [make_record("70", "100"), make_record("9", "300"), make_record("5", "500")], entries, NORMALISER
    )
    assert matching.count_known() == (4, 2)


@pytest.mark.parametrize(
    ("entry", "held", "key"),
    [
        (make_entry("00017", "7", made_in="dag/run"), "17", "00017"),
        (make_entry("A&B", "7", made_in="dag/run"), "A&amp;B", "A&B"),
        (make_entry("00017", "7", made_in="dag/run"), "170", "170"),
        (make_entry("00017", "7", made_in="dag/run"), "", None),
        (make_entry("00017", "7"), "17", "17"),
        (make_entry("00017", "8", made_in="dag/run"), "17", "17"),
    ],
)
def test_a_record_that_was_made_and_not_seen_since_may_hold_its_key_in_another_form(
    entry: Entry, held: str, key: str | None
) -> None:
    assert name_key(make_record("7", held), find_altered_keys([entry]), NORMALISER) == key


NAMELESS = make_entry("00017", None, confirmed_at=NOW)


@pytest.mark.parametrize(
    ("records", "rows", "entries", "key"),
    [
        ([make_record("7", "17")], ["00017"], [NAMELESS], "00017"),
        ([make_record("7", "17")], [], [NAMELESS], "17"),
        ([make_record("7", "17", code="ELLE")], ["00017"], [NAMELESS], "17"),
        ([make_record("7", "17")], ["00017", "17"], [NAMELESS], "17"),
        ([make_record("7", "17")], ["00017"], [NAMELESS, make_entry("17", "7")], "17"),
        ([make_record("7", "17")], ["00017"], [NAMELESS, make_entry("017", None, confirmed_at=NOW)], "17"),
        ([make_record("7", "17"), make_record("8", "0017")], ["00017"], [NAMELESS], "17"),
        ([make_record("7", "18")], ["00017"], [NAMELESS], "18"),
        ([make_record("7", "17")], ["00017"], [make_entry("00017", None)], "17"),
    ],
    ids=[
        "row",
        "no row",
        "another code",
        "another row's",
        "another's",
        "two entries",
        "two records",
        "another key",
        "never confirmed",
    ],
)
def test_the_only_record_with_a_form_of_a_key_that_was_confirmed_without_an_id_is_the_keys(
    records: list[Remote], rows: list[str], entries: list[Entry], key: str
) -> None:
    found = match_rows(records, [make_row(row) for row in rows], entries)
    assert [name for name, ids in found.items() if "7" in ids] == [key]


@pytest.mark.parametrize(
    ("records", "is_back"),
    [
        ([make_record("7", "100")], True),
        ([make_record("5", "100"), make_record("7", "0100")], True),
        ([make_record("5", "100")], False),
        ([make_record("7", "300")], False),
        ([], False),
    ],
    ids=["as sent", "as stored, a twin besides", "another record", "another key", "none"],
)
def test_a_record_that_was_taken_for_deleted_and_is_listed_again_is_whose_it_was(
    records: list[Remote], is_back: bool
) -> None:
    gone = make_entry("100", "7", stored=altered("100", "0100"), retired_at=NOW, is_gone=True)
    matching = Matching(records, [gone], NORMALISER)
    back = msgspec.structs.replace(gone, is_gone=False, retired_at=None)
    assert matching.entries == {"100": back if is_back else gone}
    assert matching.returned == ({"100": back} if is_back else {})
    assert matching.count_known() == ((1, 1) if is_back else (0, 0))


@pytest.mark.parametrize(
    ("status", "passive", "retired_at"),
    [
        ("0", "0", NOW),
        ("1", "0", None),
        (None, "0", None),
        ("P", "0", NOW),
        ("A", "0", None),
        ("0", None, None),
        (None, None, None),
    ],
)
def test_an_entry_takes_from_the_listing_its_records_id_its_twins_and_whether_it_is_in_use_again(
    status: str | None, passive: str | None, retired_at: float | None
) -> None:
    known = Entry("100", "dag", None, NOW, twins=("3",), retired_at=NOW, sent_at=NOW)
    resource = msgspec.structs.replace(SPECIAL_CODE, passive=passive)
    seen = compute_seen(known, Match(make_record("7", status=status), [make_record("8"), make_record("9")]), resource)
    assert seen == Entry("100", "dag", "7", None, twins=("8", "9"), retired_at=retired_at)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"key1": "21", "typecode": "26", "code": "A"}, ("21", "26", "A")),
        ({"key1": " 21 ", "typecode": None, "code": "A "}, ("21", "", "A")),
        ({"code": "A"}, ("", "", "A")),
        ({"key1": "21", "typecode": "26", "code": " "}, None),
        ({"key1": "21", "typecode": "26", "code": None}, None),
        ({"key1": "21", "typecode": "26"}, None),
    ],
)
def test_a_special_code_is_told_apart_by_firm_type_and_code(
    values: dict[str, str | None], found: tuple[str, ...] | None
) -> None:
    assert compute_natural_key(values, SPECIAL_CODE.natural_key) == found


def test_a_bank_account_is_told_apart_by_its_iban_in_groups_of_four_or_not() -> None:
    forms = ["TR33 0006 1005 1978 6457 8413 26", "TR330006100519786457841326", " tr330006100519786457841326"]
    found = {compute_natural_key({"iban": form}, BANK_ACCOUNT.natural_key) for form in forms}
    assert found == {("TR330006100519786457841326",)}
    assert compute_natural_key({"iban": " "}, BANK_ACCOUNT.natural_key) is None


def test_codes_that_differ_in_blanks_or_case_are_two() -> None:
    codes = ["TR33 0006", "TR330006", "tr330006"]
    found = {compute_natural_key({"key1": "21", "code": code}, LEDGER_ACCOUNT.natural_key) for code in codes}
    assert found == {("21", code) for code in codes}


def test_a_resource_without_a_natural_key_has_no_look_alikes() -> None:
    assert compute_natural_key({"code": "A"}, ()) is None


def test_what_was_made_after_the_listing_says_nothing_about_it() -> None:
    entries = [make_entry("100", "7"), make_entry("200", "8")]
    matching = Matching([], entries, NORMALISER, newest_id=7)
    assert [matching.is_made_since(entry) for entry in entries] == [False, True]
    assert matching.count_known() == (1, 0)

"""Rows to create that look like a record which no row matches: rejected, or adopted where that is certain."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

import msgspec
import pytest

from oduyo_provider.core.look_alikes import LookAlike, find_look_alikes, find_present, make_natural_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import BANK_ACCOUNT
from tests.unit.core.sides import make_record, plan_of

K1, K2 = ("21", "26", "K1"), ("21", "26", "K2")


def row(integration_id: str, values: tuple[str | None, ...] = K1) -> NaturalKey:
    return NaturalKey(values, integration_id)


def typed(oduyo_id: str, values: tuple[str, ...] = K1) -> NaturalKey:
    """A record that somebody typed by hand: it has no key."""
    return NaturalKey(values, None, oduyo_id, make_record(oduyo_id, None))


def keyed(oduyo_id: str, values: tuple[str, ...] = K1) -> NaturalKey:
    """A record with a key that no row has: of a former period, say."""
    return NaturalKey(values, f"old{oduyo_id}", oduyo_id)


def find(rows: Iterable[NaturalKey], records: Iterable[NaturalKey], *, adopt: bool = False) -> list[LookAlike]:
    rows, records = list(rows), list(records)
    return find_look_alikes(lambda: rows, lambda: records, adopt=adopt)


def test_rows_that_look_like_no_record_are_left_alone() -> None:
    assert find([row("1"), row("2", K2)], []) == []
    assert find([row("1")], [typed("7", K2), keyed("8", ("22", "26", "K1"))]) == []
    assert find([], [typed("7")]) == []


@pytest.mark.parametrize("record", [typed("7"), keyed("7")])
def test_a_row_that_looks_like_a_record_is_rejected_with_the_record_named(record: NaturalKey) -> None:
    [found] = find([row("1"), row("2", K2)], [record])
    assert (found.integration_id, found.adopted) == ("1", None)
    assert found.fault.code == "integration_id: look_alike"
    assert found.fault.detail == "Ödüyo's record 7 has the same 21 · 26 · K1 and matches no row"


def test_the_records_that_rejected_rows_look_like_are_there_by_what_of_a_row_can_be_read() -> None:
    normaliser = Normaliser(SPECIAL_CODE)
    rows: list[dict[str, object]] = [
        {"integration_id": "1", "key1": 21, "typecode": "26", "code": " K1 ", "description": "x" * 300},
        {"integration_id": None, "typecode": "26", "code": "K2"},
        {"integration_id": "3", "key1": "21", "typecode": "26", "code": "  "},
    ]
    found = [make_natural_key(row, normaliser) for row in rows]
    assert found == [NaturalKey(K1), NaturalKey((None, "26", "K2")), None]
    records = [keyed("7"), keyed("8", K2), keyed("9", ("22", "26", "K1"))]
    assert find_present([row for row in found if row], records) == {"7", "8"}


def test_of_the_records_that_look_alike_three_are_named() -> None:
    [found] = find([row("1")], [typed("10"), keyed("9"), keyed("80"), typed("100")])
    assert "record 9, 10, 80, … has" in found.detail
    [found] = find([row("1")], [typed("10"), keyed("9"), keyed("80")])
    assert "record 9, 10, 80 has" in found.detail


def test_one_row_and_one_record_without_a_key_are_adopted() -> None:
    [found] = find([row("1")], [typed("7")], adopt=True)
    assert (found.integration_id, found.adopted) == ("1", make_record("7", None))


@pytest.mark.parametrize(("held", "is_adopted"), [("22", False), ("", True)])
def test_a_record_is_not_adopted_by_a_part_of_its_natural_key(held: str, is_adopted: bool) -> None:
    [found] = find([row("1", (None, "26", "K1"))], [typed("7", (held, "26", "K1"))], adopt=True)
    assert (found.adopted is not None) is is_adopted
    assert is_adopted or found.fault.code == "integration_id: look_alike"


def test_a_record_with_a_key_beside_it_does_not_hinder_adoption() -> None:
    [found] = find([row("1")], [typed("7"), keyed("8")], adopt=True)
    assert found.adopted == make_record("7", None)


@pytest.mark.parametrize(
    ("rows", "records", "figures"),
    [
        (1, 2, "rows: 1, records without a key: 2"),
        (2, 1, "rows: 2, records without a key: 1"),
        (2, 2, "rows: 2, records without a key: 2"),
    ],
)
def test_where_more_than_one_row_or_record_share_the_codes_every_row_is_ambiguous(
    rows: int, records: int, figures: str
) -> None:
    found = find([row(str(n)) for n in range(rows)], [typed(str(n)) for n in range(records)], adopt=True)
    assert [item.fault.code for item in found] == ["integration_id: ambiguous"] * rows
    assert all(item.adopted is None and figures in item.detail and "21 · 26 · K1" in item.detail for item in found)


def test_a_record_with_a_key_is_never_adopted() -> None:
    [found] = find([row("1")], [keyed("7")], adopt=True)
    assert (found.adopted, found.reason) == (None, "look_alike")


def test_each_pair_of_codes_is_judged_by_itself() -> None:
    found = find([row("1"), row("2", K2), row("3", K2)], [typed("7"), typed("8", K2)], adopt=True)
    assert [(item.integration_id, item.reason, item.adopted is None) for item in found] == [
        ("1", "look_alike", False),
        ("2", "ambiguous", True),
        ("3", "ambiguous", True),
    ]


@pytest.mark.parametrize(
    ("values", "shared"),
    [((None, None, "K1"), "K1"), (("21", None, "K1"), "21 · K1"), ((None, "26", "K1"), "26 · K1")],
)
def test_a_row_is_compared_by_the_columns_that_it_has(values: tuple[str | None, ...], shared: str) -> None:
    [found] = find([row("1", values), row("2", (*values[:2], "K2"))], [typed("7")])
    assert (found.integration_id, found.reason) == ("1", "look_alike")
    assert f"has the same {shared} and" in found.detail
    others = find([row("1", values)], [typed("7", ("22", "27", "K1"))])
    assert bool(others) is (values[:2] == (None, None))


def test_a_column_that_is_there_and_blank_is_compared() -> None:
    assert find([row("1", ("", "26", "K1"))], [typed("7")]) == []
    assert len(find([row("1", ("", "26", "K1"))], [typed("7", ("", "26", "K1"))])) == 1


def test_a_row_of_other_columns_that_meets_in_one_record_makes_its_adoption_ambiguous() -> None:
    found = find([row("1"), row("2", (None, None, "K1")), row("3", K2)], [typed("7"), typed("8", K2)], adopt=True)
    assert [(item.integration_id, item.reason, item.adopted is None) for item in found] == [
        ("1", "ambiguous", True),
        ("2", "look_alike", True),
        ("3", "look_alike", False),
    ]


def test_the_order_of_rows_and_records_does_not_matter() -> None:
    rows, records = [row("10"), row("2"), row("3", (None, None, "K2"))], [typed("7"), keyed("10"), typed("8", K2)]
    found = find(rows, records, adopt=True)
    assert [item.integration_id for item in found] == ["10", "2", "3"]
    for other_rows, other_records in zip(permutations(rows), permutations(records), strict=True):
        assert find(other_rows, other_records, adopt=True) == found


def test_a_detail_stays_one_short_printable_line() -> None:
    values = ("21", "a\u2028" * 100, "b" * 255)
    for adopt in (True, False):
        [first, _] = find([row("1", values), row("2", values)], [typed("7", values)], adopt=adopt)
        assert first.detail.isprintable()
        assert len(first.detail) < 250


def test_a_look_alike_survives_json() -> None:
    [found] = find([row("1")], [typed("7")], adopt=True)
    assert msgspec.json.decode(msgspec.json.encode(found), type=LookAlike) == found


def test_a_bank_account_that_was_typed_in_groups_of_four_looks_like_the_erps() -> None:
    plan = plan_of(
        [{"integration_id": "1", "iban": "TR330006100519786457841326"}],
        [{"id": "7", "integration_id": None, "iban": "tr33 0006 1005 1978 6457 8413 26"}],
        normaliser=Normaliser(BANK_ACCOUNT),
    )
    [found] = find(plan.new_rows, plan.unmatched)
    assert found.fault.detail == "Ödüyo's record 7 has the same TR330006100519786457841326 and matches no row"
    [found] = find(plan.new_rows, plan.unmatched, adopt=True)
    assert (found.adopted or {})["id"] == "7"

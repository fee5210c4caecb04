"""Which records a site can have made of a create that stores keys and letters otherwise."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.made_records import can_be_made_of, can_be_natural_key_of, join_nameless
from oduyo_provider.core.matching import Matching
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.core.resources import BANK_ACCOUNT
from oduyo_provider.core.row_groups import RowGroup
from tests.unit.core.sides import NORMALISER, NOW, SOURCE, make_record, make_row, plan_of

[CREATE] = plan_of([make_row()], []).changes


@pytest.mark.parametrize(
    ("record", "has_natural_key", "can_be"),
    [
        (make_record(integration_id="1"), False, True),
        (make_record(integration_id=None), False, True),
        (make_record(integration_id="X"), False, False),
        (make_record(integration_id="X"), True, True),
        (make_record(integration_id="X", code="K"), True, True),
        (make_record(integration_id="X", code="K1  ", key1="21.0"), True, True),
        (make_record(integration_id="X", code="theirs"), True, False),
    ],
    ids=["cut key", "no key", "any key", "same codes", "a cut code", "a padded code", "another code"],
)
def test_a_record_can_be_made_of_a_create_by_its_key_or_by_its_natural_key_and_all_else(
    record: Remote, has_natural_key: bool, can_be: bool
) -> None:
    assert can_be_made_of(CREATE, record, NORMALISER, has_natural_key=has_natural_key) is can_be


@pytest.mark.parametrize(
    ("stored", "can_be"),
    [
        (("21", "26", "ödeme günü"), True),
        (("21", "26", "odeme gunu"), True),
        (("21", "26", "ODEME"), True),
        (("021", "26.0", "ödeme günü"), True),
        (("21", "26", "ödeme yeri"), False),
        (("2", "26", "ödeme günü"), False),
        (("21", "26", ""), False),
    ],
    ids=["as sent", "other letters", "cut", "other forms of numbers", "another text", "another firm", "no code"],
)
def test_a_natural_key_can_be_one_whose_code_the_site_cut_or_wrote_in_other_letters(
    stored: tuple[str, ...], can_be: bool
) -> None:
    assert can_be_natural_key_of(("21", "26", "ödeme günü"), stored) is can_be


def join(
    rows: list[dict[str, object]],
    *records: Remote,
    entries: tuple[Entry, ...] = (Entry("00017", confirmed_at=1.0),),
    normaliser: Normaliser = NORMALISER,
    key_length: int | None = None,
) -> list[str]:
    """The match keys that records belong to; as a rule the create of 00017 was confirmed without an id."""
    matching = Matching(records, entries, normaliser)
    groups = {str(row["integration_id"]): RowGroup(row, normaliser.row(row)) for row in rows}
    join_nameless(matching, groups, normaliser, key_length)
    return sorted(matching.matches)


@pytest.mark.parametrize(("account", "key"), [("1", "00017"), ("2", "17")])
def test_without_a_natural_key_all_else_has_to_be_as_it_was_sent(account: str, key: str) -> None:
    row: dict[str, object] = {"integration_id": "00017", "account_no": "1"}
    record: Remote = {"id": "7", "integration_id": "17", "account_no": account}
    assert join([row], record, normaliser=Normaliser(BANK_ACCOUNT)) == [key]


def test_a_row_that_is_rejected_gets_no_record_by_a_form_of_its_key() -> None:
    assert join([make_row("00017", code="")], make_record("7", "17")) == ["17"]


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        (Entry("00017", sent_at=1.0), "00017"),
        (Entry("00017", oduyo_id="7", made_in="dag/run"), "00017"),
        (Entry("00017", oduyo_id="8", made_in="dag/run"), "17"),
        (Entry("00017", oduyo_id="7"), "17"),
        (Entry("00017"), "17"),
    ],
    ids=["fate unknown", "its id, not seen since", "another id", "seen before with its own key", "never sent"],
)
def test_what_was_sent_and_not_seen_since_may_be_there_with_its_key_in_another_form(entry: Entry, key: str) -> None:
    assert join([make_row("00017")], make_record("7", "17"), entries=(entry,)) == [key]


@pytest.mark.parametrize(
    ("stored", "held", "code", "key"),
    [
        ("SUBE", "SUBE", "K1", "ŞUBE"),
        ("SUBE", "sube ", "K1", "ŞUBE"),
        ("SUBE", "SUBE", "K2", "SUBE"),
        ("SUBE", "UBE", "K1", "UBE"),
        (None, "0", "K1", "0"),
    ],
    ids=["as stored before", "a form of that", "another code", "another key", "nothing was stored"],
)
def test_a_record_that_was_made_anew_has_the_key_as_the_site_stored_it_before(
    stored: str | None, held: str, code: str, key: str
) -> None:
    entry = Entry("ŞUBE", oduyo_id="7", stored={"integration_id": Stored("ŞUBE", stored)})
    assert join([make_row("ŞUBE", code="K1")], make_record("8", held, code=code), entries=(entry,)) == [key]


@pytest.mark.parametrize(
    ("held", "key_length", "oduyo_id", "key"),
    [
        ("500-", 4, None, "500-017"),
        ("500", 4, None, "500"),
        ("500-", None, None, "500-"),
        ("500", None, "7", "500-017"),
        ("501", None, "7", "501"),
        ("500-", 4, "8", "500-"),
    ],
    ids=["cut", "shorter", "not known to cut", "named by the answer", "no beginning", "another one named"],
)
def test_a_beginning_of_a_key_is_one_of_the_known_length_or_of_the_record_that_the_answer_named(
    held: str, key_length: int | None, oduyo_id: str | None, key: str
) -> None:
    entry = Entry("500-017", oduyo_id=oduyo_id, made_in="dag/run", sent_at=1.0)
    found = join([make_row("500-017")], make_record("7", held), entries=(entry,), key_length=key_length)
    assert found == [key]


def test_where_two_may_have_made_a_record_or_two_records_may_be_of_one_nobody_gets_one() -> None:
    both = (Entry("500-017", sent_at=1.0), Entry("500-018", sent_at=1.0))
    rows = [make_row("500-017"), make_row("500-018")]
    assert join(rows, make_record("7", "500-"), entries=both, key_length=4) == ["500-"]
    records = (make_record("7", "500-"), make_record("8", "500-.0", code="code"))
    assert join(rows[:1], *records, entries=both[:1], key_length=4) in (["500-", "500-.0"], ["500-.0", "500-017"])


def test_of_records_with_one_key_nobody_gets_any() -> None:
    entry, records = Entry("500-017", sent_at=1.0), (make_record("7", "500-"), make_record("8", "500-", code="other"))
    assert join([make_row("500-017")], *records, entries=(entry,), key_length=4) == ["500-"]


@pytest.mark.parametrize("code", ["another", "cod", "code-2"])
def test_a_record_with_another_code_or_a_beginning_of_it_is_somebody_else_s(code: str) -> None:
    entry = Entry("00017", sent_at=1.0)
    assert join([make_row("00017", code="code")], make_record("7", "17", code=code), entries=(entry,)) == ["17"]


def test_a_record_whose_id_another_key_has_is_that_one_s() -> None:
    entries = (Entry("00017", sent_at=1.0), Entry("5", source="other", oduyo_id="7"))
    assert join([make_row("00017")], make_record("7", "17"), entries=entries) == ["17"]


def test_rows_that_differ_get_no_record_in_whatever_order_they_come() -> None:
    entry = Entry("00017", sent_at=1.0)
    first, second = make_row("00017"), make_row("00017", code="another")
    for rows in ([first, second], [second, first]):
        matching = Matching([make_record("7", "17")], [entry], NORMALISER)
        group = RowGroup(rows[0], NORMALISER.row(rows[0]))
        group.take(rows[1])
        join_nameless(matching, {"00017": group}, NORMALISER)
        assert [*matching.matches] == ["17"]


def test_a_record_with_the_key_of_another_row_is_that_ones() -> None:
    rows = [make_row("500-017"), make_row("500")]
    assert join(rows, make_record("7", "500"), entries=(Entry("500-017", sent_at=1.0),), key_length=3) == ["500"]


@pytest.mark.parametrize(("is_mapped", "actions"), [(False, [Action.UPDATE]), (True, [Action.CREATE])])
def test_where_other_instances_have_rows_too_no_form_of_a_key_will_do(is_mapped: bool, actions: list[Action]) -> None:
    entry = Entry("00017", SOURCE, sent_at=NOW)
    plan = plan_of([make_row("00017")], [make_record("7", "17")], [entry], is_mapped=is_mapped)
    assert [change.action for change in plan.changes] == actions
    assert [item.oduyo_id for item in plan.unmatched] == (["7"] if is_mapped else []), (
        "it looks like the row: the brake sees it"
    )

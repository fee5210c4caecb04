"""Which records a site can have made of a create that stores keys and letters otherwise."""

from __future__ import annotations

import pytest

from oduyo_provider.core.made_records import can_be_key_of, can_be_made_of, can_be_natural_key_of, is_form_of_key
from oduyo_provider.core.record import Remote
from tests.unit.core.sides import NORMALISER, UUID, make_record, make_row, plan_of

[CREATE] = plan_of([make_row()], []).changes


@pytest.mark.parametrize(
    ("sent", "stored", "can_be"),
    [
        ("00001", "1", True),
        ("00001", "1   ", True),
        ("000", "0", True),
        ("ABCDEFGH", "ABCD", True),
        ("ABC", "abc", True),
        ("A&B", "A&amp;B", True),
        ("A&B", "A&amp;amp;B", True),
        ("100", "", True),
        ("100", None, True),
        ("100", "200", False),
        ("ABCD", "ABCDEFGH", False),
        ("100", "   ", True),
        ("0", "00", True),
    ],
)
def test_a_site_can_have_made_a_stored_key_by_cutting_padding_counting_case_or_escaping(
    sent: str, stored: str | None, can_be: bool
) -> None:
    assert can_be_key_of(sent, stored) is can_be


@pytest.mark.parametrize(
    ("sent", "stored", "is_form"),
    [
        ("A&B", "A&amp;B", True),
        ("0017", "17", True),
        ("17", "17.0", True),
        ("Kod", " KOD ", True),
        ("KOD-17", "KOD-1", False),
        ("A1", "", False),
        ("A1", None, False),
        ("A1", "ELLE", False),
    ],
)
def test_a_whole_key_in_another_form_is_told_from_one_that_was_cut_or_left_out(
    sent: str, stored: str | None, is_form: bool
) -> None:
    assert is_form_of_key(sent, stored) is is_form


@pytest.mark.parametrize("stored", [UUID.upper(), f"{{{UUID}}}"])
def test_a_uuid_can_be_stored_in_capitals_or_braces(stored: str) -> None:
    assert can_be_key_of(UUID, stored)


@pytest.mark.parametrize(
    ("record", "has_natural_key", "can_be"),
    [
        (make_record(integration_id="1"), False, True),
        (make_record(integration_id=None), False, True),
        (make_record(integration_id="X"), False, False),
        (make_record(integration_id="X"), True, True),
        (make_record(integration_id="X", code="K"), True, True),
        (make_record(integration_id="X", code="theirs"), True, False),
    ],
    ids=["cut key", "no key", "any key", "any key, same codes", "any key, a cut code", "any key, another code"],
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

"""Which records a site can have made of a create that stores keys and letters otherwise."""

from __future__ import annotations

import pytest

from oduyo_provider.core.made_records import can_be_made_of, can_be_natural_key_of
from oduyo_provider.core.record import Remote
from tests.unit.core.sides import NORMALISER, make_record, make_row, plan_of

[CREATE] = plan_of([make_row()], []).changes


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

from __future__ import annotations

import pytest

from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.sync.check.record import (
    find_marked_field,
    find_texts,
    is_of_trial,
    make_digits_key,
    make_long,
    make_mark,
    make_record,
)

MARK = make_mark(1_700_000_000.0)
TRIAL = TrialRecords(mark=MARK, keys=(MARK, "01700000000000"), above_id="7", last_create_at=0.0)


def make(**fields: str | None) -> Remote:
    return {"id": "8", "integration_id": None, "code": None, "description": None, **fields}


def test_a_mark_names_the_moment_of_the_check() -> None:
    assert MARK == "ODUYO-CHECK-20231114221320"


def test_a_key_of_digits_begins_with_0_and_is_too_large_for_32_bits() -> None:
    key = make_digits_key(1_700_000_000.0)
    assert key == "01700000000000"
    assert int(key) > 2**31


@pytest.mark.parametrize(
    ("record", "is_ours"),
    [
        (make(integration_id=MARK, code=MARK), True),
        (make(integration_id="0", code=MARK), True),
        (make(integration_id="01700000000000", code=f"{MARK}xxxx"), True),
        (make(integration_id=MARK.lower(), code=""), True),
        (make(integration_id="ODUYO-CHECK-2023", code="x"), True),
        (make(integration_id="ODUYO-CHECK-20231114221320-ğ'&abc"), True),
        (make(integration_id=f"{MARK[:6]}  ", code="oduyo-"), True),
        (make(integration_id="017", code="ODU"), True),
        (make(integration_id="017", code="ABC"), False),
        (make(integration_id="OD", code="OD"), False),
        (make(integration_id="ODUYO-CHECK-20250101000000", code="ODUYO-CHECK-20250101000000"), False),
        (make(integration_id="E1", code="ODUYO"), False),
        (make(description=f"siehe {MARK}"), False),
        (make(), False),
    ],
)
def test_a_record_is_known_by_its_mark_however_it_is_stored(record: Remote, is_ours: bool) -> None:
    assert is_of_trial(record, TRIAL, SPECIAL_CODE) is is_ours


def test_a_test_record_takes_the_keys_of_a_record_that_is_there() -> None:
    record = make_record(SPECIAL_CODE, MARK, {"id": "1", "key1": "7", "key2": None, "typecode": "HK1"})
    assert record == {
        "integration_id": MARK,
        "status": "0",
        "key1": "7",
        "key2": "1",
        "typecode": "HK1",
        "code": MARK,
        "description": MARK,
    }


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.plural)
def test_a_test_record_of_every_resource_carries_its_mark_in_two_fields(resource: object) -> None:
    marked = find_marked_field(resource)  # type: ignore[arg-type]
    record = make_record(resource, MARK, {})  # type: ignore[arg-type]
    assert record["integration_id"] == record[marked] == MARK
    assert record.keys() <= resource.kinds.keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.plural)
def test_no_text_that_is_tried_takes_the_place_of_the_mark(resource: object) -> None:
    texts = list(find_texts(resource, MARK))  # type: ignore[arg-type]
    fields = [field for _, field, _ in texts]
    assert len(set(fields)) == len(fields)
    assert find_marked_field(resource) not in fields  # type: ignore[arg-type]
    assert "letters" in [tried for tried, _, _ in texts]
    assert all(text.startswith(MARK) for _, field, text in texts if field == "integration_id")


def test_long_texts_begin_with_the_mark_and_leave_the_key_as_it_is() -> None:
    sent = make_long(SPECIAL_CODE, MARK, 255)
    assert sorted(sent) == ["code", "description", "space1", "space2", "space3", "space4", "space5"]
    assert {(len(text), text.startswith(MARK)) for text in sent.values()} == {(255, True)}

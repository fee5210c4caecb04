"""How a record, looked at again, stands to a change."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.drift import (
    Standing,
    compute_moved,
    compute_standing,
    compute_stored,
    is_own_alteration,
)
from oduyo_provider.core.plan import Altered, OnMissing
from oduyo_provider.core.record import Remote
from tests.unit.core.sides import NORMALISER, make_record, make_row, plan_of

AS_WANTED, AS_BASED, OTHER = Standing
LISTED = make_record(description="d", special_created_in="0000-00-00 00:00:00")
[CREATE] = plan_of([make_row()], []).changes
[UPDATE] = plan_of([make_row(code="K2", description="d")], [LISTED]).changes
[DEACTIVATE] = plan_of([], [LISTED], on_missing=OnMissing.DEACTIVATE).changes
[DELETE] = plan_of([], [LISTED], on_missing=OnMissing.DELETE).changes


def stand(change: Change, record: Remote | None) -> Standing:
    return compute_standing(change, record, NORMALISER)


def now(**fields: str | None) -> Remote:
    return {**LISTED, **fields}


@pytest.mark.parametrize(
    ("change", "record", "standing"),
    [
        (CREATE, None, AS_BASED),
        (CREATE, make_record(), AS_WANTED),
        (CREATE, make_record(description="more", note="n"), AS_WANTED),
        (CREATE, make_record(code="K2"), OTHER),
        (UPDATE, None, OTHER),
        (UPDATE, LISTED, AS_BASED),
        (UPDATE, now(updated_in="2025-01-01 00:00:00"), AS_BASED),
        (UPDATE, now(note="", space1=None, special_created_in=None), AS_BASED),
        (UPDATE, now(code="K2"), AS_WANTED),
        (UPDATE, now(code="K2", space1="theirs", note="theirs"), AS_WANTED),
        (UPDATE, now(code="K2", description="e"), OTHER),
        (UPDATE, now(code="K3"), OTHER),
        (UPDATE, now(note="theirs"), OTHER),
        (UPDATE, now(space1="theirs"), OTHER),
        (UPDATE, now(created_in="2025-01-01 00:00:00"), OTHER),
        (DEACTIVATE, None, OTHER),
        (DEACTIVATE, LISTED, AS_BASED),
        (DEACTIVATE, now(status="0"), AS_WANTED),
        (DEACTIVATE, now(status="P", code="K3"), AS_WANTED),
        (DEACTIVATE, now(code="K3"), OTHER),
        (DEACTIVATE, now(status=None), OTHER),
        (DELETE, None, AS_WANTED),
        (DELETE, LISTED, AS_BASED),
        (DELETE, now(updated_in=None), AS_BASED),
        (DELETE, now(status="0"), OTHER),
        (DELETE, now(integration_id="101"), OTHER),
    ],
)
def test_a_record_stands_to_a_change(change: Change, record: Remote | None, standing: Standing) -> None:
    assert stand(change, record) is standing


def test_stored_are_the_fields_that_are_not_as_sent() -> None:
    assert compute_stored(CREATE, make_record(code="K", key2=None), NORMALISER) == {"code": "K", "key2": None}
    assert compute_stored(CREATE, make_record(code=" K1 "), NORMALISER) == {}


def test_a_field_that_an_update_does_not_change_may_stay_as_oduyo_is_known_to_store_it() -> None:
    known = Altered("7", "100", "description", sent="long", stored="lo")
    [change] = plan_of([make_row(code="K2", description="long")], [now(description="lo")], altered=[known]).changes
    assert change.differs == ("code",)
    assert stand(change, now(code="K2", description="lo")) is AS_WANTED
    assert stand(change, now(code="K2", description="long")) is AS_WANTED
    assert stand(change, now(code="K2", description="l")) is OTHER
    assert compute_stored(change, now(code="K2", description="l"), NORMALISER) == {"description": "l"}


def test_a_date_that_oduyo_is_known_to_store_as_a_zero_date_may_stay_so() -> None:
    known = Altered("7", "100", "special_created_in", sent="2024-05-06 00:00:00", stored="0000-00-00 00:00:00")
    [change] = plan_of([make_row(code="K2", special_created_in="2024-05-06")], [LISTED], altered=[known]).changes
    assert change.differs == ("code",)
    assert stand(change, now(code="K2")) is AS_WANTED


def test_a_field_that_an_update_does_change_may_not_stay_as_it_was() -> None:
    assert compute_stored(UPDATE, LISTED, NORMALISER) == {"code": "K1"}


def test_a_field_that_a_create_sent_may_not_be_stored_as_null() -> None:
    assert compute_stored(CREATE, {"id": "7"}, NORMALISER).keys() == {
        "integration_id",
        "code",
        "status",
        "key1",
        "key2",
    }


def test_moved_are_the_fields_that_are_no_longer_as_listed() -> None:
    moved = compute_moved(UPDATE, now(code="X", note="n", updated_in="2025-01-01 00:00:00", key2=None), NORMALISER)
    assert moved == {"code", "note", "key2"}
    assert compute_moved(UPDATE, LISTED, NORMALISER) == set()


@pytest.mark.parametrize(
    ("change", "record", "is_own"),
    [
        (CREATE, make_record(code="K"), True),
        (CREATE, make_record(code="theirs"), False),
        (CREATE, make_record(code=""), False),
        (CREATE, make_record(code=None), False),
        (UPDATE, now(code="K"), True),
        (UPDATE, now(code="K9"), False),
        (UPDATE, now(code="K", key2="9"), False),
        (DEACTIVATE, now(status="2"), False),
        (DEACTIVATE, now(status="0", code="K"), False),
        (DELETE, now(code="K"), False),
    ],
)
def test_only_a_beginning_of_what_was_sent_can_be_what_oduyo_made_of_it(
    change: Change, record: Remote, is_own: bool
) -> None:
    assert is_own_alteration(change, record, NORMALISER) is is_own


def test_every_action_is_looked_at_here() -> None:
    assert [change.action for change in (CREATE, UPDATE, DEACTIVATE, DELETE)] == list(Action)

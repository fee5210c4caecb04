"""How a record, looked at right before a change is sent and again after it, stands to the change."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Change, compute_base
from oduyo_provider.core.drift import (
    Drift,
    compute_drift,
    find_differences,
    find_moved,
    find_stored_otherwise,
    find_without_effect,
    is_own_alteration,
    is_same_value,
)
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import OnMissing
from oduyo_provider.core.record import Remote
from oduyo_provider.core.resources import CHEQUE
from tests.unit.core.sides import ABSENT, NORMALISER, UUID, make_entry, make_record, make_row, plan_of

CHEQUES = Normaliser(CHEQUE)

AS_WANTED, AS_PLANNED, MOVED = Drift
LISTED = make_record(description="d", special_created_in="0000-00-00 00:00:00")
GONE = make_entry(missing=ABSENT)
[CREATE] = plan_of([make_row()], []).changes
[UPDATE] = plan_of([make_row(code="K2", description="d")], [LISTED]).changes
[TWO_FIELDS] = plan_of([make_row(code="K2", description="e")], [LISTED]).changes
[DEACTIVATE] = plan_of([], [LISTED], [GONE], on_missing=OnMissing.DEACTIVATE).changes
[DELETE] = plan_of([], [LISTED], [GONE], on_missing=OnMissing.DELETE).changes


def now(**fields: str | None) -> Remote:
    return {**LISTED, **fields}


def test_every_action_is_looked_at_here() -> None:
    assert [change.action for change in (CREATE, UPDATE, DEACTIVATE, DELETE)] == list(Action)


@pytest.mark.parametrize(
    ("field", "stored", "wanted", "is_same"),
    [
        ("code", "K1", "K1", True),
        ("code", None, "", True),
        ("code", "", "", True),
        ("code", " K1", "K1", False),
        ("code", "k1", "K1", False),
        ("code", "K\u00a01", "K 1", False),
        ("integration_id", "500001.0", "500001", False),
        ("integration_id", " 500001 ", "500001", False),
        ("integration_id", UUID.upper(), UUID, True),
        ("integration_id", f"{{{UUID}}}", UUID, True),
        ("integration_id", f" {UUID}", UUID, False),
        ("integration_id", "ab", "AB", False),
        ("integration_id", None, "100", False),
        ("description", "a  b", "a b", False),
        ("status", "A", "1", False),
        ("status", None, "1", False),
        ("note", "n", "m", False),
        ("special_created_in", "2024-05-06T00:00:00", "2024-05-06 00:00:00", True),
        ("special_created_in", "2024-05-06", "2024-05-06 00:00:00", True),
        ("special_created_in", "2024-05-06 00:00:01", "2024-05-06 00:00:00", False),
        ("special_created_in", "0000-00-00 00:00:00", "2024-05-06 00:00:00", False),
    ],
)
def test_values_are_the_same_letter_for_letter_and_dates_by_their_moment(
    field: str, stored: str | None, wanted: str, is_same: bool
) -> None:
    assert is_same_value(NORMALISER, field, stored, wanted) is is_same


def test_differences_are_the_fields_of_the_payload_that_are_otherwise_than_wanted_and_than_known() -> None:
    payload = {"code": "K2", "space1": "x & y", "space2": "", "description": "d"}
    record = now(space1="x &amp; y", space2=None, note="n", key2="9")
    known = Entry("100", stored={"space1": Stored("x & y", "x &amp; y")})
    assert find_differences(NORMALISER, payload, record) == ("code", "space1")
    assert find_differences(NORMALISER, payload, record, known) == ("code",)


def test_a_field_that_is_not_listed_is_null() -> None:
    assert find_differences(NORMALISER, {"code": "K1", "space1": ""}, {"id": "7"}) == ("code",)


@pytest.mark.parametrize(
    ("change", "record", "drift"),
    [
        (CREATE, None, AS_PLANNED),
        (CREATE, make_record(), AS_WANTED),
        (CREATE, make_record(description="more", note="n"), AS_WANTED),
        (CREATE, make_record(code="K2"), MOVED),
        (CREATE, make_record(integration_id=" 100"), MOVED),
        (UPDATE, None, MOVED),
        (UPDATE, LISTED, AS_PLANNED),
        (UPDATE, now(updated_in="2025-01-01 00:00:00"), AS_PLANNED),
        (UPDATE, now(note="theirs", space1="theirs", description="theirs"), AS_PLANNED),
        (UPDATE, now(created_in="2025-01-01 00:00:00"), AS_PLANNED),
        (UPDATE, now(code="K2"), AS_WANTED),
        (UPDATE, now(code="K2", space1="theirs", status="0"), AS_WANTED),
        (UPDATE, now(code="K3"), MOVED),
        (UPDATE, now(code=None), MOVED),
        (UPDATE, now(key1="22"), MOVED),
        (UPDATE, now(key2=None), MOVED),
        (UPDATE, now(status="0"), MOVED),
        (UPDATE, now(integration_id="101"), MOVED),
        (DEACTIVATE, None, MOVED),
        (DEACTIVATE, LISTED, AS_PLANNED),
        (DEACTIVATE, now(code="K3", note="theirs"), AS_PLANNED),
        (DEACTIVATE, now(status="0", code="K3"), AS_WANTED),
        (DEACTIVATE, now(status=None), MOVED),
        (DEACTIVATE, now(key1="22"), MOVED),
        (DELETE, None, AS_WANTED),
        (DELETE, LISTED, AS_PLANNED),
        (DELETE, now(updated_in=None), AS_PLANNED),
        (DELETE, now(note="", space1=None, special_created_in=None), AS_PLANNED),
        (DELETE, now(status="0"), MOVED),
        (DELETE, now(note="theirs"), MOVED),
        (DELETE, now(space1="theirs"), MOVED),
        (DELETE, now(created_in="2025-01-01 00:00:00"), MOVED),
        (DELETE, now(integration_id="101"), MOVED),
    ],
)
def test_a_record_is_as_wanted_as_planned_or_moved(change: Change, record: Remote | None, drift: Drift) -> None:
    assert compute_drift(change, record, NORMALISER) is drift


def test_an_identity_field_that_became_what_the_row_asks_for_has_not_moved() -> None:
    [change] = plan_of([make_row(code="K2", key2="2")], [LISTED]).changes
    assert change.differs == ("code", "key2")
    assert compute_drift(change, now(key2="2"), NORMALISER) is AS_PLANNED
    assert compute_drift(change, now(key2="3"), NORMALISER) is MOVED


def test_a_key_that_is_only_mended_is_as_planned_until_it_is_mended() -> None:
    [change] = plan_of([make_row(description="d")], [now(integration_id="100.0")]).changes
    assert change.differs == ("integration_id",)
    assert compute_drift(change, now(integration_id="100.0"), NORMALISER) is AS_PLANNED
    assert compute_drift(change, now(), NORMALISER) is AS_WANTED
    assert compute_drift(change, now(integration_id="101"), NORMALISER) is MOVED


def test_an_identity_field_that_the_plan_did_not_see_is_not_looked_at() -> None:
    change = Change(Action.UPDATE, "100", {"code": "B"}, "7", {"code": "A"}, ("code",))
    assert compute_drift(change, {"id": "7", "code": "A", "status": "0"}, NORMALISER) is AS_PLANNED


def test_moved_are_the_fields_that_hold_neither_what_was_found_nor_what_is_wanted() -> None:
    record = now(code="K2", note="n", updated_in="2025-01-01 00:00:00", key2=None, space1=None)
    assert find_moved(UPDATE, record, NORMALISER, UPDATE.base) == {"note", "key2"}
    assert find_moved(UPDATE, record, NORMALISER, ["code", "key2"]) == {"key2"}
    assert find_moved(UPDATE, now(code="X"), NORMALISER, UPDATE.differs) == {"code"}
    assert find_moved(UPDATE, LISTED, NORMALISER, UPDATE.base) == set()


def test_stored_otherwise_are_the_fields_that_are_not_as_sent() -> None:
    assert find_stored_otherwise(CREATE, make_record(code="K", key2=None), NORMALISER) == {"code": "K", "key2": None}
    assert find_stored_otherwise(CREATE, make_record(code=" K1 "), NORMALISER) == {"code": " K1 "}
    assert find_stored_otherwise(CREATE, make_record(description="more"), NORMALISER) == {}
    assert find_stored_otherwise(UPDATE, LISTED, NORMALISER) == {"code": "K1"}


def test_a_field_that_a_create_sent_may_not_be_stored_as_null() -> None:
    sent = {"integration_id", "code", "status", "key1", "key2"}
    assert find_stored_otherwise(CREATE, {"id": "7"}, NORMALISER).keys() == sent


def test_a_field_that_an_update_does_not_write_may_stay_as_it_is_known_to_be_stored() -> None:
    known = make_entry(stored={"description": Stored("long", "lo")})
    [change] = plan_of([make_row(code="K2", description="long")], [now(description="lo")], [known]).changes
    assert change.differs == ("code",)
    assert find_stored_otherwise(change, now(code="K2", description="lo"), NORMALISER) == {}


def test_what_somebody_else_wrote_into_a_field_that_an_update_does_not_write_is_not_stored_otherwise() -> None:
    [change] = plan_of([make_row(code="K2", description="ours")], [now(description="ours")]).changes
    assert change.differs == ("code",)
    assert find_stored_otherwise(change, now(code="K2", description="theirs"), NORMALISER) == {}
    assert find_stored_otherwise(change, now(code="K2", integration_id="1"), NORMALISER) == {"integration_id": "1"}


@pytest.mark.parametrize(
    ("change", "record", "fields"),
    [
        (UPDATE, now(), {"code"}),
        (UPDATE, now(code="K2"), set()),
        (UPDATE, now(code="k2"), set()),
        (DEACTIVATE, now(), {"status"}),
        (DEACTIVATE, now(status="A"), set()),
        (CREATE, make_record(code="K"), set()),
    ],
)
def test_a_field_that_is_as_before_although_oduyo_said_yes_was_without_effect(
    change: Change, record: Remote, fields: set[str]
) -> None:
    stored = find_stored_otherwise(change, record, NORMALISER)
    assert find_without_effect(change, record, stored, NORMALISER) == fields


def test_a_text_that_stays_as_before_in_a_field_that_is_ignored_was_not_cut() -> None:
    record = make_record(code="K1")
    [change] = plan_of([make_row(code="K1 long")], [record]).changes
    stored = find_stored_otherwise(change, record, NORMALISER)
    assert find_without_effect(change, record, stored, NORMALISER, ignored={"code"}) == {"code"}


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ({"code": "K1"}, {"code": "K1 long"}),
        ({"integration_id": "100.0"}, {}),
        ({"special_created_in": "2024-05-06 00:00:00"}, {"special_created_in": "2024-05-07"}),
    ],
    ids=["cut as before", "the key's form", "a date"],
)
def test_a_cut_text_a_keys_form_and_a_date_that_stay_as_before_are_altered_and_not_without_effect(
    before: dict[str, str | None], row: dict[str, object]
) -> None:
    record = make_record(**before)
    [change] = plan_of([make_row(**row)], [record]).changes
    stored = find_stored_otherwise(change, record, NORMALISER)
    assert stored == before
    assert find_without_effect(change, record, stored, NORMALISER) == set()


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
        (UPDATE, now(code="K", note="theirs"), False),
        (DEACTIVATE, now(status="2"), False),
        (DEACTIVATE, now(status="0", code="K"), False),
        (DEACTIVATE, now(status="P"), True),
        (UPDATE, now(code="k2"), True),
        (UPDATE, now(code="K2 "), True),
        (UPDATE, now(code=""), False),
        (TWO_FIELDS, now(code="k2"), True),
        (TWO_FIELDS, now(code="theirs"), False),
        (DELETE, now(code="K"), False),
    ],
)
def test_only_a_form_of_what_was_sent_can_be_what_oduyo_made_of_it(
    change: Change, record: Remote, is_own: bool
) -> None:
    assert is_own_alteration(change, record, NORMALISER) is is_own


@pytest.mark.parametrize(
    ("field", "sent", "stored", "is_own"),
    [
        ("amount", "0.1235", "0.12", True),
        ("amount", "0.1235", "0.13", True),
        ("amount", "0.1235", "7.00", False),
        ("vade", "2024-05-01 10:00:00", "2024-05-01", True),
        ("vade", "2024-05-01 10:00:00", "2024-05-02", False),
    ],
)
def test_a_rounded_amount_and_a_shorter_moment_can_be_what_oduyo_made_of_it(
    field: str, sent: str, stored: str, is_own: bool
) -> None:
    record: Remote = {"id": "7", "integration_id": "1", "amount": "5.00", "vade": "2020-01-01 00:00:00"}
    change = Change(
        Action.UPDATE, "1", {"integration_id": "1", field: sent}, "7", compute_base(record, CHEQUE), (field,)
    )
    assert is_own_alteration(change, {**record, field: stored}, CHEQUES) is is_own


@pytest.mark.parametrize(
    ("stored", "is_same"),
    [("140000.0000", True), ("140000", True), ("140000.0", True), ("140000.01", False), (None, False), ("", False)],
)
def test_an_amount_is_compared_as_a_number(stored: str | None, is_same: bool) -> None:
    assert is_same_value(CHEQUES, "amount", stored, "140000.0000") is is_same


@pytest.mark.parametrize(
    ("field", "sent", "before", "is_ignored", "is_idle"),
    [
        ("amount", "20.0000", "10", False, True),
        ("amount", "0.12345", "0.12", False, False),
        ("amount", "0.12345", "0.12", True, True),
        ("amount", "20.0000", None, False, True),
        ("vade", "2024-05-01 10:00:00", "2024-05-02 00:00:00", False, True),
        ("vade", "2024-05-01 10:00:00", "2024-05-01", False, False),
        ("vade", "2024-05-01 10:00:00", "2024-05-01 07:00:00", False, False),
    ],
    ids=[
        "another",
        "rounded",
        "rounded, in a field that is ignored",
        "none",
        "another day",
        "without its time",
        "in UTC",
    ],
)
def test_an_amount_or_a_day_that_stays_as_before_is_without_effect_unless_it_is_in_the_site_s_form(
    field: str, sent: str, before: str | None, is_ignored: bool, is_idle: bool
) -> None:
    change = Change(Action.UPDATE, "1", {field: sent}, "7", {field: before}, (field,))
    record: Remote = {"id": "7", "integration_id": "1", field: before}
    stored = find_stored_otherwise(change, record, CHEQUES)
    ignored = {field} if is_ignored else set[str]()
    assert stored == {field: before}
    assert find_without_effect(change, record, stored, CHEQUES, ignored=ignored) == ({field} if is_idle else set())

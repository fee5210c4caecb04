"""What a record that was written holds, beside what was sent."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_base
from oduyo_provider.core.findings import Finding, make_finding
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.resources import BANK_ACCOUNT, CHEQUE
from oduyo_provider.sync.apply.habits import Habits
from oduyo_provider.sync.apply.readback import (
    NO_EFFECT,
    NOTHING_KEPT,
    OPPOSITE_STATUS,
    OTHER_VALUE,
    REKEYED,
    ReadBack,
    compute_read_back,
    find_changed_fields,
    find_lost,
    find_unclear,
    is_shown,
)
from tests.unit.sync.plans import create, deactivate, delete, done, update

NORMALISER = Normaliser(SPECIAL_CODE)
CREATE = create("00017", description="Şube açıklaması")
UPDATE = update("A1", "7", {"description": "eski", "note": "elle"}, description="Yeni açıklama")


def store(change: Change, **fields: str | None) -> Remote:
    """The change's record as it is stored."""
    return {"id": change.oduyo_id or "7", **change.base, **change.payload, **fields}


def read_back(change: Change, record: Remote | None, *twins: Remote) -> ReadBack:
    return compute_read_back(change, done(change, "7"), record, twins, NORMALISER, at=3000.0)


def test_a_text_that_is_as_before_and_a_beginning_of_what_was_sent_is_cut_or_ignored() -> None:
    longer = update("A1", "7", {"description": "Yeni"}, description="Yeni açıklama")
    record = store(longer, description="Yeni")
    assert find_unclear(longer, record, NORMALISER) == {"description": ("Yeni açıklama", "Yeni")}
    assert find_unclear(longer, store(longer, description="Yeni aç"), NORMALISER) == {}
    assert find_unclear(UPDATE, store(UPDATE, description="eski"), NORMALISER) == {}
    assert find_unclear(longer, None, NORMALISER) == {}
    assert find_unclear(CREATE, store(CREATE, description="Şube"), NORMALISER) == {}
    known = done(longer, "7")
    found = compute_read_back(longer, known, record, [], NORMALISER, Habits(ignored={"description"}), at=3000.0)
    assert (found.result.reason, found.ignored) == (NO_EFFECT, {"description"})
    assert compute_read_back(longer, known, record, [], NORMALISER, at=3000.0).result.outcome is Outcome.DONE


@pytest.mark.parametrize("change", [CREATE, UPDATE, deactivate("A1", "7")], ids=["create", "update", "deactivate"])
def test_a_record_that_is_stored_as_sent_is_done(change: Change) -> None:
    found = read_back(change, store(change))
    assert found.findings == ()
    assert found.result == msgspec.structs.replace(done(change, "7"), is_read_back=True, at=3000.0)
    assert is_shown(change, store(change), NORMALISER)


def test_a_deleted_record_is_done_once_it_is_gone() -> None:
    change = delete("A1", "7")
    assert read_back(change, None).result.outcome is Outcome.DONE
    assert is_shown(change, None, NORMALISER)
    found = read_back(change, store(change))
    assert found.is_without_effect
    assert "use on_missing deactivate" in found.result.reason
    assert not is_shown(change, store(change), NORMALISER)


@pytest.mark.parametrize("change", [CREATE, UPDATE], ids=["create", "update"])
def test_a_record_that_is_not_listed_is_doubtful_and_stays_confirmed(change: Change) -> None:
    result = read_back(change, None).result
    assert (result.outcome, result.reason) == (Outcome.DOUBTFUL, "confirmed by Ödüyo, but not listed")
    assert (result.is_confirmed, result.is_read_back, result.oduyo_id) == (True, False, "7")
    assert not is_shown(change, None, NORMALISER)


def test_an_update_that_changed_nothing_had_no_effect() -> None:
    record = store(UPDATE, description="eski")
    found = read_back(UPDATE, record)
    assert (found.result.outcome, found.result.reason, found.result.is_read_back) == (Outcome.FAILED, NO_EFFECT, True)
    assert not is_shown(UPDATE, record, NORMALISER)


def test_a_date_that_is_as_before_may_be_late_and_is_ödüyo_s_to_set() -> None:
    before, after = "2024-05-01 10:00:00", "2024-06-07 10:00:00"
    change = update("A1", "7", {"special_updated_in": before}, special_updated_in=after)
    record = store(change, special_updated_in=before)
    assert not is_shown(change, record, NORMALISER)
    found = read_back(change, record)
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"special_updated_in": before})


def test_an_adopted_record_that_has_no_key_yet_may_be_late_and_then_its_adoption_had_no_effect() -> None:
    change = msgspec.structs.replace(
        update("A1", "7", {"integration_id": ""}, integration_id="A1"), is_adoption=True, differs=("integration_id",)
    )
    record = store(change, integration_id="")
    assert not is_shown(change, record, NORMALISER)
    found = read_back(change, record)
    assert (found.result.reason, found.findings, found.ignored) == (NO_EFFECT, (), {"integration_id"})
    accepted = compute_read_back(change, done(change, "7"), record, [], NORMALISER, Habits(lambda _: True), at=1.0)
    assert (accepted.result.outcome, accepted.result.stored) == (Outcome.DONE, {"integration_id": ""})
    assert is_shown(change, store(change), NORMALISER)
    mending = msgspec.structs.replace(change, base={**change.base, "integration_id": "A1.0"}, is_adoption=False)
    assert is_shown(mending, store(change, integration_id="A1.0"), NORMALISER)


def test_one_field_without_effect_is_enough() -> None:
    change = update("A1", "7", {"description": "eski", "space1": "a"}, description="yeni", space1="b")
    assert read_back(change, store(change, space1="a")).is_without_effect


def test_what_is_as_before_may_be_letters_only_where_the_site_is_known_to_keep_others() -> None:
    change = update("A1", "7", {"description": "SUBE"}, description="ŞUBE")
    record = store(change, description="SUBE")
    found = read_back(change, record)
    assert found.is_without_effect
    assert found.findings == (Finding("letters", "description", "ŞUBE", "SUBE"),)
    known = compute_read_back(change, done(change, "7"), record, [], NORMALISER, Habits(lambda _: True), at=1.0)
    assert (known.result.outcome, known.result.stored) == (Outcome.DONE, {"description": "SUBE"})


@pytest.mark.parametrize("is_released", [False, True])
def test_another_value_that_is_as_before_is_without_effect_whatever_was_released(is_released: bool) -> None:
    change = update("A1", "7", {"description": "eski"}, description="yeni")
    record, site = store(change, description="eski"), Habits(lambda _: is_released)
    for entry in (None, Entry("A1"), Entry("A1", stored={"description": Stored("ilk", "eski", is_open=True)})):
        found = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, entry=entry, at=1.0)
        assert (found.result.outcome, found.result.reason, found.result.stored) == (Outcome.FAILED, NO_EFFECT, {})


def test_another_value_that_is_as_before_and_was_kept_of_another_one_is_kept_in_mind() -> None:
    change = update("A1", "7", {"description": "eski"}, description="yeni")
    record, site = store(change, description="eski"), Habits(lambda _: True)
    entry = Entry("A1", stored={"description": Stored("ilk", "eski")})
    found = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, entry=entry, at=1.0)
    assert (found.result.outcome, found.result.reason) == (Outcome.FAILED, NO_EFFECT)
    assert found.result.stored == {"description": "eski"}
    entry = Entry("A1", stored={"description": Stored("yeni", "eski", is_open=True)})
    again = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, entry=entry, at=1.0)
    assert (again.result.reason, again.is_seen) == (OTHER_VALUE, True)


def test_where_nothing_is_kept_once_more_no_release_is_advised() -> None:
    change = update("A1", "7", {"description": ""}, description="yeni")
    entry = Entry("A1", stored={"description": Stored("yeni", "", is_open=True)})
    record, site = store(change, description=""), Habits(accepts_repeated=True)
    found = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, entry=entry, at=1.0)
    assert (found.result.outcome, found.result.reason) == (Outcome.FAILED, NOTHING_KEPT)
    assert found.is_lost_again(entry)
    assert not found.is_lost_again(None)


@pytest.mark.parametrize("before", ["", "eski"])
def test_what_is_kept_twice_is_accepted_by_the_run_that_releases_it(before: str) -> None:
    change = update("A1", "7", {"description": before}, description="yeni")
    record, site = store(change, description="eski"), Habits(accepts_repeated=True)
    entry = Entry("A1", stored={"description": Stored("yeni", "eski", is_open=True)})
    first = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, at=1.0)
    again = compute_read_back(change, done(change, "7"), record, [], NORMALISER, site, entry=entry, at=1.0)
    assert first.result.outcome is Outcome.FAILED
    assert (again.result.outcome, again.result.stored) == (Outcome.DONE, {"description": "eski"})


@pytest.mark.parametrize("stored", ["Yeni", "Yeni açıklam"])
def test_a_stored_beginning_is_altered_and_never_no_effect(stored: str) -> None:
    change = update("A1", "7", {"description": stored}, description="Yeni açıklama")
    found = read_back(change, store(change, description=stored))
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"description": stored})
    assert found.findings == ()


@pytest.mark.parametrize("stored", ["17", "00017     x", "000", "0001", "", None])
def test_a_key_that_is_stored_otherwise_is_a_finding_of_its_own(stored: str | None) -> None:
    found = read_back(CREATE, store(CREATE, integration_id=stored))
    assert found.findings == (Finding("key_altered", "integration_id", "00017", stored),)
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"integration_id": stored})


@pytest.mark.parametrize("stored", ["Sube aciklamasi", "?ube a??klamas?"])
def test_other_letters_are_a_finding_of_their_own(stored: str) -> None:
    found = read_back(CREATE, store(CREATE, description=stored))
    assert found.findings == (Finding("letters", "description", "Şube açıklaması", stored),)
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"description": stored})


@pytest.mark.parametrize("knows_letters", [False, True])
@pytest.mark.parametrize("stored", ["", None])
def test_nothing_of_a_text_has_failed_whatever_was_released(stored: str | None, knows_letters: bool) -> None:
    record = store(CREATE, description=stored)
    found = compute_read_back(
        CREATE, done(CREATE, "7"), record, [], NORMALISER, Habits(lambda _: knows_letters), at=1.0
    )
    assert found.findings == (
        Finding("letters", "description", "Şube açıklaması", stored, is_final=True, is_other=True),
    )
    assert (found.result.outcome, found.result.reason) == (Outcome.FAILED, NOTHING_KEPT)


def test_a_text_that_no_site_makes_of_another_has_failed_unless_a_person_has_seen_and_released_it() -> None:
    record = store(CREATE, description="KOD.12 adı")
    assert read_back(CREATE, record).result.outcome is Outcome.FAILED
    known = compute_read_back(CREATE, done(CREATE, "7"), record, [], NORMALISER, Habits(lambda _: True), at=1.0)
    assert (known.result.outcome, known.result.stored) == (Outcome.DONE, {"description": "KOD.12 adı"})


@pytest.mark.parametrize(
    ("released", "outcome"),
    [("letters", Outcome.FAILED), ("letters:code", Outcome.FAILED), ("letters:description", Outcome.DONE)],
)
def test_who_accepts_other_letters_or_another_field_accepts_no_other_value(released: str, outcome: Outcome) -> None:
    record, site = store(CREATE, description="KOD.12 adı"), Habits(lambda name: name == released)
    assert compute_read_back(CREATE, done(CREATE, "7"), record, [], NORMALISER, site, at=1.0).result.outcome is outcome


@pytest.mark.parametrize(
    "stored", ["Şube açıklaması   ", "Şube\xa0açıklaması", "S\u0327ube açıklaması", "SUBE ACIKLAMASI"]
)
def test_a_text_in_another_form_is_no_other_value(stored: str) -> None:
    found = read_back(CREATE, store(CREATE, description=stored))
    assert (found.result.outcome, found.findings) == (
        Outcome.DONE,
        (Finding("letters", "description", "Şube açıklaması", stored),),
    )


@pytest.mark.parametrize(("field", "name"), [("note", "letters"), ("amount", "letters:amount")])
def test_a_note_is_a_text_and_an_amount_is_none(field: str, name: str) -> None:
    assert make_finding(field, "1 & 2", "1 &amp; 2", Normaliser(CHEQUE)).name == name


def test_an_iban_in_groups_is_no_other_value() -> None:
    change = Change(Action.CREATE, "1", {"integration_id": "1", "iban": "TR330006100519786457841326"})
    record: Remote = {"id": "7", "integration_id": "1", "iban": "TR33 0006 1005 1978 6457 8413 26"}
    found = compute_read_back(change, done(change, "7"), record, [], Normaliser(BANK_ACCOUNT), at=1.0)
    assert found.result.outcome is Outcome.DONE
    assert [finding.name for finding in found.findings] == ["letters"]


def test_what_is_as_before_and_as_it_was_seen_to_be_kept_was_not_ignored() -> None:
    entry = Entry("A1", stored={"description": Stored("Yeni açıklama", "eski", is_open=True)})
    record = store(UPDATE, description="eski")
    found = compute_read_back(UPDATE, done(UPDATE, "7"), record, [], NORMALISER, entry=entry, at=1.0)
    assert (found.result.outcome, found.result.reason, found.ignored) == (Outcome.FAILED, OTHER_VALUE, frozenset())
    assert [(finding.name, finding.stored) for finding in found.findings] == [("letters:description", "eski")]


def test_the_opposite_status_has_failed_and_the_same_in_another_word_has_not() -> None:
    retiring = create("00017", status="0")
    found = compute_read_back(
        retiring, done(retiring, "7"), store(retiring, status="1"), [], NORMALISER, Habits(lambda _: True), at=1.0
    )
    assert (found.result.outcome, found.result.reason) == (Outcome.FAILED, OPPOSITE_STATUS)
    assert read_back(retiring, store(retiring, status="P")).result.outcome is Outcome.DONE


def test_the_key_and_letters_are_both_told() -> None:
    found = read_back(CREATE, store(CREATE, integration_id="17", description="Sube"))
    assert [finding.brake for finding in found.findings] == ["key_altered", "letters"]
    assert set(found.result.stored) == {"integration_id", "description"}


def test_mending_the_form_of_a_key_finds_nothing_when_the_site_keeps_its_own() -> None:
    record = {"id": "7", "integration_id": " A1 ", "code": "KOD.A1"}
    base = compute_base(record, SPECIAL_CODE)
    change = Change(Action.UPDATE, "A1", {"integration_id": "A1", "code": "KOD.A1"}, "7", base, ("integration_id",))
    found = read_back(change, {**record})
    assert found.findings == ()
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"integration_id": " A1 "})


def test_a_field_that_is_not_written_is_not_altered_whatever_stands_in_it() -> None:
    change = update("A1", "7", {"description": "eski", "space1": "A&amp;B"}, description="yeni")
    change = msgspec.structs.replace(change, payload={**change.payload, "space1": "A&B"})
    assert read_back(change, store(change, space1="A&amp;B")).result.stored == {}
    assert read_back(change, store(change, space1="by somebody else")).result.stored == {}


def test_twins_are_named() -> None:
    twins = [{"id": "9", "integration_id": "00017"}, {"id": "12", "integration_id": "00017"}]
    assert read_back(CREATE, store(CREATE), *twins).result.twins == ("9", "12")


def test_an_answer_without_an_id_gets_that_of_its_record() -> None:
    known = Result(CREATE.key, Outcome.DONE, is_confirmed=True)
    found = compute_read_back(CREATE, known, store(CREATE, id="31"), [], NORMALISER, at=1.0)
    assert found.result.oduyo_id == "31"


def test_fields_that_were_not_sent_and_are_other_than_before_are_found() -> None:
    looked = UPDATE.base
    assert find_changed_fields(UPDATE, looked, store(UPDATE), NORMALISER) == ()
    made_in = {**looked, "created_in": "2026-01-01 00:00:00"}
    assert find_changed_fields(UPDATE, made_in, store(UPDATE), Normaliser(BANK_ACCOUNT)) == ()
    assert find_changed_fields(UPDATE, looked, store(UPDATE, note=None), NORMALISER) == ("note",)
    assert find_changed_fields(UPDATE, looked, store(UPDATE, note="by a person"), NORMALISER) == ("note",)
    as_set = store(UPDATE, description="x", updated_in="2030-01-01 00:00:00")
    assert find_changed_fields(UPDATE, looked, as_set, NORMALISER) == ()


@pytest.mark.parametrize(
    ("field", "looked", "stored", "is_lost"),
    [
        ("note", "elle", None, True),
        ("note", "elle", "", True),
        ("note", "A & ş", "A &amp; s", True),
        ("note", "elle", "by a person", False),
        ("note", None, "by a person", False),
        ("amount", "1250.7500", "0.0000", True),
        ("amount", "1250.7500", None, True),
        ("amount", "1250.7500", "125.0000", False),
    ],
)
def test_what_holds_something_else_is_not_lost(
    field: str, looked: str | None, stored: str | None, is_lost: bool
) -> None:
    found = find_lost([field], {field: looked}, {field: stored}, Normaliser(CHEQUE))
    assert found == ([field] if is_lost else [])


@pytest.mark.parametrize("change", [CREATE, UPDATE], ids=["create", "update"])
def test_a_key_that_no_site_makes_of_what_was_sent_is_somebody_s_where_the_site_was_seen_to_keep_keys(
    change: Change,
) -> None:
    site = Habits(keeps_keys={change.action})
    found = compute_read_back(
        change, done(change, "7"), store(change, integration_id="ELLE"), [], NORMALISER, site, at=1.0
    )
    assert (found.result.outcome, found.result.reason) == (Outcome.FAILED, REKEYED)
    assert (found.result.stored, found.findings, found.result.oduyo_id) == ({}, (), "7")


def test_of_the_first_change_nobody_knows_whose_doing_its_key_is() -> None:
    found = read_back(UPDATE, store(UPDATE, integration_id="ELLE"))
    assert (found.result.outcome, found.result.stored) == (Outcome.DONE, {"integration_id": "ELLE"})
    assert [finding.brake for finding in found.findings] == ["key_altered"]

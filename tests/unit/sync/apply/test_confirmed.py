"""What a change that was confirmed came to in the fields that it sent as they were."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.apply.confirmed import CHANGED_BESIDE, judge_beside
from oduyo_provider.sync.apply.habits import Habits
from oduyo_provider.sync.apply.readback import ReadBack
from tests.unit.sync.plans import create, done, update

NORMALISER = Normaliser(SPECIAL_CODE)
BEFORE = {"description": "eski", "space1": "a", "status": "1", "special_updated_in": "2026-01-01 00:00:00"}
UPDATE = update("A1", "7", BEFORE, **{**BEFORE, "description": "yeni"})


@pytest.mark.parametrize(
    ("now", "entry", "changed"),
    [
        ({}, None, {}),
        ({"space1": ""}, None, {"space1": ""}),
        ({"space1": None}, None, {"space1": None}),
        ({"space1": "A"}, None, {"space1": "A"}),
        ({"space1": "elle", "status": "0"}, None, {"space1": "elle", "status": "0"}),
        ({"space1": "A"}, Entry("A1", stored={"space1": Stored("a", "A")}), {}),
        ({"space1": "A"}, Entry("A1", stored={"space1": Stored("a", "A", is_open=True)}), {"space1": "A"}),
        ({"special_updated_in": "2026-02-02 00:00:00", "space2": "elle", "integration_id": "a1"}, None, {}),
    ],
)
def test_a_record_that_lost_another_value_of_its_row_has_failed(
    now: dict[str, str | None], entry: Entry | None, changed: dict[str, str | None]
) -> None:
    record = {"id": "7", "integration_id": "A1", **UPDATE.payload, **now}
    result = judge_beside(ReadBack(done(UPDATE, "7")), UPDATE, record, NORMALISER, Habits(), entry).result
    assert result.stored == changed
    assert (result.outcome, result.reason) == ((Outcome.FAILED, CHANGED_BESIDE) if changed else (Outcome.DONE, ""))


def test_a_status_that_is_the_same_in_another_word_is_in_step_and_remembered() -> None:
    record = {"id": "7", "integration_id": "A1", **UPDATE.payload, "status": "A"}
    result = judge_beside(ReadBack(done(UPDATE, "7")), UPDATE, record, NORMALISER, Habits(), None).result
    assert (result.outcome, result.stored) == (Outcome.DONE, {"status": "A"})


def test_a_value_that_was_otherwise_before_is_no_doing_of_this_change() -> None:
    change = msgspec.structs.replace(
        UPDATE, payload={**UPDATE.payload, "space1": "A&B"}, base={**UPDATE.base, "space1": "A&amp;B"}
    )
    record = {"id": "7", "integration_id": "A1", **UPDATE.payload, "space1": "A&amp;B"}
    found = ReadBack(done(change, "7"))
    assert judge_beside(found, change, record, NORMALISER, Habits(), None).result.outcome is Outcome.DONE


def test_what_did_not_take_effect_or_is_new_is_judged_elsewhere() -> None:
    failed, read = ReadBack(done(UPDATE, "7")), ReadBack(done(UPDATE, "7"))
    failed.result.outcome = Outcome.FAILED
    record = {"id": "7", "integration_id": "A1", **UPDATE.payload, "space1": ""}
    assert judge_beside(failed, UPDATE, record, NORMALISER, Habits(), None) is failed
    made = create("A1", space1="a")
    assert judge_beside(read, made, record, NORMALISER, Habits(), None) is read
    assert judge_beside(read, UPDATE, None, NORMALISER, Habits(), None) is read


@pytest.mark.parametrize(
    ("released", "stored", "outcome"),
    [
        ((), "Sube", Outcome.FAILED),
        (("letters",), "Sube", Outcome.DONE),
        (("letters",), "elle", Outcome.FAILED),
        (("letters", "letters:space1"), "elle", Outcome.DONE),
        (("letters", "letters:space1"), "", Outcome.FAILED),
        ((), "Şu", Outcome.DONE),  # cut, which the next run compares as such
    ],
)
def test_what_a_person_has_accepted_of_the_site_is_kept_in_mind(
    released: tuple[str, ...], stored: str, outcome: Outcome
) -> None:
    change = update("A1", "7", {**BEFORE, "space1": "Şube"}, **{**BEFORE, "description": "yeni", "space1": "Şube"})
    record = {"id": "7", "integration_id": "A1", **change.payload, "space1": stored}
    site = Habits(lambda name: name in released)
    result = judge_beside(ReadBack(done(change, "7")), change, record, NORMALISER, site, None).result
    assert (result.outcome, result.stored) == (outcome, {"space1": stored})

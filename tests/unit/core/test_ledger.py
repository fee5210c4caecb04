"""What is remembered of a key, and what a change's result makes of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_adoption
from oduyo_provider.core.ledger import (
    MAX_RESENDS,
    RESEND_AFTER_S,
    RUN_NAMES,
    WEEK_S,
    Entry,
    Missing,
    Refused,
    Stored,
    apply_result,
    apply_sending,
    compute_payload_digest,
)
from oduyo_provider.core.missing import MISSING_FOR_S, compute_missing, is_missing_long_enough
from oduyo_provider.core.plan_builder import find_resend
from oduyo_provider.core.record import SPECIAL_CODE
from tests.unit.core.sides import DAY, HOUR, NOW

CREATE = Change(
    Action.CREATE, "100", {"integration_id": "100", "code": "A", "special_updated_in": "2024-05-06 00:00:00"}
)
UPDATE = Change(Action.UPDATE, "100", {"integration_id": "100", "code": "B"}, "7", {"code": "A"}, ("code",))
PASSIVE = Change(Action.UPDATE, "100", {"status": "0"}, "7", {"status": "1"}, ("status",), retires=True)
DEACTIVATE = Change(Action.DEACTIVATE, "100", {"status": "0"}, "7", {"status": "1"}, ("status",), retires=True)
DELETE = Change(Action.DELETE, "100", {}, "7", {"code": "A"}, retires=True)

KNOWN = Entry(
    "100",
    "dag",
    "7",
    twins=("8",),
    stored={"code": Stored("A", "a"), "space1": Stored("x", "y")},
    missing=Missing(NOW - DAY, NOW - DAY, 1, "run1"),
    refused=Refused("old", "no", NOW - DAY),
    date_sent="2024-01-01 00:00:00",
)


def done(change: Change, **fields: Any) -> Result:
    return Result(change.key, Outcome.DONE, at=NOW, **fields)


def apply(
    entry: Entry | None, change: Change, result: Result, *, source: str = "dag", is_released: bool = False
) -> Entry | None:
    return apply_result(
        entry, change, result, source=source, run="dag/run", date_field="special_updated_in", is_released=is_released
    )


def remember(
    entry: Entry | None, change: Change, result: Result, *, source: str = "dag", is_released: bool = False
) -> Entry:
    after = apply(entry, change, result, source=source, is_released=is_released)
    assert after is not None
    return after


def test_the_spans_are_those_of_the_design() -> None:
    assert (MISSING_FOR_S, RESEND_AFTER_S, WEEK_S) == (12 * HOUR, 7 * DAY, 7 * DAY)
    assert MAX_RESENDS == 20


def test_a_record_is_made_once_its_id_is_known_or_its_create_was_confirmed() -> None:
    assert not Entry("100").is_made
    assert Entry("100", oduyo_id="7").is_made
    assert Entry("100", confirmed_at=NOW).is_made


@pytest.mark.parametrize(
    ("field", "wanted", "value", "is_known"),
    [
        ("code", "A", "a", True),
        ("code", "A", "b", False),
        ("code", "B", "a", False),
        ("code", "A", None, False),
        ("space1", "A", "a", False),
        ("space2", "x", "", True),
        ("space2", "x", None, True),
    ],
)
def test_a_field_is_stored_as_known_while_what_is_sent_and_what_is_kept_stay_the_same(
    field: str, wanted: str, value: str | None, is_known: bool
) -> None:
    entry = Entry("100", stored={"code": Stored("A", "a"), "space2": Stored("x", None)})
    assert entry.is_stored_as(field, wanted, value) is is_known


def test_a_digest_names_action_and_payload_whatever_the_order_of_its_fields() -> None:
    digest = compute_payload_digest(Action.CREATE, {"code": "A", "key1": "2"})
    assert digest == compute_payload_digest(Action.CREATE, {"key1": "2", "code": "A"})
    assert digest != compute_payload_digest(Action.UPDATE, {"code": "A", "key1": "2"})
    assert digest != compute_payload_digest(Action.CREATE, {"code": "A", "key1": "3"})
    assert digest != compute_payload_digest(Action.CREATE, {"code": "A"})


def test_an_entry_knows_the_refusal_of_the_very_same_payload_only() -> None:
    entry = Entry("100", refused=Refused("abc", "no", NOW))
    assert entry.is_refusal_of("abc")
    assert not entry.is_refusal_of("abd")
    assert not Entry("100").is_refusal_of("abc")


@pytest.mark.parametrize(
    ("age_s", "resend_refused", "expected"),
    [
        (0, False, None),
        (RESEND_AFTER_S - 1, False, None),
        (RESEND_AFTER_S, False, True),
        (-365 * DAY, False, True),
        (0, True, True),
        (RESEND_AFTER_S, True, True),
    ],
)
def test_a_known_refusal_is_sent_again_after_a_week_or_on_request(
    age_s: float, resend_refused: bool, expected: bool | None
) -> None:
    digest = compute_payload_digest(CREATE.action, CREATE.payload)
    entry = Entry("100", refused=Refused(digest, "no", NOW - age_s))
    assert find_resend(entry, CREATE, NOW, resend_refused=resend_refused) is expected


@pytest.mark.parametrize("entry", [None, Entry("100"), Entry("100", refused=Refused("another", "no", NOW))])
@pytest.mark.parametrize("resend_refused", [True, False])
def test_what_was_not_refused_before_is_new(entry: Entry | None, resend_refused: bool) -> None:
    assert find_resend(entry, CREATE, NOW, resend_refused=resend_refused) is False


def test_runs_without_a_row_are_counted_from_the_first_to_the_last() -> None:
    first = compute_missing(Entry("100"), "run1", NOW)
    second = compute_missing(Entry("100", missing=first), "run2", NOW + HOUR)
    third = compute_missing(Entry("100", missing=second), "run3", NOW + DAY)
    assert first == Missing(NOW, NOW, 1, "run1")
    assert second == Missing(NOW, NOW + HOUR, 2, "run2", ("run1",))
    assert third == Missing(NOW, NOW + DAY, 3, "run3", ("run1", "run2"))


def test_the_same_run_counts_once() -> None:
    first = Missing(NOW, NOW, 1, "run1")
    assert compute_missing(Entry("100", missing=first), "run1", NOW + DAY) == first
    second = compute_missing(Entry("100", missing=first), "run2", NOW + DAY)
    assert compute_missing(Entry("100", missing=second), "run1", NOW + 2 * DAY) == second


def test_of_the_runs_without_a_row_only_the_last_few_are_known_by_name() -> None:
    entry = Entry("100")
    for number in range(RUN_NAMES + 3):
        entry = Entry("100", missing=compute_missing(entry, f"run{number}", NOW))
    assert entry.missing is not None
    assert (entry.missing.count, entry.missing.earlier[0]) == (RUN_NAMES + 3, "run2")
    assert len(entry.missing.earlier) == RUN_NAMES


@pytest.mark.parametrize("first_at", [NOW - DAY, NOW, NOW + 365 * DAY])
def test_a_stamp_from_the_future_counts_as_now(first_at: float) -> None:
    entry = Entry("100", missing=Missing(first_at, NOW + 365 * DAY, 1, "run1"))
    assert compute_missing(entry, "run2", NOW) == Missing(min(first_at, NOW), NOW, 2, "run2", ("run1",))


@pytest.mark.parametrize(
    ("count", "lasted_s", "runs", "is_long"),
    [
        (1, 0, 1, True),
        (1, 0, 2, False),
        (1, DAY, 2, False),
        (2, 12 * HOUR, 2, True),
        (2, 12 * HOUR - 1, 2, False),
        (9, 12 * HOUR - 1, 2, False),
        (2, DAY, 3, False),
        (3, DAY, 3, True),
    ],
)
def test_a_record_is_missing_long_enough_in_so_many_runs_over_twelve_hours_and_in_one_run_at_once(
    count: int, lasted_s: float, runs: int, is_long: bool
) -> None:
    assert is_missing_long_enough(Missing(NOW, NOW + lasted_s, count, "run"), runs) is is_long


def test_a_created_record_is_the_sources_with_its_id_and_its_date() -> None:
    after = remember(None, CREATE, done(CREATE, oduyo_id="7", stored={"code": "a"}, twins=("8",)))
    assert after == Entry(
        "100",
        "dag",
        "7",
        made_in="dag/run",
        twins=("8",),
        stored={"code": Stored("A", "a")},
        date_sent="2024-05-06 00:00:00",
    )


def test_a_create_that_was_confirmed_without_an_id_is_remembered_as_made() -> None:
    after = remember(None, CREATE, done(CREATE))
    assert (after.oduyo_id, after.confirmed_at, after.is_made) == (None, NOW, True)


@pytest.mark.parametrize(("oduyo_id", "confirmed_at"), [("7", None), (None, NOW)])
def test_a_confirmed_create_that_is_not_listed_is_remembered_as_made(
    oduyo_id: str | None, confirmed_at: float | None
) -> None:
    lost = Result(CREATE.key, Outcome.DOUBTFUL, oduyo_id, is_confirmed=True, at=NOW)
    after = remember(None, CREATE, lost)
    assert (after.source, after.oduyo_id, after.confirmed_at) == ("dag", oduyo_id, confirmed_at)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.DOUBTFUL, Outcome.STALE, Outcome.NOT_APPLIED])
@pytest.mark.parametrize("change", [CREATE, UPDATE, DEACTIVATE, DELETE])
def test_what_was_not_done_and_not_confirmed_is_not_remembered(change: Change, outcome: Outcome) -> None:
    assert apply(KNOWN, change, Result(change.key, outcome, at=NOW)) == KNOWN
    assert apply(None, change, Result(change.key, outcome, at=NOW)) is None


@pytest.mark.parametrize("change", [UPDATE, DEACTIVATE, DELETE])
@pytest.mark.parametrize("oduyo_id", ["7", None])
def test_a_confirmed_change_that_had_no_effect_is_not_remembered(change: Change, oduyo_id: str | None) -> None:
    result = Result(change.key, Outcome.FAILED, oduyo_id, is_confirmed=True, is_remembered=True, at=NOW)
    assert apply(KNOWN, change, result) == KNOWN
    assert apply(None, change, result) is None


@pytest.mark.parametrize(
    ("outcome", "is_read_back", "made_in"),
    [(Outcome.DONE, False, "dag/run"), (Outcome.DONE, True, ""), (Outcome.DOUBTFUL, False, "dag/run")],
)
def test_which_run_made_a_record_is_known_until_it_was_listed(
    outcome: Outcome, is_read_back: bool, made_in: str
) -> None:
    result = Result(CREATE.key, outcome, "9", is_confirmed=True, is_read_back=is_read_back, at=NOW)
    assert remember(None, CREATE, result).made_in == made_in


@pytest.mark.parametrize(
    ("answered", "planned", "known", "oduyo_id"),
    [("9", "7", "5", "9"), (None, "7", "5", "7"), (None, None, "5", "5"), (None, None, None, None)],
)
def test_a_records_id_is_the_answers_else_the_changes_else_the_known_one(
    answered: str | None, planned: str | None, known: str | None, oduyo_id: str | None
) -> None:
    change = msgspec.structs.replace(UPDATE, oduyo_id=planned)
    after = remember(Entry("100", "dag", known), change, done(change, oduyo_id=answered))
    assert (after.oduyo_id, after.confirmed_at) == (oduyo_id, None if oduyo_id else NOW)


def test_an_update_keeps_what_is_known_of_the_fields_that_it_did_not_send_anew() -> None:
    after = remember(KNOWN, UPDATE, done(UPDATE, stored={"code": "b"}))
    assert after.stored == {"code": Stored("B", "b"), "space1": Stored("x", "y")}
    assert (after.oduyo_id, after.twins, after.date_sent) == ("7", ("8",), "2024-01-01 00:00:00")


def test_an_update_that_is_stored_as_sent_forgets_how_the_field_was_stored_before() -> None:
    assert remember(KNOWN, UPDATE, done(UPDATE)).stored == {"space1": Stored("x", "y")}


def test_a_field_that_was_sent_once_more_unchanged_stays_known() -> None:
    again = msgspec.structs.replace(UPDATE, payload={"code": "A", "space2": "z"}, differs=("space2",))
    assert remember(KNOWN, again, done(again)).stored["code"] == Stored("A", "a")


def test_a_key_that_was_mended_in_vain_is_remembered_as_stored() -> None:
    mend = Change(
        Action.UPDATE, "100", {"integration_id": "100"}, "7", {"integration_id": "100.0"}, ("integration_id",)
    )
    after = remember(None, mend, done(mend, stored={"integration_id": "100.0"}))
    assert after.is_stored_as("integration_id", "100", "100.0")


def test_an_update_ends_the_count_of_runs_without_a_row_and_a_refusal() -> None:
    after = remember(KNOWN, UPDATE, done(UPDATE))
    assert (after.missing, after.refused) == (None, None)


@pytest.mark.parametrize("change", [CREATE, UPDATE])
def test_what_was_written_and_stored_as_something_else_is_known_but_for_those_values(change: Change) -> None:
    stored = {"code": "another", "integration_id": "100.0"}
    result = Result(change.key, Outcome.FAILED, "7", "stored otherwise", is_confirmed=True, stored=stored, at=NOW)
    after = remember(KNOWN, change, result)
    assert (after.oduyo_id, after.source, after.missing, after.refused) == ("7", "dag", None, None)
    assert not after.is_stored_as("code", change.payload["code"], "another")
    assert after.is_stored_as("integration_id", "100", "100.0")
    assert (after.stored["code"].is_open, after.stored["code"].is_repeated) == (True, False)
    again = remember(after, change, result)
    assert (again.stored["code"].is_open, again.stored["code"].is_repeated) == (True, True)
    assert not remember(after, change, done(change)).is_seen_as("code", change.payload["code"], "another")


def test_twins_that_were_found_replace_those_that_were_known() -> None:
    assert remember(KNOWN, UPDATE, done(UPDATE, twins=("9",))).twins == ("9",)


@pytest.mark.parametrize("is_released", [True, False])
@pytest.mark.parametrize("change", [PASSIVE, DEACTIVATE, DELETE])
def test_a_retirement_is_remembered_with_its_time_and_whether_a_person_released_it(
    change: Change, is_released: bool
) -> None:
    after = remember(KNOWN, change, done(change), is_released=is_released)
    assert (after.retired_at, after.is_retirement_released, after.source) == (NOW, is_released, "dag")


def test_an_update_that_retires_nothing_keeps_an_earlier_retirement() -> None:
    known = msgspec.structs.replace(KNOWN, retired_at=NOW - DAY, is_retirement_released=True)
    after = remember(known, UPDATE, done(UPDATE))
    assert (after.retired_at, after.is_retirement_released) == (NOW - DAY, True)


ACTIVE = Change(Action.UPDATE, "100", {"status": "1"}, "7", {"status": "0"}, ("status",))


@pytest.mark.parametrize(("change", "retired_at"), [(ACTIVE, None), (CREATE, None), (UPDATE, NOW - DAY)])
def test_a_record_that_comes_back_into_use_is_no_loss_any_more(change: Change, retired_at: float | None) -> None:
    known = msgspec.structs.replace(KNOWN, retired_at=NOW - DAY)
    assert remember(known, change, done(change)).retired_at == retired_at


def test_a_deactivated_record_is_still_missing() -> None:
    assert remember(KNOWN, DEACTIVATE, done(DEACTIVATE)).missing == KNOWN.missing


def test_of_a_deleted_record_only_twins_and_the_retirement_are_remembered() -> None:
    after = remember(KNOWN, DELETE, done(DELETE, is_confirmed=True))
    assert after == Entry("100", "dag", twins=("8",), retired_at=NOW)
    assert not after.is_made


def test_of_one_that_oduyo_did_not_say_to_have_deleted_the_id_and_how_it_is_stored_are_too() -> None:
    after = remember(KNOWN, DELETE, done(DELETE))
    assert after == Entry("100", "dag", "7", twins=("8",), stored=KNOWN.stored, retired_at=NOW, is_gone=True)
    assert not after.is_made


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.DOUBTFUL])
@pytest.mark.parametrize("oduyo_id", ["9", None])
def test_the_record_that_is_made_in_its_place_is_another(outcome: Outcome, oduyo_id: str | None) -> None:
    gone = Entry("100", "dag", "7", retired_at=NOW, is_gone=True)
    after = remember(gone, CREATE, Result(CREATE.key, outcome, oduyo_id, is_confirmed=True, at=NOW))
    assert (after.oduyo_id, after.is_made, after.is_gone) == (oduyo_id, True, False)


def test_a_record_that_was_written_belongs_to_the_source_that_wrote_it() -> None:
    assert remember(KNOWN, UPDATE, done(UPDATE), source="other").source == "other"


def refuse(change: Change, **fields: Any) -> Result:
    return Result(change.key, Outcome.REFUSED, reason="refused", is_remembered=True, at=NOW, **fields)


def test_a_refusal_is_remembered_with_its_payload_its_words_and_its_time() -> None:
    after = remember(None, CREATE, refuse(CREATE, answer="Kod çok uzun"))
    digest = compute_payload_digest(Action.CREATE, CREATE.payload)
    assert after == Entry("100", "dag", refused=Refused(digest, "Kod çok uzun", NOW))
    assert not after.is_made


def test_a_refused_adoption_is_remembered_as_the_create_that_the_next_plan_has() -> None:
    adoption = compute_adoption(CREATE, {"id": "7", "integration_id": "", "code": "A"}, SPECIAL_CODE)
    after = remember(None, adoption, refuse(adoption))
    assert (after.is_refusal_of(compute_payload_digest(Action.CREATE, CREATE.payload)), after.is_made) == (True, False)


def test_a_refusal_without_words_is_remembered_by_its_reason() -> None:
    after = remember(KNOWN, UPDATE, refuse(UPDATE))
    assert after.refused is not None
    assert after.refused.words == "refused"
    assert msgspec.structs.replace(after, refused=KNOWN.refused) == KNOWN


def test_a_refusal_that_is_not_the_rows_own_is_not_remembered() -> None:
    result = Result(UPDATE.key, Outcome.REFUSED, reason="a firewall", at=NOW)
    assert apply(KNOWN, UPDATE, result) == KNOWN


@pytest.mark.parametrize(
    ("payload", "is_resend", "since"),
    [("same", False, NOW - 3 * DAY), ("same", True, NOW), ("other", False, NOW), ("other", True, NOW)],
)
def test_a_refusal_is_known_since_the_first_time_until_it_is_sent_again(
    payload: str, is_resend: bool, since: float
) -> None:
    digest = compute_payload_digest(Action.UPDATE, UPDATE.payload) if payload == "same" else "other"
    known = msgspec.structs.replace(KNOWN, refused=Refused(digest, "no", NOW - 3 * DAY))
    change = msgspec.structs.replace(UPDATE, is_resend=is_resend)
    after = remember(known, change, refuse(change))
    assert after.refused is not None
    assert after.refused.since == since


def test_an_entry_survives_json_and_says_only_what_is_known() -> None:
    assert msgspec.json.decode(msgspec.json.encode(KNOWN), type=Entry) == KNOWN
    assert msgspec.json.encode(Entry("100", "dag", "7")) == b'{"integration_id":"100","source":"dag","oduyo_id":"7"}'


@pytest.mark.parametrize(
    ("outcome", "is_confirmed", "expected"),
    [(Outcome.FAILED, True, True), (Outcome.FAILED, False, False), (Outcome.DONE, True, False)],
)
def test_a_result_is_without_effect_when_oduyo_said_yes_and_it_failed(
    outcome: Outcome, is_confirmed: bool, expected: bool
) -> None:
    assert Result("update:7", outcome, is_confirmed=is_confirmed).is_without_effect is expected


def test_a_key_without_a_record_is_nobodys() -> None:
    made, confirmed, deleted = KNOWN, Entry("1", "dag", confirmed_at=NOW), Entry("1", "dag", retired_at=NOW)
    assert [entry.is_owned_by("dag") for entry in (made, confirmed, deleted, Entry("1", "", "7"))] == [
        True,
        True,
        False,
        False,
    ]
    assert [entry.is_others("other") for entry in (made, confirmed, deleted, Entry("1", "", "7"))] == [
        True,
        True,
        False,
        False,
    ]
    assert not made.is_others("dag")
    assert not made.is_owned_by("other")


@pytest.mark.parametrize("entry", [Entry("100", "other"), Entry("100", "other", retired_at=NOW)])
def test_a_key_of_which_another_source_has_no_record_becomes_the_sources_by_its_create(entry: Entry) -> None:
    assert remember(entry, CREATE, refuse(CREATE)).source == "dag"
    lost = Result(CREATE.key, Outcome.DOUBTFUL, is_confirmed=True, at=NOW)
    assert remember(entry, CREATE, lost).source == "dag"


def test_a_refused_update_leaves_the_record_its_owner() -> None:
    assert remember(KNOWN, UPDATE, refuse(UPDATE), source="other").source == "dag"


ADOPT = msgspec.structs.replace(UPDATE, is_adoption=True)
SENT = Entry("100", "dag", sent_at=NOW)


@pytest.mark.parametrize("outcome", [None, Outcome.DOUBTFUL, Outcome.STALE, Outcome.FAILED, Outcome.NOT_APPLIED])
@pytest.mark.parametrize("change", [CREATE, ADOPT])
def test_that_a_key_may_have_been_sent_is_remembered_while_its_fate_is_unknown(
    change: Change, outcome: Outcome | None
) -> None:
    result = None if outcome is None else Result(change.key, outcome, at=NOW)
    assert apply_sending(None, change, result, NOW, "dag") == SENT
    assert apply_sending(SENT, change, result, NOW, "dag") == SENT
    assert apply_sending(SENT, change, result, NOW + DAY, "other") == Entry("100", "other", sent_at=NOW + DAY)
    deleted = Entry("100", "dag", retired_at=NOW)
    assert apply_sending(deleted, change, result, NOW, "dag") == msgspec.structs.replace(deleted, sent_at=NOW)
    assert not SENT.is_made


@pytest.mark.parametrize("known", [KNOWN, Entry("100", "other", confirmed_at=NOW)])
def test_a_key_that_has_a_record_gets_none_by_being_sent(known: Entry) -> None:
    assert apply_sending(known, CREATE, None, NOW, "dag") is known


@pytest.mark.parametrize("change", [UPDATE, DEACTIVATE, DELETE])
def test_what_gives_no_record_its_key_is_not_remembered_as_sent(change: Change) -> None:
    assert apply_sending(None, change, None, NOW, "dag") is None


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.REFUSED])
def test_what_has_an_outcome_is_not_remembered_as_sent(outcome: Outcome) -> None:
    assert apply_sending(None, CREATE, Result(CREATE.key, outcome, at=NOW), NOW, "dag") is None


def test_a_later_outcome_settles_what_was_sent_before() -> None:
    lost = Result(CREATE.key, Outcome.DOUBTFUL, is_confirmed=True, at=NOW)
    for result in (done(CREATE, oduyo_id="7"), refuse(CREATE), lost, Result(CREATE.key, Outcome.REFUSED, at=NOW)):
        assert remember(SENT, CREATE, result).sent_at is None
    assert apply(SENT, CREATE, Result(CREATE.key, Outcome.NOT_APPLIED, at=NOW)) == SENT

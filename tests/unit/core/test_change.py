"""A change says what it does, from what to what, and what is sent."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.change import IDENTITY_FIELDS, Action, Change, Outcome, compute_adoption, compute_base
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.values.letters import Escaping
from tests.unit.core.sides import make_record

UPDATE = Change(Action.UPDATE, "100", {"code": "B"}, "7", {"code": "A", "note": None, "key1": "21"}, ("code",))
DELETE = Change(Action.DELETE, "100", {}, "7", {"code": "A"})


def test_actions_are_applied_in_this_order() -> None:
    assert [action.value for action in Action] == ["create", "update", "deactivate", "delete"]


def test_a_change_can_end_in_six_ways() -> None:
    assert [outcome.value for outcome in Outcome] == ["done", "refused", "failed", "doubtful", "stale", "not_applied"]


def test_identity_fields_say_whose_a_record_is_and_whether_it_is_in_use() -> None:
    assert IDENTITY_FIELDS == ("integration_id", "key1", "key2", "status")


def test_a_create_is_named_by_its_integration_id_and_the_others_by_the_record() -> None:
    assert Change(Action.CREATE, "100", {}).key == "create:100"
    assert UPDATE.key == "update:7"
    assert DELETE.key == "delete:7"


def test_changes_are_ordered_by_action_then_record_then_key() -> None:
    ordered = [
        Change(Action.CREATE, "a", {}),
        Change(Action.CREATE, "b", {}),
        Change(Action.UPDATE, "a", {}, "10"),
        Change(Action.DEACTIVATE, "a", {}, "2"),
        Change(Action.DELETE, "b", {}, "9"),
        Change(Action.DELETE, "a", {}, "10"),
    ]
    mixed = [ordered[place] for place in (3, 0, 5, 1, 4, 2)]
    assert sorted(mixed, key=lambda change: change.sort_key) == ordered


def test_a_create_changes_every_field_it_has() -> None:
    create = Change(Action.CREATE, "100", {"code": "A"})
    assert create.compute_body() == {"code": "A"}


def test_an_update_lays_its_fields_over_the_listed_record() -> None:
    assert UPDATE.compute_body() == {"id": "7", "integration_id": "100", "code": "B", "key1": "21"}


def test_a_delete_sends_the_id_only() -> None:
    assert DELETE.compute_body() == {"id": "7"}
    assert DELETE.compute_body({"code": "A", "note": "n"}, partial=True) == {"id": "7"}


def test_what_a_site_has_escaped_is_sent_back_as_it_was_before() -> None:
    looked = {"code": "A", "key1": "21", "note": "Ali &amp; Veli", "space1": "&amp;amp;", "space2": None}
    body = UPDATE.compute_body(looked, escaping=Escaping.HTML)
    assert (body["note"], body["space1"], body["code"]) == ("Ali & Veli", "&amp;", "B")
    assert UPDATE.compute_body(looked)["note"] == "Ali &amp; Veli"
    slashed = {"code": "A", "note": "O\\'Brien"}
    assert UPDATE.compute_body(slashed, escaping=Escaping.SLASHES)["note"] == "O'Brien"


def test_a_body_is_a_copy_of_its_own() -> None:
    create = Change(Action.CREATE, "100", {"code": "A"})
    create.compute_body()["code"] = "X"
    assert create.payload == {"code": "A"}


def test_an_update_takes_what_it_does_not_write_from_the_look() -> None:
    looked = {"code": "A", "note": "theirs", "key1": "21", "space1": "new", "space2": None}
    body = {"id": "7", "integration_id": "100", "code": "B", "note": "theirs", "key1": "21", "space1": "new"}
    assert UPDATE.compute_body(looked) == body


def test_an_update_writes_over_what_the_look_found() -> None:
    assert UPDATE.compute_body({"code": "X"})["code"] == "B"


def test_a_field_as_the_plan_found_it_is_sent_as_the_erp_has_it_and_one_that_moved_as_it_was_looked_at() -> None:
    base = {"code": "A", "space1": "x&amp;y", "space2": "cut", "space3": None}
    payload = {"code": "B", "space1": "x&y", "space2": "cut short", "space3": ""}
    change = Change(Action.UPDATE, "100", payload, "7", base, ("code",))
    assert change.compute_body({**base, "space2": "theirs", "space3": ""}) == {
        "id": "7",
        "integration_id": "100",
        "code": "B",
        "space1": "x&y",
        "space2": "theirs",
        "space3": "",
    }


@pytest.mark.parametrize("partial", [True, False])
def test_the_key_is_sent_as_the_erp_has_it_and_never_as_it_is_stored(partial: bool) -> None:
    base = {"integration_id": "A&amp;B", "code": "A"}
    change = Change(Action.UPDATE, "A&B", {"integration_id": "A&B", "code": "B"}, "7", base, ("code",))
    assert change.compute_body(base, partial=partial)["integration_id"] == "A&B"


def test_a_partial_update_sends_whose_the_record_is_and_what_differs() -> None:
    base = {"code": "A", "key1": "21", "key2": None, "note": "n", "space1": "s"}
    change = Change(Action.UPDATE, "100", {"code": "B", "space1": "s"}, "7", base, ("code",))
    assert change.compute_body(partial=True) == {"id": "7", "integration_id": "100", "key1": "21", "code": "B"}
    assert change.compute_body({**base, "key2": "1"}, partial=True)["key2"] == "1"


def test_a_partial_deactivation_sends_the_status_only() -> None:
    change = Change(Action.DEACTIVATE, "100", {"status": "0"}, "7", {"status": "1", "code": "A"}, ("status",))
    assert change.compute_body(partial=True) == {"id": "7", "integration_id": "100", "status": "0"}


def test_the_whole_record_is_sent_back_with_its_own_moments_too() -> None:
    base = compute_base(make_record(note="n"), SPECIAL_CODE)
    body = Change(Action.UPDATE, "100", {"code": "B"}, "7", base, ("code",)).compute_body()
    assert body == {**{name: value for name, value in base.items() if value is not None}, "code": "B", "id": "7"}
    assert (body["created_in"], body["updated_in"]) == ("2024-01-01 00:00:00", "2024-01-02 00:00:00")
    given = {"updated_in": "2024-03-03 00:00:00"}
    change = Change(Action.UPDATE, "100", given, "7", base, ("updated_in",))
    assert change.compute_body()["updated_in"] == given["updated_in"]


def test_a_base_holds_the_documented_fields_and_the_note() -> None:
    base = compute_base({**make_record(note="n"), "secret_column": "x"}, SPECIAL_CODE)
    assert base.keys() == {"note", *SPECIAL_CODE.field_names}
    assert base["note"] == "n"


@pytest.mark.parametrize(
    "stored",
    [
        *(
            None,
            "",
            "   ",
            "none",
            "0000-00-00 00:00:00",
            " 0000-00-00",
            "-0001-11-30 00:00:00",
            "2024-00-00",
            "2024-05-00",
        ),
        *("00.00.0000", "00/00/0000 00:00:00", "05.00.2024", "05.03.0000"),
    ],
)
def test_what_is_no_date_is_never_sent_back(stored: str | None) -> None:
    base = compute_base(make_record(special_created_in=stored, created_in=stored), SPECIAL_CODE)
    change = Change(Action.UPDATE, "100", {"code": "B"}, "7", base, ("code",))
    assert "special_created_in" not in change.compute_body()
    assert base["created_in"] is None


@pytest.mark.parametrize(
    "stored",
    [
        "2024-10-10 10:00:00",
        "2024-10-10T10:00:00Z",
        "2024-10-10",
        "1899-12-30 00:00:00",
        "05.03.2024 10:00:00",
        "3/5/2024",
    ],
)
def test_a_date_is_sent_back_as_it_was_listed(stored: str) -> None:
    assert compute_base(make_record(special_created_in=stored), SPECIAL_CODE)["special_created_in"] == stored


@pytest.mark.parametrize("text", ["0000-00-00 00:00:00", "0000", ""])
def test_a_text_that_looks_like_a_zero_date_is_kept(text: str) -> None:
    assert compute_base(make_record(code=text), SPECIAL_CODE)["code"] == text


@pytest.mark.parametrize(
    "change",
    [
        UPDATE,
        DELETE,
        Change(Action.CREATE, "Ş1", {"code": "İ\n'\""}, is_resend=True),
        Change(Action.UPDATE, "1", {"integration_id": "1"}, "7", {}, ("integration_id",), True, False, True),
    ],
)
def test_a_change_survives_json(change: Change) -> None:
    assert msgspec.json.decode(msgspec.json.encode(change), type=Change) == change


@pytest.mark.parametrize("note", [None, ""])
def test_an_empty_note_is_not_sent_back(note: str | None) -> None:
    base = compute_base(make_record(note=note), SPECIAL_CODE)
    assert "note" not in Change(Action.UPDATE, "100", {"code": "B"}, "7", base, ("code",)).compute_body()


@pytest.mark.parametrize("is_resend", [True, False])
def test_an_adoption_is_sent_again_where_its_rows_create_is(is_resend: bool) -> None:
    create = Change(Action.CREATE, "100", {"integration_id": "100", "code": "A"}, is_resend=is_resend)
    adoption = compute_adoption(create, {"id": "7", "integration_id": None, "code": "A"}, SPECIAL_CODE)
    assert (adoption.differs, adoption.is_adoption, adoption.is_resend) == (("integration_id",), True, is_resend)

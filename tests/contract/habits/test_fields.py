"""Habits of storing: what becomes of keys and texts, over real HTTP."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.oduyo.habits.table import parse_habit
from tests.contract.calls import ROW, Caller

STORED = [
    ("cut=5", "123456789", "12345"),
    ("cut=5", "123", "123"),
    ("pad=8", "12345", "12345   "),
    ("pad=3", "12345", "12345"),
    ("number", "00001", "1"),
    ("number", "A-1", "A-1"),
    ("number=float", "500003", "500003.0"),
    ("number=int32", "3000000000", "2147483647"),
    ('number={"others": "zero"}', "A-1", "0"),
    ("case=upper", "a-ı-ş", "A-I-Ş"),
    ("case=lower", "A-Ş", "a-ş"),
    ("escape", "A&B <1>", "A&amp;B &lt;1&gt;"),
    ("escape=slashes", "O'BRIEN \\ \"", "O\\'BRIEN \\\\ \\\""),
    ("escape=tags", "A<b>B</b>", "AB"),
    ("trim", " A B ", "A B"),
    ("trim=right", " A ", " A"),
    ("trim=left", " A ", "A "),
    ("letters", "ŞİŞLİ-ığüöç", "SISLI-iguoc"),
    ("letters=question", "ŞĞıİ-üöç", "????-üöç"),
    ("letters=mojibake", "ş", "ÅŸ"),
    ('places={"field": "integration_id", "places": 2}', "140000", "140000.00"),
    ('places={"field": "integration_id"}', "1.5", "1.5000"),
    ('places={"field": "integration_id"}', "x", "x"),
]


@pytest.mark.parametrize(("habit", "sent", "kept"), STORED)
def test_the_key_is_kept_otherwise_than_sent(caller: Caller, habit: str, sent: str, kept: str) -> None:
    caller.sandbox.set_habits(habit)
    caller.create(integration_id=sent)
    (record,) = caller.list_records().json()["data"]
    assert record["integration_id"] == kept
    assert {name: record[name] for name in ROW if name != "integration_id"} == {
        name: value for name, value in ROW.items() if name != "integration_id"
    }


@pytest.mark.parametrize(("habit", "sent", "kept"), STORED)
def test_any_text_field_can_be_kept_otherwise(caller: Caller, habit: str, sent: str, kept: str) -> None:
    caller.sandbox.set_habits(msgspec.structs.replace(parse_habit(habit), field="description"))
    caller.create(description=sent)
    (record,) = caller.sandbox.records()
    assert (record["description"], record["integration_id"]) == (kept, ROW["integration_id"])


def test_every_text_field_at_once_but_no_date(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "cut", "field": "*", "length": 2})
    caller.create()
    (record,) = caller.sandbox.records()
    assert (record["integration_id"], record["code"], record["description"]) == ("47", "BA", "Gü")
    assert record["special_created_in"] == ROW["special_created_in"]
    assert len(str(record["created_in"])) == 19


def test_an_update_is_kept_otherwise_too_and_what_is_escaped_once_is_escaped_again(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "escape", "field": "*"})
    caller.create(code="A&B")
    (record,) = caller.sandbox.records()
    caller.update("1", code=str(record["code"]))
    assert caller.sandbox.records()[0]["code"] == "A&amp;amp;B"


def test_a_field_that_is_not_sent_is_left_alone(caller: Caller) -> None:
    caller.create(integration_id="00001")
    caller.sandbox.set_habits("number")
    caller.update("1", code="B")
    assert caller.sandbox.records()[0]["integration_id"] == "00001"
    caller.update("1", integration_id="00001")
    assert caller.sandbox.records()[0]["integration_id"] == "1"


def test_several_habits_follow_each_other_in_their_order(caller: Caller) -> None:
    caller.sandbox.set_habits("escape", "cut=6")
    caller.create(integration_id="A&B")
    caller.sandbox.set_habits("cut=6", "escape")
    caller.create(integration_id="A&B")
    assert [record["integration_id"] for record in caller.sandbox.records()] == ["A&amp;", "A&amp;B"]


def test_some_keys_alone_are_kept_otherwise(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "cut", "length": 2, "keys": "9*"})
    caller.create(integration_id="4711")
    caller.create(integration_id="9711")
    assert [record["integration_id"] for record in caller.sandbox.records()] == ["4711", "97"]

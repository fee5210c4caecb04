"""Many changes of a kind, although the first of them showed what the site does, are found."""

from __future__ import annotations

import msgspec
import pytest

from tests.unit.chaos.histories import Story, find_kinds

KEYS = [f"KOD-{number}" for number in range(10)]
ROWS = {key: {"integration_id": key, "code": "Şube", "status": "1"} for key in KEYS}
OTHERWISE = {"find_forms": lambda field, text: {text[:4]} if field == "integration_id" else {"Sube"}}


def make(count: int, released: str = "", **stored: str) -> Story:
    """A red run that makes so many records."""
    story = Story().run(1, ROWS, is_green=False, released=frozenset({released} - {""}))
    for number, key in enumerate(KEYS[:count], 1):
        story.call("create", 100 + number, number, stored={**ROWS[key], **stored}, **ROWS[key])
    return story


@pytest.mark.parametrize(
    ("brake", "stored"), [("key_altered", {"integration_id": "KOD-"}), ("letters", {"code": "Sube"})]
)
def test_records_that_are_all_stored_otherwise_are_a_crowd_unless_released(brake: str, stored: dict[str, str]) -> None:
    assert find_kinds(make(10, **stored), **OTHERWISE)["crowd"] == 1
    assert "crowd" not in find_kinds(make(10, brake, **stored), **OTHERWISE)
    assert "crowd" not in find_kinds(make(3, **stored), **OTHERWISE)


def test_records_that_are_stored_as_sent_or_cut_are_none() -> None:
    assert "crowd" not in find_kinds(make(10))
    assert "crowd" not in find_kinds(make(10, code="Şu"), find_forms=lambda _field, text: {text[:2]})


def test_updates_that_all_have_no_effect_are_a_crowd() -> None:
    story = Story().run(1, ROWS, is_green=False)
    for number, key in enumerate(KEYS):
        story.seed(number + 1, key, code="X", status="1").call("update", 100 + number, **ROWS[key])
    assert find_kinds(story) == {"crowd": 1}
    assert "crowd" not in find_kinds(story.call("update", 200, 1, **ROWS[KEYS[0]]))


@pytest.mark.parametrize(("code", "kinds"), [("Ş", {}), ("X", {"crowd": 1})])
def test_one_that_looks_cut_excuses_those_after_it(code: str, kinds: dict[str, int]) -> None:
    story = Story().run(1, ROWS, is_green=False).seed(1, KEYS[0], code=code, status="1")
    for number, key in enumerate(KEYS):
        story.call("update", 100 + number, **ROWS[key])
    first = story.sent[0]
    story.sent[0] = msgspec.structs.replace(first, column={**first.column, "id": "1"})
    assert find_kinds(story) == kinds

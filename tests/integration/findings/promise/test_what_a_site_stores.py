"""Green means in step: what is stored is what was sent, or a form of it that a person has seen and accepted."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from oduyo_provider.core.errors import LostAnswerError
from oduyo_provider.sync.apply.verifier import Verifier
from oduyo_provider.sync.staging.layout import SITES
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 30


def make_rows(count: int = COUNT, text: str = "Şube", **fields: object) -> list[Row]:
    return [
        {"integration_id": f"{n:05d}", "code": f"KOD.{n}", "status": "1", "description": f"{text} {n}", **fields}
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("first", ["create", "update"])
def test_a_fault_of_one_moment_is_red_and_mended_the_next_night(site: Sandbox, dag: Nights, first: str) -> None:
    if first == "update":
        assert dag.night(make_rows()).is_green
    edits = [
        {
            "at": {"call": first, "keys": f"{n:05d}", "number": 1, "when": "after"},
            "do": {"do": "edit", "id": "it", "fields": {"description": f"Şube {n + 1} adı"}},
        }
        for n in range(2, 12)
    ]
    site.set_script(*edits)
    night = dag.night(make_rows(text="Yeni"), release=["updates"])
    assert (night.is_green, night.report.failed) == (False, 10)
    after = dag.night(make_rows(text="Yeni"))
    assert after.is_green, after.why
    assert {record["description"] for record in site.records()} == {f"Yeni {n}" for n in range(1, COUNT + 1)}


def test_a_status_that_a_create_ignores_is_red_and_set_by_the_next_run(site: Sandbox, dag: Nights) -> None:
    rows = make_rows()
    for row in rows[25:]:
        row["status"] = "P"
    site.set_habits({"habit": "ignore", "call": "create", "fields": ["status"]})
    night = dag.night(rows)
    assert (night.is_green, night.report.failed, night.report.created) == (False, 5, 25)
    after = dag.night(rows)
    assert after.is_green, after.why
    assert Counter(record["status"] for record in site.records())["0"] == 5


@pytest.mark.parametrize("released", [[], ["letters"]], ids=["released nothing", "released letters"])
def test_texts_of_which_nothing_is_stored_are_never_in_step(site: Sandbox, dag: Nights, released: list[str]) -> None:
    assert dag.night(make_rows()).is_green
    site.set_readings(silently_cut={"description": 0})
    nights = [dag.night(make_rows(text="Yeni"), release=["updates", *released]) for _ in range(3)]
    assert [night.is_green for night in nights] == [False] * 3
    # One at a time: where a person insists, the first of each night.
    assert sum(not record["description"] for record in site.records()) == (3 if released else 1)
    site.set_readings(silently_cut={})
    assert dag.night(make_rows(text="Yeni"), release=["updates", "letters"]).is_green


def test_who_does_what_each_message_says_comes_to_an_end(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows(text="Kod")).is_green
    site.set_habits({"habit": "letters", "to": "question", "field": "*"})
    release: list[str] = []
    for _ in range(3):
        night = dag.night(make_rows(text="Şube"), release=release)
        if night.is_green:
            break
        [told, *_] = re.findall(r"release (\[[^]]*\])", night.why)
        release = json.loads(told)
    assert night.is_green, night.why
    assert release == ["letters", "updates:30"]


def test_a_site_that_counts_keys_is_in_step_again_after_its_memory_is_lost(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "number", "field": "key2"}, {"habit": "number", "field": "typecode"})
    rows = make_rows(key2="01", typecode="026")
    dag.night(rows)
    assert dag.night(rows, release=["letters"]).is_green
    dag.root.child(SITES).remove()
    night = dag.night(rows, release=["updates", "letters"])
    assert night.is_green, night.why
    assert dag.night(rows).figures == {"extracted": COUNT, "unchanged": COUNT}


def test_what_a_gateway_says_by_chance_keeps_no_row_out_for_longer_than_a_night(site: Sandbox, dag: Nights) -> None:
    site.set_faults({"call": "create", "kind": "status", "status": 502, "match": {"integration_id": "00007"}})
    dag.night(make_rows())
    site.set_faults()
    assert dag.night(make_rows()).is_green
    assert len(site.records()) == COUNT


@pytest.mark.parametrize(
    ("habit", "brake"),
    [({"habit": "letters", "field": "description"}, "letters"), ({"habit": "pad", "length": 12}, "key_altered")],
    ids=["letters", "key_altered"],
)
def test_what_a_person_released_holds_for_good_also_where_that_run_does_not_show_it_again(
    site: Sandbox, dag: Nights, habit: dict[str, object], brake: str
) -> None:
    site.set_habits(habit)
    assert f'release ["{brake}"]' in dag.night(make_rows(1)).why
    released = dag.night(make_rows(1), release=[brake])
    assert (released.is_green, released.report.unchanged) == (True, 1)
    after = dag.night(make_rows(3))
    assert (after.is_green, after.report.created) == (True, 2), after.why


def test_another_value_that_a_person_accepts_of_one_field_says_nothing_of_the_others(
    site: Sandbox, dag: Nights
) -> None:
    tags = {"habit": "escape", "how": "tags"}
    site.set_habits({**tags, "field": "description"}, {**tags, "field": "space1"})
    rows = make_rows(2, text="<b>Şube</b>", space1="")
    assert "'<b>Şube</b> 1' became 'Şube 1'" in dag.night(rows).why
    assert dag.night(rows, release=["letters"]).is_green
    rows = make_rows(4, text="<b>Şube</b>", space1="")
    assert dag.night(rows).is_green
    rows += [{**rows[0], "integration_id": "00005", "code": "KOD.5", "space1": "<i>x</i>"}]
    night = dag.night(rows)
    assert (night.is_green, night.report.failed) == (False, 1)
    assert "Ödüyo stores space1 otherwise than it was sent: '<i>x</i>' became 'x'" in night.why
    assert dag.night(rows, release=["letters"]).is_green
    assert dag.night(rows).figures == {"extracted": 5, "unchanged": 5}


@pytest.mark.parametrize("count", [1, 4])
def test_another_value_behind_the_first_record_is_red_and_said_until_it_is_accepted(
    site: Sandbox, dag: Nights, count: int
) -> None:
    site.set_habits({"habit": "number", "field": "typecode", "others": "zero"})
    rows = make_rows(typecode="26")
    for row in rows[20 : 20 + count]:
        row["typecode"] = "HK1"
    assert dag.night(rows).report.failed == count
    rows[3]["description"] = "Yeni"
    night = dag.night(rows)
    assert not night.is_green
    assert all("release letters in one run" in reason for reason in night.report.reasons)
    # Three in a row stop the others, by their name: which are the first is another in each night.
    if count < 3 or night.report.updated:
        assert (night.report.updated, night.report.failed) == (1, count)
    else:
        assert night.report.failed == 3
        assert "'HK1' became '0'" in night.why
        assert 'release ["letters"]' in night.why
    assert dag.night(rows, release=["letters"]).is_green
    assert dag.night(rows).figures == {"extracted": COUNT, "unchanged": COUNT}


@pytest.mark.parametrize("answer", ["added id <{id}>", "Kayıt eklendi"], ids=["an id", "no id"])
def test_what_was_confirmed_and_not_read_back_is_found_with_its_key_in_another_form(
    site: Sandbox, dag: Nights, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    site.set_habits("number=int", {"habit": "create_text", "answer": answer})
    rows = make_rows(8)
    dag.night(rows[:1])
    assert dag.night(rows[:2], release=["key_altered"]).is_green
    with monkeypatch.context() as down:
        down.setattr(Verifier, "verify", fail)
        assert not dag.night(rows).is_green
    night = dag.night(rows)
    assert (night.is_green, night.report.vanished) == (True, 0), night.why
    assert dag.night(rows).figures == {"extracted": 8, "unchanged": 8}
    assert len(site.records()) == 8


async def fail(*_: object) -> None:
    raise LostAnswerError("Ödüyo does not answer any more")


@pytest.mark.parametrize("call", ["create", "update"])
def test_a_first_change_whose_answer_was_lost_is_judged_as_every_first_one(
    site: Sandbox, dag: Nights, call: str
) -> None:
    if call == "update":
        assert dag.night(make_rows(text="Kod")).is_green
    site.set_habits({"habit": "escape", "how": "tags", "field": "description"})
    site.set_faults({"call": call, "where": "after", "kind": "drop", "times": 1})
    night = dag.night(make_rows(text="<b>Şube</b>"), release=["updates"])
    assert not night.is_green
    assert "stores description otherwise than it was sent" in night.why
    assert sum("Şube" in str(record["description"]) for record in site.records()) == 1


ASCII = {"habit": "letters", "to": "ascii", "field": "*"}
CUT = {"habit": "cut", "length": 8}
PAGE = {"kind": "html", "status": 403}


def make_long(count: int, text: str = "Şube") -> list[Row]:
    return [
        {"integration_id": f"A{n:07d}X", "code": f"KOD.{n}", "status": "1", "description": f"{text} {n}"}
        for n in range(1, count + 1)
    ]


def accept(site: Sandbox, dag: Nights, habit: dict[str, object]) -> None:
    """Ten rows are in step, and a person has accepted what the site does."""
    site.set_habits(habit)
    for _ in range(3):
        dag.night(make_long(10), release=["letters", "key_altered"])
    assert dag.night(make_long(10)).is_green


@pytest.mark.parametrize("spared", [None, *range(4, 9)])
@pytest.mark.parametrize("habit", [ASCII, CUT], ids=["letters", "keys"])
def test_a_create_that_was_carried_out_and_not_confirmed_is_known_as_the_site_keeps_it(
    site: Sandbox, dag: Nights, habit: dict[str, object], spared: int | None
) -> None:
    """A page answers the create, and one of the list calls too, of which one is to tell whether the create alone was refused."""
    accept(site, dag, habit)
    one = {"call": "create", "where": "after", "match": {"code": "KOD.15"}, "times": 1}
    lists = [] if spared is None else [{"call": "list", "skip": spared, "times": 1, **PAGE}]
    site.set_faults({**one, **PAGE}, *lists)
    night = dag.night(make_long(20))
    assert (night.is_green, night.report.created) == (True, 10), night.why
    assert len(site.records()) == 20


def test_an_update_whose_answer_is_lost_is_known_as_the_site_keeps_it(site: Sandbox, dag: Nights) -> None:
    accept(site, dag, ASCII)
    site.set_faults({"call": "update", "where": "after", "kind": "drop", "match": {"code": "KOD.5"}, "times": 4})
    night = dag.night(make_long(10, "Yeni Şube"), release=["updates"])
    assert (night.is_green, night.figures) == (True, {"extracted": 10, "updated": 10, "altered": 10}), night.why


@pytest.mark.parametrize("answers", ["named", "nameless", "lost"])
def test_a_record_whose_key_and_code_are_both_kept_in_other_letters_is_its_row_s(
    site: Sandbox, dag: Nights, answers: str
) -> None:
    """As where the key is the code, and Ödüyo's database knows no Turkish letters."""
    ways: dict[str, dict[str, object]] = {
        "named": {},
        "nameless": {"habit": "create_text", "answer": "Kayıt eklendi"},
        "lost": {"habit": "row_fails", "where": "after", "call": "create", "times": 2},
    }
    habits = [{"habit": "letters", "to": "ascii", "field": name} for name in ("integration_id", "code")]
    site.set_habits(*habits, *filter(None, [ways[answers]]))
    rows = [{**row, "integration_id": f"ŞUBE-{n}", "code": f"ŞUBE-{n}"} for n, row in enumerate(make_rows(), 1)]
    assert "key_altered" in dag.night(rows).why
    assert dag.night(rows, release=["key_altered", "letters"]).is_green
    assert dag.night(rows).figures["unchanged"] == COUNT
    assert len(site.records()) == COUNT


def test_a_record_that_is_made_anew_with_its_key_and_code_as_the_site_keeps_them_is_its_row_s(
    site: Sandbox, dag: Nights
) -> None:
    """A person deleted one and typed it again, or the whole table was imported anew: the ids are others."""
    site.set_habits(*({"habit": "letters", "to": "ascii", "field": name} for name in ("integration_id", "code")))
    rows = [{**row, "integration_id": f"ŞUBE-{n}", "code": f"ŞUBE-{n}"} for n, row in enumerate(make_rows(), 1)]
    assert not dag.night(rows).is_green
    assert dag.night(rows, release=["key_altered", "letters"]).is_green
    records = site.records()
    for record in records:
        site.delete(record["id"])
    site.seed([{name: value for name, value in record.items() if name != "id"} for record in records])
    night = dag.night(rows)
    assert night.is_green, night.why
    assert night.figures["unchanged"] == len(site.records()) == COUNT


@pytest.mark.parametrize("habit", [{"habit": "letters", "to": "ascii"}, {"habit": "cut", "length": 7}])
def test_a_create_that_gets_the_id_of_a_record_lost_in_a_restore_is_its_row_s_however_keys_are_kept(
    site: Sandbox, dag: Nights, habit: dict[str, object]
) -> None:
    rows = [{**row, "integration_id": f"ŞUBE-{n:02d}XY"} for n, row in enumerate(make_rows(12), 1)]
    site.set_habits(habit)
    assert not dag.night(rows[:8]).is_green
    assert dag.night(rows[:10], release=["key_altered"]).is_green
    kept = site.records()[:8]
    site.reset()
    site.seed(kept)
    site.set_habits(habit)
    night = dag.night(rows)
    assert (night.figures["created"], night.figures["vanished"]) == (2, 2)
    assert dag.night(rows, release=["vanished:2"]).is_green
    assert len({record["code"] for record in site.records()}) == len(site.records()) == 12

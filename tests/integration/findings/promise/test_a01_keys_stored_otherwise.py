"""A1: Ödüyo keeps ``integration_id`` otherwise than it was sent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from oduyo_provider.sync.staging import buckets, retention
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

NIGHTS = 3

#: Ways in which a site keeps a key: the habit, and keys that it keeps apart from each other.
WAYS = {
    "cut": ({"habit": "cut", "length": 8}, [f"{letter * 8}-{letter}" for letter in "ABCDE"]),
    "padded": ({"habit": "pad", "length": 12}, [f"K{number}" for number in range(1, 6)]),
    "as a number": ({"habit": "number"}, [f"{number:05d}" for number in range(1, 6)]),
    "as a fraction": ({"habit": "number", "kind": "float"}, [str(number) for number in range(1, 6)]),
    "in capitals": ({"habit": "case", "to": "upper"}, [f"abc-{number}" for number in range(1, 6)]),
    "escaped for HTML": ({"habit": "escape", "how": "html"}, [f"A&B-{number}" for number in range(1, 6)]),
    "with slashes": ({"habit": "escape", "how": "slashes"}, [f"O'BRIEN-{number}" for number in range(1, 6)]),
    "without tags": ({"habit": "escape", "how": "tags"}, [f"A<b>{number}" for number in range(1, 6)]),
    "in other letters": ({"habit": "letters", "to": "ascii"}, [f"ŞUBE-{number}" for number in range(1, 6)]),
}
#: The same, where all of these keys become one.
ONE_FOR_ALL = {
    "cut": ({"habit": "cut", "length": 8}, [f"MUSTERI-{number:05d}" for number in range(1, 6)]),
    "at most 2147483647": ({"habit": "number", "kind": "int32"}, [f"{number}000000000" for number in range(3, 8)]),
    "0 for what is no number": ({"habit": "number", "others": "zero"}, [f"K{number}" for number in range(1, 6)]),
}
#: How a create is answered.
ANSWERS = {"named": (), "nameless": ({"habit": "create_text", "answer": "Kayıt eklendi"},)}


def make_rows(keys: Sequence[str], **fields: object) -> list[Row]:
    return [{"integration_id": key, "code": f"KOD.{n}", "description": "x", **fields} for n, key in enumerate(keys, 1)]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", [*WAYS, *ONE_FOR_ALL])
def test_a1_a_key_that_is_stored_otherwise_makes_one_record_and_stops_each_night_until_it_is_released(
    site: Sandbox, dag: Nights, way: str, answer: str
) -> None:
    habit, keys = {**ONE_FOR_ALL, **WAYS}[way]
    site.set_habits(habit, *ANSWERS[answer])
    nights = [dag.night(make_rows(keys)) for _ in range(NIGHTS)]
    assert len(site.records()) == 1
    assert site.counts()["create"] == 1
    assert [night.is_green for night in nights] == [False] * NIGHTS
    assert nights[0].figures["not_applied"] == 4
    assert "CanaryError" in nights[0].why


@pytest.mark.parametrize("lists", range(1, 5))
def test_a1_a_canary_that_was_read_back_and_not_judged_to_the_end_is_judged_by_the_next_try(
    site: Sandbox, dag: Nights, lists: int
) -> None:
    """So many lists are answered, of those that its judgement takes."""
    site.set_habits({"habit": "case", "to": "upper"})

    def break_off(number: int) -> None:
        fails = {"call": "list", "kind": "status", "status": 502, "skip": lists}
        site.set_faults(*([fails] if number == 1 else []))

    night = dag.night(make_rows([f"abc-{number}" for number in range(1, 6)]), before_load=break_off)
    assert not night.is_green
    assert "CanaryError" in night.why
    assert len(site.records()) == 1


@pytest.mark.parametrize("way", [*WAYS, *ONE_FOR_ALL])
def test_a1_the_log_names_what_was_sent_what_is_stored_and_how_to_release_it(
    site: Sandbox, dag: Nights, way: str
) -> None:
    habit, keys = {**ONE_FOR_ALL, **WAYS}[way]
    site.set_habits(habit)
    night = dag.night(make_rows(keys))
    (record,) = site.records()
    assert f"'{keys[0]}' became '{record['integration_id']}'" in night.why
    assert 'release ["key_altered"]' in night.why


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", list(WAYS)[:6])
def test_a1_a_released_key_makes_one_record_a_row_which_is_known_by_its_id_from_then_on(
    site: Sandbox, dag: Nights, way: str, answer: str
) -> None:
    habit, keys = WAYS[way]
    site.set_habits(habit, *ANSWERS[answer])
    nights = [dag.night(make_rows(keys), release=release) for release in ([], ["key_altered"], [])]
    assert [night.is_green for night in nights] == [False, True, True], nights[-1].why
    assert [record["code"] for record in site.records()] == [f"KOD.{number}" for number in range(1, 6)]
    assert nights[-1].figures == {"extracted": 5, "unchanged": 5}
    changed = dag.night(make_rows(keys, description="y"), max_update_percent=100)
    assert changed.is_green, changed.why
    assert changed.figures["updated"] == 5
    assert [(record["code"], record["description"]) for record in site.records()] == [
        (f"KOD.{number}", "y") for number in range(1, 6)
    ]
    again = dag.night(make_rows(keys, description="y"))
    assert again.figures == {"extracted": 5, "unchanged": 5}


@pytest.mark.parametrize("way", ["cut", "as a number", "escaped for HTML"])
def test_a1_a_record_is_known_by_its_id_whichever_partition_its_stored_key_would_belong_to(
    site: Sandbox, dag: Nights, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PARTITION_ROWS", 2)
    habit, keys = WAYS[way]
    site.set_habits(habit)
    assert dag.night(make_rows(keys), release=["key_altered"], buckets=8).is_green
    assert dag.night(make_rows(keys), buckets=8).figures == {"extracted": 5, "unchanged": 5}
    assert dag.night(make_rows(keys), buckets=3).figures == {"extracted": 5, "unchanged": 5}
    assert site.counts()["create"] == 5


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("way", ONE_FOR_ALL)
def test_a1_a_release_never_makes_a_row_twice_and_is_red_where_two_rows_become_one_key(
    site: Sandbox, dag: Nights, way: str, answer: str
) -> None:
    habit, keys = ONE_FOR_ALL[way]
    site.set_habits(habit, *ANSWERS[answer])
    nights = [dag.night(make_rows(keys), release=["key_altered"]) for _ in range(NIGHTS)]
    codes = dag.codes()
    assert codes == sorted(set(codes))
    assert site.counts()["create"] == len(codes)
    assert not nights[0].is_green
    assert nights[0].report.new_duplicates == 0


def test_a1_a_new_key_that_becomes_that_of_an_earlier_record_stops_although_it_was_released(
    site: Sandbox, dag: Nights
) -> None:
    site.set_habits("cut=8")
    dag.night(make_rows(["MUSTERI-00001"]), release=["key_altered"])
    more = make_rows(["MUSTERI-00001", "MUSTERI-00002", "MUSTERI-00003"])
    night = dag.night(more, release=["key_altered"])
    assert not night.is_green
    assert "this cannot be released" in night.why
    assert dag.codes() == ["KOD.1", "KOD.2"]


@pytest.mark.parametrize("beside", [[], ["A-LONGER-KEY-ÖÇŞ"]], ids=["alone", "beside one that goes first"])
@pytest.mark.parametrize(
    ("habit", "first", "second"),
    [
        ({"habit": "number"}, "003", "3"),
        ({"habit": "case", "to": "upper"}, "abc", "ABC"),
        ({"habit": "cut", "length": 8}, "MUSTERI-1", "MUSTERI-"),
    ],
)
def test_a1_a_key_that_is_that_of_an_earlier_record_as_it_is_stored_is_not_sent_whatever_is_released(
    site: Sandbox, dag: Nights, habit: dict[str, object], first: str, second: str, beside: list[str]
) -> None:
    site.set_habits(habit)
    dag.night(make_rows([first]), release=["key_altered"])
    assert dag.night(make_rows([first]), release=["key_altered"]).is_green
    for _ in range(2):
        night = dag.night(make_rows([first, second, *beside]), release=["key_altered"])
        assert not night.is_green
        assert f"The key '{second}' is what Ödüyo stores as the key of the record of {first}" in night.why
        assert "this cannot be released" in night.why
        assert night.figures == {"extracted": 2 + len(beside), "unchanged": 1, "not_applied": 1 + len(beside)}
    assert dag.codes() == ["KOD.1"]
    without = dag.night(make_rows([first, *beside]), release=["key_altered"])
    assert without.is_green, without.why


def test_a1_a_key_that_becomes_that_of_a_record_that_nobody_owns_stops_although_it_was_released(
    site: Sandbox, dag: Nights
) -> None:
    site.seed([{"integration_id": "AAAAAAAA", "code": "ELLE", "status": "1"}])
    site.set_habits("cut=8")
    night = dag.night(make_rows([f"{letter * 8}-{letter}" for letter in "ABC"]), release=["key_altered"])
    assert not night.is_green
    assert "this cannot be released" in night.why
    assert dag.codes() == ["ELLE", "KOD.1"]


@pytest.mark.parametrize("way", WAYS)
def test_a1_creates_whose_answers_are_lost_make_no_second_record_where_keys_are_stored_otherwise(
    site: Sandbox, dag: Nights, way: str
) -> None:
    habit, keys = WAYS[way]
    site.set_habits(habit)
    site.set_faults({"call": "create", "kind": "drop", "where": "after"})
    for release in ([], ["key_altered"]):
        dag.night(make_rows(keys), release=release)
    assert dag.codes() == sorted(set(dag.codes()))


def test_a1_what_the_canary_found_is_not_forgotten_however_many_runs_are_stopped_before_it_is_released(
    site: Sandbox, dag: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "KEPT_RUNS", 2)
    habit, keys = WAYS["as a number"]
    site.set_habits(habit)
    assert "CanaryError" in dag.night(make_rows(keys)).why
    for _ in range(4):
        assert "no_rows" in dag.night([]).why
    night = dag.night(make_rows(keys), release=["key_altered"])
    assert night.is_green, night.why
    assert (night.figures["unchanged"], night.figures["created"]) == (1, 4)
    assert len(site.records()) == 5


@pytest.mark.parametrize("way", [way for way in WAYS if way != "without tags"])
def test_a1_a_record_that_the_answer_named_is_its_row_s_also_where_somebody_edits_its_code_at_once(
    site: Sandbox, dag: Nights, way: str
) -> None:
    habit, keys = WAYS[way]
    site.set_habits(habit)
    assert not dag.night(make_rows(keys[:1])).is_green
    assert dag.night(make_rows(keys[:1]), release=["key_altered"]).is_green
    edit = {"do": "edit", "id": "it", "fields": {"code": "ELLE"}}
    site.set_script({"at": {"call": "create", "keys": keys[3], "when": "after"}, "do": edit})
    night = dag.night(make_rows(keys))
    assert (night.report.created + night.report.failed, night.report.doubtful) == (4, 0), night.why
    assert dag.night(make_rows(keys), release=["vanished"]).is_green
    assert sorted(str(record["code"]) for record in site.records()) == [f"KOD.{n}" for n in range(1, 6)]

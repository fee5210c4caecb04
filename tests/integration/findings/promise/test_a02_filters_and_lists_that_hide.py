"""A2: Ödüyo's ``=`` filter says no for a value, or its lists leave a record out that it has confirmed."""

from __future__ import annotations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import TRIES, Nights, Row

NIGHTS = 3
KEYS = ["O'BRIEN", "O'HARA", "A1", "A2"]


def make_rows(count: int = 5) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}"} for number in range(1, count + 1)]


#: What a site does not find by one way of asking.
BLIND = [
    {"habit": "filter_blind", "holds": "'"},
    {"habit": "filter_blind", "holds": "'", "shape": "words"},
    {"habit": "filter_blind", "holds": "'", "shape": "status_false_404"},
    {"habit": "filter_blind"},
    {"habit": "filter_blind", "field": "id"},
    {"habit": "hide", "keys": "O*", "where": "lookups"},
]


@pytest.mark.parametrize(
    ("habit", "answer"),
    [
        *((habit, answer) for habit in BLIND for answer in ("", "create_text")),
        ({"habit": "hide", "keys": "O*", "where": "pages"}, ""),  # without a name nothing but pages can find it
    ],
    ids=str,
)
def test_a2_what_one_way_of_asking_does_not_find_another_does_and_nothing_is_made_twice(
    site: Sandbox, dag: Nights, habit: dict[str, str], answer: str
) -> None:
    site.set_habits(habit, *filter(None, [answer]))
    rows: list[Row] = [{"integration_id": key, "code": f"KOD.{number}"} for number, key in enumerate(KEYS, 1)]
    nights = [dag.night(rows) for _ in range(NIGHTS)]
    assert [night.is_green for night in nights] == [True] * NIGHTS, nights[0].why
    assert site.counts()["create"] == len(site.records()) == len(rows)


@pytest.mark.parametrize("hidden", ["1", "3", "5"])
@pytest.mark.parametrize("is_named", [True, False])
def test_a2_a_confirmed_create_that_no_list_shows_is_never_sent_again_and_red_until_it_shows(
    site: Sandbox, dag: Nights, hidden: str, is_named: bool
) -> None:
    text = [] if is_named else ["create_text"]
    site.set_habits({"habit": "hide", "keys": hidden}, *text)
    nights = [dag.night(make_rows()) for _ in range(NIGHTS)]
    assert [night.is_green for night in nights] == [False] * NIGHTS
    assert dag.codes() == sorted(set(dag.codes()))
    assert [night.report.vanished for night in nights] == [0, 1, 1]
    assert len(site.log(call="create")["requests"]) == len(site.records())
    site.set_habits(*text)
    assert dag.night(make_rows()).is_green
    assert dag.codes() == [f"KOD.{number}" for number in range(1, 6)]


def test_a2_the_tries_of_one_night_send_a_hidden_create_once(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "hide", "keys": "3"})
    night = dag.night(make_rows())
    assert len([error for error in night.errors if "1 doubtful" in str(error)]) == TRIES + 1
    assert site.counts()["create"] == 5


def test_a2_a_person_who_knows_that_a_record_is_gone_has_it_made_again_by_a_release(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows()).is_green
    gone = next(record["id"] for record in site.records() if record["integration_id"] == "3")
    site.delete(str(gone))
    assert not dag.night(make_rows()).is_green
    assert len(site.records()) == 4
    night = dag.night(make_rows(), release=["vanished"])
    assert night.is_green, night.why
    assert night.figures == {"extracted": 5, "unchanged": 4, "created": 1}
    assert len(site.records()) == 5

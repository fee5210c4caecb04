"""A3: the user may create, and not list."""

from __future__ import annotations

import pytest

from sandbox.oduyo.habits.shapes import NOT_ALLOWED
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

NIGHTS = 2
ROWS: list[Row] = [{"integration_id": number, "code": f"KOD.{number}"} for number in range(1, 61)]

#: What a site says where it may mean both "nothing here" and "you may not see it".
BARE = [
    *("status_false", "status_false_404", "no_body", "no_body_404", "html_404"),
    *("empty_array", "empty_object", "bare_false", "bare_null", "empty_text"),
    *("data_array", "data_object", "data_false", "data_null", "data_text", "data_absent"),
]


@pytest.mark.parametrize("shape", ["words", "words_404"])
@pytest.mark.parametrize("held", [0, 20])
def test_a3_a_refusal_to_list_with_words_stops_before_any_write_and_shows_the_words(
    site: Sandbox, dag: Nights, shape: str, held: int
) -> None:
    site.seed(
        [{"integration_id": str(number), "code": f"KOD.{number}", "status": "1"} for number in range(1, held + 1)]
    )
    site.set_habits({"habit": "no_list", "shape": shape})
    for _ in range(NIGHTS):
        night = dag.night(ROWS)
        assert not night.is_green
        assert NOT_ALLOWED in night.why
    assert site.writes() == []


def test_a3_a_right_to_list_that_is_taken_away_between_plan_and_load_stops_before_any_write(
    site: Sandbox, dag: Nights
) -> None:
    # The plan is an hour old, so that load has to look.
    night = dag.night(ROWS, before_load=lambda _: (site.set_habits("no_list=words"), dag.wait(3600)))
    assert NOT_ALLOWED in night.why
    assert site.writes() == []
    assert night.figures == {"extracted": 60, "not_applied": 60}


@pytest.mark.parametrize(
    ("shape", "answer"),
    [*((shape, []) for shape in BARE), ("status_false_404", ["create_text"]), ("data_false", ["create_text"])],
)
def test_a3_a_bare_no_lets_one_record_through_and_never_a_second(
    site: Sandbox, dag: Nights, shape: str, answer: list[str]
) -> None:
    site.set_habits({"habit": "no_list", "shape": shape}, *answer)
    nights = [dag.night(ROWS) for _ in range(NIGHTS)]
    assert [night.is_green for night in nights] == [False] * NIGHTS
    assert site.counts()["create"] <= 1
    site.set_habits(*answer)
    assert dag.night(ROWS).is_green
    assert len(site.records()) == 60


@pytest.mark.parametrize("shape", ["status_false_404", "data_array"])
def test_a3_a_site_that_lists_none_of_what_was_made_gets_nothing_more(site: Sandbox, dag: Nights, shape: str) -> None:
    assert dag.night(ROWS[:20]).is_green
    site.set_habits({"habit": "no_list", "shape": shape})
    for _ in range(NIGHTS):
        assert not dag.night(ROWS).is_green
    assert site.counts()["create"] == 20

"""What a site check says of whether anything can be synced."""

from __future__ import annotations

import pytest

from oduyo_provider.core.site_check import Point, may_sync
from oduyo_provider.sync.check.questions import QUESTIONS


def make_point(name: str, reading: str, asked_at: float = 9.0) -> Point:
    return Point(
        name=name, title="", question="", readings=(reading,), answer="", provider="", setting="", asked_at=asked_at
    )


YES = make_point("login", "found"), make_point("may_list", "yes")


@pytest.mark.parametrize(
    ("answers", "is_yes"),
    [
        (YES, True),
        ((*YES, make_point("create", "refused")), True),
        ((YES[0], make_point("may_list", "empty")), True),
        ((YES[0], make_point("may_list", "bare_no")), False),
        ((make_point("login", "refused"), make_point("may_list", "yes", 1.0)), False),
        ((YES[0], make_point("may_list", "yes", 1.0)), False),
        ((), False),
    ],
)
def test_only_a_check_that_logged_in_and_listed_lets_a_sync_be_made(answers: tuple[Point, ...], is_yes: bool) -> None:
    assert may_sync(answers, 9.0) is is_yes


def test_the_questions_and_readings_are_those_that_are_asked() -> None:
    assert {"found"} <= QUESTIONS["login"].keys()
    assert {"yes", "empty"} <= QUESTIONS["may_list"].keys()

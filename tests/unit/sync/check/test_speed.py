from __future__ import annotations

import pytest

from oduyo_provider.core.language import use_language
from oduyo_provider.sync.check.speed import Speed, format_duration, judge_at_once, judge_pace, judge_rate
from tests.unit.sync.check.seen import see


@pytest.mark.parametrize(
    ("speed", "reading"),
    [
        (Speed(0.2, 8, 35.0, False), "yes"),
        (Speed(0.2, 8, 5.2, False), "one_by_one"),
        (Speed(0.2, 1, 5.0, False), "one"),
        (Speed(0.2, 8, 5.0, True), "unknown"),
        (Speed(0.005, 8, 200.0, False), "unknown"),
    ],
)
def test_calls_at_once_are_judged_by_how_much_faster_they_are(speed: Speed, reading: str) -> None:
    assert judge_at_once(speed).reading == reading


def test_the_estimate_follows_the_pace_and_what_a_create_takes() -> None:
    speed = Speed(0.1, 8, 80.0, False)
    assert judge_rate(speed, None).details == {
        "list": "100 ms",
        "create": "",
        "rate": "80",
        "small": "13 s",
        "large": "2 minutes",
        "basis": ", if a create takes as long",
    }
    slow = judge_rate(speed, 0.4).details
    assert (slow["small"], slow["create"], slow["basis"]) == ("52 s", ", a create 400 ms", "")
    fast = judge_rate(speed, 0.01).details
    assert fast["small"] == "13 s"


def test_no_pace_is_told_of_a_site_that_put_calls_off() -> None:
    assert judge_rate(Speed(0.1, 8, 80.0, True), 0.1).reading == "limited"


def test_a_rate_limit_is_told_with_its_status_and_the_wait_that_was_asked_for() -> None:
    busy = [see(b"", 503), see(b"", 429, retry_after="7"), see(b"", 429, retry_after="3")]
    found = judge_pace(busy, 50, 8)
    assert (found.reading, found.details["status"], found.details["count"]) == ("limited", "429", "3")
    assert found.details["words"] == ", with a wait of 7 s"
    assert judge_pace([see(b"", 503)], 50, 8).details["words"] == ", without saying how long to wait"
    assert judge_pace([], 50, 8).reading == "not_seen"


def test_numbers_stand_in_the_reader_s_form() -> None:
    with use_language("tr"):
        assert [format_duration(seconds) for seconds in (0.25, 1.0, 9_000)] == ["250 ms", "1 sn", "2,5 saat"]
        assert judge_at_once(Speed(0.2, 8, 35.0, False)).details == {"at_once": "8", "times": "7,0"}
        assert judge_rate(Speed(0.1, 8, 1_234.0, False), None).details["rate"] == "1.234"
        assert judge_rate(Speed(2.0, 1, 0.5, False), None).details["rate"] == "0,5"
        assert judge_pace([], 1_500, 8).details["calls"] == "1.500"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0001, "1 ms"), (0.25, "250 ms"), (1.0, "1 s"), (119, "119 s"), (600, "10 minutes"), (10_000, "2.8 hours")],
)
def test_a_duration_is_said_as_one_says_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text

"""Progress in the task log: how far, how fast, how long still, and the first errors."""

from __future__ import annotations

import logging

import pytest

from oduyo_provider.core.change import Action, Outcome, Result
from oduyo_provider.sync.apply.progress import MAX_SAMPLES, SAMPLE_WIDTH, Progress

log = logging.getLogger("oduyo_provider.tests.progress")


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def result(number: int, outcome: Outcome = Outcome.DONE, **fields: str) -> Result:
    return Result(f"create:{number}", outcome, **fields)


def test_a_line_comes_every_few_seconds_and_never_for_each_row(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    ticks = Ticks()
    progress = Progress(log, clock=ticks, every_s=5.0)
    progress.start(200)
    for number in range(100):
        ticks.now += 0.125
        progress.count(Action.CREATE, result(number, Outcome.REFUSED if number < 5 else Outcome.DONE))
    assert caplog.messages == [
        "Changes done: 40 of 200 (20 %), 8 a second, about 20 s left; not done: 5",
        "Changes done: 80 of 200 (40 %), 8 a second, about 15 s left; not done: 5",
    ]


def test_what_an_earlier_try_did_is_no_part_of_the_rate(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    ticks = Ticks()
    progress = Progress(log, clock=ticks, every_s=5.0)
    progress.start(1000)
    progress.note_earlier(900)
    ticks.now += 5
    progress.count(Action.CREATE, result(1))
    assert caplog.messages == ["Changes done: 901 of 1,000 (90 %), 0 a second, about 495 s left"]


def test_the_first_errors_are_samples_on_one_line_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    progress = Progress(log)
    for number in range(MAX_SAMPLES + 10):
        progress.sample(result(number, Outcome.REFUSED, reason="HTTP 404", answer="a\nb\x1b[31m" * 1000))
    progress.say_samples()
    assert len(caplog.messages) == MAX_SAMPLES + 2
    assert caplog.messages[0] == f"::group::The first {MAX_SAMPLES} changes to look at"
    assert all(line.isprintable() and len(line) <= SAMPLE_WIDTH for line in caplog.messages)


@pytest.mark.parametrize(
    ("reason", "answer", "told"),
    [
        ("HTTP 404: Kod zaten var", "Kod zaten var", "refused: HTTP 404: Kod zaten var"),
        ("HTTP 404: Kod za…", "Kod zaten var", "refused: HTTP 404: Kod za…  …ten var"),
        ("no effect", "Kod zaten var", "refused: no effect  Kod zaten var"),
        ("no effect", "", "refused: no effect"),
    ],
)
def test_what_ödüyo_answered_is_said_once(
    caplog: pytest.LogCaptureFixture, reason: str, answer: str, told: str
) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    progress = Progress(log)
    for _ in range(2):
        progress.sample(result(1, Outcome.REFUSED, reason=reason, answer=answer))
    progress.say_samples()
    assert caplog.messages[1:-1] == [f"create:1  {told}"]


def test_without_errors_there_is_nothing_to_show(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger=log.name)
    progress = Progress(log)
    progress.count(Action.CREATE, result(1))
    progress.say_samples()
    assert caplog.messages == []

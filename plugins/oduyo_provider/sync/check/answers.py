"""What was found, in words: as points, as a table for a task's log, and as a text for Ödüyo's support."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone

from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.site_check import Point
from oduyo_provider.sync.check.list_points import LIST_QUESTIONS
from oduyo_provider.sync.check.login_points import LOGIN_QUESTIONS
from oduyo_provider.sync.check.points import COMMON_READINGS, Found, Question
from oduyo_provider.sync.check.speed import SPEED_QUESTIONS
from oduyo_provider.sync.check.write_points import WRITE_QUESTIONS
from oduyo_provider.sync.runtime.log_table import MAX_WIDTH

QUESTIONS: tuple[Question, ...] = (*LOGIN_QUESTIONS, *LIST_QUESTIONS, *SPEED_QUESTIONS, *WRITE_QUESTIONS)
_INDENT, _LABELS = 4, 14


def make_points(found: Sequence[Found], *, asked_at: float) -> list[Point]:
    """One point for each question that was answered, in the order of :data:`QUESTIONS`.

    :param asked_at: seconds since 1970.
    """
    by_question: dict[str, list[Found]] = {}
    for one in found:
        by_question.setdefault(one.question, []).append(one)
    return [
        _make_point(question, by_question[question.name], asked_at)
        for question in QUESTIONS
        if question.name in by_question
    ]


def _make_point(question: Question, found: Sequence[Found], asked_at: float) -> Point:
    known = COMMON_READINGS | question.readings
    readings = [known[one.reading] for one in found]
    # A detail that nobody saw is left out of a sentence.
    seen = [
        defaultdict(str, {"what": gettext(reading.what), **one.details})
        for reading, one in zip(readings, found, strict=True)
    ]

    def render(texts: Iterable[str]) -> str:
        return _join(gettext(text).format_map(details) for text, details in zip(texts, seen, strict=True))

    return Point(
        name=question.name,
        title=gettext(question.title),
        question=gettext(question.text),
        readings=tuple(one.reading for one in found),
        answer=render(reading.answer for reading in readings),
        provider=render(reading.provider for reading in readings) or gettext(question.provider),
        setting=render(reading.setting for reading in readings),
        asked_at=asked_at,
        summary=render(reading.summary for reading in readings),
    )


def _join(texts: Iterable[str]) -> str:
    """Sentences one after the other, each once."""
    return " ".join(dict.fromkeys(" ".join(text.split()) for text in texts if text))


def merge_points(known: Sequence[Point], new: Sequence[Point]) -> list[Point]:
    """The newest answer to each question; what was not asked this time stays as it was."""
    latest = {point.name: point for point in (*known, *new)}
    return [latest[question.name] for question in QUESTIONS if question.name in latest]


def format_points(points: Sequence[Point]) -> str:
    """For a task's log: each question with its answer, what the provider does about it, and what to set."""
    blocks = []
    for point in points:
        rows = {
            gettext("this site"): point.answer,
            gettext("the provider"): point.provider,
            gettext("to set"): point.setting,
        }
        lines = [_wrap(f"{point.title}: {point.question}", 2, "")]
        lines += [_wrap(text, _INDENT, label) for label, text in rows.items() if text]
        blocks.append("\n".join(lines))
    return "\n".join(blocks)


def _wrap(text: str, indent: int, label: str) -> str:
    first = " " * indent + (f"{label:<{_LABELS}}" if label else "")
    later = " " * (indent + (_LABELS if label else 2))
    return textwrap.fill(text, MAX_WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False)


def summarise(points: Sequence[Point]) -> str:
    """One line: how many questions were answered, what is to be set, and how long a first load would take."""
    to_set = [point.title for point in points if point.setting]
    parts = [ngettext("%(n)s question answered", "%(n)s questions answered", len(points))]
    parts.append(gettext("to set: %(titles)s", titles=", ".join(to_set)) if to_set else gettext("nothing to set"))
    return "; ".join([*parts, *filter(None, (point.summary for point in points))])


def format_support_text(points: Sequence[Point], facts: Mapping[str, str]) -> str:
    """A text that can be sent to Ödüyo's support: what was asked and seen, without secrets.

    :param facts: what stands at its head, such as the site and the time.
    """
    head = [f"{name}: {value}" for name, value in facts.items()]
    lines = [f"{number}. {point.question}\n   {point.answer}" for number, point in enumerate(points, 1)]
    return "\n".join([*head, "", *lines])


def format_time(moment: float) -> str:
    """Seconds since 1970 as a person writes it, in UTC."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%d %H:%M} UTC"

"""Puts what was found into words: points, a table for a task's log, and a text for Ödüyo's support."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.site_check import Point
from oduyo_provider.sync.check.questions import QUESTIONS, Found, find_text
from oduyo_provider.sync.runtime.log_table import MAX_WIDTH

_INDENT, _LABELS = 4, 14


def make_points(found: Sequence[Found], *, asked_at: float) -> list[Point]:
    """One point for each question that was answered, in the order of :data:`QUESTIONS`.

    :param asked_at: seconds since 1970.
    """
    by_question: dict[str, list[Found]] = {}
    for one in found:
        by_question.setdefault(one.question, []).append(one)
    return [_make_point(question, by_question[question], asked_at) for question in QUESTIONS if question in by_question]


def _make_point(question: str, found: Sequence[Found], asked_at: float) -> Point:
    def render(part: str = "") -> str:
        """One part of all readings as sentences, each once."""
        texts = (gettext(find_text(question, one.reading, part)) for one in found)
        # A missing detail becomes an empty text in the sentence.
        sentences = (text.format_map(defaultdict(str, one.details)) for text, one in zip(texts, found, strict=True))
        return " ".join(dict.fromkeys(" ".join(sentence.split()) for sentence in sentences if sentence))

    title, text, provider = (gettext(QUESTIONS[question][key]) for key in ("title", "question", "provider"))
    return Point(
        name=question,
        title=title,
        question=text,
        readings=tuple(one.reading for one in found),
        answer=render(),
        provider=render(".provider") or provider,
        setting=render(".setting"),
        asked_at=asked_at,
        summary=render(".summary"),
    )


def merge_points(known: Sequence[Point], new: Sequence[Point]) -> list[Point]:
    """The newest answer to each question. A question that was not asked this time keeps its old answer."""
    latest = {point.name: point for point in (*known, *new)}
    return [latest[question] for question in QUESTIONS if question in latest]


def format_points(points: Sequence[Point]) -> str:
    """The table for a task's log: each question, its answer, what the provider does about it, and what to set."""
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

    :param facts: the lines at its head, such as the site and the time, by their names.
    """
    head = [f"{name}: {value}" for name, value in facts.items()]
    lines = [f"{number}. {point.question}\n   {point.answer}" for number, point in enumerate(points, 1)]
    return "\n".join([*head, "", *lines])


def format_time(moment: float) -> str:
    """Seconds since 1970 as date and time in UTC, as people write it."""
    return f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%d %H:%M} UTC"

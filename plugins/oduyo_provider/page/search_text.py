"""Prepares texts for searching and ordering."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from oduyo_provider.core.language import LANGUAGES, gettext, use_language
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.segments import MAX_REASON

#: Accents, which stand behind their letter after Unicode decomposition.
_MARKS = re.compile("[\u0300-\u036f]+").sub
_NUMBERS = re.compile(r"([0-9]+)").split


def fold(text: str) -> str:
    """The form of a text that is searched: without case, accents and the dots of i, so that ``sube`` finds ``ŞUBE``."""
    if text.isascii():
        return text.lower()
    return _MARKS("", unicodedata.normalize("NFKD", text).casefold()).replace("ı", "i")


def compute_order(text: str) -> list[tuple[int, int, str]]:
    """The key that orders texts as people expect it: ``K.9`` before ``K.10``, empty ones last."""
    if not text:
        return [(2, 0, "")]
    parts = enumerate(_NUMBERS(fold(text)))
    # Digits and not numbers: Python converts no more than some thousand digits to a number.
    return [
        (0, len(part.lstrip("0")), part.lstrip("0")) if number % 2 else (1, 0, part) for number, part in parts if part
    ]


def compute_text(line: ChangeLine) -> str:
    """All text of a line that is searched; its reason in every language, as all readers share one index."""
    values = [value for _, before, after in line.fields for value in (before, after) if value]
    head = [line.integration_id, line.oduyo_id, line.code, *_translate(line.reason), line.answer, *line.twins]
    return fold("\n".join([*head, *values, *filter(None, line.stored.values())]))


@lru_cache(10_000)
def list_reasons(outcome: str, reason: str) -> frozenset[str]:
    """The reasons of a line as a report counts them: each fault of a row by itself, Ödüyo's answer as one."""
    reasons = reason.split(", ") if outcome in ("rejected", "warned") else [reason]
    return frozenset(one[:MAX_REASON] for one in reasons)


@lru_cache(1_000)
def _translate(text: str) -> list[str]:
    found = []
    for code in LANGUAGES:
        with use_language(code):
            found.append(gettext(text))
    return found

"""The questions of the site check with all possible answers, from ``questions.ini``; and an answer that was found.

The texts in the file are English. They are translated when they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import IO

import msgspec

from oduyo_provider.core.language import format_number


def _parse(content: str) -> dict[str, dict[str, str]]:
    parser = ConfigParser(delimiters=("=",), interpolation=None)
    parser.read_string(content)
    return {
        question: {key: " ".join(text.split()) for key, text in parser[question].items()}
        for question in parser.sections()
    }


#: Question → key → text, in the order of the file. The head of the file explains the keys.
QUESTIONS = _parse(Path(__file__).with_name("questions.ini").read_text(encoding="utf-8"))


def find_text(question: str, reading: str, part: str = "") -> str:
    """The text of a reading, in English; empty if it has no such part.

    :param reading: what the site does: a key of the question.
    :param part: ``.setting``, ``.provider`` or ``.summary``; empty for the answer.
    :raises KeyError: there is no such question, or it has no such reading.
    """
    texts = QUESTIONS[question]
    for name in (f"{reading}{part}", f"*_{reading.rpartition('_')[2]}{part}"):
        if name in texts:
            return texts[name]
    if not part:
        raise KeyError(f"questions.ini says nothing of the reading {reading} of {question}")
    return ""


class Found(msgspec.Struct, frozen=True):
    """An answer that was found: one reading of a question.

    :param details: name → what replaces ``{name}`` in the reading's texts; without secrets, on one line.
    """

    question: str
    reading: str
    details: dict[str, str] = {}

    @classmethod
    def of(cls, question: str, reading: str, /, **details: str | int) -> Found:
        """Make one with these details. Whole numbers get the format of the reader's language."""
        told = {name: value if isinstance(value, str) else format_number(value) for name, value in details.items()}
        return cls(question, reading, told)


def extract_texts(file: IO[bytes], *_: object, **_options: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """Give Babel the texts of the file, see ``babel.cfg``."""
    for texts in _parse(file.read().decode()).values():
        yield from ((1, "gettext", text, []) for text in texts.values() if text)

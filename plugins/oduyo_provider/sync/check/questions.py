"""The questions of the site check with all that may be answered to them, as ``questions.ini`` has them, and what was found.

Their texts are English there, and translated where they are shown.
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


#: Question → key → text, in the order of the file, which explains the keys.
QUESTIONS = _parse(Path(__file__).with_name("questions.ini").read_text(encoding="utf-8"))


def find_text(question: str, reading: str, part: str = "") -> str:
    """What the table says of a reading, in English; empty where it has no such part.

    :param part: ``.setting``, ``.provider`` or ``.summary``; empty for the answer.
    :raises KeyError: no such question, or nothing is said of this reading.
    """
    texts = QUESTIONS[question]
    for name in (f"{reading}{part}", f"*_{reading.rpartition('_')[2]}{part}"):
        if name in texts:
            return texts[name]
    if not part:
        raise KeyError(f"questions.ini says nothing of the reading {reading} of {question}")
    return ""


class Found(msgspec.Struct, frozen=True):
    """An answer that was seen.

    :param details: what stands for ``{name}`` in the reading's texts; without secrets, on one line.
    """

    question: str
    reading: str
    details: dict[str, str] = {}

    @classmethod
    def of(cls, question: str, reading: str, /, **details: str | int) -> Found:
        """One of the readings of a question, with what was seen; whole numbers in the reader's form."""
        told = {name: value if isinstance(value, str) else format_number(value) for name, value in details.items()}
        return cls(question, reading, told)


def extract_texts(file: IO[bytes], *_: object, **_options: object) -> Iterator[tuple[int, str, str, list[str]]]:
    """The texts of the table for Babel, see ``babel.cfg``."""
    for texts in _parse(file.read().decode()).values():
        yield from ((1, "gettext", text, []) for text in texts.values() if text)

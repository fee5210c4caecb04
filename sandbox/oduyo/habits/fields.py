"""Habits of storing: what becomes of a value between the request and the table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from html import escape
from typing import ClassVar, Literal

from sandbox.oduyo.habits.base import Count, Habit

#: Stands for every text field of the resource.
EVERY_FIELD = "*"
LARGEST_INT32 = 2**31 - 1
ASCII = str.maketrans("çğıöşüÇĞİÖŞÜâîûÂÎÛ", "cgiosuCGIOSUaiuAIU")
TAGS = re.compile(r"<[^>]*>")


class FieldHabit(Habit, frozen=True, kw_only=True):
    """A value is stored otherwise than it was sent.

    :param field: the field, ``integration_id`` unless told otherwise; ``*`` for every text field.
    """

    field: str = "integration_id"

    def compute(self, text: str) -> str:
        """What is stored of ``text``."""
        raise NotImplementedError


class Cut(FieldHabit, frozen=True, kw_only=True):
    """Keeps the first LENGTH characters."""

    main: ClassVar[str] = "length"
    length: Count = 20

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        return text[: self.length]


class Pad(FieldHabit, frozen=True, kw_only=True):
    """Fills up with blanks to LENGTH characters, as CHAR(n) does; what is longer stays."""

    main: ClassVar[str] = "length"
    length: Count = 12

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        return text.ljust(self.length)


class Number(FieldHabit, frozen=True, kw_only=True):
    """Keeps digits as a number: KIND int (00001 → 1), int32 (at most 2147483647) or float (1 → 1.0).

    :param others: what becomes of text that is no number: it stays, or is 0 as in a database that is not strict.
    """

    main: ClassVar[str] = "kind"
    kind: Literal["int", "int32", "float"] = "int"
    others: Literal["keep", "zero"] = "keep"

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        digits = text.strip()
        if not digits.isascii() or not digits.isdigit():
            return text if self.others == "keep" else "0"
        number = int(digits)
        if self.kind == "float":
            return str(float(number))
        return str(min(number, LARGEST_INT32) if self.kind == "int32" else number)


class Places(FieldHabit, frozen=True, kw_only=True):
    """Keeps an amount with PLACES decimals (140000 → 140000.0000); name the field. Other text stays."""

    main: ClassVar[str] = "places"
    field: str = "amount"
    places: Count = 4

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        try:
            return f"{Decimal(text):.{self.places}f}"
        except InvalidOperation:
            return text


class Case(FieldHabit, frozen=True, kw_only=True):
    """Keeps letters TO upper or lower case."""

    main: ClassVar[str] = "to"
    to: Literal["upper", "lower"] = "upper"

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        return text.upper() if self.to == "upper" else text.lower()


class Escape(FieldHabit, frozen=True, kw_only=True):
    """Keeps text escaped, again at each write: HOW html (& → &amp;), slashes (' → \\') or tags (taken out)."""

    main: ClassVar[str] = "how"
    how: Literal["html", "slashes", "tags"] = "html"

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        if self.how == "html":
            return escape(text)
        if self.how == "slashes":
            return re.sub(r"(['\"\\])", r"\\\1", text)
        return TAGS.sub("", text)


class Trim(FieldHabit, frozen=True, kw_only=True):
    """Takes blanks off both ends, or off the SIDE left or right."""

    main: ClassVar[str] = "side"
    side: Literal["both", "left", "right"] = "both"

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        return {"both": text.strip, "left": text.lstrip, "right": text.rstrip}[self.side]()


class Letters(FieldHabit, frozen=True, kw_only=True):
    """Keeps other letters: TO ascii (ş → s), question (ş → ?) or mojibake (ş → ÅŸ)."""

    main: ClassVar[str] = "to"
    to: Literal["ascii", "question", "mojibake"] = "ascii"

    def compute(self, text: str) -> str:
        """See :class:`FieldHabit`."""
        if self.to == "ascii":
            return text.translate(ASCII)
        if self.to == "question":
            return text.encode("latin-1", "replace").decode("latin-1")
        return text.encode().decode("windows-1252", "replace")


def alter(fields: dict[str, str | None], habits: Iterable[FieldHabit], texts: tuple[str, ...]) -> None:
    """Lay the habits over the fields of one write, in their order.

    :param texts: the text fields of the resource.
    """
    for habit in habits:
        for name in texts if habit.field == EVERY_FIELD else (habit.field,):
            if (value := fields.get(name)) is not None:
                fields[name] = habit.compute(value)

"""Questions and their possible answers, as values: what is asked, what each reading means, and what to do about it.

Their texts are English, marked with ``gettext_noop`` and read by ``gettext``.
"""

from __future__ import annotations

import msgspec

from oduyo_provider.core.language import format_number, gettext_noop


class Reading(msgspec.Struct, frozen=True):
    """One way to read an open point.

    :param answer: what the site does; ``{name}`` stands for a detail that was seen.
    :param setting: what somebody should set, or ask for; empty where nothing is to be done.
    :param provider: what the provider does about it, where that is not what it does anyhow.
    :param what: stands for ``{what}``, and is translated too.
    :param summary: what a line about all points says of it.
    """

    answer: str
    setting: str = ""
    provider: str = ""
    what: str = ""
    summary: str = ""


#: What any question may end with.
COMMON_READINGS = {
    "unknown": Reading(gettext_noop("It could not be told: {words}")),
    "lost": Reading(
        gettext_noop("No usable answer came. {words}"),
        gettext_noop("Check again; if it stays so, ask Ödüyo's support."),
    ),
}


class Found(msgspec.Struct, frozen=True):
    """An answer that was seen.

    :param details: what stands for ``{name}`` in the reading's texts; without secrets, on one line.
    """

    question: str
    reading: str
    details: dict[str, str] = {}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One open point.

    :param title: two or three words, for a table.
    :param text: the question as a sentence.
    :param provider: what the provider does, however the site reads it.
    :param readings: name → what it means, beside :data:`COMMON_READINGS`.
    """

    name: str
    title: str
    text: str
    provider: str
    readings: dict[str, Reading]

    def found(self, reading: str, **details: str | int) -> Found:
        """One of the readings, with what was seen; whole numbers in the reader's form."""
        told = {name: value if isinstance(value, str) else format_number(value) for name, value in details.items()}
        return Found(self.name, reading, told)

"""Every change of a run in memory: a page, a search or a filter of a hundred thousand changes takes milliseconds.

Entries are kept as JSON, compressed in blocks: one page opens a few blocks, a download opens all of them in order.
Beside each entry are kept one byte, its outcome, and the text that is searched.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

#: What became of a change or row, in the order in which the filters are shown.
OUTCOMES = (
    "created",
    "updated",
    "deactivated",
    "deleted",
    "planned",
    "waiting",
    "rejected",
    "refused",
    "failed",
    "doubtful",
    "stale",
    "not_applied",
)
_NUMBERS = {name: number for number, name in enumerate(OUTCOMES)}

#: Entries that are compressed together.
BLOCK_LINES = 64

#: Accents, which stand behind their letter after Unicode decomposition.
_MARKS = re.compile("[\u0300-\u036f]+").sub


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the table: a change, or a row that was rejected.

    :param outcome: one of :data:`OUTCOMES`.
    :param action: create, update, deactivate or delete; empty for a rejected row.
    :param integration_id: the row's id in the ERP, where it could be read.
    :param fields: name, before, after of each field that changes; before is None where there was nothing.
    :param reason: why it was not done.
    :param answer: what Ödüyo answered, or what is wrong with the row, for people.
    :param stored: values that Ödüyo stored otherwise than sent.
    :param twins: ids of further records in Ödüyo with the same integration_id.
    :param at: when the result was known, seconds since 1970; 0 without a result.
    """

    outcome: str
    action: str = ""
    integration_id: str = ""
    oduyo_id: str = ""
    code: str = ""
    fields: list[tuple[str, str | None, str | None]] = []
    reason: str = ""
    answer: str = ""
    stored: dict[str, str | None] = {}
    twins: list[str] = []
    at: float = 0.0


class ChangeIndex:
    """The entries of one run, in the order in which they were added."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._blocks: list[bytes] = []
        self._outcomes = array("B")
        self._texts: list[str] = []
        self.counts: Counter[str] = Counter()
        self._fill(entries)

    def __len__(self) -> int:
        return len(self._outcomes)

    def find(self, outcomes: Sequence[str] = (), search: str = "") -> Sequence[int]:
        """The numbers of the entries with one of these outcomes (none: any) that hold every word of a text."""
        words = fold(search).split()
        wanted = {_NUMBERS[name] for name in outcomes}
        found: Sequence[int] = range(len(self))
        if wanted:
            found = [number for number, outcome in enumerate(self._outcomes) if outcome in wanted]
        for word in words:
            texts = self._texts
            found = [number for number in found if word in texts[number]]
        return found

    def read(self, numbers: Iterable[int]) -> Iterator[Entry]:
        """The entries of these numbers; quick when they ascend."""
        decode = msgspec.json.Decoder(Entry).decode
        current, lines = -1, [b""]
        for number in numbers:
            block = number // BLOCK_LINES
            if block != current:
                current, lines = block, zlib.decompress(self._blocks[block]).split(b"\n")
            yield decode(lines[number % BLOCK_LINES])

    def _fill(self, entries: Iterable[Entry]) -> None:
        encode = msgspec.json.Encoder().encode
        pending: list[bytes] = []
        for entry in entries:
            pending.append(encode(entry))
            self._outcomes.append(_NUMBERS[entry.outcome])
            self._texts.append(fold(_compute_text(entry)))
            self.counts[entry.outcome] += 1
            if len(pending) == BLOCK_LINES:
                self._blocks.append(zlib.compress(b"\n".join(pending), 1))
                pending.clear()
        if pending:
            self._blocks.append(zlib.compress(b"\n".join(pending), 1))


def fold(text: str) -> str:
    """A text as it is searched: without case, accents and the dots of i, so that ``sube`` finds ``ŞUBE``."""
    if text.isascii():
        return text.lower()
    return _MARKS("", unicodedata.normalize("NFKD", text).casefold()).replace("ı", "i")


def _compute_text(entry: Entry) -> str:
    values = [value for _, before, after in entry.fields for value in (before, after) if value]
    head = [entry.integration_id, entry.oduyo_id, entry.code, entry.reason, entry.answer, *entry.twins]
    return "\n".join([*head, *values, *filter(None, entry.stored.values())])

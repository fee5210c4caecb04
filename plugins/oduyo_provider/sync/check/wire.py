"""What the headers and bytes of all answers show, whatever the answers mean."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import msgspec

from oduyo_provider.api.body import find_charset, strip_marks
from oduyo_provider.api.envelope import parse_json
from oduyo_provider.api.meaning import compute_reason, parse_date
from oduyo_provider.api.probe import Seen
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import Redactor, neutralise
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S

MARK = b"\xef\xbb\xbf"
#: What web servers usually allow for a header. Some clients fail at longer ones.
USUAL_HEADER_BYTES = 8190
#: Names of the charset that JSON must be in.
_UTF8 = ("utf-8", "utf8")


class Wire(msgspec.Struct):
    """What was seen in all answers together.

    :param redact: removes secrets from words.
    """

    redact: Redactor
    answers: int = 0
    marks: int = 0
    text_around: str = ""
    charsets: set[str] = msgspec.field(default_factory=set)
    is_unreadable: bool = False
    longest_header: int = 0
    closed: int = 0
    lost: int = 0
    lost_words: str = ""
    clock_offsets: list[float] = msgspec.field(default_factory=list)

    def note(self, seen: Seen, now: float) -> None:
        """Look at one more answer.

        :param now: when it came, seconds since 1970 by this machine's clock.
        """
        answer = seen.answer
        if answer is None:
            self.lost += 1
            self.lost_words = seen.classification.reason
            return
        self.answers += 1
        self._note_body(answer)
        headers = answer.headers
        if charset := find_charset(headers.get("content-type", "")):
            self.charsets |= {charset.lower()} - set(_UTF8)
        self.longest_header = max(self.longest_header, *(len(value.encode()) for value in headers.values()), 0)
        self.closed += headers.get("connection", "").lower() == "close"
        if (site_time := parse_date(headers.get("date", ""))) is not None:
            # The site wrote its time during the call: the middle of it is assumed.
            self.clock_offsets.append(site_time.timestamp() - (now - seen.took_s / 2))

    def _note_body(self, answer: Answer) -> None:
        body, marks = answer.body, 0
        while body.startswith(MARK):
            body, marks = body[len(MARK) :], marks + 1
        self.marks = max(self.marks, marks)
        try:
            body.decode()
        except UnicodeDecodeError:
            self.is_unreadable = True
        if strip_marks(body)[:1] not in (b"{", b"[") and isinstance(parse_json(body), dict):
            page = msgspec.structs.replace(answer, body=body.partition(b"{")[0])
            self.text_around = neutralise(compute_reason(page, self.redact), 160)

    def find(self) -> Iterator[Found]:
        """Yield the answers that follow from all that was noted."""
        found = list(self._find_oddities())
        yield from found or [Found.of("wire", "plain")]
        yield self._compare_clocks()

    def _find_oddities(self) -> Iterator[Found]:
        if self.marks:
            yield Found.of("wire", "byte_order_marks", count=self.marks)
        if self.text_around:
            yield Found.of("wire", "text_around", words=self.text_around)
        if self.is_unreadable:
            yield Found.of("wire", "not_utf8")
        if self.charsets:
            yield Found.of("wire", "charset", names=", ".join(sorted(self.charsets)))
        if self.longest_header > USUAL_HEADER_BYTES:
            yield Found.of("wire", "long_header", bytes=self.longest_header)
        if self.answers > 1 and self.closed == self.answers:
            yield Found.of("wire", "closes")
        if self.lost:
            calls = self.answers + self.lost
            yield Found.of("wire", "lost", count=self.lost, calls=calls, words=self.lost_words)

    def _compare_clocks(self) -> Found:
        if not self.clock_offsets:
            return Found.of("clock", "no_date")
        offset_s = statistics.median(self.clock_offsets)
        return Found.of(
            "clock",
            "same" if abs(offset_s) <= CLOCK_SKEW_S else "off",
            seconds=round(max(1.0, abs(offset_s))),
            direction=gettext("ahead") if offset_s > 0 else gettext("behind"),
        )

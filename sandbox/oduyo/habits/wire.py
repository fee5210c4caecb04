"""Habits of what goes over the wire: what stands before, around and instead of the JSON."""

from __future__ import annotations

import codecs
from http import HTTPStatus
from typing import ClassVar, Literal

from aiohttp import web

from sandbox.oduyo.answers import FORBIDDEN, answer_page
from sandbox.oduyo.habits.base import Count, Habit, Habits, Positive, Status, Subject

NOTICE = "<br />\n<b>Notice</b>:  Undefined index: note in <b>/var/www/html/api/erp.php</b> on line <b>214</b><br />\n"


class Charset(Habit, frozen=True, kw_only=True):
    """Answers are written in the charset NAME, which their content type names unless NAMED is false."""

    main: ClassVar[str] = "name"
    name: str = "windows-1254"
    named: bool = True


class Bom(Habit, frozen=True, kw_only=True):
    """COUNT byte order marks stand before the JSON."""

    main: ClassVar[str] = "count"
    count: Positive = 2


class Notice(Habit, frozen=True, kw_only=True):
    """A PHP notice stands before the JSON, with this PROBABILITY, and the answer is called HTML."""

    main: ClassVar[str] = "probability"
    message: str = NOTICE
    content_type: str = "text/html"


class Firewall(Habit, frozen=True, kw_only=True):
    """A web firewall answers a request that holds TEXT with STATUS 403 (or 406) and a web page."""

    main: ClassVar[str] = "text"
    text: str = "<"
    status: Status = 403


class LongHeader(Habit, frozen=True, kw_only=True):
    """Answers carry a header of LENGTH bytes."""

    main: ClassVar[str] = "length"
    length: Count = 9000


class Framing(Habit, frozen=True, kw_only=True):
    """Answers are framed wrongly: HOW both (length and chunked), doubled (length) or trailing (bytes after the end)."""

    main: ClassVar[str] = "how"
    how: Literal["both", "doubled", "trailing"] = "both"


def find_block(habits: Habits, subject: Subject) -> web.Response | None:
    """The firewall's answer, where it lets the request not through."""
    habit = habits.pick(Firewall, subject)
    return None if habit is None else answer_page(FORBIDDEN, status=habit.status)


def dress(habits: Habits, subject: Subject, response: web.Response) -> None:
    """Lay what is about the wire over one of the API's own answers."""
    if not isinstance(response.body, bytes) or response.content_type != "application/json":
        return
    body = response.body
    if (charset := habits.pick(Charset, subject)) is not None:
        body = _encode(body, charset.name)
        response.charset = charset.name if charset.named else None
    if (notice := habits.pick(Notice, subject)) is not None:
        body = notice.message.encode() + body
        response.content_type = notice.content_type
    if (bom := habits.pick(Bom, subject)) is not None:
        body = codecs.BOM_UTF8 * bom.count + body
    response.body = body
    if (header := habits.pick(LongHeader, subject)) is not None:
        response.headers["X-Debug"] = "x" * header.length


def _encode(body: bytes, charset: str) -> bytes:
    """JSON in another charset; letters that it lacks are escaped."""
    letters = (letter if _has(charset, letter) else _escape(letter) for letter in body.decode())
    return "".join(letters).encode(charset)


def _has(charset: str, letter: str) -> bool:
    try:
        letter.encode(charset)
    except UnicodeEncodeError:
        return False
    return True


def _escape(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def compute_framed(habit: Framing, response: web.Response) -> bytes:
    """The answer as raw bytes; the connection is closed after them."""
    body = response.body if isinstance(response.body, bytes) else b""
    content = f"Content-Type: {response.headers.get('Content-Type', 'application/json')}\r\nConnection: close\r\n"
    head = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n{content}"
    length = f"Content-Length: {len(body)}\r\n"
    if habit.how == "both":
        chunked = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n" if body else b"0\r\n\r\n"
        return f"{head}{length}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked
    if habit.how == "doubled":
        return f"{head}{length}{length}\r\n".encode() + body
    return f"{head}{length}\r\n".encode() + body + b"\r\n\r\n<!-- 0.021 s -->"

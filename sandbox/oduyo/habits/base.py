"""What every habit has: the requests and records that it is about, and how often it strikes."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast
from zlib import crc32

import msgspec

from sandbox.oduyo.resources import Resource

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Status = Annotated[int, msgspec.Meta(ge=200, le=599)]
#: What a habit is about: one call, ``write`` for all three that write, ``deactivate`` for an update to passive.
Call = Literal["any", "login", "list", "write", "create", "update", "deactivate", "delete"]


def compute_name(class_name: str) -> str:
    """A class's name as the command line spells it: ``OneAsObject`` → ``one_as_object``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Habit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="habit", tag=compute_name):
    """What a habit is about; the defaults are every record and every request.

    :param call: only requests of this call.
    :param resource: only this resource; empty for all.
    :param ids: only records with these ids of Ödüyo's.
    :param keys: only records whose ``integration_id`` looks so: a pattern with ``*`` and ``?``.
    :param text: only requests with this text in one of the values that they send.
    :param share: only this share (0-1) of the records, the same ones each time.
    :param probability: 0-1, drawn for each request from this habit's own generator.
    :param seed: of ``share`` and ``probability``.
    :param skip: the first so many requests that it is about are spared.
    :param times: strikes at most so often; None for always.
    """

    #: The field that ``--habit name=value`` sets.
    main: ClassVar[str] = ""

    call: Call = "any"
    resource: str = ""
    ids: tuple[str, ...] = ()
    keys: str = "*"
    text: str = ""
    share: Share = 1.0
    probability: Share = 1.0
    seed: int = 0
    skip: Count = 0
    times: Count | None = None

    def is_about(self, subject: Subject) -> bool:
        """Whether the habit is about this request or record."""
        return (
            self.call in subject.calls
            and self.resource in ("", subject.resource)
            and (not self.ids or subject.id in self.ids)
            and (self.keys == "*" or fnmatchcase(subject.key, self.keys))
            and (not self.text or any(self.text in text for text in find_texts(subject.sent)))
            and (self.share >= 1 or crc32(f"{self.seed}:{subject.key or subject.id}".encode()) < self.share * 2**32)
        )


class Subject(msgspec.Struct, kw_only=True):
    """What a habit is asked about: a request, or a record that a list shows.

    :param calls: what the request's call is called, ``any`` among them.
    :param resource: its resource; empty for a login.
    :param id: Ödüyo's id of the record, where there is one already.
    :param key: its ``integration_id`` as it is sent, or else as it is stored.
    :param sent: the request's decoded body.
    """

    calls: frozenset[str] = frozenset({"any", "list"})
    resource: str = ""
    id: str = ""
    key: str = ""
    sent: object = None


def find_texts(sent: object) -> Iterator[str]:
    """Every text value of a decoded body, at any depth."""
    if isinstance(sent, str):
        yield sent
    elif isinstance(sent, Mapping):
        for value in sent.values():
            yield from find_texts(value)
    elif isinstance(sent, list):
        for value in sent:
            yield from find_texts(value)


def compute_subject(call: str, resource: Resource | None, sent: object) -> Subject:
    """The subject of a request, by its decoded body alone."""
    column = sent.get("column") if isinstance(sent, dict) else None
    record = column if isinstance(column, dict) else {}
    calls = {"any", call}
    if call not in ("login", "list"):
        calls.add("write")
    if call == "update" and resource is not None and record.get("status") == resource.passive:
        calls.add("deactivate")
    return Subject(
        calls=frozenset(calls),
        resource=resource.name if resource is not None else "",
        id=str(record.get("id", "")),
        key=str(record.get("integration_id", "")),
        sent=sent,
    )


H = TypeVar("H", bound=Habit)


class Armed(Generic[H]):
    """A habit in force, with its generator and its counts.

    :ivar matched: requests that it was about.
    :ivar fired: requests that it struck.
    :ivar seen: of a habit that counts by record: id → how often it struck the record.
    """

    def __init__(self, habit: H) -> None:
        self.habit = habit
        self.matched = 0
        self.fired = 0
        self.seen: Counter[str] = Counter()
        # Repeatable behaviour is the point; nothing here is a secret.
        self._generator = random.Random(habit.seed)  # noqa: S311  no secret

    def is_striking(self, subject: Subject) -> bool:
        """Whether the habit strikes this request; counts it."""
        habit = self.habit
        if not habit.is_about(subject):
            return False
        self.matched += 1
        if self.matched <= habit.skip or (habit.times is not None and self.fired >= habit.times):
            return False
        if habit.probability < 1 and self._generator.random() >= habit.probability:
            return False
        self.fired += 1
        return True


class Habits:
    """The habits in force, in the order in which they were given."""

    def __init__(self, habits: Iterable[Habit] = ()) -> None:
        self._armed = [Armed(habit) for habit in habits]

    def __bool__(self) -> bool:
        """Whether any is in force."""
        return bool(self._armed)

    def fetch(self) -> list[dict[str, Any]]:
        """Every habit with how often it was asked about something of its own, and struck."""
        return [
            {**json.loads(msgspec.json.encode(armed.habit)), "matched": armed.matched, "fired": armed.fired}
            for armed in self._armed
        ]

    def find(self, kind: type[H]) -> list[Armed[H]]:
        """Those of one kind."""
        return [cast("Armed[H]", armed) for armed in self._armed if isinstance(armed.habit, kind)]

    def pick(self, kind: type[H], subject: Subject) -> H | None:
        """The first of one kind that strikes."""
        return next((armed.habit for armed in self.find(kind) if armed.is_striking(subject)), None)

    def pick_all(self, kind: type[H], subject: Subject) -> list[H]:
        """All of one kind that strike."""
        return [armed.habit for armed in self.find(kind) if armed.is_striking(subject)]

"""Habits of lists and look-ups: what is not found, not shown, or shown in another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from sandbox.oduyo.database import SqlValue
from sandbox.oduyo.habits.base import Armed, Count, Habit, Habits, Positive, Seconds, Status, Subject
from sandbox.oduyo.habits.shapes import NOT_ALLOWED, Shape
from sandbox.oduyo.listing import Query

#: Fields by which one record is looked up.
LOOKUP_FIELDS = ("id", "integration_id")
Places = Literal["everywhere", "pages", "lookups"]


class FilterBlind(Habit, frozen=True, kw_only=True):
    """The = filter finds nothing for a value that holds HOLDS (e.g. '), or for no value of FIELD at all.

    :param shape: the answer; None answers as to an empty list.
    :param message: the words of a shape with words.
    """

    main: ClassVar[str] = "holds"
    holds: str = ""
    field: str = "integration_id"
    shape: Shape | None = None
    message: str = "Kayıt bulunamadı"


class FilterIgnored(Habit, frozen=True, kw_only=True):
    """Filters on FIELD are ignored, so that all records come; without FIELD, all filters."""

    main: ClassVar[str] = "field"
    field: str = ""


class SortingIgnored(Habit, frozen=True, kw_only=True):
    """Lists come in the order of the last change, whatever order is asked for."""


class Hide(Habit, frozen=True, kw_only=True):
    """Lists leave records out: by ids, keys or share; for the first FOR_S seconds of a record; at most COUNT records.

    ``times`` counts by record: 1 leaves each of them out of one list.

    :param where: left out everywhere, only where many are listed, or only where one is looked up by id or key.
    """

    main: ClassVar[str] = "for_s"
    for_s: Seconds | None = None
    count: Count | None = None
    where: Places = "everywhere"


class NoList(Habit, frozen=True, kw_only=True):
    """Every list is answered in SHAPE, as to a user who may not list: words, words_404, no_body_404 and more."""

    main: ClassVar[str] = "shape"
    shape: Shape = "words"
    message: str = NOT_ALLOWED


class EmptyAs(Habit, frozen=True, kw_only=True):
    """A list without a record is answered in SHAPE: empty_array, bare_false, data_false, words and more."""

    main: ClassVar[str] = "shape"
    shape: Shape = "data_false"
    message: str = "Kayıt bulunamadı"


class OneAsObject(Habit, frozen=True, kw_only=True):
    """A list of one record is the record itself, as an object."""


class PageFails(Habit, frozen=True, kw_only=True):
    """A list with a limit above ABOVE gets STATUS (500, or 504 after SECONDS)."""

    main: ClassVar[str] = "above"
    above: Count = 200
    status: Status = 504
    seconds: Seconds = 0.0


class Numbers(Habit, frozen=True, kw_only=True):
    """Ids come as JSON numbers, and every other field in FIELDS too where it is one."""

    main: ClassVar[str] = "fields"
    fields: tuple[str, ...] = ("id",)


class ZeroDates(Habit, frozen=True, kw_only=True):
    """An empty date comes as 0000-00-00 00:00:00, and is taken so."""


class NullsLeftOut(Habit, frozen=True, kw_only=True):
    """A field without a value is left out of the records of a list."""


class MoreFields(Habit, frozen=True, kw_only=True):
    """Records of a list carry COUNT further fields that the documentation does not have."""

    main: ClassVar[str] = "count"
    count: Positive = 1


def find_blind(habits: Habits, subject: Subject, filters: object) -> FilterBlind | None:
    """The habit by which the ``=`` filter of this list finds nothing."""
    conditions = [entry for entry in filters if isinstance(entry, dict)] if isinstance(filters, list) else []
    for entry in conditions:
        if entry.get("operator") != "=":
            continue
        for armed in habits.find(FilterBlind):
            habit = armed.habit
            asked = habit.field == entry.get("field") and habit.holds in str(entry.get("value", ""))
            if asked and armed.is_striking(subject):
                return habit
    return None


def find_page_failure(habits: Habits, subject: Subject, limit: str) -> PageFails | None:
    """The habit by which a list with this limit fails."""
    for armed in habits.find(PageFails):
        if int(limit) > armed.habit.above and armed.is_striking(subject):
            return armed.habit
    return None


def drop_filters(habits: Habits, subject: Subject, filters: object) -> object:
    """The filters without those that a habit ignores."""
    if not isinstance(filters, list):
        return filters
    ignored = {habit.field for habit in habits.pick_all(FilterIgnored, subject)}
    return [
        entry for entry in filters if not (isinstance(entry, dict) and (ignored & {"", str(entry.get("field", ""))}))
    ]


def is_lookup(filters: object) -> bool:
    """Whether a list's filters ask for one record."""
    entries = filters if isinstance(filters, list) else []
    return any(
        isinstance(entry, dict) and entry.get("operator") in ("=", "IN") and entry.get("field") in LOOKUP_FIELDS
        for entry in entries
    )


def fetch_shown(
    habits: Habits,
    query: Query,
    fetch: Callable[[Query], list[tuple[SqlValue, ...]]],
    *,
    resource: str,
    is_single: bool,
    now: float,
) -> list[tuple[SqlValue, ...]]:
    """The rows that are shown once all that is hidden is left out; what comes after it moves up.

    :param fetch: gives the rows of a query.
    :param is_single: the list looks one record up.
    :param now: epoch seconds.
    """
    armed = [a for a in habits.find(Hide) if a.habit.where in ("everywhere", "lookups" if is_single else "pages")]
    if not armed:
        return fetch(query)
    own = ("id", "integration_id", "made_at")
    hidden: set[int] = set()
    while True:
        marks = ", ".join(map(str, sorted(hidden)))
        where = f"({query.where}) AND id NOT IN ({marks})"
        rows = fetch(msgspec.structs.replace(query, columns=(*own, *query.columns), where=where))
        found: set[int] = set()
        for row in rows:
            subject = Subject(resource=resource, id=str(row[0]), key=str(row[1] or ""))
            age_s = now - float(row[2] or 0)
            if any(_is_hidden(one, subject, age_s) for one in armed):
                found.add(int(row[0] or 0))
        if not found:
            return [row[len(own) :] for row in rows]
        hidden |= found


def _is_hidden(armed: Armed[Hide], subject: Subject, age_s: float) -> bool:
    habit, seen = armed.habit, armed.seen
    if not habit.is_about(subject) or (habit.for_s is not None and age_s >= habit.for_s):
        return False
    armed.matched += 1
    if habit.times is not None and seen[subject.id] >= habit.times:
        return False
    if habit.count is not None and subject.id not in seen and len(seen) >= habit.count:
        return False
    seen[subject.id] += 1
    armed.fired += 1
    return True


def shape_record(
    habits: Habits, subject: Subject, record: Mapping[str, str | None], datetimes: Sequence[str]
) -> dict[str, Any]:
    """One record of a list as the habits show it."""
    shaped: dict[str, Any] = dict(record)
    if habits.pick(ZeroDates, subject):
        shaped.update((name, "0000-00-00 00:00:00") for name in datetimes if shaped.get(name) in ("", None))
    if (numbers := habits.pick(Numbers, subject)) is not None:
        for name in numbers.fields:
            value = shaped.get(name)
            if isinstance(value, str) and value.isascii() and value.isdigit():
                shaped[name] = int(value)
    if habits.pick(NullsLeftOut, subject):
        shaped = {name: value for name, value in shaped.items() if value not in ("", None)}
    if (more := habits.pick(MoreFields, subject)) is not None:
        shaped.update((f"alan{number}", "x") for number in range(1, more.count + 1))
    return shaped

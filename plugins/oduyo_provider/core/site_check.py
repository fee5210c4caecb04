"""What a site check finds out, as values: the points that the API's documentation leaves open, and the records it made."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

#: Question that has to be answered with yes before anything can be synced → the readings that mean yes.
_NEEDED = {"login": frozenset({"found"}), "may_list": frozenset({"yes", "empty"})}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One open point, and how a site reads it. All texts are for people, without secrets, in the language of the
    check that wrote them.

    :param name: of the question, the same in every check.
    :param readings: names of what was found; none where it was not asked.
    :param answer: what this site does; or why it was not asked.
    :param provider: what the provider does about it.
    :param setting: what somebody should set, or ask for; empty where nothing is to be done.
    :param asked_at: seconds since 1970.
    :param summary: what a line about all points says of it; mostly nothing.
    """

    name: str
    title: str
    question: str
    readings: tuple[str, ...]
    answer: str
    provider: str
    setting: str
    asked_at: float
    summary: str = ""


class TrialRecords(msgspec.Struct, frozen=True, kw_only=True):
    """The records that a check makes for a test. Written down before the first is sent, so that a later check finds them.

    :param mark: begins their texts; it names the check.
    :param keys: their ``integration_id``.
    :param above_id: the highest id of before; None where there was no record.
    :param last_create_at: when one was about to be sent last, seconds since 1970.
    :param not_removed: ids of those that could not be deleted.
    """

    mark: str
    keys: tuple[str, ...]
    above_id: str | None
    last_create_at: float
    not_removed: tuple[str, ...] = ()


def may_sync(answers: Iterable[Point], asked_at: float) -> bool:
    """Whether a check could log in and list the records.

    :param asked_at: of the check, seconds since 1970; what an earlier one was answered says nothing of it.
    """
    met = {
        point.name
        for point in answers
        if point.asked_at >= asked_at and not _NEEDED.get(point.name, frozenset()).isdisjoint(point.readings)
    }
    return met == _NEEDED.keys()

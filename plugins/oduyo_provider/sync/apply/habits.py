"""What a load knows by now of what the site does to values."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from oduyo_provider.core.change import Action
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.values.keys import can_be_kept_as, is_form_of_key, is_kept_whole_as
from oduyo_provider.sync.apply.work import Course, Work


class Habits(msgspec.Struct, frozen=True):
    """What a site is known to do to values.

    :param is_released: whether a person has released a finding, by its name.
    :param ignored: fields that the site is seen to ignore, so that it cuts none of them.
    :param accepts_repeated: in this run a person accepts values that are stored as they were stored before.
    :param keeps_keys: actions after which keys were seen as they are sent, or in a form of that.
    """

    is_released: Callable[[str], bool] = lambda _: False
    ignored: Collection[str] = ()
    accepts_repeated: bool = False
    keeps_keys: Collection[Action] = ()

    def is_accepted(self, finding: Finding, entry: Entry | None = None) -> bool:
        """Whether a value that is stored otherwise counts as in step: it is a usual form of it, or a person has accepted it.

        :param entry: what the ledger remembers of the key.
        """
        if finding.is_final:
            return False
        if not finding.is_other or self.is_released(finding.name):
            return True
        is_repeated = entry is not None and entry.is_seen_as(finding.field, finding.sent, finding.stored)
        return is_repeated and self.accepts_repeated

    def is_rekeyed(self, action: Action, sent: str, stored: str | None) -> bool:
        """Whether not the site stored another key, but somebody changed it after it was written."""
        return action in self.keeps_keys and not can_be_kept_as(sent, stored)


DEFAULT_HABITS = Habits()


def find_key_habit(work: Work, course: Course) -> Finding | None:
    """What the site does to keys, seen in this load or known before; None while it does nothing."""
    return course.keys or work.known_findings.get("key_altered")


def is_whole_key(work: Work, course: Course, key: str, stored: str | None) -> bool:
    """Whether a stored key is the one that was sent, uncut, in a form in which this site stores keys."""
    if (known := find_key_habit(work, course)) is None:
        return is_form_of_key(key, stored)
    return is_kept_whole_as(key, stored) or is_form_of_key(known.cut(key), stored)


def read_habits(work: Work, course: Course) -> Habits:
    """What is known of the site by now."""
    keys = find_key_habit(work, course)
    gives_own_keys = keys is not None and not can_be_kept_as(keys.sent, keys.stored)
    return Habits(
        work.is_known,
        course.ignored,
        accepts_repeated="letters" in work.released,
        keeps_keys=frozenset() if gives_own_keys else frozenset(course.proven),
    )

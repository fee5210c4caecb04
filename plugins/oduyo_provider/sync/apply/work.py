"""The tools of a load (:class:`Work`), and what it learns on the way (:class:`Course`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.ledger import MAX_RESENDS, Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.core.release import Release
from oduyo_provider.core.values.letters import Escaping
from oduyo_provider.sync.apply.listed import Listed
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.runtime.clock import Clock

#: Records in one page of a listing.
PAGE_ROWS = 1_000
#: From this many changes in a row on, server errors count as an outage, and no longer as the fault of single rows.
FEW_FAILING = 3
#: So many refusals without any success point to a wrong API key or mapping, not to bad rows.
MAX_WITHOUT_SUCCESS = 50


class Ready(msgspec.Struct, frozen=True, gc=False):
    """A change that may be sent, with what was seen of its record right before.

    :param record: as it was listed; None for a create, or where the plan's own listing counts as the look.
    :param looked_at: by the monotonic clock; infinite with ``sync_mode=create``, which looks at nothing.
    """

    change: Change
    record: Remote | None
    looked_at: float


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The tools and settings of a load.

    :param concurrency: changes under way at once; the client paces itself below that.
    :param settle_s: how long after its sending a change may still take effect, in seconds.
    :param check_lease: raises when another writer may have taken over.
    :param source: that made the plan; ``takes_over`` whether a person released ``other_source``.
    :param is_create_mode: nothing is compared and nothing is looked at before it is sent.
    :param partial_updates: Ödüyo keeps fields that an update leaves out.
    :param escaping: how Ödüyo escapes signs at each write; None where it does not.
    :param listed_at: when the plan's listing began, by the monotonic clock, where it counts as a look; else None.
    :param known_findings: what the site is known to do to values, by name. A final one cannot be accepted: its release only
        allows one more try.
    :param released: the brakes that may trip in this run.
    :param note_finding: remembers what the site does, for good where it is released.
    :param forget_finding: forgets a final finding, by its name.
    :param listed: the plan's own listing.
    """

    client: OduyoClient
    normaliser: Normaliser
    progress: Progress
    clock: Clock
    concurrency: int
    settle_s: float
    check_lease: Callable[[], None]
    source: str
    takes_over: bool = False
    is_create_mode: bool = False
    partial_updates: bool = False
    escaping: Escaping | None = None
    listed_at: float | None = None
    known_findings: Mapping[str, Finding] = {}
    released: Release = {}
    note_finding: Callable[[Finding], None]
    forget_finding: Callable[[str], None] = lambda _: None
    listed: Listed = Listed()

    def is_known(self, name: str) -> bool:
        """Whether a person has released a finding, in this run or before.

        :param name: of the finding. Where it is about one other value, it was seen before it was released.
        """
        known = self.known_findings.get(name)
        return name in self.released or (known is not None and known.is_released)

    def is_others(self, entry: Entry | None) -> bool:
        """Whether a record belongs to another source."""
        return entry is not None and entry.is_others(self.source) and not self.takes_over


class Course(msgspec.Struct):
    """What a load learns, over all partitions.

    :param proven: actions whose first change was read back and found as it should be.
    :param without_effect: action → first changes that had no effect.
    :param ignored: fields that were seen to stay as they were although Ödüyo had said yes.
    :param successes: changes that Ödüyo took.
    :param failing: changes answered with a server error: key → how many others had been taken when it was first sent, those
        under way included.
    :param refused: keys of the changes that it refused, and ``said`` what it answered to the last of them.
    :param deletions: ids of the records whose deletion was sent.
    :param resends_left: refusals of long ago that may be sent again.
    :param top_id: the highest id that was seen; ``overlap_id`` one some hundred records below it; ``lowest_id`` the
        lowest of the site, 0 where it is not known.
    :param keys: what the site was seen to do to a key; None while it does nothing.
    :param calls_per_s: the measured pace.
    """

    proven: set[Action] = msgspec.field(default_factory=set)
    without_effect: Counter[Action] = msgspec.field(default_factory=Counter)
    ignored: set[str] = msgspec.field(default_factory=set)
    successes: int = 0
    failing: dict[str, int] = msgspec.field(default_factory=dict)
    deletions: set[str] = msgspec.field(default_factory=set)
    refused: set[str] = msgspec.field(default_factory=set)
    said: str = ""
    resends_left: int = MAX_RESENDS
    top_id: int = 0
    overlap_id: int = 0
    lowest_id: int = 0
    keys: Finding | None = None
    calls_per_s: float = 1.0

    def fails_alone(self, key: str) -> bool:
        """Whether a server error is about this change alone, and no outage.

        It is when a change that was sent later was taken, or when fewer than :data:`FEW_FAILING` changes failed since the last
        success.
        """
        if self.successes > self.failing.get(key, -1):
            return self.successes > 0
        failing = (name for name, before in self.failing.items() if self.successes <= before)
        return self.successes > 0 and len(list(islice(failing, FEW_FAILING))) < FEW_FAILING

    @property
    def is_refused(self) -> bool:
        """Whether :data:`MAX_WITHOUT_SUCCESS` changes were refused and none was taken: only another kind may still succeed."""
        return not self.successes and len(self.refused) >= MAX_WITHOUT_SUCCESS


def group_by_kind(changes: Iterable[Change]) -> Iterator[tuple[Action, list[Change]]]:
    """The changes of each kind that there are, in the order in which kinds are sent: a slice is looked at as one kind."""
    by_kind: dict[Action, list[Change]] = {}
    for change in changes:
        by_kind.setdefault(change.action, []).append(change)
    for action in Action:
        if action in by_kind:
            yield action, by_kind[action]

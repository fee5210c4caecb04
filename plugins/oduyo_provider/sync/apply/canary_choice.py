"""Which change of a kind goes first, and alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zlib import crc32

from oduyo_provider.core.change import Change
from oduyo_provider.core.findings import is_beginning
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.record import Kind
from oduyo_provider.core.values.letters import ESCAPED_SIGNS
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.canary import is_canary
from oduyo_provider.sync.apply.key_owners import writes_key

_ASCII = frozenset(map(chr, range(128)))


def find_able(pending: Sequence[Change], entries: Mapping[str, Entry], kinds: Mapping[str, Kind]) -> list[Change]:
    """The changes that can show what a site does to their kind.

    One of which Ödüyo was seen to keep another value, which nobody has accepted, can show nothing but that once more.

    :param entries: what the ledger remembers, by match key.
    """
    return [change for change in pending if is_canary(change, kinds) and not _is_open(change, entries)]


def _is_open(change: Change, entries: Mapping[str, Entry]) -> bool:
    entry = entries.get(compute_match_key(change.integration_id))
    return entry is not None and any(
        pair.is_open and change.payload.get(name) == pair.sent for name, pair in entry.stored.items()
    )


def choose_canaries(
    pending: Sequence[Change], able: Sequence[Change], *, partial: bool = False
) -> tuple[list[Change], int]:
    """The changes in the order in which they may be the first, and how many of them show most: those are read back in any case.

    What a site does to letters that are no ASCII, to signs that it escapes, or to long keys, does not show on a row without
    them. Those that prove nothing come last, the others keep their order.

    :param able: see :func:`find_able`.
    :param partial: of the fields, only those that an update changes are sent.
    """
    able = able or list(pending)
    measures = {change.key: _measure(change, partial=partial) for change in able}
    tells = {change.key: not _tells_little(change) for change in able}
    showing: list[Change] = []
    for place in range(3 if able else 0):
        most = max(able, key=lambda change: (measures[change.key][place], measures[change.key], tells[change.key]))
        if measures[most.key][place] > max((measures[change.key][place] for change in showing), default=-1):
            showing.append(most)
    first = {change.key for change in showing}
    others = sorted(
        (change for change in pending if change.key not in first),
        key=lambda change: (change.key not in tells, not tells.get(change.key, False)),
    )
    return [*showing, *others], len(showing)


def _tells_little(change: Change) -> bool:
    """Whether a change only makes texts longer, or empty: what is as it was then may have been cut, or sites ignore it."""
    return bool(change.differs) and all(
        not change.payload[name] or is_beginning(change.payload[name], change.base.get(name)) for name in change.differs
    )


def _measure(change: Change, *, partial: bool) -> tuple[int, int, int]:
    """How many different letters that are no ASCII a change sends, how many signs that sites escape, and its key's length."""
    signs = set("".join(change.compute_body(partial=partial).values()))
    key_length = len(change.integration_id) if writes_key(change) else 0
    return len(signs - _ASCII), len(signs & ESCAPED_SIGNS), key_length


def choose_place(tried: int, left: int, now: float) -> int:
    """Which of those that are left is the next: the first; behind one that proved nothing the last, then any.

    Rows that are always refused, or at which the server always fails, stay in the plans of all nights, and in the same places:
    taken in their order, they would keep all others from being sent.

    :param tried: those that proved nothing.
    :param now: seconds since 1970; another night takes others.
    """
    if not tried:
        return 0
    return left - 1 if tried == 1 else crc32(f"{int(now)} {tried}".encode()) % left

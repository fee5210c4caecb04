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
    """The changes that can prove their kind.

    Where Ödüyo is known to keep another value of a change, which nobody has accepted, it would only show that again.

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
    """The changes in the order in which they are tried as canaries, and how many of the first are read back in any case.

    These first ones have the most letters beyond ASCII, the most signs that sites escape, the longest key, and the most values in
    fields that are not sent: what a site does to those shows on no other row. Changes that prove nothing come last, the rest keep their order.

    :param able: see :func:`find_able`.
    :param partial: of the fields, only those that an update changes are sent.
    """
    able = able or list(pending)
    measures = {change.key: _measure(change, partial=partial) for change in able}
    tells = {change.key: not _tells_little(change) for change in able}
    showing: list[Change] = []
    for place in range(4 if able else 0):
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
    """Whether a change only makes texts longer, or empty. Without effect it proves nothing: such texts are cut or ignored."""
    return bool(change.differs) and all(
        not change.payload[name] or is_beginning(change.payload[name], change.base.get(name)) for name in change.differs
    )


def _measure(change: Change, *, partial: bool) -> tuple[int, int, int, int]:
    """Different letters beyond ASCII that a change sends, different signs that sites escape, its key's length, and the values left out."""
    body = change.compute_body(partial=partial)
    signs = set("".join(body.values()))
    left_out = [name for name, value in change.base.items() if value and name not in body] if change.payload else []
    key_length = len(change.integration_id) if writes_key(change) else 0
    return len(signs - _ASCII), len(signs & ESCAPED_SIGNS), key_length, len(left_out)


def choose_place(tried: int, left: int, now: float) -> int:
    """The place of the next canary among the changes left: first the first, then the last, then any.

    Rows that are refused every night stand in the same places of every plan. Tried in their order, they would keep all other
    rows from being sent.

    :param tried: how many canaries proved nothing so far.
    :param now: seconds since 1970, so that another night tries others.
    """
    if not tried:
        return 0
    return left - 1 if tried == 1 else crc32(f"{int(now)} {tried}".encode()) % left

"""The history of each key: what every applied run did to it, kept for years in ``<staging>/_history/<dag_id>/``.

Split by the key into buckets, as the ledger is, so that one key is read without reading all. Each run writes one file
into each bucket that it touched; many or large ones are merged into one. A bucket is bounded: what is dropped first are
the values of creates, the oldest first, then the oldest lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.ledger import REFUSED_BEFORE
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.record import Resource
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.staging.change_lines import SENT, ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE
from oduyo_provider.sync.staging.layout import HISTORY, name_partition, name_past

FORMAT = 1

BUCKETS = 64
#: A bucket is merged once it has more files than this, or gets one larger than this …
MAX_FILES, LARGE_FILE_BYTES = 30, 64 << 10
#: … and a merged file is at most so large.
MAX_BYTES = 2 << 20

#: Characters that are kept of each value and of what Ödüyo answered.
KEPT_TEXT = 300

#: Nothing was done.
_NOT_DONE = frozenset({"waiting", "planned", "not_applied", SENT})


class PastChange(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What one run did to one key.

    :param integration_id: the key.
    :param at: when its result was known, seconds since 1970.
    :param run: the run's name; ``plan`` its plan number, another one where a run planned again.
    :param action: as of a :class:`ChangeLine`, here and below; empty for a row that was rejected.
    :param resource: the name of what the record is; empty where it was not kept yet.
    """

    integration_id: str
    at: float
    run: str
    plan: int
    action: str
    outcome: str
    oduyo_id: str = ""
    code: str = ""
    fields: list[tuple[str, str | None, str | None]] = []
    reason: str = ""
    answer: str = ""
    stored: dict[str, str | None] = {}
    resource: str = ""

    @property
    def identity(self) -> tuple[str, int, str, str]:
        """Identifies a change, however often its run is added up."""
        return self.run, self.plan, self.action, self.integration_id


class Header(msgspec.Struct, frozen=True):
    """The first line of a file.

    :param dropped_until: lines up to this time were dropped; 0 where none was.
    """

    format: int = FORMAT
    dropped_until: float = 0.0


class PastOfKeys(msgspec.Struct, frozen=True):
    """Past changes, the oldest first.

    :param dropped_until: what is older may be missing; 0 where nothing was dropped.
    :param unread: names of files that hold more than could be read.
    """

    changes: list[PastChange]
    dropped_until: float = 0.0
    unread: list[str] = []


def has_done(line: ChangeLine) -> bool:
    """Whether the change of a line was made, or may have been."""
    return bool(line.action) and line.outcome not in _NOT_DONE and line.reason != REFUSED_BEFORE


def make_past_change(line: ChangeLine, run: str, plan: int, now: float, resource: Resource) -> PastChange:
    """The part of a change table's line that is kept."""
    return PastChange(
        integration_id=line.integration_id,
        at=line.at or now,
        run=run,
        plan=plan,
        action=line.action,
        outcome=line.outcome,
        oduyo_id=line.oduyo_id,
        code=line.code,
        fields=[(name, _cut(before), _cut(after)) for name, before, after in line.fields],
        reason=line.reason[:KEPT_TEXT],
        answer=line.answer[:KEPT_TEXT],
        stored={name: _cut(value) for name, value in line.stored.items()},
        resource=resource.name,
    )


def write_past_changes(root: Folder, dag_id: str, changes: Iterable[PastChange], name: str) -> None:
    """Add what a run did.

    :param name: of the files, unique.
    """
    by_bucket: dict[int, list[PastChange]] = {}
    for change in changes:
        by_bucket.setdefault(compute_bucket(compute_match_key(change.integration_id), BUCKETS), []).append(change)
    for bucket, found in sorted(by_bucket.items()):
        folder = _open_bucket(root, dag_id, bucket)
        data = _encode(found, 0.0)
        folder.write(name_past(max(change.at for change in found), name), data)
        if len(data) > LARGE_FILE_BYTES or len(folder.names()) > MAX_FILES:
            _merge(folder, name)


def read_past_changes(root: Folder, dag_id: str, integration_id: str) -> PastOfKeys:
    """What runs did to one key; only its bucket is read."""
    key = compute_match_key(integration_id)
    found = _read_bucket(_open_bucket(root, dag_id, compute_bucket(key, BUCKETS)))
    mine = [change for change in found.changes if compute_match_key(change.integration_id) == key]
    return PastOfKeys(mine, found.dropped_until, found.unread)


def read_all_past_changes(root: Folder, dag_id: str) -> Iterator[PastOfKeys]:
    """What runs did to every key, bucket by bucket."""
    for bucket in range(BUCKETS):
        yield _read_bucket(_open_bucket(root, dag_id, bucket))


def _open_bucket(root: Folder, dag_id: str, bucket: int) -> Folder:
    return root.child(HISTORY, dag_id, name_partition(bucket))


def _merge(folder: Folder, name: str) -> None:
    names = folder.names()
    try:
        found = _read_files(folder, names)
    except StagedFileError:  # another run has just merged them
        return
    kept, dropped_until = _shrink(found.changes, found.dropped_until)
    folder.write(name_past(kept[-1].at if kept else dropped_until, f"{name}-merged"), _encode(kept, dropped_until))
    for old in names:
        if old not in found.unread:
            folder.delete(old)


def _shrink(changes: Sequence[PastChange], dropped_until: float) -> tuple[list[PastChange], float]:
    """The lines that fit into a merged file, and until when lines were dropped."""
    encode = msgspec.json.Encoder().encode
    kept, sizes = list(changes), [len(encode(change)) + 1 for change in changes]
    total = sum(sizes)
    for number, change in enumerate(kept):
        if total <= MAX_BYTES:
            break
        if change.action == "create" and change.fields:
            kept[number] = msgspec.structs.replace(change, fields=[])
            size = len(encode(kept[number])) + 1
            total, sizes[number] = total - sizes[number] + size, size
    start = 0
    while total > MAX_BYTES:
        total -= sizes[start]
        dropped_until = max(dropped_until, kept[start].at)
        start += 1
    return kept[start:], dropped_until


def _read_bucket(folder: Folder) -> PastOfKeys:
    try:
        return _read_files(folder, folder.names())
    except StagedFileError:  # a run has just merged them
        return _read_files(folder, folder.names())


def _read_files(folder: Folder, names: Iterable[str]) -> PastOfKeys:
    """The lines of some files, each change once; what is damaged, or of a newer version, is left out."""
    decode, read_header = msgspec.json.Decoder(PastChange).decode, msgspec.json.Decoder(Header).decode
    found: dict[tuple[str, int, str, str], PastChange] = {}
    dropped_until, unread = 0.0, []
    for name in names:
        first, *lines = folder.read(name).splitlines() or [b"{}"]
        try:
            header = read_header(first)
            if header.format > FORMAT:
                unread.append(name)
                continue
            dropped_until = max(dropped_until, header.dropped_until)
            found.update((change.identity, change) for change in map(decode, lines))
        except DAMAGE:
            unread.append(name)
    return PastOfKeys(sorted(found.values(), key=lambda change: change.at), dropped_until, unread)


def _encode(changes: Iterable[PastChange], dropped_until: float) -> bytes:
    return msgspec.json.Encoder().encode_lines((Header(dropped_until=dropped_until), *changes))


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= KEPT_TEXT else f"{value[:KEPT_TEXT]}…"

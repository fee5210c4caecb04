"""The ledger on disk: one file a bucket, and the outcomes of plans that are not in it yet.

Reading lays all plans over the files whose outcomes are not merged yet, those of running loads too. Merging is done
under the lease. Files are replaced whole: a merge that was cut off is simply done again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec

from oduyo_provider.core.errors import StateError
from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.partition import SINGLE_PARTITION_ROWS, compute_bucket
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.site.files import StateFile, check_format, read_state, write_state
from oduyo_provider.sync.site.legacy import read_legacy_entries
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.site.overlay import Entries, apply_part, find_keys, leaving_out, open_readable
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE, decode_readable
from oduyo_provider.sync.staging.plans import PlanPart

log = logging.getLogger(__name__)


class Index(StateFile, frozen=True, kw_only=True):
    """Names the ledger's files.

    :param buckets: how many there are.
    :param entries: about how many keys are remembered.
    """

    buckets: Annotated[int, msgspec.Meta(ge=1)] = 1
    entries: int = 0


class Header(StateFile, frozen=True, kw_only=True):
    """The first line of a bucket.

    :param entries: how many lines follow, so that a file that was cut is noticed; 0 where they were not counted yet.
    """

    buckets: int
    bucket: int
    entries: int = 0


class Ledger:
    """What is remembered of the keys of one resource on one site.

    :param folder: of the site and resource.
    :param legacy: where 0.1.0 kept its files.
    """

    def __init__(self, folder: Folder, legacy: Folder) -> None:
        self._folder = folder
        self._legacy = legacy

    def read_index(self) -> Index | None:
        """The ledger's index; if that is damaged or gone, as the files show it; None when nothing was merged yet.

        :raises StateError: it is damaged or gone, and the files do not tell.
        """
        try:
            if (index := read_state(self._folder, layout.LEDGER_INDEX, Index)) is not None:
                return index
        except StateError as error:
            # An error without a cause means that a newer version wrote it.
            if error.__cause__ is None or len(found := self._find_whole()) != 1:
                raise
            return Index(buckets=found[0])
        where = f"{self._folder.uri}/{layout.LEDGER_INDEX}"
        if len(found := self._find_whole()) > 1:
            raise StateError(
                gettext(
                    "The file %(file)s is gone, and the ledger beside it was split in two ways. Restore the file from a backup.",
                    file=where,
                )
            )
        return Index(buckets=found[0]) if found else None

    def _find_whole(self) -> list[int]:
        """The numbers of buckets for which every file is there."""
        found = [int(name) for name in self._folder.child(layout.LEDGER).names() if name.isdecimal()]
        names = {buckets: set(self._files(buckets).names()) for buckets in found}
        return [
            buckets
            for buckets in found
            if names[buckets].issuperset(layout.name_bucket(bucket, buckets) for bucket in range(buckets))
        ]

    @property
    def buckets(self) -> int:
        """Into how many files the ledger is split."""
        index = self.read_index()
        return 1 if index is None else index.buckets

    def read(self, partition: int, partitions: int, plans: Iterable[OpenPlan] = ()) -> Entries:
        """The entries of one partition by match key.

        :param plans: whose outcomes are laid over, in the order in which they were opened.
        """
        if self.read_index() is None and self._folder.child(layout.LEDGER).names():
            where = f"{self._folder.uri}/{layout.LEDGER_INDEX}"
            log.warning(gettext("%(file)s is empty or gone: its records are compared as on a first run", file=where))
        entries = self._read_base(partition, partitions)
        for plan in plans:
            for part in open_readable(self._folder, plan):
                if partitions > 1 and part.manifest.partitions == partitions and part.manifest.partition != partition:
                    continue
                with leaving_out(plan):
                    items = (item for item in find_keys(part) if compute_bucket(item, partitions) == partition)
                    apply_part(entries, plan, part, set(items))
        return entries

    def _read_base(self, partition: int, partitions: int) -> Entries:
        index = self.read_index()
        if index is None:
            entries: Iterable[Entry] = read_legacy_entries(self._legacy)
        elif index.buckets == partitions:
            return self._read_bucket(partition, index.buckets)
        else:
            entries = (
                entry for bucket in range(index.buckets) for entry in self._read_bucket(bucket, index.buckets).values()
            )
        keyed = ((compute_match_key(entry.integration_id), entry) for entry in entries)
        return {key: entry for key, entry in keyed if compute_bucket(key, partitions) == partition}

    def merge(self, plan: OpenPlan, check_lease: Callable[[], None], *, buckets: int, is_outdated: bool) -> None:
        """Put the outcomes of a plan into the files. Only under the lease.

        :param check_lease: called before each writing.
        :param buckets: into how many files a large ledger is split.
        :param is_outdated: a newer plan of the same source was merged before: only ids that are missing are filled in.
        """
        index = self.read_index()
        wanted = self._choose_buckets(plan, index, buckets)
        if index is None or index.buckets != wanted:
            self._split(check_lease, wanted)
        count = 0
        for part in open_readable(self._folder, plan):
            with leaving_out(plan):
                count += self._merge_part(plan, part, check_lease, wanted, is_outdated=is_outdated)
        check_lease()
        self.write_index(wanted, max((self.read_index() or Index()).entries + count, 0))

    def _merge_part(
        self, plan: OpenPlan, part: PlanPart, check_lease: Callable[[], None], buckets: int, *, is_outdated: bool
    ) -> int:
        """Put one part of a plan into the files; returns how many entries came of it."""
        by_bucket: dict[int, set[str]] = {}
        for key in find_keys(part):
            by_bucket.setdefault(compute_bucket(key, buckets), set()).add(key)
        count = 0
        for bucket, keys in sorted(by_bucket.items()):
            entries = self._read_bucket(bucket, buckets)
            before = dict(entries)
            apply_part(entries, plan, part, keys, is_outdated=is_outdated)
            count += len(entries) - len(before)
            if entries != before:
                check_lease()
                self.write_bucket(bucket, buckets, entries)
        return count

    @staticmethod
    def _choose_buckets(plan: OpenPlan, index: Index | None, buckets: int) -> int:
        largest = max((reference["partitions"] for reference in plan.parts), default=1)
        present = 1 if index is None else index.buckets
        is_large = largest > 1 or present > 1 or (index is not None and index.entries > SINGLE_PARTITION_ROWS)
        return (largest if largest > 1 else buckets) if is_large else 1

    def _split(self, check_lease: Callable[[], None], buckets: int) -> None:
        """Write all entries anew into so many files; the index, replaced last, makes them valid."""
        index = self.read_index()
        total = 0
        for bucket in range(buckets):
            entries = self._read_base(bucket, buckets)
            total += len(entries)
            check_lease()
            self.write_bucket(bucket, buckets, entries)
        check_lease()
        self.write_index(buckets, total)
        if index is not None and index.buckets != buckets:
            self._files(index.buckets).remove()

    def _files(self, buckets: int) -> Folder:
        return self._folder.child(layout.LEDGER, str(buckets))

    def write_index(self, buckets: int, entries: int) -> None:
        """Write the index: number of files, and about how many keys. Written last, it makes the files valid."""
        write_state(self._folder, layout.LEDGER_INDEX, Index(buckets=buckets, entries=entries))

    def write_bucket(self, bucket: int, buckets: int, entries: Entries) -> None:
        """Replace one file. Only under the lease."""
        head = Header(buckets=buckets, bucket=bucket, entries=len(entries))
        items = (head, *(entries[key] for key in sorted(entries)))
        self._files(buckets).write(layout.name_bucket(bucket, buckets), msgspec.json.Encoder().encode_lines(items))

    def is_whole(self, partition: int, partitions: int) -> bool:
        """Whether all files that hold entries of one partition can be read whole."""
        index = self.read_index()
        if index is None:
            return not self._folder.child(layout.LEDGER).names()
        buckets = [partition] if index.buckets == partitions else range(index.buckets)
        return not any(self._decode_bucket(bucket, index.buckets)[1] for bucket in buckets)

    def _read_bucket(self, bucket: int, buckets: int) -> Entries:
        entries, faults = self._decode_bucket(bucket, buckets)
        for fault in faults:
            log.warning("%s", fault)
        return entries

    def _decode_bucket(self, bucket: int, buckets: int) -> tuple[Entries, list[str]]:
        """The readable entries of one file, and its faults. Without an entry a run is more careful, never wrong."""
        folder, name = self._files(buckets), layout.name_bucket(bucket, buckets)
        where, faults, counted = f"{folder.uri}/{name}", [], 0
        lines = (folder.find(name) or b"").splitlines()
        try:
            header = msgspec.json.decode(lines[0], type=Header) if lines else Header(buckets=buckets, bucket=bucket)
            check_format(header.format, where)
            counted = header.entries
        except DAMAGE:
            lines = [b"", *lines]
            faults.append(
                gettext("%(file)s does not begin as a ledger does; what can be read of it is used", file=where)
            )
        if not lines:
            faults.append(gettext("%(file)s is empty or gone: its records are compared as on a first run", file=where))
        entries, damaged = decode_readable(lines[1:], Entry)
        if lost := max(damaged, counted - len(entries)):
            faults.append(
                ngettext(
                    "%(n)s line of %(file)s is damaged or gone: its record is compared as on a first run",
                    "%(n)s lines of %(file)s are damaged or gone: their records are compared as on a first run",
                    lost,
                    file=where,
                )
            )
        return {compute_match_key(entry.integration_id): entry for entry in entries}, faults

"""The second step: run the ERP's query and write its rows as they come."""

from __future__ import annotations

import logging
import time

import msgspec

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.matching import compute_record_key, name_key
from oduyo_provider.core.plan import OnMissing, SyncMode
from oduyo_provider.core.record import Remote
from oduyo_provider.core.shared_codes import SharedCodes
from oduyo_provider.erp.cursor import DatabaseHook
from oduyo_provider.erp.query import fetch_rows
from oduyo_provider.sync.runtime.timing import SAY_PROGRESS_EVERY_S
from oduyo_provider.sync.staging.buckets import Side, SideWriter, split_side
from oduyo_provider.sync.staging.folder import read_manifest, write_manifest
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING, MANIFEST, SHARED_CODES
from oduyo_provider.sync.staging.manifests import ExtractManifest, Reference, SnapshotManifest, read_reference
from oduyo_provider.sync.staging.row_codec import encode_row, simplify_row
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.snapshot import read_altered_keys

log = logging.getLogger(__name__)


class RowSink:
    """Stages raw rows, and gathers what only the whole table shows.

    :param listed: Ödüyo's side.
    :param columns: of all rows, as API field names.
    """

    def __init__(self, step: StepContext, listed: SnapshotManifest, columns: tuple[str, ...]) -> None:
        self._step = step = step.follow(listed)
        self._listed = listed
        self._columns = columns
        self._writer = _open_writer(step, listed)
        self._normaliser = step.make_normaliser(listed.resource)
        self._codes = SharedCodes(self._normaliser.texts)
        self._has_pairs = "key1" in columns and "key2" in columns
        self._pairs: set[tuple[str, str]] = set()
        self._unreadable_ids = 0
        self._lacks_status = False

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return self._writer.rows

    def write(self, row: dict[str, object]) -> None:
        """Take a row; its keys are API field names."""
        simple = simplify_row(row)
        key = compute_record_key(simple, self._normaliser)
        self._unreadable_ids += key is None
        self._lacks_status = self._lacks_status or "status" not in row
        if self._has_pairs and (pair := self._normaliser.texts((simple.get("key1"), simple.get("key2")))):
            self._pairs.add((pair[0], pair[1]))
        self._codes.add(simple, key)
        self._writer.write(key, encode_row(simple) + b"\n")

    def finish(self, query_name: str, started_at: float) -> list[Reference]:
        """Bring both sides to the same number of files and write the manifest; a reference for each partition.

        :raises SettingsError: records would become passive that could not be made active again.
        """
        self._check_deactivation()
        step, listed, desired = self._step, self._listed, self._writer.close()
        folder, shared = step.run.root.at(desired.folder), self._codes.find()
        manifest = ExtractManifest(
            query=query_name,
            started_at=started_at,
            rows=self.rows,
            columns=self._columns,
            pairs=sorted(self._pairs) if self._has_pairs else None,
            unreadable_ids=self._unreadable_ids,
            shared_codes=folder.write_lines(SHARED_CODES, (b"%d\n" % digest for digest in sorted(shared))),
            desired=desired,
            existing=_split_existing(step, listed, desired.buckets),
            snapshot=listed,
        )
        write_manifest(folder, MANIFEST, manifest)
        self._warn(sum(shared.values()))
        return [
            {
                "manifest": desired.folder,
                "of": listed.side.folder,
                "partition": number,
                "partitions": desired.buckets,
                "rows": file.rows,
            }
            for number, file in enumerate(desired.files)
        ]

    def _warn(self, shared_codes: int) -> None:
        """Warn of what only the whole table shows.

        :param shared_codes: how many rows share a code.
        """
        if self._unreadable_ids and self._step.params.on_missing is not OnMissing.KEEP:
            log.warning(
                ngettext(
                    "%(n)s row has an id that cannot be read, and any record may be its own: none counts as missing in this run, "
                    "so none is deactivated or deleted. Correct it in the ERP or in the query; it is in quarantine.jsonl",
                    "%(n)s rows have an id that cannot be read, and any record may be theirs: none counts as missing in this run, "
                    "so none is deactivated or deleted. Correct them in the ERP or in the query; they are in quarantine.jsonl",
                    self._unreadable_ids,
                )
            )
        if shared_codes:
            log.warning(
                ngettext(
                    "%(n)s row shares firm, period, type and code with another id; all are sent",
                    "%(n)s rows share firm, period, type and code with another id; all are sent",
                    shared_codes,
                )
            )

    def _check_deactivation(self) -> None:
        if self._step.params.on_missing is not OnMissing.DEACTIVATE:
            return
        if self._listed.resource.passive is None:
            raise SettingsError(
                gettext(
                    "on_missing=deactivate cannot be used: nothing is known that makes a %(resource)s passive. Choose keep "
                    "or delete.",
                    resource=self._listed.resource.name,
                )
            )
        if self._lacks_status:
            raise SettingsError(
                gettext(
                    "on_missing=deactivate needs the column status in every row: without it a record whose row comes back "
                    "would stay passive for ever. Select it, for example as '1' AS status, or choose keep."
                )
            )


def extract(
    step: StepContext, hook: DatabaseHook, query: str, *, query_name: str, snapshot: Reference
) -> list[Reference]:
    """Run the query into staging; returns a reference for each partition."""
    listed = read_reference(step.run.root, snapshot, SnapshotManifest)
    started_at, said_at = time.time(), time.monotonic()
    with fetch_rows(hook, query, resource=listed.resource, query_name=query_name) as rows:
        sink = RowSink(step, listed, rows.columns)
        for batch in rows:
            for row in batch:
                sink.write(row)
            if time.monotonic() - said_at >= SAY_PROGRESS_EVERY_S:
                said_at = time.monotonic()
                log.info(ngettext("%(n)s row read so far", "%(n)s rows read so far", sink.rows))
    parts = sink.finish(query_name, started_at)
    log.info(
        ngettext(
            "%(query)s returned %(n)s row in %(seconds)s s",
            "%(query)s returned %(n)s rows in %(seconds)s s",
            sink.rows,
            query=query_name,
            seconds=format_number(time.time() - started_at, 1),
        )
    )
    return parts


def _open_writer(step: StepContext, listed: SnapshotManifest) -> SideWriter:
    """Open a writer with as many files as the run has already, if it has several, whatever this worker's ``ODUYO_BUCKETS`` is.

    With ``sync_mode=create`` also a single file, as in an earlier try: what that confirmed is stored by partition.
    """
    bound = listed.side.buckets if listed.side.buckets > 1 else None
    if step.params.sync_mode is SyncMode.CREATE:
        bound = _read_buckets(step.run)
    folder = step.run.step(DESIRED)
    return SideWriter(folder, buckets=bound or step.buckets, is_split=bound is not None)


def _read_buckets(run: Run) -> int | None:
    """Into how many files an earlier try has split the rows; None where none has."""
    above = run.folder.child(DESIRED)
    tries = (above.child(name) for name in above.names())
    return next(
        (read_manifest(folder, MANIFEST, ExtractManifest).desired.buckets for folder in tries if folder.has(MANIFEST)),
        None,
    )


def _split_existing(step: StepContext, listed: SnapshotManifest, buckets: int) -> Side:
    """Ödüyo's side in as many files as the rows have."""
    normaliser, decode = step.make_normaliser(listed.resource), msgspec.json.Decoder(Remote).decode
    altered = read_altered_keys(step.open_state(listed.site, listed.resource))
    lines = ((name_key(decode(line), altered, normaliser), line) for line in listed.side.read_lines(step.run.root, 0))
    return split_side(listed.side, step.run.step(EXISTING), lines, buckets)

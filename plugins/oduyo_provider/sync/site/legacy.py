"""Reads what 0.1.0 kept of a site, until the first merge has turned it into the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder, decode_lines


class _Altered(msgspec.Struct, frozen=True):
    oduyo_id: str
    integration_id: str
    field: str
    sent: str
    stored: str | None


class _Applied(msgspec.Struct, frozen=True):
    run: str


def read_legacy_entries(root: Folder, site: str, resource: str) -> Iterator[Entry]:
    """The values that 0.1.0 knew to be stored otherwise than sent, as entries without an owner."""
    folder = _find_folder(root, site, resource)
    if not folder.has(layout.LEGACY_ALTERED):
        return
    found: dict[str, Entry] = {}
    for item in decode_lines(folder, layout.LEGACY_ALTERED, folder.read(layout.LEGACY_ALTERED).splitlines(), _Altered):
        known = found.get(item.integration_id) or Entry(item.integration_id, oduyo_id=item.oduyo_id)
        stored = {**known.stored, item.field: Stored(item.sent, item.stored)}
        found[item.integration_id] = msgspec.structs.replace(known, stored=stored)
    yield from found.values()


def has_legacy_run(root: Folder, site: str, resource: str, source: str) -> bool:
    """Whether 0.1.0 has written to the site from this source: a DAG's id, or a task's after it."""
    folder = _find_folder(root, site, resource)
    if not folder.has(layout.LEGACY_APPLIED):
        return False
    try:
        run = msgspec.json.decode(folder.read(layout.LEGACY_APPLIED), type=_Applied).run
    except (msgspec.MsgspecError, StagingError):
        return False  # without it a person has to trigger the first run
    dag_id, _, rest = run.partition("/")
    return source == dag_id or source == f"{dag_id}/{'/'.join(rest.split('/')[1:])}"


def _find_folder(root: Folder, site: str, resource: str) -> Folder:
    host = site.partition("/")[0]
    return root.child(layout.SITES, f"{re.sub(r'[^A-Za-z0-9.-]', '_', host)}__{resource}")

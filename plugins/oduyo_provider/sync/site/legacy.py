"""Reads what 0.1.0 kept of a site, until the first merge has turned it into the ledger."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import msgspec

from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.language import ngettext
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE, decode_readable

log = logging.getLogger(__name__)


class _Altered(msgspec.Struct, frozen=True):
    oduyo_id: str
    integration_id: str
    field: str
    sent: str
    stored: str | None


class _Applied(msgspec.Struct, frozen=True):
    run: str


def find_legacy_folder(root: Folder, site: str, resource: str) -> Folder:
    """Where 0.1.0 kept what it knew of a site."""
    host = site.partition("/")[0]
    return root.child(layout.SITES, f"{re.sub(r'[^A-Za-z0-9.-]', '_', host)}__{resource}")


def read_legacy_entries(folder: Folder) -> Iterator[Entry]:
    """The values that 0.1.0 knew to be stored otherwise than sent, as entries without an owner."""
    items, damaged = decode_readable((folder.find(layout.LEGACY_ALTERED) or b"").splitlines(), _Altered)
    if damaged:  # without a line its value is sent again once
        log.warning(
            ngettext(
                "%(n)s line of %(file)s is damaged and was left out",
                "%(n)s lines of %(file)s are damaged and were left out",
                damaged,
                file=f"{folder.uri}/{layout.LEGACY_ALTERED}",
            )
        )
    found: dict[str, Entry] = {}
    for item in items:
        known = found.get(item.integration_id) or Entry(item.integration_id, oduyo_id=item.oduyo_id)
        stored = {**known.stored, item.field: Stored(item.sent, item.stored)}
        found[item.integration_id] = msgspec.structs.replace(known, stored=stored)
    yield from found.values()


def has_legacy_run(folder: Folder, source: str) -> bool:
    """Whether 0.1.0 has written to the site from this source: a DAG's id, or a task's after it."""
    try:
        run = msgspec.json.decode(folder.find(layout.LEGACY_APPLIED) or b"", type=_Applied).run
    except (*DAMAGE, StagingError):
        return False  # without it a person has to trigger the first run
    dag_id, _, *task = run.split("/")[:3]
    return source == "/".join((dag_id, *task))

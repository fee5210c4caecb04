"""Small files of a site: JSON with the number of their format, replaced whole."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from oduyo_provider.core.errors import StateError
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE

#: The format that this version writes. 0.1.0 wrote files without a number.
FORMAT = 2

T = TypeVar("T", bound="StateFile")


class StateFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file below ``_sites/``."""

    format: int = FORMAT


def read_state(folder: Folder, name: str, kind: type[T]) -> T | None:
    """A file's content; None when there is none.

    :raises StateError: it was written by a newer version, or is damaged; the text says what to do.
    """
    data = folder.find(name)
    if data is None:
        return None
    try:
        check_format(msgspec.json.decode(data, type=StateFile).format, f"{folder.uri}/{name}")
        return msgspec.json.decode(data, type=kind)
    except DAMAGE as error:
        raise StateError(
            gettext(
                "The file %(file)s is damaged (%(error)s): somebody changed or cut it. Restore it from a backup, "
                "or remove it: what stands in it is forgotten then, and the next run is more careful, as on a first run.",
                file=f"{folder.uri}/{name}",
                error=error,
            )
        ) from error


def write_state(folder: Folder, name: str, content: StateFile) -> None:
    """Replace a file."""
    folder.write(name, msgspec.json.encode(content) + b"\n")


def check_format(found: int, where: str) -> None:
    """Refuse what a newer version wrote.

    :raises StateError: naming the file.
    """
    if found > FORMAT:
        raise StateError(
            gettext(
                "%(file)s has the format %(found)s, which a newer version of airflow-provider-oduyo wrote; this one "
                "reads up to %(format)s. Install that version again on all machines, or restore the folder from a backup "
                "of before.",
                file=where,
                found=found,
                format=FORMAT,
            )
        )

"""Lists and reads the ERP's queries, which are files in a folder.

One rule holds wherever a query is offered, checked or read: its name is the file's name without ``.sql``, in any case
of these letters. The name may hold any printable character, but not begin with a dot.
"""

from __future__ import annotations

import codecs
import unicodedata
from pathlib import Path

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext

SUFFIX = ".sql"

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def list_queries(folder: str | Path) -> list[str]:
    """The names of the folder's queries, sorted; empty if there is no such folder."""
    return sorted(_find_files(folder))


def read_query(folder: str | Path, name: str) -> str:
    """The text of a query. The file is UTF-8, or UTF-16 with a byte order mark.

    :param name: one that :func:`list_queries` gives; no other name reads a file, in the folder or outside.
    :raises SettingsError: there is no such query, two files have its name, or its text cannot be read.
    """
    files = _find_files(folder)
    found = files.get(unicodedata.normalize("NFC", name), [])
    if len(found) == 1:
        return _read_text(found[0])
    if found:
        raise SettingsError(
            gettext(
                "The query %(name)s is ambiguous: %(found)s are both in %(folder)s. Rename one of them, then run again.",
                name=repr(name),
                found=", ".join(path.name for path in found),
                folder=folder,
            )
        )
    raise SettingsError(
        gettext(
            "There is no query %(name)s in %(folder)s; the queries there are: %(files)s. Choose one of them as "
            "erp_query, or add %(file)s to that folder on all workers.",
            name=repr(name),
            folder=folder,
            files=", ".join(sorted(files)) or gettext("none"),
            file=repr(name + SUFFIX),
        )
    )


def _find_files(folder: str | Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    place = Path(folder)
    for path in sorted(place.iterdir()) if place.is_dir() else []:
        # macOS stores a letter and its accent apart; forms and JSON have them as one character.
        name = unicodedata.normalize("NFC", path.name)
        if name.lower().endswith(SUFFIX) and not name.startswith(".") and name.isprintable() and path.is_file():
            files.setdefault(name[: -len(SUFFIX)], []).append(path)
    return files


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
        mark, encoding = next((pair for pair in _BYTE_ORDER_MARKS if data.startswith(pair[0])), (b"", "utf-8"))
        text = data.removeprefix(mark).decode(encoding)
    except OSError as error:
        raise SettingsError(
            gettext(
                "The query %(path)s cannot be read (%(cause)s). Make the file readable for Airflow on all workers, "
                "then run again.",
                path=path,
                cause=error.strerror,
            )
        ) from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # UTF-16 without a byte order mark looks like UTF-8 with NULs
        raise SettingsError(
            gettext(
                "The query %(path)s is not UTF-8, perhaps windows-1254 or UTF-16. Save it as UTF-8, then run again.",
                path=path,
            )
        )
    return text

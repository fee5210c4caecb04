"""Copies files into a folder, and notices which of the copies somebody has edited."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

#: File beside the copies with the hash of each as it was copied, in the format of ``sha256sum --check``.
RECORD = ".oduyo_dags.sha256"

#: The folder of this package.
PACKAGE = Path(__file__).parent


class Became(Enum):
    """What became of a file."""

    COPIED = "copied"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    REMOVED = "removed"
    KEPT = "kept, as somebody has edited it"


#: Path of a file below the folder, with ``/`` → what became of it.
Outcomes = dict[str, Became]


def find_source() -> Path | None:
    """The folder of this version's DAGs and queries, in the wheel or in a checkout; None if there is neither."""
    checkout = PACKAGE.parents[2]
    if (PACKAGE / "files").is_dir():
        return PACKAGE / "files"
    # Of a copy in Airflow's plugins folder, that is Airflow's own DAG folder.
    return checkout / "dags" if (checkout / "pyproject.toml").is_file() else None


def list_files(source: Path) -> dict[str, Path]:
    """The DAGs and queries of a folder: path below it → file."""
    found = (path for path in source.rglob("*") if path.suffix in (".py", ".sql"))
    return {path.relative_to(source).as_posix(): path for path in sorted(found)}


def copy_files(files: Mapping[str, Path], folder: Path, *, replace: bool = False) -> Outcomes:
    """Copy files into a folder; returns what became of each.

    A file that is no copy, or was edited, is kept. A copy that this version no longer has is removed, unless edited.

    :param replace: replace edited files too; each is kept as ``<name>.old``.
    """
    recorded, done, record = _read_record(folder), Outcomes(), dict[str, str]()
    for name, source in files.items():
        data, target = source.read_bytes(), folder / name
        found = target.read_bytes() if target.exists() else None
        if found is None:
            became = Became.COPIED
        elif found == data:
            became = Became.UNCHANGED
        else:
            is_edited = recorded.get(name) != _hash(found)
            if is_edited and replace:
                target.rename(_find_free(target))
            became = Became.KEPT if is_edited and not replace else Became.REPLACED
        if became in (Became.COPIED, Became.REPLACED):
            _write(target, data)
        record[name] = recorded.get(name, "") if became is Became.KEPT else _hash(data)
        done[name] = became
    done |= _remove(folder, {name: {value} for name, value in recorded.items() if name not in files})
    _write_record(folder, record)
    return done


def remove_files(files: Mapping[str, Path], folder: Path) -> Outcomes:
    """Remove the copies from a folder, and folders that are then empty; returns what became of each file.

    :param files: this version's files. They are recognised even without the record.
    """
    known = {name: {_hash(source.read_bytes())} for name, source in files.items()}
    for name, value in _read_record(folder).items():
        known.setdefault(name, set()).add(value)
    done = _remove(folder, known)
    (folder / RECORD).unlink(missing_ok=True)
    return done


def _remove(folder: Path, known: Mapping[str, set[str]]) -> Outcomes:
    """Remove the files with a known content, and what Python compiled from them.

    :param known: path → hashes of the contents that may be removed.
    """
    done = Outcomes()
    for name, hashes in known.items():
        target = folder / name
        if not target.exists():
            continue
        if _hash(target.read_bytes()) not in hashes:
            done[name] = Became.KEPT
            continue
        for path in (target, *target.parent.glob(f"__pycache__/{target.stem}.*.pyc")):
            path.unlink()
            _remove_empty(path.parent, folder)
        done[name] = Became.REMOVED
    return done


def _remove_empty(path: Path, folder: Path) -> None:
    while path != folder and path.is_dir() and not any(path.iterdir()):
        path.rmdir()
        path = path.parent


def _find_free(target: Path) -> Path:
    """A free name for the old file, which neither Airflow nor the list of queries reads."""
    number, old = 1, target.with_name(f"{target.name}.old")
    while old.exists():
        number += 1
        old = target.with_name(f"{target.name}.old{number}")
    return old


def _write(target: Path, data: bytes) -> None:
    """Write a file whole, since Airflow may read the folder at any moment."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_name(f".{target.name}.new")
    written.write_bytes(data)
    written.replace(target)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_record(folder: Path) -> dict[str, str]:
    path = folder / RECORD
    # The file of a damaged line counts as edited.
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return {name: value for value, _, name in (line.partition("  ") for line in lines) if name}


def _write_record(folder: Path, record: Mapping[str, str]) -> None:
    lines = [f"{value}  {name}\n" for name, value in record.items() if value]
    _write(folder / RECORD, "".join(lines).encode())

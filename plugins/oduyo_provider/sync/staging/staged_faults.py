"""What is wrong with a staged file, and what to do, in the reader's language."""

from __future__ import annotations

from oduyo_provider.core import variables
from oduyo_provider.core.language import format_number, gettext


def explain_difference(folder: str, name: str, rows: int, written: int) -> str:
    """It is not as its manifest says."""
    return gettext(
        "The staged file %(file)s is not as it was written (%(rows)s of %(written)s rows): somebody changed or cut it. Clear the "
        "run from its first task, so that everything is read again.",
        file=f"{folder}/{name}",
        rows=format_number(rows),
        written=format_number(written),
    )


def explain_absence(file: str) -> str:
    """It is gone."""
    return gettext(
        "There is no staged file %(file)s: staging was emptied, or this worker does not share it with the others. See that "
        "%(variable)s is one place for all workers, then clear the run from its first task.",
        file=file,
        variable=variables.STAGING_PATH.name,
    )


def explain_kind(folder: str, name: str, kind: str, error: object) -> str:
    """It holds something else."""
    return gettext(
        "The staged file %(file)s is not a %(kind)s of this version (%(error)s). Clear the run from its first task, so that it is "
        "written again.",
        file=f"{folder}/{name}",
        kind=kind,
        error=error,
    )


def explain_line(folder: str, name: str, error: object) -> str:
    """A line of it cannot be read."""
    return gettext(
        "The staged file %(file)s has a line that cannot be read (%(error)s): somebody changed or cut it. Restore it, or start a "
        "new run, which reads and compares everything again. Nothing is sent before that.",
        file=f"{folder}/{name}",
        error=error,
    )


def explain_failure(verb: str, file: str, cause: str, *, is_local: bool) -> str:
    """The storage fails.

    :param verb: what was tried: ``read``, ``write``, ``list``, ``delete`` or ``look for``.
    """
    told = {"file": file, "cause": cause, "variable": variables.STAGING_PATH.name}
    if verb in ("write", "delete"):
        if is_local:
            return gettext(
                "Cannot write %(file)s: %(cause)s. Free the disk or mend its rights; then run again. Nothing is lost. Before you set "
                "%(variable)s to another place, copy all that it holds there: an empty one does not know what was sent.",
                **told,
            )
        return gettext(
            "Cannot write %(file)s: %(cause)s. Check the bucket, its rights and the network; then run again. Nothing is lost. Before "
            "you set %(variable)s to another place, copy all that it holds there: an empty one does not know what was sent.",
            **told,
        )
    if is_local:
        return gettext(
            "Cannot read %(file)s: %(cause)s. Free the disk or mend its rights; then run again. Nothing is lost. Before you set "
            "%(variable)s to another place, copy all that it holds there: an empty one does not know what was sent.",
            **told,
        )
    return gettext(
        "Cannot read %(file)s: %(cause)s. Check the bucket, its rights and the network; then run again. Nothing is lost. Before you "
        "set %(variable)s to another place, copy all that it holds there: an empty one does not know what was sent.",
        **told,
    )

"""How long staged runs are kept."""

from __future__ import annotations

import time
from collections.abc import Iterable

from oduyo_provider.sync.runtime.timing import ABANDONED_AFTER_S
from oduyo_provider.sync.staging.archive import name_folder
from oduyo_provider.sync.staging.layout import EXISTING, REPORT
from oduyo_provider.sync.staging.run_folder import Run

#: Staged runs of a DAG that are kept.
KEPT_RUNS = 30


def prune(run: Run, needed: Iterable[str]) -> None:
    """Remove staged runs of this DAG beyond the last :data:`KEPT_RUNS`, never one whose work has not been reported.

    How old a run is its files say: object stores know no times of folders. A run that nobody has touched for
    :data:`ABANDONED_AFTER_S` will not be finished any more.

    :param needed: the addresses of folders that somebody still reads, however old their runs are.
    """
    dag = run.root.child(run.dag_id)
    changed_at: dict[str, float] = {}
    begun, reported = set[tuple[str, ...]](), set[tuple[str, ...]]()
    for parts, written_at in dag.fetch_files():
        if len(parts) == 1:  # no run's: somebody put it there
            continue
        changed_at[parts[0]] = max(written_at, changed_at.get(parts[0], written_at))
        if parts[-1] == REPORT:
            reported.add(parts[:-1])
        elif EXISTING in parts[1:]:
            begun.add(parts[: parts.index(EXISTING, 1)])
    unfinished = {parts[0] for parts in begun - reported}
    others = sorted(
        changed_at.keys() - {name_folder(dag, run.run_id)}, key=lambda name: (changed_at[name], name), reverse=True
    )
    kept = tuple(needed)
    for name in others[KEPT_RUNS - 1 :]:
        is_needed = any(address.startswith(f"{dag.child(name).address}/") for address in kept)
        if not is_needed and (name not in unfinished or time.time() - changed_at[name] > ABANDONED_AFTER_S):
            dag.child(name).remove()

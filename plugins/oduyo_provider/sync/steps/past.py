"""Where report keeps, for years, what a run did to each key. It can fail no run: what goes wrong is said in the log."""

from __future__ import annotations

import logging

from oduyo_provider.core.language import gettext
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.manifests import SnapshotManifest, number_plan
from oduyo_provider.sync.staging.past_changes import PastChange, has_done, make_past_change, write_past_changes
from oduyo_provider.sync.steps.context import StepContext

log = logging.getLogger(__name__)

#: Lines that are held in memory before they are written.
WRITE_AFTER_LINES = 20_000


class PastWriter:
    """Takes the lines of one plan.

    :param snapshot: of the plan.
    :param is_applied: the load came to its end, so that the rows it rejected are those of the last applied run from now on.
    """

    def __init__(self, step: StepContext, snapshot: SnapshotManifest, *, is_applied: bool) -> None:
        self._step = step
        self._number, self._resource = number_plan(snapshot), snapshot.resource
        self._is_applied = is_applied
        self._run = "/".join((step.run.run_id, *step.run.task))
        self._waiting: list[PastChange] = []
        self._files = 0
        self._is_broken = False

    def take(self, line: ChangeLine) -> None:
        """Keep what was done to a key, or that its row was rejected for the first time."""
        if not line.integration_id or self._is_broken or not self._is_kept(line):
            return
        self._waiting.append(make_past_change(line, self._run, self._number, self._step.clock.now(), self._resource))
        if len(self._waiting) >= WRITE_AFTER_LINES:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        if not waiting or self._is_broken:
            return
        self._files += 1
        run = self._step.run
        try:
            write_past_changes(run.root, run.dag_id, waiting, f"{run.attempt}-{self._files:04d}")
        except Exception as error:
            self._is_broken = True
            log.warning(
                gettext(
                    "What this run did to each record cannot be kept for later; the run itself goes on: %(error)s",
                    error=error,
                )
            )

    def _is_kept(self, line: ChangeLine) -> bool:
        if line.outcome == "rejected":
            return self._is_applied and not line.is_known
        return has_done(line)

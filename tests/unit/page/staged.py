"""Writes what the engine stages, a file at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import Plan, PlanCounts, SyncMode
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.archive import StagedRun, fetch_run
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.change_lines import make_line, settle_line
from oduyo_provider.sync.staging.change_table import make_lines, make_table, write_table
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.journal import Intent, read_history
from oduyo_provider.sync.staging.layout import (
    EXISTING,
    MANIFEST,
    PLAN,
    PLANNED_LINES,
    REPORT,
    RESULTS,
    TABLE_FILES,
    name_journal,
    name_partition,
    name_segment,
)
from oduyo_provider.sync.staging.manifests import PlanManifest, SnapshotManifest
from oduyo_provider.sync.staging.plans import PlanPart, write_plan
from oduyo_provider.sync.staging.segments import Segment, SegmentFile

encode = msgspec.json.encode


def make_snapshot(listed_at: float) -> SnapshotManifest:
    """A listing of an empty site."""
    return SnapshotManifest(
        site="site",
        source="dag",
        number=1,
        mapped="",
        attempt="try1-a",
        turn=0,
        is_busy=False,
        is_first=True,
        sync_mode=SyncMode.UPSERT,
        started_at=listed_at,
        ended_at=listed_at,
        rows=0,
        last_id=None,
        overlap_id=None,
        side=Side("x", []),
        resource=SPECIAL_CODE,
    )


class StagingWriter:
    """Writes plans and results as the engine does."""

    def __init__(self, root: Path) -> None:
        self.root = Folder.open(str(root))
        self._changes: dict[str, list[Change]] = {}
        self._files: dict[str, SegmentFile] = {}
        self._versions = 0

    def plan(self, run_id: str, ids: list[str], *, attempt: str = "try1-a", listed_at: float = 1.0) -> PlanManifest:
        run = self.root.child("dag", run_id)
        run.child(EXISTING, attempt).write(MANIFEST, b"{}")
        folder = run.child(PLAN, attempt, name_partition(0))
        changes = [Change(Action.CREATE, name, {"integration_id": name, "code": f"K.{name}"}) for name in ids]
        counts = PlanCounts(extracted=len(ids), creates=len(ids))
        files = write_plan(folder, Plan(changes, [], [], [], [], [], counts))
        plan = PlanManifest(
            run=f"dag/{run_id}",
            folder="/on/another/machine",
            partition=0,
            partitions=1,
            counts=counts,
            files=files,
            digest=files.changes.digest,
            journal="/on/another/machine",
            params=RunParams(),
            snapshot=make_snapshot(listed_at),
        )
        write_manifest(folder, MANIFEST, plan)
        self._changes[run_id] = changes
        segment = Segment(make_lines(SPECIAL_CODE, changes, []))
        self._files[run_id] = segment.write(run, (PLAN, attempt, name_partition(0), PLANNED_LINES))
        self.write_table(run_id, plan)
        return plan

    def write_table(self, run_id: str, plan: PlanManifest) -> None:
        """Write the table anew, of the lines as they are."""
        table = make_table([PlanPart(self.root, plan)], [self._files[run_id]], is_dry=False, now=1.0)
        write_table(self.root.child("dag", run_id), table)

    def journal(self, run_id: str, plan: PlanManifest) -> Folder:
        return self.root.child("dag", run_id, RESULTS, name_journal(0, plan.snapshot.number, plan.digest))

    def settle(self, run_id: str, plan: PlanManifest, ids: list[str]) -> None:
        lines = [encode(Result(f"create:{name}", Outcome.DONE, oduyo_id="1", at=5.0)) + b"\n" for name in ids]
        self.journal(run_id, plan).append("try1-a.outcomes.jsonl", b"".join(lines))
        self._show(run_id, plan)

    def intend(self, run_id: str, plan: PlanManifest, ids: list[str]) -> None:
        intent = Intent([f"create:{name}" for name in ids], plan.digest, 4.0, "try1-a")
        self.journal(run_id, plan).append("try1-a.intents.jsonl", encode(intent) + b"\n")
        self._show(run_id, plan)

    def _show(self, run_id: str, plan: PlanManifest) -> None:
        """Bring the table up to date, as a load does."""
        history, changes = read_history(self.journal(run_id, plan), plan.digest), self._changes[run_id]
        lines = [
            settle_line(
                make_line(change, SPECIAL_CODE),
                change,
                history.results.get(change.key),
                is_sent=change.key in history.unknown,
            )
            for change in changes
        ]
        self._versions += 1
        path = TABLE_FILES, "try1-a", name_segment(0, self._versions)
        self._files[run_id] = Segment(lines).write(self.root.child("dag", run_id), path)
        self.write_table(run_id, plan)

    def find(self, run_id: str) -> StagedRun:
        (run,) = fetch_run(self.root, "dag", run_id)
        return run

    def report(self, run_id: str, made: Report) -> None:
        self.root.child("dag", run_id).write(REPORT, encode(made))

"""Writes what the engine stages, a file at a time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.ledger import Result
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import Plan, PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.archive import StagedRun, fetch_run
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.journal import Intent
from oduyo_provider.sync.staging.layout import EXISTING, MANIFEST, PLAN, REPORT, RESULTS, name_journal, name_partition
from oduyo_provider.sync.staging.manifests import PlanManifest, SnapshotManifest
from oduyo_provider.sync.staging.plans import write_plan

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

    def plan(self, run_id: str, ids: list[str], *, attempt: str = "try1-a", listed_at: float = 1.0) -> PlanManifest:
        run = self.root.child("dag", run_id)
        run.child(EXISTING, attempt).write(MANIFEST, b"{}")
        folder = run.child(PLAN, attempt, name_partition(0))
        changes = [Change(Action.CREATE, name, {"integration_id": name, "code": f"K.{name}"}) for name in ids]
        counts = PlanCounts(extracted=len(ids), creates=len(ids))
        files = write_plan(folder, Plan(changes, [], [], [], [], [], counts))
        plan = PlanManifest(
            run=f"dag/{run_id}",
            folder="of another machine",
            partition=0,
            partitions=1,
            counts=counts,
            files=files,
            digest=files.changes.digest,
            journal="of another machine",
            params=RunParams(),
            snapshot=make_snapshot(listed_at),
        )
        write_manifest(folder, MANIFEST, plan)
        return plan

    def journal(self, run_id: str, plan: PlanManifest) -> Folder:
        return self.root.child("dag", run_id, RESULTS, name_journal(0, plan.digest))

    def settle(self, run_id: str, plan: PlanManifest, ids: list[str]) -> None:
        lines = [encode(Result(f"create:{name}", Outcome.DONE, oduyo_id="1", at=5.0)) + b"\n" for name in ids]
        self.journal(run_id, plan).append("try1-a.outcomes.jsonl", b"".join(lines))

    def intend(self, run_id: str, plan: PlanManifest, ids: list[str]) -> None:
        intent = Intent([f"create:{name}" for name in ids], plan.digest, 4.0, "try1-a")
        self.journal(run_id, plan).append("try1-a.intents.jsonl", encode(intent) + b"\n")

    def find(self, run_id: str) -> StagedRun:
        (run,) = fetch_run(self.root, "dag", run_id)
        return run

    def report(self, run_id: str, made: Report) -> None:
        self.root.child("dag", run_id).write(REPORT, encode(made))

"""What the test knows of each run, and the history that the oracle judges by: the site's journals, and these notes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.layout import QUARANTINE
from sandbox.oduyo.server import Sandbox
from tests.chaos.history import History, Run, read_effects, read_sent
from tests.chaos.site import Site
from tests.chaos.world import Fields

RESOURCE = "erp_special_code"


class Note(msgspec.Struct, kw_only=True):
    """One run, or one late try of it. See :class:`~tests.chaos.history.Run`.

    :param errors: what its tries said, for people.
    """

    source: str
    run_id: str
    number: int
    rows: Mapping[str, Fields]
    params: Mapping[str, Any]
    started_at: float
    rejected: set[str] = set()
    refused: set[str] = set()
    snapshot_at: float = 0.0
    listed_at: float = 0.0
    loaded_at: float = 0.0
    ended_at: float = 0.0
    is_applied: bool = False
    is_green: bool = False
    report: dict[str, Any] = {}
    errors: list[str] = []

    def compute_run(self) -> Run:
        """What the oracle takes."""
        params = self.params
        return Run(
            source=self.source,
            run_id=self.run_id,
            number=self.number,
            rows=self.rows,
            rejected=frozenset(self.rejected),
            refused=frozenset(self.refused),
            released=frozenset(name.partition(":")[0] for name in params.get("release", ())),
            on_missing=params.get("on_missing", "keep"),
            missing_runs=params.get("missing_runs", 2),
            started_at=self.started_at,
            snapshot_at=self.snapshot_at or self.started_at,
            listed_at=self.listed_at or self.ended_at,
            loaded_at=self.loaded_at,
            ended_at=self.ended_at,
            is_dry=bool(params.get("dry_run")),
            is_applied=self.is_applied,
            is_green=self.is_green,
            report=self.report,
        )

    def read_quarantine(self, folder: Folder) -> None:
        """Note which keys the run accounts for as rejected or refused."""
        try:
            lines = folder.read(QUARANTINE).splitlines()
        except StagingError:
            return
        for line in lines:
            item = json.loads(line)
            key = item["integration_id"]
            is_refused = any(reason.startswith("refused:") for reason in item["reasons"])
            if key is not None:
                (self.refused if is_refused else self.rejected).add(key)


def compute_history(
    sandbox: Sandbox,
    site: Site,
    notes: Sequence[Note],
    *,
    now: float,
    kills: Sequence[float],
    clocks_apart_s: float = 0.0,
) -> History:
    """Everything that happened, as the site wrote it down."""
    return History(
        runs=[note.compute_run() for note in notes],
        effects=read_effects(sandbox.effects(), RESOURCE),
        sent=read_sent(sandbox.writes(), RESOURCE),
        now=now,
        find_forms=site.make_forms(),
        hidden=site.find_hidden(sandbox.records()),
        lag_s=site.lag_s,
        kills=kills,
        clocks_apart_s=clocks_apart_s,
    )

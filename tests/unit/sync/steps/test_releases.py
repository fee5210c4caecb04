"""For which plans of a run its releases count."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.params import parse_params
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, StagedFile, write_manifest
from oduyo_provider.sync.staging.layout import DESIRED, MANIFEST
from oduyo_provider.sync.staging.manifests import ExtractManifest, Reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.releases import keep_releases, spend_releases
from tests.unit.sync.plans import make_snapshot


@pytest.fixture
def step(tmp_path: Path) -> StepContext:
    run = Run(Folder.open(tmp_path.as_uri()), "dag", "run1", "try1")
    return StepContext(run=run, params=parse_params({"release": ["retired:12"]}), source="dag", buckets=64)


def extract(step: StepContext, attempt: str, number: int) -> Reference:
    """What a try of extract returns."""
    folder, nothing = step.run.folder.child(DESIRED, attempt), Side("", [])
    shared, listed = folder.write_lines("shared", []), make_snapshot(number=number)
    assert isinstance(shared, StagedFile)
    write_manifest(folder, MANIFEST, ExtractManifest("q.sql", 1.0, 0, (), None, 0, shared, nothing, nothing, listed))
    return {"manifest": folder.address}


def test_releases_count_until_a_plan_was_let_through_and_then_for_that_plan_alone(
    step: StepContext, caplog: pytest.LogCaptureFixture
) -> None:
    stopped, passed = extract(step, "try1", 1), extract(step, "try2", 2)
    assert keep_releases(step, stopped) is step
    assert keep_releases(step, passed) is step
    spend_releases(step, passed)
    assert keep_releases(step, passed) is step  # another try of guard, or of load
    with caplog.at_level(logging.WARNING):
        for later in (extract(step, "try3", 2), extract(step, "try4", 3)):
            told = keep_releases(step, later)
            assert (told.params.release, told.spent_for) == ({}, 2)
            spend_releases(step, later)  # a plan that needed none
            assert keep_releases(step, later).params.release == {}
    assert "was for what it compared before (plan 2), and that was let through" in caplog.text


def test_another_run_has_releases_of_its_own_and_a_run_without_any_leaves_nothing(step: StepContext) -> None:
    part = extract(step, "try1", 1)
    spend_releases(msgspec.structs.replace(step, params=parse_params({})), part)
    assert keep_releases(step, extract(step, "try2", 2)) is step
    spend_releases(step, part)
    other = msgspec.structs.replace(step, run=msgspec.structs.replace(step.run, run_id="run2"))
    assert keep_releases(other, extract(other, "try1", 3)) is other

"""Staging, or a site, that is not as the last run left it: put back from a backup, damaged, of a newer version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oduyo_provider.core.errors import StateError
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows

ROWS = make_rows(12)


def test_a_backup_that_is_put_back_makes_nothing_twice_and_sends_nothing_again(driver: Driver, tmp_path: Path) -> None:
    driver.sync(ROWS[:5])
    root, backup = Path(driver.root.uri), tmp_path / "backup"
    shutil.copytree(root, backup)
    changed = [{**ROWS[0], "description": "yeni"}, *ROWS[1:]]
    driver.sync(changed)
    writes = driver.calls("create"), driver.calls("update")
    shutil.rmtree(root)
    shutil.copytree(backup, root)
    for _ in range(2):
        made = driver.sync(changed)
        assert (made.unchanged, made.created, made.updated) == (12, 0, 0)
    assert (driver.calls("create"), driver.calls("update")) == writes == (12, 1)


def test_staging_that_was_moved_within_a_run_knows_all_that_the_run_has_done(site: Sandbox, tmp_path: Path) -> None:
    before, run = Driver(site, tmp_path / "before"), ("run1", 1)
    plan = before.plan(ROWS, before.new_run(*run))
    before.load(plan, before.new_run(*run))
    shutil.move(tmp_path / "before", tmp_path / "after")
    driver = Driver(site, tmp_path / "after")
    assert {key: entry.oduyo_id for key, entry in driver.entries().items()} == {
        record["integration_id"]: record["id"] for record in site.records()
    }
    again = driver.new_run("run1", 2)
    assert driver.load(plan, again)["figures"] == {"created": 12}
    driver.snapshot, driver.parts, driver.plans = before.snapshot, before.parts, before.plans
    driver.guarded = before.guarded
    assert driver.report(again, None).created == driver.calls("create") == 12


@pytest.mark.parametrize("name", ["turn.json", "sources/dag/applied.json", "sources/dag/rejected.json"])
@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b'{"format":2,"nu', "is damaged .* Restore it from a backup, or remove it"),
        (b'{"format":9}', "a newer version of airflow-provider-oduyo wrote"),
    ],
    ids=["damaged", "of a newer version"],
)
def test_a_file_that_cannot_be_read_stops_the_run_and_without_it_the_next_one_goes_on(
    driver: Driver, name: str, content: bytes, advice: str
) -> None:
    driver.sync(ROWS)
    [path] = (Path(driver.root.uri) / "_sites").glob(f"*/*/{name}")
    path.write_bytes(content)
    with pytest.raises(StateError, match=f"{name}.*{advice}"):
        driver.sync(ROWS)
    path.unlink()
    made = driver.sync(ROWS)
    assert (made.unchanged, made.created, driver.calls("create")) == (12, 0, 12)


@pytest.mark.parametrize("buckets", [1, 4])
def test_a_site_that_is_restored_and_gives_ids_away_once_more_is_in_step_after_one_release(
    site: Sandbox, tmp_path: Path, buckets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("staging.buckets", "site.ledger"):
        monkeypatch.setattr(f"oduyo_provider.sync.{module}.SINGLE_PARTITION_ROWS", 0)
    rows = [{**row, "integration_id": f"{row['integration_id']:0>5}"} for row in make_rows(13)]
    params = {"buckets": buckets, "release": ["key_altered"]}
    site.set_habits("number=int")
    Driver(site, tmp_path, site_name="erp").sync(rows[:12], **params)
    backup = [record for record in site.records() if int(record["id"]) <= 6]
    with Sandbox() as restored:
        restored.set_habits("number=int")
        restored.seed([{name: value for name, value in record.items() if name != "id"} for record in backup])
        driver = Driver(restored, tmp_path, site_name="erp")
        made = driver.sync(rows, **params)
        assert (made.created, made.unchanged, made.vanished) == (1, 6, 6)
        made, red = driver.sync_and_fail(rows, **{**params, "release": ["vanished:6"]})
        assert (red, made.created, made.unchanged) == (None, 6, 7)
        assert driver.sync(rows, **params).unchanged == len(driver.stored()) == 13

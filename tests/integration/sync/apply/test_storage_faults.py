"""Staging that fills up, cannot be written, is cut or deleted: a clear error, never a wrong write."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oduyo_provider.core.errors import SettingsError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.journal import History
from oduyo_provider.sync.staging.layout import SHARED_CODES
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.plans import open_parts
from oduyo_provider.sync.staging.storage import Disk
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import SETTLE_S, Driver, make_rows, no_wait, note_waits

ROWS = 300


Plans = list[Reference]


def read_journal(driver: Driver, plan: Plans) -> History:
    [part] = open_parts(driver.root, plan)
    return part.read_history()


def find_folder(driver: Driver, reference: Reference) -> Path:
    return Path(driver.root.at(reference["manifest"]).uri)


def find_journal(driver: Driver, plan: Plans) -> Path:
    [part] = open_parts(driver.root, plan)
    return Path(part.journal.uri)


def find_file(driver: Driver, plan: Plans, kind: str) -> Path:
    (path,) = find_journal(driver, plan).glob(f"*.{kind}.jsonl")
    return path


def fill_disk(patch: pytest.MonkeyPatch, kind: str, *, after: int) -> None:
    """The disk is full once so many pieces of a kind are written."""
    append, pieces = Disk.append, []

    def fail_later(self: Disk, name: str, data: bytes, **how: bool) -> None:
        if f".{kind}." in name:
            pieces.append(name)
            if len(pieces) > after:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(self, name, data, **how)

    patch.setattr(Disk, "append", fail_later)


def load_until_full(driver: Driver, plan: Plans, monkeypatch: pytest.MonkeyPatch, kind: str, after: int) -> None:
    with monkeypatch.context() as patch:
        fill_disk(patch, kind, after=after)
        with pytest.raises(StagingError, match=r"No space left on device\. Free the disk .* Nothing is lost"):
            driver.load(plan, driver.new_run("run"))


def load_again(driver: Driver, plan: Plans) -> dict[str, int]:
    figures = driver.load(plan, driver.new_run("run", attempt=2), clock=Clock(time.time, no_wait))["figures"]
    assert len(driver.stored()) == driver.calls("create") == ROWS
    return dict(figures)


@pytest.fixture
def plan(driver: Driver) -> Plans:
    return driver.plan(make_rows(ROWS), driver.new_run("run"))


@pytest.mark.parametrize("after", [0, 1])
def test_nothing_is_sent_whose_intent_cannot_be_written(
    driver: Driver, plan: Plans, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    load_until_full(driver, plan, monkeypatch, "intents", after)
    history = read_journal(driver, plan)
    intended = {*history.unknown, *history.results}
    sent = {f"create:{entry['column']['integration_id']}" for entry in driver.site.log(call="create")["requests"]}
    assert sent <= intended
    assert len(sent) == after, "the canary alone, where its intent could be written"
    assert load_again(driver, plan) == {"created": ROWS}


@pytest.mark.parametrize("after", [0, 1])
def test_a_load_that_cannot_write_its_outcomes_stops_and_the_next_duplicates_nothing(
    driver: Driver, plan: Plans, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.journal.FLUSH_AFTER_OUTCOMES", 20)
    driver.site.set_readings(latency_s=0.02)
    load_until_full(driver, plan, monkeypatch, "outcomes", after)
    assert 0 < len(driver.stored()) < ROWS
    assert len(read_journal(driver, plan).results) <= len(driver.stored())
    assert load_again(driver, plan) == {"created": ROWS}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting a file system of its own needs root: the tests with an injected error stand in")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def free(place: Path) -> int:
    state = os.statvfs(place)
    return state.f_bavail * state.f_frsize


@pytest.mark.parametrize("pages_left", [0, 2, 4, 6, 8])
def test_a_disk_that_is_really_full_loses_nothing_and_duplicates_nothing(
    site: Sandbox, small_disk: Path, pages_left: int
) -> None:
    driver = Driver(site, small_disk / "staging")
    plan = driver.plan(make_rows(ROWS), driver.new_run("run"))
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * max(0, free(small_disk) - pages_left * 4096))
    with pytest.raises(StagingError, match=r"No space left on device\. Free the disk"):
        driver.load(plan, driver.new_run("run"))
    history = read_journal(driver, plan)
    assert len(driver.stored()) <= len({*history.unknown, *history.results}) <= ROWS
    filler.unlink()
    load_again(driver, plan)


def test_a_staging_path_that_turns_read_only_stops_every_step_before_a_write(site: Sandbox, small_disk: Path) -> None:
    driver = Driver(site, small_disk / "staging")
    plan = driver.plan(make_rows(ROWS), driver.new_run("run"))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for step in (
        lambda: driver.load(plan, driver.new_run("run")),
        lambda: driver.sync(make_rows(5)),
        lambda: driver.report(driver.new_run("run"), None),
    ):
        with pytest.raises(
            StagingError,
            match=r"Read-only file system.*ODUYO_STAGING_PATH to another place, copy all that it holds there",
        ):
            step()
    assert driver.site.records() == []
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    load_again(driver, plan)


@pytest.mark.parametrize("kind", ["existing", "desired", "plan", "plan/"], ids=["existing", "desired", "guard", "load"])
def test_a_step_whose_input_is_gone_says_so(driver: Driver, kind: str) -> None:
    run = driver.new_run("run")
    plan = driver.plan(make_rows(5), run)
    shutil.rmtree(Path(run.folder.uri) / kind)
    again = driver.step(driver.new_run("run", attempt=2))
    steps: dict[str, Callable[[], object]] = {
        "existing": lambda: transform(again, driver.parts[0]),
        "desired": lambda: transform(again, driver.parts[0]),
        "plan": lambda: guard(again, driver.plans),
        "plan/": lambda: driver.load(plan, run),
    }
    with pytest.raises(
        StagingError, match=rf"There is no staged file .*/{kind.strip('/')}/.*clear the run from its first task"
    ):
        steps[kind]()
    assert driver.calls("create") == 0


def test_the_run_after_one_whose_staging_was_deleted_before_its_report_compares_everything_again(
    driver: Driver,
) -> None:
    run = driver.new_run("run")
    plan = driver.plan(make_rows(5), run)
    loaded = driver.load(plan, run)
    shutil.rmtree(Path(driver.root.uri))
    with pytest.raises(StagingError, match="staging was emptied"):
        driver.report(run, loaded)
    report, error = driver.sync_and_fail(make_rows(5))
    assert (report.unchanged, report.writes, error) == (5, 0, None)


@pytest.mark.parametrize("kind", ["intents", "outcomes"])
def test_half_a_line_at_the_end_is_what_a_kill_leaves_and_counts_as_not_known(
    driver: Driver, plan: Plans, kind: str
) -> None:
    driver.load(plan, driver.new_run("run"))
    path = find_file(driver, plan, kind)
    path.write_bytes(path.read_bytes()[:-7])
    assert load_again(driver, plan) == {"created": ROWS}


@pytest.mark.parametrize("kind", ["intents", "outcomes"])
def test_a_line_that_somebody_changed_stops_the_retry_and_names_the_file(
    driver: Driver, plan: Plans, kind: str
) -> None:
    driver.load(plan, driver.new_run("run"))
    path = find_file(driver, plan, kind)
    path.write_bytes(b'{"keys": [1\n' + path.read_bytes())
    with pytest.raises(StagingError, match=rf"{path.name} has a line that cannot be read.*or start a new run"):
        driver.load(plan, driver.new_run("run", attempt=2), clock=Clock(time.time, no_wait))
    assert driver.calls("create") == ROWS
    report, error = driver.sync_and_fail(make_rows(ROWS), clock=Clock(time.time, no_wait))
    assert (report.unchanged, report.writes, error) == (ROWS, 0, None)


def test_a_new_run_goes_on_where_the_journal_of_a_dead_one_cannot_be_read(
    driver: Driver, plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.journal.FLUSH_AFTER_OUTCOMES", 20)
    driver.site.set_readings(latency_s=0.02)
    load_until_full(driver, plan, monkeypatch, "outcomes", after=1)
    landed = len(driver.stored())
    assert 0 < landed < ROWS
    path = find_file(driver, plan, "intents")
    path.write_bytes(b'{"keys": [1\n' + path.read_bytes())
    waits: list[float] = []
    report, error = driver.sync_and_fail(make_rows(ROWS), clock=note_waits(waits))
    assert max(waits) > SETTLE_S
    assert (report.created, report.unchanged, error) == (ROWS - landed, landed, None)
    assert len(driver.stored()) == driver.calls("create") == ROWS
    assert {entry.source for entry in driver.entries().values()} == {"dag"}


def test_a_journal_that_is_deleted_before_the_retry_costs_a_look_and_no_duplicate(
    driver: Driver, plan: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_until_full(driver, plan, monkeypatch, "intents", after=1)
    assert len(driver.stored()) == 1
    shutil.rmtree(find_journal(driver, plan))
    again = driver.load(plan, driver.new_run("run", attempt=2), clock=Clock(time.time, no_wait))
    assert again["figures"] == {"created": ROWS}
    assert len(driver.stored()) == driver.calls("create") == ROWS


def test_a_journal_of_another_plan_is_refused(driver: Driver, plan: Plans) -> None:
    driver.load(plan, driver.new_run("run"))
    other = driver.plan(make_rows(ROWS + 5), driver.new_run("other"))
    shutil.copytree(find_journal(driver, plan), find_journal(driver, other))
    with pytest.raises(StagingError, match=r"belongs to another plan.*start a new run"):
        driver.load(other, driver.new_run("other"), clock=Clock(time.time, no_wait))
    assert driver.calls("create") == ROWS


def test_a_plan_whose_file_was_cut_is_refused_and_leaves_nothing_to_wait_for(driver: Driver, plan: Plans) -> None:
    path = find_folder(driver, plan[0]) / "changes.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StagingError, match=r"changes\.jsonl"):
        driver.load(plan, driver.new_run("run"))
    assert driver.calls("create") == 0
    path.write_bytes(whole)
    waits: list[float] = []
    assert driver.load(plan, driver.new_run("run", attempt=2), clock=note_waits(waits))["figures"] == {"created": ROWS}
    assert waits == []


def test_a_plan_that_was_copied_from_another_run_is_refused(driver: Driver, plan: Plans) -> None:
    there = {**plan[0], "manifest": "dag/other/plan"}
    shutil.copytree(find_folder(driver, plan[0]), find_folder(driver, there))
    with pytest.raises(SettingsError, match="is of the run dag/run, not of dag/other: this try sent nothing"):
        driver.load([there], driver.new_run("other"))
    assert driver.calls("create") == 0


@pytest.mark.parametrize("line", [b'{"integration_id":\n', b'{"integration_id":"\xff"}\n', b"[1]\n"])
def test_rows_that_somebody_changed_before_they_are_compared_name_their_file(driver: Driver, line: bytes) -> None:
    run = driver.new_run("run")
    driver.list_and_stage(make_rows(3), run)
    [part] = driver.parts
    [file] = [found for found in find_folder(driver, part).glob("*.jsonl") if found.name != SHARED_CODES]
    file.write_bytes(file.read_bytes() + line)
    with pytest.raises(StagingError, match=rf"{file.name} (has a line that cannot be read|is not as it was written)"):
        driver.compare(run)

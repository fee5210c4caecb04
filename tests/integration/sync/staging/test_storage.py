"""What an object store does otherwise than a disk, and what goes wrong with one."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oduyo_provider.core.errors import SettingsError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site import lease
from oduyo_provider.sync.site.lease import Claim, Lease, read_claims
from oduyo_provider.sync.staging import retention
from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows, short_wait
from tests.integration.sync.staging.conftest import Bucket

HERE = "oduyo/staging/here/"


@pytest.fixture
def folder(staging: Any) -> Folder:
    """A folder whose client has looked at it, and so knows listings."""
    found = Folder.open(str(staging)).child("here")
    found.write("a.json", b"first")
    assert found.names() == ["a.json"]
    assert found.has("a.json")
    return found


class TestOtherWorkers:
    """A client remembers listings; what other workers write and delete shows at once all the same."""

    def test_a_file_that_another_worker_writes_is_listed_and_read(self, folder: Folder, bucket: Bucket) -> None:
        bucket.write(HERE + "b.json", b"{}")
        assert folder.has("b.json")
        assert folder.names() == ["a.json", "b.json"]
        assert folder.read("b.json") == b"{}"

    def test_a_file_that_another_worker_overwrites_is_read_whole(self, folder: Folder, bucket: Bucket) -> None:
        for text in (b"a much longer text than the first one", b"s"):
            bucket.write(HERE + "a.json", text)
            assert folder.read("a.json") == text
        file = folder.write_lines("rows.jsonl", [b"1\n", b"22\n"])
        folder.names()
        bucket.write(HERE + "rows.jsonl", b"1\n22\n333\n")
        with pytest.raises(StagingError, match="is not as it was written"):
            list(folder.read_lines(file))

    def test_a_file_that_another_worker_deletes_is_gone(self, folder: Folder, bucket: Bucket) -> None:
        bucket.delete(HERE + "a.json")
        assert not folder.has("a.json")
        assert folder.names() == []
        with pytest.raises(StagingError, match="There is no staged file"):
            folder.read("a.json")
        folder.delete("a.json")

    def test_another_worker_s_claim_is_seen_and_waited_for(self, folder: Folder, bucket: Bucket) -> None:
        folder.names()
        claim = Claim("another run", "try1-other", is_held=True)
        bucket.write(HERE + "try1-other.json", msgspec.json.encode(claim))
        bucket.delete(HERE + "a.json")
        assert read_claims(folder) == {"try1-other.json": claim}
        said: list[str] = []

        async def give_back(_seconds: float) -> None:
            bucket.delete(HERE + "try1-other.json")

        async def work() -> list[str]:
            mine = Lease(
                folder,
                generation="mine",
                attempt="mine",
                say=said.append,
                clock=Clock(time.time, give_back),
            )
            async with mine.hold():
                mine.check()
                return [key.removeprefix(HERE) for key in bucket.list_keys(HERE)]

        assert asyncio.run(work()) == ["mine.json"]
        assert ["another run is writing to this site" in line for line in said] == [True]
        assert bucket.list_keys(HERE) == []


def _sync_in_a_process(port: int, staging: str, connection: str) -> None:
    os.environ["AIRFLOW_CONN_DEPO"] = connection
    site = Sandbox(port=port)  # never started: only its address and account are used
    driver = Driver(site, staging)  # type: ignore[arg-type]
    driver.sync(make_rows(300), driver.new_run("other"))


def test_two_processes_that_share_a_bucket_write_one_after_the_other(
    driver: Driver, staging: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.site.set_readings(latency_s=0.01)
    spawn = multiprocessing.get_context("spawn")
    given = (driver.site.port, str(staging), os.environ["AIRFLOW_CONN_DEPO"])
    other = spawn.Process(target=_sync_in_a_process, args=given)
    other.start()
    deadline = time.monotonic() + 60
    while driver.calls("create") < 30 and time.monotonic() < deadline:
        time.sleep(0.01)
    monkeypatch.setattr(lease, "SAY_WAITING_EVERY_S", 0.0)
    report = driver.sync(make_rows(320), clock=Clock(time.time, short_wait))
    other.join()
    assert other.exitcode == 0
    assert report.created + report.unchanged == 320
    assert len(driver.stored()) == driver.calls("create") == 320


@pytest.fixture(params=["disk", "store"])
def anywhere(request: pytest.FixtureRequest, site: Sandbox, tmp_path: Path) -> Driver:
    """A driver whose staging lies on a disk, or in a bucket."""
    return Driver(site, tmp_path / "staging" if request.param == "disk" else request.getfixturevalue("staging"))


class TestPruning:
    @pytest.fixture(autouse=True)
    def _keep_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "KEPT_RUNS", 2)

    @staticmethod
    def sync(driver: Driver, runs: int) -> list[str]:
        for _ in range(runs):
            driver.sync(make_rows(1))
        return driver.root.child("dag").names()

    def test_the_oldest_finished_runs_go(self, anywhere: Driver) -> None:
        assert self.sync(anywhere, 3) == ["run2", "run3"]

    def test_how_old_a_run_is_its_files_say_and_not_its_name(self, site: Sandbox, tmp_path: Path) -> None:
        driver = Driver(site, tmp_path / "staging")
        for name in ("d", "c", "b", "a"):
            driver.sync(make_rows(1), driver.new_run(name))
        assert driver.root.child("dag").names() == ["a", "b"]

    def test_a_run_without_a_report_stays_until_nobody_can_be_working_on_it(
        self, anywhere: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        anywhere.plan(make_rows(1), anywhere.new_run("a_waiting"))
        assert self.sync(anywhere, 3) == ["a_waiting", "run2", "run3"]
        monkeypatch.setattr(retention, "ABANDONED_AFTER_S", -5.0)
        assert self.sync(anywhere, 1) == ["run3", "run4"]

    def test_a_run_that_cannot_be_removed_fails_no_other(
        self, anywhere: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(self: Folder) -> None:
            raise StagingError("no right to delete")

        monkeypatch.setattr(Folder, "remove", refuse)
        assert self.sync(anywhere, 3) == ["run1", "run2", "run3"]
        assert "Old staged runs could not be removed; the next run tries again: no right to delete" in caplog.text


def test_what_ends_by_an_error_leaves_no_object(folder: Folder, bucket: Bucket) -> None:
    def lines() -> Any:
        yield b"1\n"
        raise ConnectionResetError("of the caller")

    with pytest.raises(ConnectionResetError, match="of the caller"):
        folder.write_lines("rows.jsonl", lines())
    assert bucket.list_keys(HERE) == [HERE + "a.json"]


@pytest.mark.parametrize("name", ["*", "ru[n]", "run?", "run#1", "a/b", "run\n"])
def test_removing_a_run_removes_no_other(folder: Folder, bucket: Bucket, name: str) -> None:
    for run in ("run", "run1", "other"):
        folder.child(run).write("x", b"1")
    folder.child(name).write("x", b"1")
    assert Folder.open(folder.child(name).uri).read("x") == b"1"
    folder.child(name).remove()
    assert bucket.list_keys(HERE) == [HERE + name for name in ("a.json", "other/x", "run/x", "run1/x")]


def test_a_bucket_that_is_not_there_is_named(bucket: Bucket) -> None:
    folder = Folder.open("s3://depo@yok-boyle-bir-depo/staging")
    with pytest.raises(StagingError, match=r"yok-boyle-bir-depo/staging/x: there is no such bucket\. Check the bucket"):
        folder.write("x", b"1")
    with pytest.raises(StagingError, match="there is no such bucket"):
        folder.write_lines("x", [b"1\n"])


def test_a_store_that_cannot_be_reached_is_an_error_that_may_pass(connect_s3: Callable[..., None]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        once = {"retries": {"total_max_attempts": 1}}
        connect_s3("kapali", endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}", config_kwargs=once)
        folder = Folder.open("s3://kapali@depo/staging")
        for work in (folder.names, lambda: folder.has("x"), lambda: folder.read("x"), lambda: folder.write("x", b"1")):
            with pytest.raises(StagingError, match="Check the bucket, its rights and the network") as caught:
                work()
            assert "depo-gizli" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "cause"),
    [
        ("s3://yok@depo/staging", "Airflow has no connection 'yok'"),
        ("gopher://depo/staging", "Unsupported filesystem: 'gopher'"),
        ("gs://depo/staging", "No filesystem registered for scheme gs"),
        ("s3:///staging", "it names no bucket"),
        ("s3://depo@depo/[staging]", r"it holds one of the characters # \* \? \[ \]"),
    ],
)
def test_a_staging_path_that_cannot_be_used_is_a_fault_of_the_settings(uri: str, cause: str) -> None:
    with pytest.raises(
        SettingsError, match=f"ODUYO_STAGING_PATH names .* cannot be used: .*{cause}.*all workers share"
    ):
        Folder.open(uri)


def test_a_key_and_its_secret_in_a_staging_path_are_not_shown() -> None:
    with pytest.raises(SettingsError, match=r"names s3://\*\*\*@depo\?/x, which") as caught:
        Folder.open("s3://AKIA:cok/gizli@depo?/x")
    assert "gizli" not in str(caught.value)

"""The windows between a change and its proof, one by one; each test is one way in which a change took effect twice, not at
all, or too late."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Change
from oduyo_provider.core.errors import ListingError, OduyoError
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.lookup import Reader
from oduyo_provider.sync.apply.sender import Sender
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import SETTLE_S, ChaosDriver
from tests.chaos.virtual import KilledError, Switch, VirtualTime, bury, install
from tests.integration.sync.apply.driver import make_rows


@pytest.fixture
def chaos(site: Sandbox, tmp_path: Path) -> Iterator[ChaosDriver]:
    """A driver whose waits take no time and whose process can be killed."""
    virtual, switch = VirtualTime(site), Switch()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, virtual, switch)
        yield ChaosDriver(site, tmp_path / "staging", virtual, switch, random.Random(7), concurrency=4)
    bury()


def kill_when_answered(chaos: ChaosDriver, monkeypatch: pytest.MonkeyPatch, integration_id: str) -> None:
    """Kill the process when the answer to this row's change has come."""
    take = Sender._take  # noqa: SLF001  the moment between an answer and its record

    def take_or_die(self: Sender, change: Change, reply: Reply) -> None:
        if change.integration_id == integration_id:
            chaos.switch.is_dead = True
            raise KilledError
        take(self, change, reply)

    monkeypatch.setattr(Sender, "_take", take_or_die)  # the moment between an answer and its record


def lives(work: Callable[[], object]) -> bool:
    """Whether a process came to its end by itself."""
    try:
        work()
    except KilledError:
        return False
    finally:
        bury()
    return True


def sync(chaos: ChaosDriver, rows: list[dict[str, object]], **params: Any) -> dict[str, int]:
    """A run of one try; returns its figures."""
    run = chaos.new_run()
    plan = chaos.plan(rows, run, **params)
    loaded = chaos.load(plan, run)
    chaos.report(run, plan, [loaded]).check()
    return dict(loaded["figures"])


def test_a_confirmed_create_that_does_not_show_yet_is_not_created_again_by_the_next_run(chaos: ChaosDriver) -> None:
    chaos.site.set_readings(list_lag_s=SETTLE_S - 5)
    run = chaos.new_run()
    plan = chaos.plan(make_rows(20), run)
    chaos.site.set_faults({"call": "list", "kind": "drop"})
    with pytest.raises(OduyoError):
        chaos.load(plan, run)
    chaos.site.set_faults()
    assert sync(chaos, make_rows(20)) == {}
    assert chaos.calls("create") == 20


def test_what_a_second_try_sent_before_it_died_is_waited_for_by_the_third(
    chaos: ChaosDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = chaos.new_run("run")
    plan = chaos.plan(make_rows(12), run)
    chaos.site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
    assert chaos.load(plan, run)["undelivered"] == {"doubtful": 1}
    late = {"kind": "late_commit", "seconds": SETTLE_S - 5, "match": {"integration_id": "4"}}
    chaos.site.set_faults({"call": "create", **late})
    with monkeypatch.context() as patch:
        kill_when_answered(chaos, patch, "4")
        assert not lives(lambda: chaos.load(plan, chaos.new_run("run", 2)))
    chaos.switch.disarm()
    chaos.site.set_faults()
    assert chaos.load(plan, chaos.new_run("run", 3))["undelivered"] == {}
    chaos.virtual.skip(SETTLE_S)
    assert len(chaos.stored()) == 12


def test_an_update_that_was_sent_twice_does_not_arrive_over_the_next_runs(chaos: ChaosDriver) -> None:
    sync(chaos, make_rows(3))
    chaos.site.set_faults({"call": "update", "kind": "late_commit", "seconds": SETTLE_S - 20, "times": 1})
    sync(chaos, [{**row, "description": "first"} for row in make_rows(3)])
    sync(chaos, [{**row, "description": "second"} for row in make_rows(3)])
    chaos.virtual.skip(SETTLE_S)
    assert {record["description"] for record in chaos.stored().values()} == {"second"}


@pytest.mark.parametrize("more", [0, 5])
def test_a_run_whose_extract_was_cleared_after_its_load_creates_nothing_again(chaos: ChaosDriver, more: int) -> None:
    run = chaos.new_run("run")
    plan = chaos.plan(make_rows(15), run)
    chaos.load(plan, run)
    again = chaos.new_run("run", 2)
    rows = [{**row, "description": "corrected"} for row in make_rows(15 + more)]
    params = parse_params({})
    [part] = stage_rows(again, rows, chaos.snapshot, params.rules, 1)
    loaded = chaos.load(transform(again, part, params), again)
    assert loaded["figures"].get("created", 0) == more
    assert chaos.calls("create") == 15 + more


def test_somebody_elses_record_is_not_taken_for_a_duplicate_of_a_create_that_had_to_wait(chaos: ChaosDriver) -> None:
    run = chaos.new_run()
    plan = chaos.plan(make_rows(1), run)
    chaos.site.seed([{"integration_id": "1", "code": "KOD.1", "description": "Açıklama 1", "status": "1"}])
    chaos.site.set_faults({"call": "create", "kind": "throttle", "retry_after_s": 60, "times": 1})
    loaded = chaos.load(plan, run)
    assert chaos.report(run, plan, [loaded]).remote_duplicates == 1
    assert chaos.calls("delete") == 0


def test_a_lost_create_in_whose_place_somebody_else_created_is_stale_and_corrected_by_the_next_run(
    chaos: ChaosDriver,
) -> None:
    run = chaos.new_run()
    plan = chaos.plan(make_rows(3), run)
    chaos.site.seed([{"integration_id": "2", "code": "KOD.2", "description": "theirs", "status": "1"}])
    chaos.site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "2"}})
    loaded = chaos.load(plan, run)
    assert loaded["figures"] == {"created": 2, "stale": 1}
    assert not chaos.report(run, plan, [loaded]).is_complete
    assert sync(chaos, make_rows(3)) == {"updated": 1}
    assert chaos.stored()["2"]["description"] == "Açıklama 2"


def test_a_lost_update_over_which_somebody_else_wrote_is_stale_and_corrected_by_the_next_run(
    chaos: ChaosDriver,
) -> None:
    sync(chaos, make_rows(3))
    run = chaos.new_run()
    rows = [{**row, "description": "ours"} for row in make_rows(3)]
    plan = chaos.plan(rows, run)
    chaos.site.edit(chaos.stored()["2"]["id"], description="theirs")
    chaos.site.set_faults({"call": "update", "kind": "drop", "match": {"integration_id": "2"}})
    assert chaos.load(plan, run)["figures"] == {"updated": 2, "stale": 1}
    chaos.site.set_faults()
    assert sync(chaos, rows) == {"updated": 1}
    assert {record["description"] for record in chaos.stored().values()} == {"ours"}


def test_a_lost_create_that_oduyo_cut_is_found_all_the_same(chaos: ChaosDriver) -> None:
    chaos.site.set_readings(silently_cut={"description": 5})
    chaos.site.set_faults({"call": "create", "kind": "drop", "where": "after", "times": 2})
    assert sync(chaos, make_rows(3)) == {"created": 3}
    assert sync(chaos, make_rows(3)) == {}


def test_the_right_one_of_two_records_is_taken_for_a_lost_create(chaos: ChaosDriver) -> None:
    run = chaos.new_run()
    plan = chaos.plan(make_rows(1), run)
    chaos.site.seed([{"integration_id": "1", "code": "THEIRS", "description": "theirs", "status": "1"}])
    chaos.site.set_faults({"call": "create", "kind": "drop", "where": "after"})
    loaded = chaos.load(plan, run)
    assert loaded["figures"] == {"created": 1}
    assert chaos.results(plan)["create:1"].oduyo_id == "2"
    assert chaos.report(run, plan, [loaded]).remote_duplicates == 1


def test_nothing_is_sent_again_while_oduyo_lists_nothing_at_all(chaos: ChaosDriver) -> None:
    sync(chaos, make_rows(3))
    run = chaos.new_run()
    plan = chaos.plan(make_rows(5), run)
    chaos.site.set_faults(
        {"call": "create", "kind": "drop", "where": "after"}, {"call": "list", "kind": "status_false", "status": 404}
    )
    with pytest.raises(ListingError, match="lists no record at all"):
        chaos.load(plan, run)
    chaos.site.set_faults()
    assert chaos.load(plan, chaos.new_run("run2", 2))["undelivered"] == {}
    assert chaos.calls("create") == 5
    assert len(chaos.stored()) == 5


def test_a_listing_that_records_disturb_is_read_back_again(chaos: ChaosDriver) -> None:
    chaos.site.set_readings(list_lag_s=20, id_compare="text", list_cap=1)
    assert sync(chaos, make_rows(15)) == {"created": 15}


def test_a_deleted_record_that_is_still_listed_is_waited_for(chaos: ChaosDriver) -> None:
    sync(chaos, make_rows(4, key1="2", key2="1"))
    chaos.site.set_readings(list_lag_s=SETTLE_S - 5)
    rows = make_rows(2, key1="2", key2="1")
    assert sync(chaos, rows, on_missing="delete") == {"deleted": 2}
    assert sync(chaos, rows, on_missing="delete") == {}


def test_a_record_that_stays_although_its_deletion_was_confirmed_is_doubtful(chaos: ChaosDriver) -> None:
    sync(chaos, make_rows(2, key1="2", key2="1"))
    answer = '{"status": true, "data": "Erp Special Code Silme Islemi Basarili"}'
    chaos.site.set_faults({"call": "delete", "kind": "status", "status": 200, "body": answer})
    assert sync(chaos, make_rows(1, key1="2", key2="1"), on_missing="delete") == {"missing_failed": 1}


def test_a_listing_that_failed_does_not_show_that_a_record_is_gone(
    chaos: ChaosDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(chaos, make_rows(2, key1="2", key2="1"))
    answer = '{"status": true, "data": "Erp Special Code Silme Islemi Basarili"}'
    chaos.site.set_faults({"call": "delete", "kind": "status", "status": 200, "body": answer})
    fetch, fails = Reader.fetch, iter([True])

    async def fetch_badly(self: Reader, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        if next(fails, False):
            raise ListingError("disturbed")
        return await fetch(self, changes)

    monkeypatch.setattr(Reader, "fetch", fetch_badly)
    assert sync(chaos, make_rows(1, key1="2", key2="1"), on_missing="delete") == {"missing_failed": 1}


def test_a_site_that_is_emptied_on_purpose_is_believed_to_be_empty(chaos: ChaosDriver) -> None:
    sync(chaos, make_rows(3, key1="2", key2="1"))
    other = [{"integration_id": "", "code": "none", "key1": "2", "key2": "1"}]
    assert sync(chaos, other, on_missing="delete") == {"deleted": 3}
    assert chaos.site.records() == []


def test_what_somebody_changed_between_two_tries_is_not_taken_for_oduyos_alteration(chaos: ChaosDriver) -> None:
    run = chaos.new_run("run")
    plan = chaos.plan(make_rows(3), run)
    chaos.site.set_faults({"call": "list", "kind": "drop"})
    with pytest.raises(OduyoError):
        chaos.load(plan, run)
    chaos.site.set_faults()
    chaos.site.edit(chaos.stored()["2"]["id"], description="theirs")
    loaded = chaos.load(plan, chaos.new_run("run", 2))
    chaos.report(run, plan, [loaded])
    assert sync(chaos, make_rows(3)) == {"updated": 1}
    assert chaos.stored()["2"]["description"] == "Açıklama 2"

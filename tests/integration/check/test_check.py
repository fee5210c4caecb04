"""What a check leaves behind, what it holds meanwhile, and who uses what it found."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.errors import IncompleteError, LeaseLostError, OduyoError
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.resources import BANK_ACCOUNT, CHEQUE, RESOURCES
from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.sync.check.questions import QUESTIONS
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S
from oduyo_provider.sync.site.lease import Lease, read_claims
from oduyo_provider.sync.site.state import SiteCheck, SiteState
from oduyo_provider.sync.staging.layout import SITE_CHECK, SUPPORT_TEXT
from sandbox.oduyo.server import Sandbox
from tests.integration.check.checker import RECORDS, SETTLE_S, Checker, read, seed, sleep_briefly
from tests.integration.sync.apply.driver import Driver, make_rows


def find_files(checker: Checker) -> dict[str, str]:
    """The files of the site, by name."""
    folder = checker.root.child("_sites").uri
    return {path.name: path.read_text(encoding="utf-8") for path in Path(folder).rglob("*") if path.is_file()}


def test_without_write_a_check_writes_nothing_to_the_site(site: Sandbox, checker: Checker) -> None:
    before = site.records()
    check = checker.check()
    assert (site.writes(), site.records()) == ([], before)
    assert check.trial is None
    assert read(check).keys() == set(islice(QUESTIONS, list(QUESTIONS).index("create")))


def test_with_write_every_question_is_answered(checker: Checker) -> None:
    assert [point.name for point in checker.check(write=True).answers] == list(QUESTIONS)


def test_a_test_record_is_passive_and_says_whose_it_is(site: Sandbox, checker: Checker) -> None:
    checker.check(write=True)
    made = [entry["column"] for entry in site.writes() if entry["call"] == "create"]
    assert [column["status"] for column in made] == ["0", "0", "0"]
    assert all(column["code"].startswith("ODUYO-CHECK-") for column in made)
    assert {(column["key1"], column["key2"], column["typecode"]) for column in made} == {("7", "3", "HK1")}
    sent = [entry["column"] for entry in site.writes() if entry["call"] == "update"]
    assert {column.get("status", "0") for column in sent} == {"0"}


def test_only_records_of_the_check_are_changed_or_deleted(site: Sandbox, checker: Checker) -> None:
    checker.check(write=True)
    touched = {int(one) for entry in site.writes() for one in entry["ids"]}
    assert touched == {RECORDS + 1, RECORDS + 2, RECORDS + 3}


def test_another_records_id_in_a_creates_answer_does_not_harm_that_record(site: Sandbox, checker: Checker) -> None:
    before = site.records()
    site.set_habits({"habit": "wrong_id", "by": -3})
    checker.check(write=True)
    assert site.records() == before


def test_a_check_waits_for_a_writer_and_keeps_others_waiting(
    site: Sandbox, checker: Checker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    state, note, held = checker.state(), SiteState.note_check, set[str]()

    def spy(kept: SiteState, check: SiteCheck) -> None:
        held.update(claim.generation for claim in read_claims(state.claims).values() if claim.is_held)
        note(kept, check)

    async def work() -> None:
        writer = Lease(state.claims, generation="a load", attempt="try1", say=lambda _: None, clock=checker.clock)
        async with writer.hold():
            task = asyncio.create_task(asyncio.to_thread(checker.check, write=True))
            await wait_until(lambda: "a load is writing to this site" in caplog.text)
            assert site.counts()["requests"] == 0
        await task

    monkeypatch.setattr(SiteState, "note_check", spy)
    asyncio.run(work())
    assert checker.error is None
    assert held == {"the site check"}
    assert read_claims(state.claims) == {}


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again; the test's own time limit ends it."""
    while not is_so():  # noqa: ASYNC110  what is waited for happens in a thread
        await asyncio.sleep(0.01)


def test_nothing_is_written_once_the_lease_is_lost(
    site: Sandbox, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(_: Lease) -> None:
        raise LeaseLostError("lost")

    monkeypatch.setattr(Lease, "check", lose)
    checker.check(write=True)
    assert isinstance(checker.error, LeaseLostError)
    assert site.writes() == []


def test_the_trial_is_written_down_before_its_first_create(
    site: Sandbox, checker: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: list[SiteCheck] = []
    send = OduyoClient.delete

    def spy(client: OduyoClient, *args: str, **more: object) -> object:
        known.append(checker.state().read_check())
        return send(client, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(OduyoClient, "delete", spy)
    checker.check(write=True)
    trial = known[0].trial
    assert trial is not None
    assert trial.above_id == str(RECORDS)
    assert {entry["column"]["integration_id"] for entry in site.writes() if entry["call"] == "create"} == set(
        trial.keys
    )


def test_a_record_that_cannot_be_deleted_is_named_and_the_next_check_removes_it(
    site: Sandbox, checker: Checker
) -> None:
    before = site.records()
    site.set_habits({"habit": "refuse", "call": "delete", "message": "Silme yetkiniz yok"})
    check = checker.check(write=True)
    assert isinstance(checker.error, IncompleteError)
    assert f"Ödüyo {RECORDS + 1}" in str(checker.error)
    (point,) = [point for point in check.answers if point.name == "test_records"]
    assert "Silme yetkiniz yok" in point.answer
    assert check.trial is not None
    assert check.trial.not_removed == (str(RECORDS + 1),)

    site.set_habits()
    check = checker.check()
    assert checker.error is None
    assert site.records() == before
    assert check.trial is None
    assert read(check)["test_records"] == ("removed_earlier",)


def test_no_new_record_is_made_while_an_old_one_is_left(site: Sandbox, checker: Checker) -> None:
    site.set_habits("soft_delete")
    for _ in range(2):
        checker.check(write=True)
        assert isinstance(checker.error, IncompleteError)
    assert site.counts()["create"] == 1
    assert len(site.records()) == RECORDS + 1


def test_a_record_that_a_person_deleted_meanwhile_is_forgotten(site: Sandbox, checker: Checker) -> None:
    site.set_habits("soft_delete")
    checker.check(write=True)
    site.delete(RECORDS + 1)
    site.set_habits()
    assert checker.check().trial is None
    assert checker.error is None


def test_a_record_that_comes_later_than_the_check_waited_is_removed_by_the_next_one(
    site: Sandbox, checker: Checker
) -> None:
    before = site.records()
    site.set_readings(late_commit_s=3600)
    check = checker.check(write=True)
    assert read(check)["test_records"] == ("unseen",)
    site.set_readings(late_commit_s=0)
    site.advance(3600)
    assert len(site.records()) == RECORDS + 1
    assert checker.check().trial is None
    assert site.records() == before


def test_a_create_whose_answer_was_lost_is_waited_for_and_removed(site: Sandbox, checker: Checker) -> None:
    before, waits = site.records(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if seconds > SETTLE_S:
            site.advance(30)
        await sleep_briefly(min(seconds, SETTLE_S))

    checker.clock = Clock(sleep=sleep)
    site.set_faults({"call": "create", "kind": "late_commit", "seconds": 30})
    check = checker.check(write=True)
    assert (read(check)["create"], read(check)["test_records"]) == (("lost",), ("removed",))
    assert site.counts()["delete"] == 1
    assert (site.records(), check.trial) == (before, None)
    assert max(waits) <= SETTLE_S + CLOCK_SKEW_S


def test_a_stamp_from_the_future_makes_no_long_wait(site: Sandbox, checker: Checker) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    checker.clock = Clock(sleep=sleep)
    trial = TrialRecords(
        mark="ODUYO-CHECK-1", keys=("ODUYO-CHECK-1",), above_id=None, last_create_at=time.time() + 10_800
    )
    checker.state().note_check(SiteCheck(trial=trial))
    assert checker.check().trial is None
    assert max(waits) <= SETTLE_S + CLOCK_SKEW_S


def test_the_answers_of_an_earlier_check_stay_where_a_question_is_not_asked_again(
    site: Sandbox, checker: Checker
) -> None:
    site.set_readings(update_keeps_absent=False)
    first = checker.check(write=True)
    site.set_readings(list_cap=5)
    second = checker.check()
    assert read(second) == {**read(first), "page_limit": ("capped",)}
    assert (second.partial_updates, second.page_size) == (False, 5)
    assert second.checked_at > first.checked_at


def test_each_resource_has_answers_of_its_own(site: Sandbox, checker: Checker) -> None:
    checker.check(write=True)
    assert checker.state(RESOURCES[-1]).read_check() == SiteCheck()


@pytest.mark.parametrize("resource", [one for one in RESOURCES if one.passive is not None], ids=lambda one: one.plural)
def test_a_record_of_every_resource_is_made_and_removed(site: Sandbox, checker: Checker, resource: Resource) -> None:
    site.reset()
    made = site.create(resource=resource.name, integration_id="E1", status=str(resource.passive))
    check = checker.check(write=True, resource=resource)
    assert checker.error is None
    assert [record["id"] for record in site.records(resource.name)] == [made]
    assert read(check)["create"] == (("no_id",) if resource is BANK_ACCOUNT else ("names_id",))
    assert (read(check)["second_create"], check.partial_updates) == (("second_record",), True)


def test_a_check_shows_no_secret_and_no_value_of_a_record(
    site: Sandbox, checker: Checker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    seed(site, description="Gizli Müşteri AŞ", note="gizli not")
    site.set_habits({"habit": "dead_session", "message": f"gecersiz {site.account.api_key}"}, "cookie", "nodes")
    checker.check(write=True)
    assert checker.error is None
    texts = [caplog.text, *find_files(checker).values()]
    secrets = [site.account.password, site.account.api_key, *site.log()["sessions"], "Gizli Müşteri", "gizli not"]
    assert [secret for secret in secrets for text in texts if secret in text] == []


def test_the_log_has_a_table_and_the_support_text_the_same_answers(
    site: Sandbox, checker: Checker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    site.set_readings(single_session=True)
    check = checker.check()
    files = find_files(checker)
    assert json.loads(files[SITE_CHECK])["answers"]
    for point in check.answers:
        for text in (point.question, point.answer):
            assert " ".join(text.split()) in " ".join(caplog.text.split())
            assert text in files[SUPPORT_TEXT]
    assert f"Site: {checker.settings.site}" in files[SUPPORT_TEXT]
    assert max(map(len, caplog.messages[-3].splitlines()[1:])) <= 80
    assert "to set: Second login" in caplog.messages[-1]


def test_what_was_answered_before_an_error_is_kept(site: Sandbox, checker: Checker) -> None:
    site.set_faults({"call": "login", "kind": "status", "status": 401, "skip": 1, "body": "{}"})
    check = checker.check()
    assert isinstance(checker.error, OduyoError)
    assert read(check)["page_limit"] == ("too_few",)
    assert "second_login" not in read(check)


def test_a_load_leaves_out_what_stays_once_the_check_has_seen_that_it_is_kept(
    site: Sandbox, checker: Checker, tmp_path: Path
) -> None:
    site.reset()
    driver = Driver(site, tmp_path / "staging")
    driver.sync(make_rows(3))
    checker.use(settle_s=1)
    checker.check(write=True)
    assert checker.error is None
    seen = site.counts()["requests"]
    report, error = driver.sync_and_fail(make_rows(3, space1="neu"))
    assert (report.updated, error) == (3, None)
    sent = [entry["column"] for entry in site.writes(since=seen)]
    assert [sorted(column) for column in sent] == [["id", "integration_id", "key1", "key2", "space1"]] * 3


@pytest.mark.parametrize(("extra", "asked"), [({}, "5"), ({"page_size": 9}, "9")])
def test_a_snapshot_asks_for_pages_as_long_as_the_check_found(
    site: Sandbox, checker: Checker, tmp_path: Path, extra: dict[str, object], asked: str
) -> None:
    site.set_readings(list_cap=5)
    checker.check()
    driver = Driver(site, tmp_path / "staging", **extra)
    seen = site.counts()["requests"]
    driver.sync([], dry_run=True, release=["no_rows"])
    limits = {entry["limit"] for entry in site.log(call="list", since=seen)["requests"]}
    assert asked in limits
    assert max(map(int, limits)) == int(asked)


def test_a_check_needs_no_more_than_a_hundred_and_fifty_requests(site: Sandbox, checker: Checker) -> None:
    checker.check(write=True)
    assert site.counts()["requests"] <= 150


def test_a_rate_that_the_connection_sets_is_kept(site: Sandbox, checker: Checker) -> None:
    checker.use(requests_per_second=50)
    checker.check()
    times = [entry["time"] for entry in site.log(call="list")["requests"]]
    # One that arrives late only makes it longer.
    assert times[-1] - times[0] > 0.9 * (len(times) - 1) / 50


def test_a_resource_without_a_passive_word_is_not_tried(site: Sandbox, checker: Checker) -> None:
    site.create(resource=CHEQUE.name, integration_id="E1")
    check = checker.check(write=True, resource=CHEQUE)
    (point,) = [point for point in check.answers if point.name == "create"]
    assert "no word for passive" in point.answer
    assert site.writes() == []


def test_the_special_codes_are_what_is_asked_about_by_default(site: Sandbox, checker: Checker) -> None:
    checker.check()
    assert {entry["resource"] for entry in site.log(call="list")["requests"]} == {SPECIAL_CODE.name}

"""Waiting for what earlier loads sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oduyo_provider.core.change import Outcome, Result
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S, SENT_WITHIN_S
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.site.quiesce import wait_for_plans
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import History
from oduyo_provider.sync.staging.manifests import SnapshotManifest
from oduyo_provider.sync.staging.plans import PlanPart
from tests.unit.sync.plans import create, done, make_open, open_part, read_back, stage_plan, write_journal

SETTLE_S = 60.0
SENT_AT = 2000.0
CHANGES = [create("A1"), create("A2")]


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


@pytest.fixture
def plan(root: Folder) -> OpenPlan:
    """A plan whose load has not written anything."""
    return make_open(root, stage_plan(root, CHANGES), is_finished=False)


def wait(
    root: Folder, *plans: OpenPlan, now: float, said: list[str] | None = None, listing: SnapshotManifest | None = None
) -> float:
    """How long one waits for these plans from this moment on."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    say = (lambda text: None) if said is None else said.append
    asyncio.run(wait_for_plans(root, plans, SETTLE_S, Clock(lambda: now, sleep), say, listing))
    return sum(waited)


def test_nobody_waits_where_nothing_is_open(root: Folder) -> None:
    assert wait(root, now=SENT_AT) == 0


def test_what_was_about_to_be_sent_is_waited_for_until_it_can_no_longer_take_effect(
    root: Folder, plan: OpenPlan
) -> None:
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT)
    said: list[str] = []
    late = SENT_AT + SENT_WITHIN_S - CLOCK_SKEW_S
    assert wait(root, plan, now=late + 30, said=said) == CLOCK_SKEW_S - 30 + SETTLE_S
    assert said == [f"An earlier load sent changes that may not show yet; waiting {SETTLE_S - 20:.0f} s for them"]
    assert wait(root, plan, now=SENT_AT + SENT_WITHIN_S + SETTLE_S) == 0


def test_no_wait_is_longer_than_settle_s_and_the_skew(root: Folder, plan: OpenPlan) -> None:
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT)
    assert wait(root, plan, now=SENT_AT) == wait(root, plan, now=SENT_AT + 1) == SETTLE_S + CLOCK_SKEW_S


def test_a_stamp_of_a_clock_that_is_hours_ahead_is_waited_for_as_if_it_were_now(root: Folder, plan: OpenPlan) -> None:
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT + 3 * 3600)
    said: list[str] = []
    assert wait(root, plan, now=SENT_AT, said=said) == SETTLE_S + CLOCK_SKEW_S
    assert said[0].startswith(f"{plan.generation} wrote a time 10,800 s ahead of this machine's clock")


def test_what_was_read_back_is_not_waited_for(root: Folder, plan: OpenPlan) -> None:
    write_journal(root, plan.parts[0], *(read_back(change, "7", at=SENT_AT) for change in CHANGES), at=SENT_AT)
    assert wait(root, plan, now=SENT_AT + 1) == 0


def test_what_was_answered_and_not_read_back_is_waited_for_until_it_must_show(root: Folder, plan: OpenPlan) -> None:
    write_journal(
        root, plan.parts[0], read_back(CHANGES[0], "7", at=SENT_AT), done(CHANGES[1], "8", at=SENT_AT), at=SENT_AT
    )
    assert wait(root, plan, now=SENT_AT + 1) == CLOCK_SKEW_S + SETTLE_S - 1
    assert wait(root, plan, now=SENT_AT + CLOCK_SKEW_S + SETTLE_S) == 0


def test_what_was_lost_before_it_was_answered_is_waited_for_until_it_can_no_longer_take_effect(
    root: Folder, plan: OpenPlan
) -> None:
    lost = Result(CHANGES[0].key, Outcome.DONE, "7", is_confirmed=True, at=SENT_AT, lost_at=SENT_AT)
    write_journal(root, plan.parts[0], lost, at=SENT_AT)
    assert wait(root, plan, now=SENT_AT + 1) == CLOCK_SKEW_S + SETTLE_S - 1
    assert wait(root, plan, now=SENT_AT + CLOCK_SKEW_S + SETTLE_S) == 0


@pytest.mark.parametrize(
    ("made", "waits"),
    [
        ({"number": 2, "started_at": SENT_AT + 70}, False),
        ({"number": 2, "started_at": SENT_AT + CLOCK_SKEW_S}, True),
        ({"number": 1, "started_at": SENT_AT + 70}, True),
        ({"number": 2, "started_at": SENT_AT + 70, "source": "other"}, True),
    ],
    ids=["waited for", "written since, perhaps", "another instance's", "another source's"],
)
def test_what_an_earlier_plan_of_the_source_sent_before_the_listing_is_waited_for_once(
    root: Folder, plan: OpenPlan, made: dict[str, Any], *, waits: bool
) -> None:
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT)
    listing = msgspec.structs.replace(open_part(root, plan.parts[0]).manifest.snapshot, **made)
    assert (wait(root, plan, now=SENT_AT + 75, listing=listing) > 0) is waits


def test_what_was_never_transmitted_is_not_waited_for(root: Folder, plan: OpenPlan) -> None:
    not_sent = [Result(change.key, Outcome.NOT_APPLIED, at=SENT_AT, harmless=1) for change in CHANGES]
    write_journal(root, plan.parts[0], *not_sent, at=SENT_AT)
    assert wait(root, plan, now=SENT_AT + 1) == 0


def test_an_outcome_of_one_try_says_nothing_of_what_another_sent(root: Folder, plan: OpenPlan) -> None:
    write_journal(root, plan.parts[0], *(read_back(change, "7", at=SENT_AT) for change in CHANGES), at=SENT_AT)
    write_journal(root, plan.parts[0], intended=CHANGES[:1], attempt="try2", at=SENT_AT + 10)
    assert wait(root, plan, now=SENT_AT + 11) == SETTLE_S + CLOCK_SKEW_S


def test_the_latest_of_several_plans_is_waited_for(root: Folder, plan: OpenPlan) -> None:
    other = make_open(root, stage_plan(root, CHANGES, run="run2"), stage_plan(root, CHANGES[:1], run="run3"))
    now = SENT_AT + SENT_WITHIN_S + SETTLE_S
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT)
    write_journal(root, other.parts[1], intended=CHANGES[:1], at=SENT_AT + 5)
    assert wait(root, plan, other, now=now) == 5


def test_a_plan_that_is_tried_again_is_read_once_and_all_that_its_earlier_try_named(
    root: Folder, plan: OpenPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    read_history = PlanPart.read_history

    def note(self: PlanPart) -> History:
        read.append(self.manifest.run)
        return read_history(self)

    monkeypatch.setattr(PlanPart, "read_history", note)
    earlier = stage_plan(root, CHANGES, run="earlier")
    write_journal(root, earlier, intended=CHANGES, at=SENT_AT)
    assert wait(root, make_open(root, *plan.parts, earlier), plan, now=SENT_AT) == SETTLE_S + CLOCK_SKEW_S
    assert sorted(read) == ["dag/earlier", "dag/run1"]


@pytest.mark.parametrize("damage", ["journal", "plan"])
def test_what_cannot_be_read_is_waited_for_in_full(root: Folder, plan: OpenPlan, damage: str) -> None:
    write_journal(root, plan.parts[0], intended=CHANGES, at=SENT_AT)
    if damage == "journal":
        open_part(root, plan.parts[0]).journal.write("try2.intents.jsonl", b"{]\n")
    else:
        root.at(plan.parts[0]["manifest"]).remove()
    said: list[str] = []
    assert wait(root, plan, now=SENT_AT + 5000, said=said) == SETTLE_S + CLOCK_SKEW_S
    assert f"What {plan.generation} sent cannot be told" in said[0]

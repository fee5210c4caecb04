"""Nothing is written that was not looked at right before: as wanted is done, moved is stale, all else may be sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.sync.apply.looker import APPEARED, GONE, MAX_CREATES_SLICE, MAX_SLICE, MOVED, OTHERS
from oduyo_provider.sync.apply.work import PAGE_ROWS
from oduyo_provider.sync.runtime.timing import LISTING_VALID_S, SLICE_S
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load, change_fields, make_creates, make_updates, seed

RETIREMENTS = [Action.DEACTIVATE, Action.DELETE]


def look(load: Load, changes: Sequence[Change]) -> list[Change]:
    """The changes that may be sent; the results of the others are in the load's recorder."""

    async def work(load: Load) -> list[Change]:
        ready = await load.make_looker().look(load.recorder, changes)
        return [item.change for item in ready]

    return load.run(work)


def find_stale(load: Load) -> dict[str, str]:
    """Key → reason of what was stale."""
    found = load.recorder.results.items()
    return {key: result.reason for key, result in found if result.outcome is Outcome.STALE}


def plan_update(site: Sandbox, **fields: str) -> Change:
    """An update of a record's description, planned from the record as it is now."""
    wanted = make_creates(1)
    seed(site, wanted, description="eski", note="elle", space1="bir")
    [change] = make_updates(site, change_fields(wanted, **fields))
    return change


def plan_retirement(site: Sandbox, action: Action) -> Change:
    wanted = make_creates(1)
    seed(site, wanted, note="elle", space1="bir")
    [change] = make_updates(site, wanted, action=action)
    return change


class TestUpdate:
    def test_a_record_that_is_as_the_plan_found_it_may_be_written(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site)
        assert look(load, [change]) == [change]
        assert load.recorder.results == {}

    def test_a_record_that_is_as_wanted_by_now_is_done_and_nothing_is_sent(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site)
        site.edit("1", description="Açıklama 1")
        assert look(load, [change]) == []
        result = load.recorder.results[change.key]
        assert (result.outcome, result.oduyo_id, result.is_read_back) == (Outcome.DONE, "1", True)

    @pytest.mark.parametrize("field", ["description", "key1", "key2", "status", "integration_id"])
    def test_a_field_that_it_writes_or_that_says_whose_it_is_must_not_have_moved(
        self, site: Sandbox, load: Load, field: str
    ) -> None:
        change = plan_update(site)
        site.edit("1", **{field: "0" if field == "status" else "9"})
        assert look(load, [change]) == []
        assert find_stale(load) == {change.key: MOVED}

    @pytest.mark.parametrize("field", ["space1", "note", "code", "typecode"])
    def test_any_other_field_may_have_moved(self, site: Sandbox, load: Load, field: str) -> None:
        change = plan_update(site)
        site.edit("1", **{field: "9"})
        assert look(load, [change]) == [change]

    def test_a_field_of_whose_record_it_is_may_be_as_wanted_already(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site, key2="7")
        site.edit("1", key2="7")
        assert look(load, [change]) == [change]

    def test_what_is_sent_carries_the_other_fields_as_they_were_looked_at(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site)
        site.edit("1", space1="panelden", note="yeni not")

        async def work(load: Load) -> dict[str, str]:
            [ready] = await load.make_looker().look(load.recorder, [change])
            return change.compute_body(ready.record)

        body = load.run(work)
        assert (body["space1"], body["note"], body["description"]) == ("panelden", "yeni not", "Açıklama 1")

    def test_a_record_that_is_gone_is_stale(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site)
        site.delete("1")
        assert look(load, [change]) == []
        assert find_stale(load) == {change.key: GONE}

    def test_null_is_as_good_as_empty(self, site: Sandbox, load: Load) -> None:
        change = plan_update(site, space2="x")
        site.set_readings(null_style="null")
        assert look(load, [change]) == [change]


class TestRetirement:
    @pytest.mark.parametrize("action", RETIREMENTS)
    def test_a_record_that_is_as_the_plan_found_it_may_be_retired(
        self, site: Sandbox, load: Load, action: Action
    ) -> None:
        change = plan_retirement(site, action)
        assert look(load, [change]) == [change]

    @pytest.mark.parametrize("field", ["description", "note", "space1", "code", "key1", "integration_id", "status"])
    def test_a_record_of_which_anything_moved_is_not_deleted(self, site: Sandbox, load: Load, field: str) -> None:
        change = plan_retirement(site, Action.DELETE)
        site.edit("1", **{field: "0" if field == "status" else "9"})
        assert look(load, [change]) == []
        assert find_stale(load) == {change.key: MOVED}

    def test_that_oduyo_stamped_a_record_anew_is_no_move(self, site: Sandbox, load: Load) -> None:
        change = plan_retirement(site, Action.DELETE)
        site.edit("1", updated_in="2030-01-01 00:00:00")
        assert look(load, [change]) == [change]

    @pytest.mark.parametrize(("field", "is_stale"), [("key1", True), ("integration_id", True), ("description", False)])
    def test_a_record_is_deactivated_unless_it_became_somebody_else_s(
        self, site: Sandbox, load: Load, field: str, is_stale: bool
    ) -> None:
        change = plan_retirement(site, Action.DEACTIVATE)
        site.edit("1", **{field: "9"})
        assert look(load, [change]) == ([] if is_stale else [change])

    def test_a_record_that_is_passive_already_is_deactivated(self, site: Sandbox, load: Load) -> None:
        change = plan_retirement(site, Action.DEACTIVATE)
        site.edit("1", status="0")
        assert look(load, [change]) == []
        assert load.recorder.results[change.key].outcome is Outcome.DONE

    def test_a_record_that_is_gone_is_deleted_but_not_deactivated(self, site: Sandbox, load: Load) -> None:
        changes = [plan_retirement(site, Action.DELETE)]
        changes.append(make_updates(site, make_creates(1), action=Action.DEACTIVATE)[0])
        site.delete("1")
        for change, outcome in zip(changes, (Outcome.DONE, Outcome.STALE), strict=True):
            assert look(load, [change]) == []
            assert load.recorder.results[change.key].outcome is outcome


class TestCreate:
    def test_a_row_without_a_record_may_be_created(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)
        assert look(load, creates) == creates

    def test_a_record_that_appeared_as_wanted_is_done(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)

        async def appear_and_look(load: Load) -> list[Change]:
            seed(site, creates[1:2])
            ready = await load.make_looker().look(load.recorder, creates)
            return [item.change for item in ready]

        assert load.run(appear_and_look) == [creates[0], creates[2]]
        assert load.recorder.results["create:2"].oduyo_id == "1"

    def test_a_record_that_appeared_with_other_values_is_stale(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)

        async def appear_and_look(load: Load) -> list[Change]:
            seed(site, creates[1:2], description="onların")
            return [i.change for i in await load.make_looker().look(load.recorder, creates)]

        assert load.run(appear_and_look) == [creates[0], creates[2]]
        assert find_stale(load) == {"create:2": APPEARED}

    @pytest.mark.parametrize(
        ("entry", "replaces", "is_sent"),
        [
            (Entry("2", "dag", "77"), None, False),
            (Entry("2", "dag", "77"), "77", True),
            (Entry("2", "dag", "78"), "77", False),
            (Entry("2", "dag", confirmed_at=5.0), None, False),
            (Entry("2", "dag", confirmed_at=5.0), "", True),
            (Entry("2", "dag", "78"), "", False),
            (Entry("2", "dag"), None, True),
            (Entry("2", "dag"), "77", True),
        ],
    )
    def test_a_key_that_was_confirmed_is_created_again_only_as_a_person_released_it(
        self, load: Load, entry: Entry, replaces: str | None, is_sent: bool
    ) -> None:
        first, second = make_creates(2)
        creates = [first, msgspec.structs.replace(second, replaces=replaces)]
        load.entries = {"2": entry}
        assert look(load, creates) == (creates if is_sent else creates[:1])
        assert find_stale(load) == ({} if is_sent else {"create:2": APPEARED})

    @pytest.mark.parametrize(("fields", "outcome"), [({}, Outcome.DONE), ({"code": "başka"}, Outcome.STALE)])
    def test_a_vanished_record_that_shows_again_is_not_made_anew_however_old_it_is(
        self, site: Sandbox, load: Load, fields: dict[str, str], outcome: Outcome
    ) -> None:
        [change] = make_creates(1)
        [oduyo_id] = seed(site, [change], **fields)
        seed(site, make_creates(PAGE_ROWS, start=2))
        load.entries = {"1": Entry("1", "dag", oduyo_id)}
        assert look(load, [msgspec.structs.replace(change, replaces=oduyo_id)]) == []
        assert load.recorder.results["create:1"].outcome is outcome

    @pytest.mark.parametrize(("stored", "is_sent"), [("1 ", False), ("0001", False), ("99", True)])
    def test_one_that_carries_another_key_than_was_sent_or_stored_is_none_of_it(
        self, site: Sandbox, load: Load, stored: str, is_sent: bool
    ) -> None:
        [change] = make_creates(1)
        [oduyo_id] = seed(site, [change], integration_id=stored)
        load.entries = {"1": Entry("1", "dag", oduyo_id, stored={"integration_id": Stored("1", "0001")})}
        replacing = msgspec.structs.replace(change, replaces=oduyo_id)
        assert look(load, [replacing]) == ([replacing] if is_sent else [])

    def test_one_that_another_run_has_made_as_wanted_is_done(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(2)
        seed(site, creates)
        load.entries = {"1": Entry("1", "dag", "1"), "2": Entry("2", "dag", "2")}
        assert look(load, creates) == []
        assert {result.outcome for result in load.recorder.results.values()} == {Outcome.DONE}

    def test_create_mode_looks_at_nothing(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        creates = make_creates(3)
        seed(site, creates)
        load = make_load(is_create_mode=True)
        load.entries = {"1": Entry("1", "other", "1")}
        assert look(load, creates) == creates
        assert load.calls() == {}


class TestOtherSources:
    @pytest.mark.parametrize(("takes_over", "is_stale"), [(False, True), (True, False)])
    def test_a_record_that_became_another_source_s_is_stale_unless_a_person_moves_it(
        self, site: Sandbox, make_load: Callable[..., Load], takes_over: bool, is_stale: bool
    ) -> None:
        change = plan_update(site)
        load = make_load(takes_over=takes_over)
        load.entries = {"1": Entry("1", "other", "1")}
        assert look(load, [change]) == ([] if is_stale else [change])
        assert find_stale(load) == ({change.key: OTHERS} if is_stale else {})

    @pytest.mark.parametrize("owner", ["", "dag"])
    def test_a_record_of_nobody_or_of_this_source_may_be_written(self, site: Sandbox, load: Load, owner: str) -> None:
        change = plan_update(site)
        load.entries = {"1": Entry("1", owner, "1")}
        assert look(load, [change]) == [change]


class TestFreshListing:
    """The plan's own listing counts as the look for less than a minute."""

    @staticmethod
    def look_after(load: Load, changes: Sequence[Change], age_s: float) -> list[Change]:
        async def work(load: Load) -> list[Change]:
            looker = load.make_looker()
            load.ahead_s += age_s
            return [item.change for item in await looker.look(load.recorder, changes)]

        return load.run(work)

    def test_what_was_listed_just_now_is_not_looked_at(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        change = plan_update(site)
        site.edit("1", description="taşındı")
        load = make_load()
        load = make_load(listed_at=load.monotonic())
        assert self.look_after(load, [change], LISTING_VALID_S - 5) == [change]
        assert load.calls() == {}

    def test_an_older_listing_is_no_look(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        change = plan_update(site)
        site.edit("1", description="taşındı")
        load = make_load()
        load = make_load(listed_at=load.monotonic())
        assert self.look_after(load, [change], LISTING_VALID_S + 5) == []
        assert load.calls() == {"list": 1}

    def test_it_is_none_of_a_record_that_it_lacked_although_it_is_known(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        [change] = make_creates(1)
        [oduyo_id] = seed(site, [change])
        load = make_load()
        load = make_load(listed_at=load.monotonic())
        load.entries = {"1": Entry("1", "dag", oduyo_id)}
        assert self.look_after(load, [msgspec.structs.replace(change, replaces=oduyo_id)], 5) == []
        assert load.recorder.results["create:1"].outcome is Outcome.DONE

    def test_the_time_that_sending_takes_counts(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        creates = make_creates(2000)
        load = make_load()
        load = make_load(listed_at=load.monotonic())
        assert len(self.look_after(load, creates, LISTING_VALID_S - 10)) == 2000
        assert load.calls()["list"] >= 1, "2,000 creates at 100 a second take 20 s"

    def test_another_look_at_one_change_is_always_made(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        change = plan_update(site)
        site.edit("1", description="taşındı")
        load = make_load()
        load = make_load(listed_at=load.monotonic())

        async def work(load: Load) -> bool:
            looker = load.make_looker()
            return await looker.look_again(load.recorder, change) is None

        assert load.run(work)
        assert find_stale(load) == {change.key: MOVED}


class TestSent:
    """What this try has transmitted may have taken effect, whatever the answer was: it is known as the site keeps it."""

    @staticmethod
    def look_again(load: Load, change: Change, *, floor: int = 0) -> bool:
        """Whether it may be sent again."""

        async def work(load: Load) -> bool:
            load.recorder.sent.add(change.key)
            load.recorder.floors[change.key] = floor
            return await load.make_looker().look_again(load.recorder, change) is not None

        return load.run(work)

    def test_a_create_that_made_its_record_under_a_beginning_of_its_key_is_done(
        self, site: Sandbox, load: Load
    ) -> None:
        [change] = make_creates(1, start=12345)
        [oduyo_id] = seed(site, [change], integration_id="123", description="")
        assert not self.look_again(load, change)
        result = load.recorder.results[change.key]
        assert (result.outcome, result.oduyo_id, result.is_read_back) == (Outcome.DONE, oduyo_id, False)

    def test_its_record_is_found_below_many_newer_ones(self, site: Sandbox, load: Load) -> None:
        [change] = make_creates(1)
        seed(site, [change], description="")
        seed(site, make_creates(600, start=1000))
        assert not self.look_again(load, change)

    def test_a_create_whose_record_was_there_before_it_was_sent_made_none(self, site: Sandbox, load: Load) -> None:
        [change] = make_creates(1)
        seed(site, [change], integration_id="99")
        assert self.look_again(load, change, floor=1)

    @pytest.mark.parametrize("stored", ["Aciklama 1", "Açıkl", "AÇIKLAMA 1"])
    def test_an_update_is_done_as_the_site_keeps_its_text(self, site: Sandbox, load: Load, stored: str) -> None:
        change = plan_update(site)
        site.edit("1", description=stored)
        assert not self.look_again(load, change)
        assert load.recorder.results[change.key].outcome is Outcome.DONE

    def test_an_update_that_shows_no_effect_may_be_sent_again_and_one_that_moved_may_not(
        self, site: Sandbox, load: Load
    ) -> None:
        change = plan_update(site)
        assert self.look_again(load, change)
        site.edit("1", description="taşındı")
        assert not self.look_again(load, change)
        assert find_stale(load) == {change.key: MOVED}


class TestSlices:
    @staticmethod
    def compute_slice(load: Load, action: Action, calls_per_s: float) -> int:
        async def work(load: Load) -> int:
            load.course.calls_per_s = calls_per_s
            return load.make_looker().compute_slice(Change(action, "1", {}))

        return load.run(work)

    @pytest.mark.parametrize(("action", "calls"), [(Action.CREATE, 1), (Action.UPDATE, 2), (Action.DELETE, 2)])
    def test_a_slice_is_what_the_pace_looks_at_and_sends_in_its_time(
        self, load: Load, action: Action, calls: int
    ) -> None:
        assert self.compute_slice(load, action, 5.0) == 5 * SLICE_S / calls

    @pytest.mark.parametrize(("action", "most"), [(Action.CREATE, MAX_CREATES_SLICE), (Action.UPDATE, MAX_SLICE)])
    def test_a_slice_is_never_empty_and_never_too_large(self, load: Load, action: Action, most: int) -> None:
        assert self.compute_slice(load, action, 0.001) == 1
        assert self.compute_slice(load, action, 1e6) == most

    def test_the_pace_is_measured_anew_as_calls_are_made(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(40))

        async def work(load: Load) -> float:
            looker = load.make_looker()
            for oduyo_id in ids:
                await load.lookup.fetch_by_ids([oduyo_id])
                load.ahead_s += 0.5
            looker.compute_slice(Change(Action.UPDATE, "1", {}))
            return load.course.calls_per_s

        assert 1.5 < load.run(work) < 2.1

"""Everything that was done is read back: there exactly once, with the values that were sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import pytest

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import CanaryError, LostAnswerError
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.sync.apply.lookup import Lookup, Window
from oduyo_provider.sync.apply.verifier import Verifier, find_unread
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import SETTLE_S, Load, count_outcomes, known, make_creates, make_updates, rekey, seed
from tests.unit.sync.plans import done


def verify(load: Load, changes: Sequence[Change], ids: Sequence[str | None], *, floor: int = 0) -> None:
    """Read changes back that Ödüyo has confirmed with these ids, and that were sent above the floor."""

    async def work(load: Load) -> None:
        for change, oduyo_id in zip(changes, ids, strict=True):
            load.recorder.take(change, done(change, oduyo_id))
            load.recorder.floors[change.key] = floor
        await Verifier(load.work, load.course, load.lookup).verify(load.recorder, changes)

    load.run(work)


def test_creates_that_are_there_as_sent_are_done_and_read_back(site: Sandbox, load: Load) -> None:
    creates = make_creates(20)
    verify(load, creates, seed(site, creates))
    assert all(result.is_read_back and result.outcome is Outcome.DONE for result in load.recorder.results.values())
    assert load.waits == []
    assert load.calls()["list"] <= 3


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DEACTIVATE, Action.DELETE])
def test_other_changes_that_show_are_done(site: Sandbox, load: Load, action: Action) -> None:
    wanted = make_creates(5)
    ids = seed(site, wanted, description="eski")
    changes = make_updates(site, wanted, action=action)
    for oduyo_id, change in zip(ids, changes, strict=True):
        if action is Action.DELETE:
            site.delete(oduyo_id)
        else:
            site.edit(oduyo_id, **{name: change.payload[name] for name in change.differs})
    verify(load, changes, ids)
    assert count_outcomes(load.recorder.results) == {"done": 5}


def test_what_does_not_show_is_waited_for_until_settle_s_has_passed(site: Sandbox, load: Load) -> None:
    creates = make_creates(3)
    ids = seed(site, creates)
    site.set_habits({"habit": "hide", "ids": ["2"], "for_s": SETTLE_S - 5})
    verify(load, creates, ids)
    assert count_outcomes(load.recorder.results) == {"done": 3}
    assert SETTLE_S - 20 < sum(load.waits) < SETTLE_S


def test_a_create_that_never_shows_is_doubtful_and_stays_confirmed(site: Sandbox, load: Load) -> None:
    creates = make_creates(3)
    verify(load, creates, [*seed(site, creates[:2]), "9"])
    result = load.recorder.results["create:3"]
    assert (result.outcome, result.is_confirmed, result.oduyo_id) == (Outcome.DOUBTFUL, True, "9")
    assert count_outcomes(load.recorder.results) == {"done": 2, "doubtful": 1}
    assert SETTLE_S - 10 < sum(load.waits) < SETTLE_S + 1


@pytest.mark.parametrize("off_s", [-3 * 3600, 3 * 3600])
def test_what_does_not_show_is_waited_for_as_long_where_the_clock_is_set_right_meanwhile(
    site: Sandbox, load: Load, off_s: float
) -> None:
    load.off_s = off_s
    creates = make_creates(3)
    verify(load, creates, [*seed(site, creates[:2]), "9"])
    assert SETTLE_S - 10 < sum(load.waits) < SETTLE_S + 1


def test_an_update_that_changed_nothing_had_no_effect(site: Sandbox, load: Load) -> None:
    wanted = make_creates(3)
    ids = seed(site, wanted, description="eski")
    changes = make_updates(site, wanted)
    site.edit("1", description="Açıklama 1")
    verify(load, changes, ids)
    assert count_outcomes(load.recorder.results) == {"done": 1, "failed": 2}


class TestTextsThatStayAsTheyWere:
    """Beginnings of what was sent, of several lengths: no one cut makes them."""

    BEFORE = ("A", "Açı", "Açıkl")

    def make_changes(self, site: Sandbox, before: Sequence[str] = BEFORE) -> tuple[list[Change], list[str]]:
        wanted = make_creates(len(before))
        ids = seed(site, wanted)
        for oduyo_id, text in zip(ids, before, strict=True):
            site.edit(oduyo_id, description=text)
        return make_updates(site, wanted), ids

    def test_they_were_ignored(self, site: Sandbox, load: Load) -> None:
        changes, ids = self.make_changes(site)
        verify(load, changes, ids)
        assert count_outcomes(load.recorder.results) == {"failed": 3}
        assert load.course.ignored == {"description"}

    def test_those_of_one_length_were_cut(self, site: Sandbox, load: Load) -> None:
        changes, ids = self.make_changes(site, ["Açı"] * 3)
        verify(load, changes, ids)
        assert [result.stored for result in load.recorder.results.values()] == [{"description": "Açı"}] * 3
        assert count_outcomes(load.recorder.results) == {"done": 3}

    def test_beside_one_that_is_no_beginning_they_were_ignored(self, site: Sandbox, load: Load) -> None:
        changes, ids = self.make_changes(site, ["Açı", "eski", "Açı"])
        verify(load, changes, ids)
        assert count_outcomes(load.recorder.results) == {"failed": 3}

    def test_as_long_as_they_may_only_be_late_nothing_is_concluded(self, site: Sandbox, load: Load) -> None:
        changes, ids = self.make_changes(site)
        skip = load.skip

        def arrive(seconds: float) -> None:
            for oduyo_id, change in zip(ids[:2], changes[:2], strict=True):
                site.edit(oduyo_id, **{name: change.payload[name] for name in change.differs})
            skip(seconds)

        load.skip = arrive  # type: ignore[method-assign]
        verify(load, changes, ids)
        assert count_outcomes(load.recorder.results) == {"done": 3}
        assert load.recorder.results[changes[2].key].stored == {"description": "Açıkl"}
        assert load.course.ignored == set()


def test_a_deletion_that_changed_nothing_had_no_effect(site: Sandbox, load: Load) -> None:
    wanted = make_creates(2)
    ids = seed(site, wanted)
    changes = make_updates(site, wanted, action=Action.DELETE)
    site.delete("1")
    verify(load, changes, ids)
    assert count_outcomes(load.recorder.results) == {"done": 1, "failed": 1}


def test_a_value_that_was_cut_is_altered(site: Sandbox, load: Load) -> None:
    creates = make_creates(2)
    verify(load, creates, seed(site, creates, description="Açı"))
    assert [result.stored for result in load.recorder.results.values()] == [{"description": "Açı"}] * 2


class TestLetters:
    """Other letters behind a canary that had none."""

    def test_they_are_red_after_all_were_read_back(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)
        ids = [*seed(site, creates[:2], description="Aciklama"), *seed(site, creates[2:])]
        with pytest.raises(CanaryError, match=r"'Açıklama 1' became 'Aciklama'.*release \[\"letters\"\]"):
            verify(load, creates, ids)
        stored = [result.stored for result in load.read_journal().results.values()]
        assert stored == [{"description": "Aciklama"}] * 2 + [{}]
        assert {(finding.brake, finding.is_released) for finding in load.findings} == {("letters", False)}

    def test_a_text_that_is_lost_has_failed_and_is_no_habit(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(2)
        verify(load, creates, seed(site, creates, description=""))
        assert count_outcomes(load.recorder.results) == {"failed": 2}
        assert load.findings == []

    def test_released_they_are_remembered_once(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(released={"letters": None})
        creates = make_creates(3)
        verify(load, creates, seed(site, creates, description="Aciklama"))
        assert [result.stored for result in load.recorder.results.values()] == [{"description": "Aciklama"}] * 3
        assert [(finding.brake, finding.is_released) for finding in load.findings] == [("letters", True)]

    @pytest.mark.parametrize("fields", [{"description": "elle"}, {"status": "0"}], ids=str)
    def test_what_a_person_wrote_meanwhile_is_none_and_has_failed(
        self, site: Sandbox, load: Load, fields: dict[str, str]
    ) -> None:
        creates = make_creates(2)
        verify(load, creates, seed(site, creates, **fields))
        assert [result.stored for result in load.recorder.results.values()] == [fields] * 2
        assert count_outcomes(load.recorder.results) == {"failed": 2}
        assert load.findings == []


def test_further_records_with_the_same_key_are_twins(site: Sandbox, load: Load) -> None:
    creates = make_creates(2)
    ids = seed(site, creates)
    seed(site, creates[:1])
    verify(load, creates, ids)
    assert {key: result.twins for key, result in load.recorder.results.items()} == {"create:1": ("3",), "create:2": ()}


def test_a_create_without_an_id_is_found_by_its_key_above_the_floor(site: Sandbox, load: Load) -> None:
    creates = make_creates(1)
    seed(site, [*creates, *creates])
    verify(load, creates, [None], floor=1)
    result = load.recorder.results["create:1"]
    assert (result.oduyo_id, result.outcome) == ("2", Outcome.DONE)


def test_a_create_whose_id_is_not_in_the_window_is_looked_up(site: Sandbox, load: Load) -> None:
    creates = make_creates(3)
    ids = seed(site, creates)
    site.set_habits({"habit": "hide", "ids": ["2"], "where": "pages"})
    verify(load, creates, ids)
    assert count_outcomes(load.recorder.results) == {"done": 3}


class TestKeys:
    def test_one_that_is_stored_otherwise_is_red_after_all_were_read_back(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(4)
        ids = [*seed(site, creates[:2]), *seed(site, creates[2:3], integration_id="x"), *seed(site, creates[3:])]
        with pytest.raises(CanaryError, match=r"'3' became 'x'.*release \[\"key_altered\"\]"):
            verify(load, creates, ids)
        assert count_outcomes(load.read_journal().results) == {"done": 4}
        assert load.read_journal().results["create:3"].stored == {"integration_id": "x"}

    def test_released_it_is_remembered(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(known_findings=known("key_altered", is_released=True))
        creates = make_creates(2)
        ids = [*seed(site, creates[:1], integration_id="x1"), *seed(site, creates[1:], integration_id="x2")]
        verify(load, creates, ids)
        assert [finding.is_released for finding in load.findings] == [True]  # once, not for each record

    @pytest.mark.parametrize(
        ("entries", "rows", "owner"),
        [
            ({}, frozenset({"12"}), "the row 12"),
            ({"12": Entry("12", "other", "77")}, frozenset[str](), "the record of 12"),
            (
                {"129": Entry("129", "other", "77", stored={"integration_id": Stored("129", "12")})},
                frozenset[str](),
                "the record of 129",
            ),
        ],
        ids=["another row", "another record", "another record as it is stored"],
    )
    def test_released_one_that_is_anothers_stops_it_again(
        self,
        site: Sandbox,
        make_load: Callable[..., Load],
        entries: dict[str, Entry],
        rows: frozenset[str],
        owner: str,
    ) -> None:
        load = make_load(known_findings=known("key_altered", is_released=True))
        load.entries, load.row_keys = entries, rows
        creates = make_creates(1, start=123)
        with pytest.raises(CanaryError, match=f"that of {owner}, so that two records could not be told apart"):
            verify(load, creates, seed(site, creates, integration_id="12"))

    def test_two_that_are_stored_alike_stop_it_again(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(known_findings=known("key_altered", is_released=True))
        creates = make_creates(2, start=123)
        with pytest.raises(CanaryError, match="that of Ödüyo's record 2"):
            verify(load, creates, seed(site, creates, integration_id="12"))


def test_a_listing_that_others_disturb_is_made_again(site: Sandbox, load: Load) -> None:
    creates = make_creates(15)
    ids = seed(site, creates)
    site.set_readings(list_cap=4)
    site.set_habits({"habit": "hide", "ids": ["15"], "times": 2, "where": "pages"})
    verify(load, creates, ids)
    assert count_outcomes(load.recorder.results) == {"done": 15}


def test_a_listing_that_fails_is_an_error_and_no_proof(site: Sandbox, load: Load) -> None:
    creates = make_creates(3)
    ids = seed(site, creates)
    site.set_faults({"call": "list", "kind": "drop"})
    with pytest.raises(LostAnswerError):
        verify(load, creates, ids)
    assert not any(result.is_read_back for result in load.recorder.results.values())


def test_create_mode_takes_no_older_record_for_its_own_and_none_for_a_twin(
    site: Sandbox, make_load: Callable[..., Load]
) -> None:
    creates = make_creates(2)
    seed(site, creates)
    ids = seed(site, creates)
    verify(make_load(is_create_mode=True), creates, ids, floor=2)
    load = make_load(is_create_mode=True)
    verify(load, creates, [None, None], floor=2)
    assert [(result.oduyo_id, result.twins) for result in load.recorder.results.values()] == [("3", ()), ("4", ())]


def test_only_what_is_done_and_was_not_read_back_is_read_back(load: Load) -> None:
    creates = make_creates(4)

    async def work(load: Load) -> list[str]:
        load.recorder.take(creates[0], done(creates[0], "1"))
        load.recorder.take(creates[1], done(creates[1], "2", is_read_back=True))
        load.recorder.take(creates[2], done(creates[2], "3", outcome=Outcome.REFUSED))
        return [change.key for change in find_unread(load.recorder, creates)]

    assert load.run(work) == ["create:1"]


class TestWrongIds:
    """A site that names another record than it made: the highest that there is when it looks, or the number of rows."""

    def test_each_create_is_known_by_its_own_record(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)
        seed(site, creates)
        verify(load, creates, ["2", "3", "1"])
        found = {key: (result.oduyo_id, result.stored) for key, result in load.recorder.results.items()}
        assert found == {"create:1": ("1", {}), "create:2": ("2", {}), "create:3": ("3", {})}

    def test_a_named_record_that_was_there_before_and_carries_another_key_is_none_of_it(
        self, site: Sandbox, load: Load
    ) -> None:
        seed(site, make_creates(1, start=90))
        verify(load, make_creates(1), ["1"], floor=1)
        result = load.recorder.results["create:1"]
        assert (result.outcome, result.stored) == (Outcome.DOUBTFUL, {})

    def test_one_that_carries_another_row_s_key_is_none_of_it_and_its_own_is_waited_for(
        self, site: Sandbox, load: Load
    ) -> None:
        creates = make_creates(2)
        seed(site, creates[1:])
        load.row_keys = frozenset({"1", "2"})
        began = load.now()
        verify(load, creates, ["1", "1"])
        found = {key: (result.outcome, result.oduyo_id) for key, result in load.recorder.results.items()}
        assert found == {"create:1": (Outcome.DOUBTFUL, None), "create:2": (Outcome.DONE, "1")}
        assert load.now() - began >= SETTLE_S

    @pytest.mark.parametrize("named", ["none is right", "two are one"])
    def test_where_keys_are_altered_it_is_only_what_can_have_been_made_of_it(
        self, site: Sandbox, make_load: Callable[..., Load], named: str
    ) -> None:
        load = make_load(known_findings=known("key_altered", is_released=True))
        creates = [rekey(create, f"0{create.integration_id}") for create in make_creates(12)]
        for create in creates:
            seed(site, [create], integration_id=create.integration_id[1:])
        ids = {"none is right": [*range(2, 13), 1], "two are one": [1, 1, *range(3, 12), 11]}[named]
        verify(load, creates, [*map(str, ids)])
        assert [result.oduyo_id for result in load.recorder.results.values()] == [str(n) for n in range(1, 13)]

    def test_a_record_that_another_row_is_known_to_have_is_none_of_it(self, site: Sandbox, load: Load) -> None:
        [create] = make_creates(1)
        seed(site, [create], integration_id="")
        load.entries = {"x": Entry("X", "dag", "1")}
        verify(load, [create], ["1"])
        result = load.recorder.results["create:1"]
        assert (result.outcome, result.oduyo_id) == (Outcome.DOUBTFUL, None)

    @pytest.mark.parametrize(
        ("stored", "oduyo_id"), [("A&amp;B", "1"), ("A&amp;C", None)], ids=["in another form", "another one"]
    )
    def test_a_named_record_with_the_whole_key_in_another_form_is_its_whatever_somebody_changed_since(
        self, site: Sandbox, make_load: Callable[..., Load], stored: str, oduyo_id: str | None
    ) -> None:
        load = make_load(known_findings=known("key_altered", is_released=True))
        create = rekey(make_creates(1)[0], "A&B")
        seed(site, [create], integration_id=stored, code="ELLE.1")
        verify(load, [create], ["1"])
        assert load.recorder.results["create:A&B"].oduyo_id == oduyo_id

    def test_one_that_does_not_show_yet_is_waited_for_before_another_with_the_key_counts(
        self, site: Sandbox, load: Load
    ) -> None:
        [create] = make_creates(1)
        seed(site, [create])
        began = load.now()
        verify(load, [create], ["7"])
        assert load.now() - began >= SETTLE_S
        assert load.recorder.results["create:1"].oduyo_id == "1"


def test_a_record_that_shows_after_the_listing_is_read_with_its_twin(
    site: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_made, listings = Lookup.fetch_made, list[int]()

    async def list_late(self: Lookup, ids: Collection[int], floor: int) -> Window:
        window = await fetch_made(self, ids, floor)
        listings.append(len(window.records))
        late = [] if listings[1:] else [record for record in window.records if record["integration_id"] == "3"]
        return Window([record for record in window.records if record not in late], load.work)

    monkeypatch.setattr(Lookup, "fetch_made", list_late)
    site.set_habits({"habit": "twice", "keys": "3"})
    results = load.apply(*make_creates(5))
    [(named, twins)] = [(result.oduyo_id, result.twins) for result in results.values() if result.twins]
    records = [str(record["id"]) for record in site.records() if record["integration_id"] == "3"]
    assert sorted([str(named), *twins]) == sorted(records)
    assert len(records) == 2

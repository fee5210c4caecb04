"""What became of changes whose answer was lost: by key, by the key as the site stores it, by what people tell it by."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.ledger import Entry
from oduyo_provider.sync.apply.listed import Listed
from oduyo_provider.sync.apply.seeker import FEW_WRONG_IDS, Seeker
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load, count_outcomes, known, make_creates, make_updates, rekey, seed


def seek(load: Load, *changes: Change, floor: int = 0) -> dict[str, list[str]]:
    """Key → ids of the records that are found; the changes were sent above this id."""

    async def work(load: Load) -> dict[str, list[str]]:
        load.recorder.floors.update(dict.fromkeys((change.key for change in changes), floor))
        found = await Seeker(load.work, load.course, load.lookup).seek(load.recorder, changes)
        return {key: [str(record["id"]) for record in records] for key, records in found.items()}

    return load.run(work)


def test_a_create_is_found_by_its_key_lowest_id_first(site: Sandbox, load: Load) -> None:
    creates = make_creates(3)
    seed(site, [creates[1], creates[0], creates[0]])
    assert seek(load, *creates) == {"create:1": ["2", "3"], "create:2": ["1"], "create:3": []}


def test_only_records_above_what_was_there_before_are_a_create_s_own(site: Sandbox, load: Load) -> None:
    [create] = make_creates(1)
    seed(site, [create, create])
    assert seek(load, create, floor=1) == {"create:1": ["2"]}
    assert seek(load, create, floor=2) == {"create:1": []}


@pytest.mark.parametrize("stored", ["17", "17.0", "0017       ", "0017", None, ""])
def test_a_create_whose_key_is_stored_otherwise_is_found_by_its_natural_key(
    site: Sandbox, load: Load, stored: str | None
) -> None:
    create = rekey(make_creates(1)[0], "0017")
    seed(site, make_creates(3, start=5))
    seed(site, [create], integration_id=stored)
    assert seek(load, create) == {"create:0017": ["4"]}


@pytest.mark.parametrize("field", ["code", "key1", "typecode"])
def test_a_record_with_another_natural_key_is_none_of_it(site: Sandbox, load: Load, field: str) -> None:
    create = rekey(make_creates(1)[0], "0017")
    seed(site, [create], integration_id="17", **{field: "9"})
    assert seek(load, create) == {"create:0017": []}


def test_a_record_whose_key_cannot_have_come_of_it_is_of_it_only_when_all_else_is_as_it_was_sent(
    site: Sandbox, load: Load
) -> None:
    [create] = make_creates(1)
    seed(site, [create], integration_id="500", description="başka")
    assert seek(load, create) == {"create:1": []}
    seed(site, [create], integration_id="501")
    assert seek(load, create) == {"create:1": ["2"]}


class TestOtherRows:
    """Two rows that people could not tell apart: neither gets the other's record."""

    @pytest.fixture
    def two(self) -> list[Change]:
        return [rekey(make_creates(1)[0], key) for key in ("1", "12")]

    def test_the_record_of_a_row_that_is_being_created_too_is_left_out(
        self, site: Sandbox, load: Load, two: list[Change]
    ) -> None:
        seed(site, two[:1])
        load.row_keys = frozenset({"1", "12"})
        assert seek(load, *two) == {"create:1": ["1"], "create:12": []}

    def test_the_record_of_a_row_that_is_done_already_is_left_out(
        self, site: Sandbox, load: Load, two: list[Change]
    ) -> None:
        seed(site, two[:1], integration_id="")
        assert seek(load, two[1]) == {"create:12": ["1"]}

        async def seek_again(load: Load) -> int:
            load.recorder.results["create:1"] = Result("create:1", Outcome.DONE, "1")
            found = await Seeker(load.work, load.course, load.lookup).seek(load.recorder, two[1:])
            return len(found["create:12"])

        assert load.run(seek_again) == 0

    @pytest.mark.parametrize("entry", [Entry("1", "dag", "77"), Entry("X", "dag", "1")], ids=["by key", "by id"])
    def test_a_record_that_the_ledger_knows_is_left_out(
        self, site: Sandbox, load: Load, two: list[Change], entry: Entry
    ) -> None:
        seed(site, two[:1])
        load.entries = {entry.integration_id: entry}
        assert seek(load, two[1]) == {"create:12": []}


def test_other_changes_are_found_by_oduyo_s_id(site: Sandbox, load: Load) -> None:
    wanted = make_creates(3)
    seed(site, wanted, description="eski")
    changes = [*make_updates(site, wanted[:2]), *make_updates(site, wanted[2:], action=Action.DELETE)]
    site.delete("3")
    assert seek(load, *changes) == {"update:1": ["1"], "update:2": ["2"], "delete:3": []}


class TestWholeLoads:
    @pytest.mark.parametrize("where", ["before", "after"])
    def test_a_create_whose_answer_was_lost_is_made_once(self, site: Sandbox, load: Load, where: str) -> None:
        site.set_faults({"call": "create", "kind": "drop", "where": where, "skip": 2, "times": 3})
        assert count_outcomes(load.apply(*make_creates(10))) == {"done": 10}
        assert len(site.records()) == 10
        assert len(load.sent()) == (10 if where == "after" else 13)

    def test_a_lost_create_whose_key_is_stored_otherwise_stops_the_run_as_any_other(
        self, site: Sandbox, load: Load
    ) -> None:
        creates = [rekey(make_creates(1)[0], "10000"), rekey(make_creates(1, start=7)[0], "0007")]
        site.set_habits("number=int")
        site.set_faults({"call": "create", "kind": "drop", "where": "after", "match": {"integration_id": "0007"}})
        with pytest.raises(CanaryError, match="'0007' became '7'"):
            load.apply(*creates)
        assert len(site.records()) == 2
        assert load.read_journal().results["create:0007"].oduyo_id is not None

    @pytest.mark.parametrize("answer", ["Kayıt eklendi", "added id <00017>"], ids=["no id", "the key"])
    def test_also_where_the_answer_names_no_id_and_the_row_has_no_code(
        self, site: Sandbox, load: Load, answer: str
    ) -> None:
        site.set_habits("number=int", {"habit": "create_text", "answer": answer})
        creates = [rekey(create, f"000{create.integration_id}") for create in make_creates(2, start=17, code="")]
        with pytest.raises(CanaryError, match=r"'000(17|18)' became '(17|18)'"):
            load.apply(*creates)
        assert len(site.records()) == 1

    def test_released_it_is_one_record_and_known_by_its_id(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        creates = [rekey(create, f"000{create.integration_id}") for create in make_creates(5)]
        site.set_habits("number=int")
        site.set_faults({"call": "create", "kind": "drop", "where": "after", "skip": 2, "times": 2})
        load = make_load(known_findings=known("key_altered", is_released=True))
        results = load.apply(*creates)
        assert count_outcomes(results) == {"done": 5}
        assert len({result.oduyo_id for result in results.values()}) == len(site.records()) == len(load.sent()) == 5
        assert {result.stored["integration_id"] for result in results.values()} == {"1", "2", "3", "4", "5"}

    def test_it_is_found_too_where_the_site_cuts_keys_and_writes_codes_in_other_letters(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        creates = [
            rekey(make_creates(1, start=number, code=f"ÖDEME GÜNÜ {number}")[0], f"{number}-MERKEZ")
            for number in range(1, 6)
        ]
        site.set_habits("cut=5", {"habit": "letters", "to": "ascii", "field": "code"})
        site.set_faults({"call": "create", "kind": "drop", "where": "after", "skip": 2, "times": 2})
        results = make_load(
            known_findings={**known("key_altered", is_released=True), **known("letters", is_released=True)}
        ).apply(*creates)
        assert count_outcomes(results) == {"done": 5}
        assert len({result.oduyo_id for result in results.values()}) == len(site.records()) == 5

    def test_what_somebody_else_made_in_its_place_is_left_to_the_next_run(self, site: Sandbox, load: Load) -> None:
        creates = make_creates(3)
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "2"}})
        site.set_script(
            {
                "at": {"call": "create", "number": 1, "keys": "2", "when": "after"},
                "do": {"do": "create", "fields": {**creates[1].payload, "description": "onların"}},
            }
        )
        results = load.apply(*creates)
        assert results["create:2"].outcome is Outcome.FAILED
        assert results["create:2"].stored == {"description": "onların"}
        assert len(load.sent()) == 3

    def test_a_lost_update_over_which_somebody_else_wrote_is_stale(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(3)
        seed(site, wanted, description="eski")
        changes = make_updates(site, wanted)
        site.set_faults({"call": "update", "kind": "drop", "match": {"id": "2"}})
        site.set_script(
            {
                "at": {"call": "update", "ids": ["2"]},
                "do": {"do": "edit", "id": "2", "fields": {"description": "onların"}},
            }
        )
        assert count_outcomes(load.apply(*changes)) == {"done": 2, "stale": 1}

    def test_a_lost_update_that_oduyo_cut_is_its_own(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(3)
        seed(site, wanted, description="eski")
        site.set_readings(silently_cut={"description": 5})
        site.set_faults({"call": "update", "kind": "drop", "where": "after", "match": {"id": "2"}})
        results = load.apply(*make_updates(site, wanted))
        assert [result.stored for result in results.values()] == [{"description": "Açıkl"}] * 3

    def test_of_two_records_with_its_key_the_one_as_it_was_sent_is_its_own_and_the_other_a_twin(
        self, site: Sandbox, load: Load
    ) -> None:
        creates = make_creates(2)
        site.set_faults({"call": "create", "kind": "drop", "where": "after", "match": {"integration_id": "2"}})
        site.set_script(
            {
                "at": {"call": "create", "number": 1, "keys": "2"},
                "do": {"do": "create", "fields": {**creates[1].payload, "description": "onların"}},
            }
        )
        results = load.apply(*creates)
        assert (results["create:2"].oduyo_id, results["create:2"].twins) == ("3", ("2",))


def check_named(load: Load, changes: list[Change], deletions: set[str]) -> None:
    """Check creates that were all answered with record 1, which was there before."""

    async def work(load: Load) -> None:
        seeker = Seeker(load.work, load.course, load.lookup)
        load.course.deletions |= deletions
        for change in changes:
            load.recorder.results[change.key] = Result(change.key, Outcome.DONE, "1", is_confirmed=True)
            load.recorder.floors[change.key] = 9
            await seeker.check_named(load.recorder, change)

    load.run(work)


def test_a_site_that_always_names_an_old_record_is_not_asked_about_each(
    site: Sandbox, make_load: Callable[..., Load]
) -> None:
    [other, *creates] = make_creates(2 * FEW_WRONG_IDS)
    seed(site, [other])
    load = make_load(listed=Listed(lambda: [{"id": "1", "integration_id": "theirs"}]))
    check_named(load, creates, set())
    assert load.calls()["list"] == FEW_WRONG_IDS


@pytest.mark.parametrize("deletions", [set(), {"1"}])
def test_a_record_that_the_plan_itself_deleted_was_not_written_over(
    site: Sandbox, make_load: Callable[..., Load], deletions: set[str]
) -> None:
    [create] = make_creates(1)
    seed(site, [create])
    record = {**site.records()[0], "integration_id": "theirs"}
    load = make_load(listed=Listed(lambda: [record]))
    if deletions:
        check_named(load, [create], deletions)
        assert load.findings == []
        return
    with pytest.raises(CanaryError, match="over its record 1, which was 'theirs'"):
        check_named(load, [create], deletions)

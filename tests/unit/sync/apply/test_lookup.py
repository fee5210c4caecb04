"""Reading what Ödüyo holds now, the cheaper way, and never less than it shows."""

from __future__ import annotations

import pytest

from oduyo_provider.core.errors import ListingError
from oduyo_provider.sync.apply.lookup import OVERLAP_ROWS
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load, make_creates, seed


def fetch_by_ids(load: Load, ids: list[str]) -> list[str]:
    """The ids that are found."""
    return sorted(load.run(lambda load: load.lookup.fetch_by_ids(ids)), key=int)


def fetch_newest(load: Load) -> list[str]:
    window = load.run(lambda load: load.lookup.fetch_newest())
    return [str(record["id"]) for record in window.records]


class TestById:
    def test_a_few_records_are_looked_up_one_by_one(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(3000))
        assert fetch_by_ids(load, ids[::1000]) == ids[::1000]
        assert load.calls() == {"list": 3}

    def test_many_records_are_read_by_the_pages_that_they_span(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(3000))
        assert fetch_by_ids(load, ids[1000:2000:2]) == ids[1000:2000:2]
        assert load.calls()["list"] <= 3

    def test_records_that_are_gone_are_left_out(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(30))
        for oduyo_id in ids[::10]:
            site.delete(oduyo_id)
        assert fetch_by_ids(load, [*ids, "9999"]) == [oduyo_id for oduyo_id in ids if oduyo_id not in ids[::10]]

    @pytest.mark.parametrize("count", [3, 60], ids=["look-ups", "pages"])
    @pytest.mark.parametrize("status", [200, 404])
    def test_that_all_are_gone_is_believed_of_no_site_that_lists_nothing(
        self, site: Sandbox, load: Load, count: int, status: int
    ) -> None:
        ids = seed(site, make_creates(60))
        site.set_faults({"kind": "status_false", "status": status, "call": "list"})
        with pytest.raises(ListingError, match=r"lists nothing above id|lists no record at all"):
            fetch_by_ids(load, ids[-count:])

    def test_a_site_may_be_empty_where_the_deletion_of_all_was_sent(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(3))

        async def look(load: Load) -> tuple[object, object]:
            for oduyo_id in ids:
                site.delete(oduyo_id)
            load.course.deletions.update(ids)
            return await load.lookup.fetch_by_ids(ids), await load.lookup.fetch_by_ids(ids[:1])

        assert load.run(look) == ({}, {})

    def test_pages_are_read_to_their_end_where_ids_are_sorted_as_text(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(3000))
        site.set_readings(id_compare="text")
        wanted = ids[4:1500:2]  # text puts 2001 before 3
        assert fetch_by_ids(load, wanted) == wanted

    def test_no_id_asks_nothing(self, load: Load) -> None:
        assert fetch_by_ids(load, []) == []
        assert load.calls() == {}

    @pytest.mark.parametrize(
        "habit",
        [{"habit": "filter_blind", "field": "id"}, {"habit": "hide", "ids": ["2"], "where": "lookups"}],
        ids=["filter finds nothing", "look-ups leave it out"],
    )
    def test_where_the_filter_says_no_the_list_still_shows_a_record(
        self, site: Sandbox, load: Load, habit: dict[str, object]
    ) -> None:
        ids = seed(site, make_creates(3))
        site.set_habits(habit)
        assert fetch_by_ids(load, ids[1:2]) == ids[1:2]

    def test_what_a_page_leaves_out_is_looked_up(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(100))
        site.set_habits({"habit": "hide", "ids": ["7", "8"], "where": "pages"})
        assert fetch_by_ids(load, ids) == ids

    def test_many_that_a_page_leaves_out_are_looked_up_where_their_absence_would_count(
        self, site: Sandbox, load: Load
    ) -> None:
        ids = seed(site, make_creates(100))
        site.set_habits({"habit": "hide", "ids": ids[10:40], "where": "pages"})
        found = load.run(lambda load: load.lookup.fetch_by_ids(ids, each=True))
        assert sorted(found, key=int) == ids
        assert fetch_by_ids(load, ids) == [*ids[:10], *ids[40:]]


class TestNewest:
    def test_one_page_shows_all_records_above_the_overlap(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(2000))
        assert fetch_newest(load) == ids[-OVERLAP_ROWS:]
        assert load.calls() == {"list": 2}, "once it is asked how ids are sorted"

    def test_each_look_goes_on_where_the_one_before_ended(self, site: Sandbox, load: Load) -> None:
        seed(site, make_creates(2000))

        async def look_again_and_again(load: Load) -> list[tuple[int, int]]:
            found = []
            for start in (3001, 3401, 3801):
                seed(site, make_creates(400, start))
                await load.lookup.fetch_newest()
                found.append((load.course.top_id, load.course.overlap_id))
            return found

        assert load.run(look_again_and_again) == [(2400, 1901), (2800, 2301), (3200, 2701)]
        assert load.calls() == {"list": 1 + 3}

    def test_more_new_records_than_a_page_holds_are_listed(self, site: Sandbox, load: Load) -> None:
        seed(site, make_creates(600))

        async def look(load: Load) -> int:
            seed(site, make_creates(1500, 1001))
            return len((await load.lookup.fetch_newest()).records)

        assert load.run(look) == 1500 + OVERLAP_ROWS

    def test_a_small_site_is_read_whole(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(20))
        assert fetch_newest(load) == ids
        assert load.calls() == {"list": 1}

    def test_a_small_site_whose_ids_begin_late_is_read_by_one_call_from_the_second_look_on(
        self, site: Sandbox, load: Load
    ) -> None:
        ids = seed(site, make_creates(20))
        for oduyo_id in ids[:5]:
            site.delete(oduyo_id)

        async def look_twice(load: Load) -> tuple[list[str], int]:
            await load.lookup.fetch_newest()
            before = load.calls()["list"]
            return list((await load.lookup.fetch_newest()).by_id), load.calls()["list"] - before

        assert load.run(look_twice) == (ids[5:], 1)

    @pytest.mark.parametrize("reading", [{"id_compare": "text"}, {"list_cap": 40}], ids=str)
    def test_a_site_that_sorts_or_cuts_otherwise_is_read_whole(
        self, site: Sandbox, load: Load, reading: dict[str, object]
    ) -> None:
        ids = seed(site, make_creates(1200))
        site.set_readings(**reading)
        assert fetch_newest(load)[-OVERLAP_ROWS:] == ids[-OVERLAP_ROWS:]

    def test_a_site_that_suddenly_lists_nothing_is_not_believed(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(3))

        async def look(load: Load) -> None:
            for oduyo_id in ids:
                site.delete(oduyo_id)
            await load.lookup.fetch_newest()

        with pytest.raises(ListingError, match="lists no record at all, although it held some"):
            load.run(look)

    def test_a_site_that_was_empty_all_along_is(self, load: Load) -> None:
        assert fetch_newest(load) == []


class TestAbove:
    def test_all_records_above_an_id_come_by_one_page_where_one_is_enough(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(2000))
        window = load.run(lambda load: load.lookup.fetch_above(1600))
        assert list(window.by_id) == ids[1600:]
        assert load.calls() == {"list": 2}, "once it is asked how ids are sorted"

    @pytest.mark.parametrize("where", ["above", "newest"])
    def test_where_ids_are_sorted_as_text_no_record_hides_behind_a_page_of_older_ones(
        self, site: Sandbox, load: Load, where: str
    ) -> None:
        seed(site, make_creates(12))
        for oduyo_id in map(str, range(1, 5)):
            site.delete(oduyo_id)
        site.set_readings(id_compare="text", list_cap=3)

        async def look(load: Load) -> list[str]:
            load.course.top_id = load.course.overlap_id = 9
            found = await (load.lookup.fetch_above(9) if where == "above" else load.lookup.fetch_newest())
            return list(found.by_id)

        assert load.run(look) == ["10", "11", "12"]

    def test_how_ids_are_sorted_is_asked_once(self, site: Sandbox, load: Load) -> None:
        seed(site, make_creates(30))

        async def look_twice(load: Load) -> None:
            load.course.top_id = load.course.overlap_id = 27
            for _ in range(2):
                site.set_readings(list_cap=5)
                assert list((await load.lookup.fetch_above(27)).by_id) == ["28", "29", "30"]

        load.run(look_twice)
        assert load.calls() == {"list": 3}

    def test_more_than_a_page_is_listed(self, site: Sandbox, load: Load) -> None:
        ids = seed(site, make_creates(2000))
        window = load.run(lambda load: load.lookup.fetch_above(300))
        assert list(window.by_id) == ids[300:]

    def test_records_are_found_by_the_key_that_they_hold_lowest_id_first(self, site: Sandbox, load: Load) -> None:
        [first] = make_creates(1)
        seed(site, [first])
        seed(site, [first], integration_id=" 1 ")
        seed(site, [first], integration_id="1.0")
        seed(site, [first], integration_id=None)
        window = load.run(lambda load: load.lookup.fetch_above(0))
        assert {key: [record["id"] for record in records] for key, records in window.by_key.items()} == {
            "1": ["1", "2", "3"]
        }

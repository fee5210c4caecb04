from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from oduyo_provider.api import listing
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.listing import Listing, record_id
from oduyo_provider.api.page_size import PageSize
from oduyo_provider.api.records import Filter
from oduyo_provider.core.errors import ListingError, LostAnswerError
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from tests.unit.api.wire import FakeTime, Handler, Records, Site, answer, cut, hang_up, no, ok

MANY = range(1, 121)
TEXT: dict[str, Any] = {"filter_as": str, "sort_as": str}


def client_for(site: Site, time: FakeTime, page_size: int) -> OduyoClient:
    return OduyoClient(site.settings(page_size=page_size), SPECIAL_CODE, runtime=time.runtime)


def use(records: Handler | list[Handler], work: Callable[[OduyoClient], Awaitable[Any]], page_size: int = 50) -> Any:
    async def run() -> Any:
        time = FakeTime()
        async with Site(list=records) as site, client_for(site, time, page_size) as client:
            return await work(client)

    return asyncio.run(run())


def ids(records: Handler | list[Handler], after_id: str | None = None, page_size: int = 50) -> list[int]:
    """The ids of one pass, in the order they came."""

    async def work(client: OduyoClient) -> list[int]:
        return [int(record_id(record)) async for page in client.list_records(after_id) for record in page]

    found: list[int] = use(records, work, page_size)
    return found


def fault(records: Handler | list[Handler], after_id: str | None = None, page_size: int = 50) -> str:
    with pytest.raises(ListingError) as caught:
        ids(records, after_id, page_size)
    return str(caught.value)


@pytest.mark.parametrize("reading", [{}, TEXT])
@pytest.mark.parametrize("empty", [ok([]), no(404), no(200), ok(None)])
@pytest.mark.parametrize("cap", [1000, 7])
def test_a_listing_is_complete_under_every_reading(reading: dict[str, Any], empty: Handler, cap: int) -> None:
    found = ids(Records(MANY, empty=empty, cap=cap, **reading))
    assert sorted(found) == list(MANY)


@pytest.mark.parametrize("reading", [{}, TEXT])
@pytest.mark.parametrize("after", [0, 1, 9, 10, 50, 99, 100, 119, 120, 500])
def test_a_listing_above_an_id_means_its_number(reading: dict[str, Any], after: int) -> None:
    assert sorted(ids(Records(MANY, **reading), str(after))) == [number for number in MANY if number > after]


@pytest.mark.parametrize("after", [None, "50"])
def test_a_listing_up_to_an_id_asks_for_no_page_behind_it(after: str | None) -> None:
    records = Records(MANY)

    async def work(client: OduyoClient) -> list[int]:
        return [int(record_id(record)) async for page in client.list_records(after, "60") for record in page]

    found = use(records, work, page_size=20)
    assert found == [number for number in MANY if int(after or 0) < number <= (60 if after is None else 70)]


@given(st.sets(st.integers(min_value=1, max_value=12_000), max_size=40), st.data(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_listing_finds_exactly_what_is_there(numbers: set[int], data: st.DataObject, is_text: bool) -> None:
    after = data.draw(st.none() | st.sampled_from(sorted(numbers))) if numbers else None
    up_to = data.draw(st.none() | st.sampled_from(sorted(numbers))) if numbers else None
    records = Records(sorted(numbers), **(TEXT if is_text else {}))

    async def call(filters: Any, limit: int, descending: bool) -> list[Remote]:
        found = [record for record in records.records if all(records.holds(record, _rule(rule)) for rule in filters)]
        found.sort(key=lambda record: records.sort_as(record_id(record)), reverse=descending)
        return [dict(record) for record in found[:limit]]

    async def run() -> list[int]:
        after_id = None if after is None else str(after)
        last = None if up_to is None else str(up_to)
        one = Listing(call, page_size=PageSize(7), runtime=FakeTime().runtime, after_id=after_id, up_to=last)
        return [int(record_id(record)) async for page in one.pages() for record in page]

    found = asyncio.run(run())
    wanted = sorted(number for number in numbers if after is None or number > after)
    assert len(found) == len(set(found))
    assert sorted(found)[: len(wanted)] == wanted[: len(found)]
    assert set(found) >= {number for number in wanted if up_to is None or number <= up_to}


def _rule(rule: Filter) -> dict[str, str]:
    return {"field": rule.field, "operator": rule.operator, "value": rule.value}


@pytest.mark.parametrize("empty", [ok([]), no(404)])
def test_an_empty_site_is_asked_twice(empty: Handler) -> None:
    records = Records([], empty=empty)
    assert ids(records) == []
    assert records.asked == 4


def test_a_site_that_filters_numbers_and_sorts_text_is_an_error() -> None:
    assert "filters them as numbers" in fault(Records(MANY, sort_as=str))


def test_a_site_that_filters_text_and_sorts_numbers_is_an_error() -> None:
    assert "neither the order of numbers nor that of text" in fault(Records(MANY, filter_as=str))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([[8, 9], [10, 11], [2]], "id 2 after id 11"),  # text within each page, but 10 does not come after 9
        ([[10, 9], [90], [90, 100]], "id 100 after id 90"),  # numbers in the last page, but the first was text
    ],
)
def test_an_order_must_hold_from_page_to_page(answers: list[list[int]], said: str) -> None:
    assert said in fault([ok([{"id": str(number)} for number in numbers]) for numbers in answers], page_size=2)


def test_a_site_that_ignores_the_filter_on_id_is_an_error() -> None:
    assert "id 1 after id 50" in fault(Records(MANY, ignores=["id"]))
    assert "id 1 after id 5" in fault(Records(range(1, 6), ignores=["id"]), page_size=5)


def test_a_site_that_takes_above_for_from_is_an_error() -> None:
    assert "id 50 after id 50" in fault(Records(MANY, operators={">": lambda a, b: a >= b}))


def test_a_lone_no_in_the_middle_is_not_the_end() -> None:
    records = Records(MANY)
    assert ids([records, no(404), records]) == list(MANY)
    assert ids([records, no(404), no(404), records]) == list(MANY)


def test_an_end_that_is_never_confirmed_is_an_error() -> None:
    assert "lists nothing above id 2" in fault([ok([{"id": "1"}, {"id": "2"}]), no(404)])
    assert "lists nothing above id none" in fault([no(404), ok([{"id": "2"}])] * 3)
    assert "lists nothing above id 2" in fault(
        [ok([{"id": "1"}, {"id": "2"}]), *[ok([]), ok([{"id": "3"}])] * 3], page_size=2
    )


def test_a_record_that_comes_during_the_listing_is_listed() -> None:
    records = Records(range(1, 11))
    records.before[2] = lambda: records.records.append({"id": "11", "integration_id": "E1", "note": None})
    assert ids(records) == list(range(1, 12))


def test_a_last_record_that_vanishes_ends_the_pass_and_a_snapshot_starts_again() -> None:
    def losing() -> Records:
        records = Records(range(1, 11))
        records.before[2] = records.records.pop  # type: ignore[assignment]
        return records

    assert "up to 10, but names 9" in fault(losing())
    found = use(losing(), lambda client: client.snapshot_records())
    assert [record["id"] for record in found] == [str(number) for number in range(1, 10)]


def test_a_snapshot_gives_up_after_three_passes() -> None:
    records = Records(MANY, ignores=["id"])
    with pytest.raises(ListingError, match="id 1 after id 50"):
        use(records, lambda client: client.snapshot_records())
    assert records.asked == 6


def test_nothing_above_the_given_id_is_confirmed_by_the_last_record() -> None:
    records = Records(range(1, 6))
    assert ids(records, "5") == []
    assert records.asked == 3
    assert ids(Records(range(1, 4)), "5") == []


def test_a_site_with_a_known_id_is_not_empty_because_it_answers_nothing() -> None:
    assert "lists nothing above id 5" in fault(Records([]), "5")
    assert "lists nothing above id 5" in fault(Records([], empty=no(404)), "5")


def test_a_record_above_the_given_id_that_is_not_listed_is_an_error() -> None:
    script = [ok([]), *[ok([]), ok([{"id": "9"}])] * 3]
    assert "lists nothing above id 5" in fault(script, "5")


def test_a_site_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "DEFAULT_MAX_PAGES", 3)
    assert "did not end after 3 pages (last id 6)" in fault(Records(MANY, cap=2))


def test_the_end_in_text_order_is_judged_as_text() -> None:
    records = Records([1, 2, 10, 100, 200], **TEXT)
    # A smaller number than the last one seen, 200, and a larger text: it is still to come.
    records.before[3] = lambda: records.records.append({"id": "3", "integration_id": "E3", "note": None})
    assert ids(records) == [1, 10, 100, 2, 200, 3]


@pytest.mark.parametrize("reading", [{}, TEXT])
@pytest.mark.parametrize("numbers", [[], [5], [1, 10, 100], range(1, 121), [999, 1000], [7, 99, 5000]])
def test_the_highest_id_is_the_largest_number(reading: dict[str, Any], numbers: Any) -> None:
    found = use(Records(numbers, **reading), lambda client: client.fetch_highest_id())
    assert found == (str(max(numbers)) if numbers else None)


@pytest.mark.parametrize("ignores", [[], ["integration_id"]])
@pytest.mark.parametrize("reading", [{}, TEXT])
@pytest.mark.parametrize("empty", [ok([]), no(404)])
def test_records_are_found_by_a_value_whether_or_not_the_site_filters(
    ignores: list[str], reading: dict[str, Any], empty: Handler
) -> None:
    def find(value: str) -> list[str | None]:
        records = Records(MANY, ignores=ignores, empty=empty, **reading)
        return [record["id"] for record in use(records, lambda client: client.fetch_by("integration_id", value))]

    assert sorted(map(int, filter(None, find("E3")))) == list(range(3, 121, 10))
    assert find("E") == []


def test_a_looser_filter_is_tightened_here() -> None:
    records = Records(MANY, operators={"=": lambda a, b: a.lower() == b.lower()})
    assert use(records, lambda client: client.fetch_by("integration_id", "e3")) == []


def test_an_answer_of_none_in_passing_does_not_hide_a_record() -> None:
    found = use([no(404), Records(MANY)], lambda client: client.fetch_by("integration_id", "E3"))
    assert len(found) == 12


def limits(site: Site) -> list[int]:
    """How many records each list call asked for."""
    return [int(seen.json["limit"]) for seen in site.calls("list")]


def ask(site: Site, work: Callable[[OduyoClient], Awaitable[Any]], page_size: int = 1000) -> Any:
    async def run() -> Any:
        async with site, client_for(site, FakeTime(), page_size) as client:
            return await work(client)

    return asyncio.run(run())


@pytest.mark.parametrize(("count", "asked"), [(7, [50, 1]), (50, [50, 50, 1]), (57, [50, 50, 1])])
def test_a_page_that_is_not_full_may_be_the_last_one_and_is_confirmed_at_once(count: int, asked: list[int]) -> None:
    site = Site(list=Records(range(1, count + 1)))
    assert len(ask(site, OduyoClient.snapshot_records, page_size=50)) == count
    assert limits(site) == asked


@pytest.mark.parametrize(("set_to", "known", "asked"), [(None, None, 1000), (None, 20, 20), (50, 20, 50)])
def test_a_page_is_as_long_as_the_connection_says_or_else_as_is_known_of_the_site(
    set_to: int | None, known: int | None, asked: int
) -> None:
    async def work() -> None:
        async with site, OduyoClient(site.settings(page_size=set_to), SPECIAL_CODE) as client:
            client.use_page_size(known)
            await client.snapshot_records()

    site = Site(list=Records(range(1, 8)))
    asyncio.run(work())
    assert limits(site) == [asked, 1]


def test_a_site_that_gives_shorter_pages_than_asked_for_is_not_asked_for_the_end_after_each() -> None:
    site = Site(list=Records(range(1, 61), cap=10))
    assert len(ask(site, OduyoClient.snapshot_records)) == 60
    assert limits(site).count(1) == 2


class TooMuch:
    """Fails pages above a size."""

    def __init__(self, largest: int, failure: Handler, count: int = 120, **how: Any) -> None:
        self.largest, self.failure, self.records = largest, failure, Records(range(1, count + 1), **how)

    async def __call__(self, request: web.Request, body: bytes) -> web.StreamResponse:
        is_too_much = int(json.loads(body)["limit"]) > self.largest
        return await (self.failure if is_too_much else self.records)(request, body)


@pytest.mark.parametrize("failure", [answer(500, b"<html>"), answer(504, b""), hang_up, cut])
@pytest.mark.parametrize("largest", [1, 30, 999])
def test_b6_a_page_that_is_too_much_is_halved_until_it_comes(failure: Handler, largest: int) -> None:
    site = Site(list=TooMuch(largest, failure))
    assert [record["id"] for record in ask(site, OduyoClient.snapshot_records)] == [str(number) for number in MANY]
    assert limits(site)[:4] == [1000, 1000, 500, 500 if largest < 500 else 1]


@pytest.mark.parametrize(
    "failure",
    [no(400, message="limit en fazla 30 olabilir"), no(200, message="limit en fazla 30 olabilir")],
    ids=["400", "200"],
)
@pytest.mark.parametrize(
    "empty", [no(404), no(404, message="Kayıt bulunamadı")], ids=["a bare no", "words for nothing"]
)
@pytest.mark.parametrize("after", [None, "70"])
def test_b6_a_page_that_is_refused_in_words_is_halved_too_where_one_record_is_listed(
    failure: Handler, empty: Handler, after: str | None
) -> None:
    site = Site(list=TooMuch(30, failure, empty=empty))
    found = ask(site, lambda client: client.snapshot_records(after))
    assert [int(record["id"] or 0) for record in found] == [number for number in MANY if number > int(after or 0)]


def test_b6_a_look_up_that_asks_for_too_many_in_words_finds_its_record() -> None:
    site = Site(list=TooMuch(3, no(400, message="limit en fazla 3 olabilir")))
    assert [record["id"] for record in ask(site, lambda client: client.fetch_by("id", "7"))] == ["7"]


def test_b6_the_smaller_page_is_kept_for_the_listings_that_follow() -> None:
    async def twice(client: OduyoClient) -> None:
        await client.snapshot_records()
        await client.snapshot_records()

    site = Site(list=TooMuch(60, answer(500, b"")))
    ask(site, twice, page_size=200)
    assert limits(site) == [200, 200, 100, 100, 50, 50, 50, 1, 50, 50, 100, 100, 50, 1]


def test_after_an_outage_pages_become_as_large_again_as_they_were() -> None:
    records = Records(range(1, 801))
    site = Site(list=[records, records, *[answer(502, b"")] * 6, records])
    found = ask(site, OduyoClient.snapshot_records, page_size=80)
    assert [record["id"] for record in found] == [str(number) for number in range(1, 801)]
    assert limits(site) == [*[80] * 4, *[40] * 2, *[20] * 2, *[10] * 4, *[20] * 4, *[40] * 4, *[80] * 5, 1]


def test_b6_two_listings_at_once_halve_the_same_page_once() -> None:
    async def both(client: OduyoClient) -> list[list[Remote]]:
        return await asyncio.gather(client.snapshot_records(), client.snapshot_records())

    site = Site(list=TooMuch(60, answer(500, b"")))
    for found in ask(site, both, page_size=200):
        assert [record["id"] for record in found] == [str(number) for number in MANY]
    assert set(limits(site)) == {200, 100, 50, 1}


def test_b6_a_page_that_fails_once_is_asked_for_again_as_large() -> None:
    site = Site(list=[answer(500, b""), Records(range(1, 6))])
    ask(site, OduyoClient.snapshot_records)
    assert limits(site) == [1000, 1000, 1]


def test_b6_a_site_that_fails_even_one_record_is_an_error() -> None:
    site = Site(list=answer(500, b""))
    with pytest.raises(LostAnswerError, match="HTTP 500"):
        ask(site, OduyoClient.snapshot_records, page_size=8)
    assert limits(site) == [8, 8, 4, 4, 2, 2, 1, 1, 1, 1]


def test_b6_a_login_that_fails_is_no_page_that_is_too_much() -> None:
    site = Site(login=answer(500, b""))
    with pytest.raises(LostAnswerError, match="login"):
        ask(site, OduyoClient.snapshot_records)
    assert len(site.calls("login")) == 4


@pytest.mark.parametrize(
    ("field", "value", "found", "asked"),
    [
        ("id", "17", ["17"], [10]),
        ("integration_id", "only", ["130"], [10, 1]),
        ("integration_id", "E3", [str(number) for number in range(3, 121, 10)], [10, 1000, 1]),
        ("integration_id", "none", [], [10, 1, 10, 1]),
        ("id", "999", [], [10, 1, 10, 1]),
    ],
)
def test_b6_a_look_up_asks_for_a_few_records(field: str, value: str, found: list[str], asked: list[int]) -> None:
    records = Records(MANY)
    records.records.append({"id": "130", "integration_id": "only", "note": None})
    site = Site(list=records)
    assert [record["id"] for record in ask(site, lambda client: client.fetch_by(field, value))] == found
    assert limits(site) == asked


@pytest.mark.parametrize(("value", "found"), [("E3", "113"), ("none", None)])
def test_the_newest_record_with_a_value_is_found_by_one_request(value: str, found: str | None) -> None:
    site = Site(list=Records(MANY))
    record = ask(site, lambda client: client.fetch_newest_by("integration_id", value))
    assert (record and record["id"]) == found
    assert limits(site) == [1]


@pytest.mark.parametrize("failure", [answer(500, b""), answer(400, b"{}")])
def test_a_look_up_that_a_site_does_not_carry_out_finds_nothing(failure: Handler) -> None:
    site = Site(list=failure)
    assert ask(site, lambda client: client.fetch_newest_by("integration_id", "E3")) is None
    assert set(limits(site)) == {1}


def test_a_look_up_by_id_takes_no_other_record_where_the_site_does_not_filter() -> None:
    assert use(Records(MANY, ignores=["id"]), lambda client: client.fetch_by("id", "3")) == [
        {"id": "3", "integration_id": "E3", "note": None}
    ]
    with pytest.raises(ListingError, match="id 1 after id 10"):
        use(Records(MANY, ignores=["id"]), lambda client: client.fetch_by("id", "50"))

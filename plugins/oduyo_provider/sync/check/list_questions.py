"""The read-only questions about lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import msgspec

from oduyo_provider.api.listing import is_power_of_ten, make_text_filters
from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.records import Filter
from oduyo_provider.api.settings import DEFAULT_PAGE_SIZE, Settings
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.sync.check.asker import Asker, Listed
from oduyo_provider.sync.check.list_points import (
    EMPTY_LIST,
    FILTER_ID,
    FILTER_KEY,
    ID_FILTER,
    ID_SORT,
    IN_FILTER,
    MAY_LIST,
    OFFSET,
    PAGE_LIMIT,
    VISIBLE_ORDER,
)
from oduyo_provider.sync.check.points import Found
from oduyo_provider.sync.check.shapes import describe_empty, describe_records

#: Records that a look-up asks for at most.
MOST_OF_LOOK_UP = 50
_KEY = "integration_id"


class Facts(msgspec.Struct):
    """What later questions need to know.

    :param may_list: a list call was answered, and not with a no.
    :param newest: the record that is sorted last by id.
    :param page_size: records that a page may have, where that is less than the usual or known to be as many.
    :param few: records that a look-up may ask for.
    :param is_listable: nothing was seen that keeps all records from being listed.
    """

    may_list: bool = False
    newest: Remote = msgspec.field(default_factory=dict)
    page_size: int | None = None
    few: int = MOST_OF_LOOK_UP
    is_listable: bool = True


class ListQuestions:
    """Asks about lists.

    :param no_key: an ``integration_id`` that no record has.
    :ivar facts: filled while asking.
    """

    def __init__(self, asker: Asker, settings: Settings, resource: Resource, no_key: str) -> None:
        self._asker = asker
        self._settings = settings
        self._resource = resource
        self._no_key = no_key
        self.facts = Facts()
        self._page: list[Remote] = []

    async def ask(self) -> AsyncIterator[Found]:
        """Every question that can be asked of this site."""
        last = await self._asker.list((), 1, descending=True)
        may_list = self._judge_right(last)
        yield may_list
        yield Found(VISIBLE_ORDER.name, "not_asked")
        if not last.records:
            if self.facts.may_list or may_list.reading == "bare_no":
                yield describe_empty(last.seen, self._asker.redact)
            return
        self.facts.newest = last.records[0]
        yield await self._ask_page()
        for found in self._judge_shape(last):
            yield found
        if self._page:
            sorting = self._judge_sorting(last.ids[0])
            yield sorting
            async for found in self._ask_filters():
                yield found
                if found.question == ID_FILTER.name:
                    is_alike = {sorting.reading, found.reading} != {"number", "text"}
                    is_followed = sorting.reading != "none" and found.reading in ("number", "text", "too_few")
                    self.facts.is_listable = is_alike and is_followed
                    if not is_alike:
                        yield Found(ID_FILTER.name, "differs")

    def _judge_right(self, last: Listed) -> Found:
        name = MAY_LIST.name
        self.facts.may_list = not (last.words or last.fault or last.is_no)
        if last.fault:
            return Found(name, "no_answer", {"words": last.fault})
        if last.words:
            return Found(name, "no", {"words": last.seen.classification.reason or last.words})
        if last.records:
            return Found(name, "yes")
        if last.is_no:
            return Found(name, "bare_no", {"words": f"HTTP {last.seen.status}"})
        return Found(name, "empty")

    def _judge_shape(self, last: Listed) -> list[Found]:
        found: dict[str, Found] = {}
        for listed in (last, self._first_page):
            body = b"" if listed.seen.answer is None else listed.seen.answer.body
            found.update({one.reading: one for one in describe_records(body, self._resource)})
        if len(found) > 1:
            found.pop("documented", None)
        return list(found.values())

    async def _ask_page(self) -> Found:
        """A page of the usual size, halved as long as it fails."""
        name, asked = PAGE_LIMIT.name, self._settings.page_size or DEFAULT_PAGE_SIZE
        limit, words = asked, ""
        while True:
            self._first_page = page = await self._asker.list((), limit, tries=1)
            if page.records or limit == 1:
                break
            words = page.fault or page.words or gettext("an empty page")
            limit = limit // 2
        self._page, count = page.records, len(page.records)
        if not count:
            return Found(name, "unknown", {"words": page.fault or words})
        details = {"records": str(limit), "asked": str(asked), "words": words}
        if limit < asked:
            self.facts.page_size, self.facts.few = limit, min(limit, MOST_OF_LOOK_UP)
            return Found(name, "fails", details)
        if count >= limit:
            # A smaller page than usual is the connection's own wish.
            self.facts.page_size = limit if limit >= DEFAULT_PAGE_SIZE else None
            return Found(name, "honoured", details)
        more = await self._asker.list([Filter("id", ">", page.ids[-1])], 1)
        if more.records and more.ids[0] not in page.ids:
            self.facts.page_size = count
            return Found(name, "capped", {**details, "records": str(count)})
        return Found(name, "too_few", {"records": str(count)})

    def _judge_sorting(self, last_id: str) -> Found:
        ids = [str(record["id"]) for record in self._page]
        if last_id not in ids:  # there are more behind the page
            ids.append(last_id)
        pairs = list(pairwise(ids))
        is_number = all(int(low) < int(high) for low, high in pairs)
        is_text = all(low < high for low, high in pairs)
        is_last = ids[-1] == last_id
        reading = {(True, True): "alike", (True, False): "number", (False, True): "text"}.get(
            (is_number, is_text), "none"
        )
        return Found(ID_SORT.name, reading if is_last else "none")

    async def _ask_filters(self) -> AsyncIterator[Found]:
        ids = [str(record["id"]) for record in self._page]
        highest = str(max(map(int, [*ids, str(self.facts.newest["id"])])))
        above = await self._asker.list([Filter("id", ">", highest)], self.facts.few)
        none = await self._asker.list([Filter(_KEY, "=", self._no_key)], self.facts.few)
        empty = next((listed for listed in (above, none) if not listed.records), None)
        if empty is not None:
            yield describe_empty(empty.seen, self._asker.redact)
        else:
            yield Found(EMPTY_LIST.name, "unknown", {"words": gettext("no filter leaves out all records.")})
        yield await self._ask_comparison(ids, highest, above)
        yield await self._ask_id(highest)
        yield await self._ask_key(none)
        yield await self._ask_offset(ids)
        yield await self._ask_in(ids)

    async def _ask_comparison(self, ids: Sequence[str], highest: str, above: Listed) -> Found:
        """Whether ids compare as text, by ids that only a text comparison takes for larger.

        As numbers none is above 1000 and at most 999, as text 999 is. A power of ten shows nothing: 10 is above 100
        neither way.
        """
        name = ID_FILTER.name
        if above.fault:
            reading = "blocked" if above.seen.meaning is Meaning.BLOCKED else "unknown"
            return Found(name, reading, {"words": above.fault})
        if highest in above.ids:
            return Found(name, "ignored")
        if above.records:
            return Found(name, "text")
        known = next((one for one in (highest, *reversed(ids)) if not is_power_of_ten(one)), None)
        if known is None:
            return Found(name, "too_few")
        between = await self._asker.list(make_text_filters(known), self.facts.few)
        if between.fault:
            reading = "blocked" if between.seen.meaning is Meaning.BLOCKED else "unknown"
            return Found(name, reading, {"words": between.fault})
        return Found(name, "text" if between.records else "number")

    async def _ask_id(self, known: str) -> Found:
        listed = await self._asker.list([Filter("id", "=", known)], self.facts.few)
        if listed.fault:
            return Found(FILTER_ID.name, "unknown", {"words": listed.fault})
        if known not in listed.ids:
            return Found(FILTER_ID.name, "more" if listed.records else "blind")
        return Found(FILTER_ID.name, "exact" if set(listed.ids) == {known} else "more")

    async def _ask_key(self, none: Listed) -> Found:
        name, known = FILTER_KEY.name, choose_key(self._page)
        if known is None:
            return Found(name, "no_keys")
        listed = await self._asker.list([Filter(_KEY, "=", known)], self.facts.few)
        if listed.fault:
            return Found(name, "unknown", {"words": listed.fault})
        if none.records:
            return Found(name, "ignored")
        if not any(record.get(_KEY) == known for record in listed.records):
            return Found(name, "blind")
        nearly = await self._asker.list([Filter(_KEY, "=", known.swapcase() + " ")], self.facts.few)
        return Found(name, "loose" if nearly.records else "exact")

    async def _ask_offset(self, ids: Sequence[str]) -> Found:
        name = OFFSET.name
        if len(ids) <= 1:
            return Found(name, "unknown", {"words": gettext("there are too few records.")})
        listed = await self._asker.list((), 1, offset=ids[1])
        if listed.fault:
            return Found(name, "unknown", {"words": listed.fault})
        reading = {ids[0]: "ignored", ids[1]: "start_id"}
        return Found(name, reading.get("".join(listed.ids), "skip"))

    async def _ask_in(self, ids: Sequence[str]) -> Found:
        if len(ids) <= 1:
            return Found(IN_FILTER.name, "unknown", {"words": gettext("there are too few records.")})
        wanted = ids[:2]
        text = await self._asker.list([Filter("id", "IN", ",".join(wanted))], self.facts.few)
        several = await self._asker.list([Filter("id", "IN", tuple(wanted))], self.facts.few)
        works = (set(text.ids) == set(wanted), set(several.ids) == set(wanted))
        reading = {(True, True): "both", (True, False): "text", (False, True): "list"}.get(works, "none")
        return Found(IN_FILTER.name, reading)


def choose_key(page: Sequence[Remote]) -> str | None:
    """The key of a listed record by which a look-up shows most: one with signs or letters that filters stumble over."""
    keys = [str(record[_KEY]) for record in page if record.get(_KEY)]
    return max(keys, key=lambda key: ("'" in key, not key.isascii(), not key.isdigit()), default=None)

"""The read-only questions about lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from oduyo_provider.api.listing import is_power_of_ten, make_text_filters
from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.records import Filter
from oduyo_provider.api.settings import DEFAULT_PAGE_SIZE, Settings
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.sync.check.asker import Asker, Listed
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.shapes import describe_empty, describe_records

#: Records that a look-up asks for at most.
MOST_OF_LOOK_UP = 50
_KEY = "integration_id"


class Facts(msgspec.Struct):
    """What later questions need to know.

    :param may_list: whether a list call was answered, and not with a no.
    :param newest: the record that is sorted last by id.
    :param page_size: how many records a page can have; None if unknown, or if the connection asks for fewer.
    :param few: how many records a look-up may ask for.
    :param is_listable: False if something was seen that prevents listing all records.
    """

    may_list: bool = False
    newest: Remote = msgspec.field(default_factory=dict)
    page_size: int | None = None
    few: int = MOST_OF_LOOK_UP
    is_listable: bool = True


class ListQuestions:
    """Asks about lists.

    :param no_key: an ``integration_id`` that no record has.
    :ivar facts: filled by :meth:`ask`.
    """

    def __init__(self, asker: Asker, settings: Settings, resource: Resource, no_key: str) -> None:
        self._asker = asker
        self._settings = settings
        self._resource = resource
        self._no_key = no_key
        self._found = asker.found
        self.facts = Facts()

    async def ask(self) -> None:
        """Ask all questions that this site allows."""
        last = await self._asker.list((), 1, descending=True)
        may_list = self._judge_right(last)
        self._found += [may_list, Found.of("visible_order", "not_asked")]
        if not last.records:
            if self.facts.may_list or may_list.reading == "bare_no":
                self._found.append(describe_empty(last.seen, self._asker.redact))
            return
        self.facts.newest = last.records[0]
        page = await self._ask_page()
        self._found += self._judge_shape(last, page)
        if page.records:
            sorting = judge_sorting(page.ids, last.ids[0])
            self._found.append(sorting)
            await self._ask_filters(page, sorting.reading)

    def _judge_right(self, last: Listed) -> Found:
        self.facts.may_list = not (last.words or last.fault or last.is_no)
        if last.fault:
            return Found.of("may_list", "no_answer", words=last.fault)
        if last.words:
            return Found.of("may_list", "no", words=last.seen.classification.reason or last.words)
        if last.records:
            return Found.of("may_list", "yes")
        if last.is_no:
            return Found.of("may_list", "bare_no", words=f"HTTP {last.seen.status}")
        return Found.of("may_list", "empty")

    def _judge_shape(self, *lists: Listed) -> list[Found]:
        found: dict[str, Found] = {}
        for listed in lists:
            body = b"" if listed.seen.answer is None else listed.seen.answer.body
            found.update({one.reading: one for one in describe_records(body, self._resource)})
        if len(found) > 1:
            found.pop("documented", None)
        return list(found.values())

    async def _ask_page(self) -> Listed:
        """Ask for a page of the usual size, and halve the size as long as that fails."""
        asked = limit = self._settings.page_size or DEFAULT_PAGE_SIZE
        words = ""
        while not (page := await self._asker.list((), limit, tries=1)).records and limit > 1:
            words = page.fault or page.words or gettext("an empty page")
            limit = limit // 2
        self._found.append(await self._judge_page(page, limit, asked, words))
        return page

    async def _judge_page(self, page: Listed, limit: int, asked: int, words: str) -> Found:
        """How many records a page gives.

        :param limit: records that this page was asked for; ``asked``: the first page; ``words``: why the last failed.
        """
        count = len(page.records)
        if not count:
            return Found.of("page_limit", "unknown", words=page.fault or words)
        if limit < asked:
            self.facts.page_size, self.facts.few = limit, min(limit, MOST_OF_LOOK_UP)
            return Found.of("page_limit", "fails", records=limit, asked=asked, words=words)
        if count >= limit:
            # A page smaller than usual is the connection's setting, not the site's limit.
            self.facts.page_size = limit if limit >= DEFAULT_PAGE_SIZE else None
            return Found.of("page_limit", "honoured", records=limit)
        more = await self._asker.list([Filter("id", ">", page.ids[-1])], 1)
        if more.records and more.ids[0] not in page.ids:
            self.facts.page_size = count
            return Found.of("page_limit", "capped", records=count, asked=asked)
        return Found.of("page_limit", "too_few", records=count)

    async def _ask_filters(self, page: Listed, sorting: str) -> None:
        """Ask how the site follows filters.

        :param sorting: how the list sorts ids, the reading of ``id_sort``.
        """
        found, ids = self._found, page.ids
        highest = str(max(map(int, [*ids, str(self.facts.newest["id"])])))
        above = await self._asker.list([Filter("id", ">", highest)], self.facts.few)
        none = await self._asker.list([Filter(_KEY, "=", self._no_key)], self.facts.few)
        if above.records and none.records:
            found.append(Found.of("empty_list", "unknown", words=gettext("no filter leaves out all records.")))
        else:
            found.append(describe_empty((none if above.records else above).seen, self._asker.redact))
        comparison = await self._ask_comparison(ids, highest, above)
        found.append(comparison)
        is_alike = {sorting, comparison.reading} != {"number", "text"}
        is_followed = sorting != "none" and comparison.reading in ("number", "text", "too_few")
        self.facts.is_listable = is_alike and is_followed
        if not is_alike:
            found.append(Found.of("id_filter", "differs"))
        found.append(await self._ask_id(highest))
        found.append(await self._ask_key(page.records, none))
        if len(ids) > 1:
            found += [await self._ask_offset(ids), await self._ask_in(ids[:2])]
        else:
            words = gettext("there are too few records.")
            found += [Found.of(question, "unknown", words=words) for question in ("offset", "in_filter")]

    async def _ask_comparison(self, ids: Sequence[str], highest: str, above: Listed) -> Found:
        """Whether the site compares ids as text: ask for ids that are larger only as text.

        For example, no number is above 1000 and at most 999, but as text 999 is. A power of ten shows nothing: 10 is
        not above 100 either way.
        """
        if above.fault:
            return _judge_fault(above)
        if highest in above.ids:
            return Found.of("id_filter", "ignored")
        if above.records:
            return Found.of("id_filter", "text")
        known = next((one for one in (highest, *reversed(ids)) if not is_power_of_ten(one)), None)
        if known is None:
            return Found.of("id_filter", "too_few")
        between = await self._asker.list(make_text_filters(known), self.facts.few)
        if between.fault:
            return _judge_fault(between)
        return Found.of("id_filter", "text" if between.records else "number")

    async def _ask_id(self, known: str) -> Found:
        listed = await self._asker.list([Filter("id", "=", known)], self.facts.few)
        if listed.fault:
            return Found.of("filter_id", "unknown", words=listed.fault)
        if known not in listed.ids:
            return Found.of("filter_id", "more" if listed.records else "blind")
        return Found.of("filter_id", "exact" if set(listed.ids) == {known} else "more")

    async def _ask_key(self, page: Sequence[Remote], none: Listed) -> Found:
        known = choose_key(page)
        if known is None:
            return Found.of("filter_key", "no_keys")
        listed = await self._asker.list([Filter(_KEY, "=", known)], self.facts.few)
        if listed.fault:
            return Found.of("filter_key", "unknown", words=listed.fault)
        if none.records:
            return Found.of("filter_key", "ignored")
        if not any(record.get(_KEY) == known for record in listed.records):
            return Found.of("filter_key", "blind")
        nearly = await self._asker.list([Filter(_KEY, "=", known.swapcase() + " ")], self.facts.few)
        return Found.of("filter_key", "loose" if nearly.records else "exact")

    async def _ask_offset(self, ids: Sequence[str]) -> Found:
        listed = await self._asker.list((), 1, offset=ids[1])
        if listed.fault:
            return Found.of("offset", "unknown", words=listed.fault)
        reading = {ids[0]: "ignored", ids[1]: "start_id"}
        return Found.of("offset", reading.get("".join(listed.ids), "skip"))

    async def _ask_in(self, wanted: Sequence[str]) -> Found:
        text = await self._asker.list([Filter("id", "IN", ",".join(wanted))], self.facts.few)
        several = await self._asker.list([Filter("id", "IN", tuple(wanted))], self.facts.few)
        works = (set(text.ids) == set(wanted), set(several.ids) == set(wanted))
        reading = {(True, True): "both", (True, False): "text", (False, True): "list"}.get(works, "none")
        return Found.of("in_filter", reading)


def judge_sorting(ids: Sequence[str], last_id: str) -> Found:
    """How a list sorts ids.

    :param ids: of its first page.
    :param last_id: of the record that is sorted last.
    """
    if last_id not in ids:  # there are more records after the page
        ids = [*ids, last_id]
    if ids[-1] != last_id:
        return Found.of("id_sort", "none")
    is_number = all(int(low) < int(high) for low, high in pairwise(ids))
    is_text = all(low < high for low, high in pairwise(ids))
    readings = {(True, True): "alike", (True, False): "number", (False, True): "text"}
    return Found.of("id_sort", readings.get((is_number, is_text), "none"))


def _judge_fault(listed: Listed) -> Found:
    """The answer if the comparison of ids could not be asked."""
    reading = "blocked" if listed.seen.meaning is Meaning.BLOCKED else "unknown"
    return Found.of("id_filter", reading, words=listed.fault)


def choose_key(page: Sequence[Remote]) -> str | None:
    """The listed key that tests a look-up best: one with signs or letters that filters may fail on."""
    keys = [str(record[_KEY]) for record in page if record.get(_KEY)]
    return max(keys, key=lambda key: ("'" in key, not key.isascii(), not key.isdigit()), default=None)

"""Updates the test record: do updates take effect, and what becomes of texts and of left-out fields?"""

from __future__ import annotations

from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.probe import Seen
from oduyo_provider.core.language import gettext
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import MOMENTS, Payload, Remote, Resource
from oduyo_provider.sync.check.asker import Asker
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.reader import Reader
from oduyo_provider.sync.check.record import TRIED_LABELS, find_marked_field, find_texts, make_long
from oduyo_provider.sync.check.stored import find_lost, find_words, judge_lengths, judge_texts

#: A time that no site sets by itself.
OLD_STAMP = "2001-02-03 04:05:06"
_KEY = "integration_id"
_CREATED = "created_in"
#: Fields that are sent with each update, as they say which record it is.
_KEY_FIELDS = (_KEY, "key1", "key2")


class UpdateTrial:
    """Changes the test record, step by step."""

    def __init__(self, asker: Asker, reader: Reader, resource: Resource, mark: str) -> None:
        self._asker = asker
        self._reader = reader
        self._resource = resource
        self._mark = mark
        self._found = asker.found
        self._id = ""
        #: The whole record as Ödüyo last took it.
        self._fields: Payload = {}
        self._marked = find_marked_field(resource)
        self._changed = "description" if "description" in resource.kinds else self._marked

    async def run(self, record: Remote, fields: Payload) -> bool | None:
        """Run all steps; returns whether an update keeps the fields that it leaves out, None if unknown.

        :param record: the test record as it is listed.
        :param fields: its fields as they were sent.
        """
        self._id, self._fields = str(record["id"]), fields
        if not await self._try_update(record):
            return None
        await self._try_texts()
        await self._try_empty_date()
        await self._try_long()
        await self._try_unchanged()
        return await self._try_partial()

    def _make_text(self, number: int) -> str:
        """A new text for the changed field.

        It differs at its beginning, so that a cut text shows the change; unless this field carries the mark, by which
        the record is recognised.
        """
        return f"{self._mark} {number}" if self._changed == self._marked else f"{number} {self._mark}"

    async def _update(self, **changes: str) -> Seen:
        """Send the whole record with these changes. If Ödüyo takes them, later updates send them too."""
        fields = {**self._fields, **changes}
        seen = await self._asker.write("update", {"id": self._id, **fields})
        if seen.meaning is Meaning.DONE:
            self._fields = fields
        return seen

    async def _wait_for_change(self, before: Remote, names: list[str]) -> Remote | None:
        """Wait until one of these fields has changed; returns the record as it then is, also if that takes too long."""
        return await self._reader.wait_for(self._id, lambda record: bool(record) and _differs(before, record, names))

    async def _try_update(self, before: Remote) -> bool:
        name = self._changed
        seen = await self._update(**{name: self._make_text(2)})
        if seen.meaning is not Meaning.DONE:
            reading = {Meaning.REFUSED: "refused", Meaning.BLOCKED: "blocked"}.get(seen.meaning, "lost")
            self._found.append(Found.of("update", reading, words=seen.classification.reason))
            return False
        after = await self._wait_for_change(before, [name])
        works = after is not None and _differs(before, after, [name])
        self._found.append(Found.of("update", "works" if works else "no_effect"))
        return works

    async def _try_texts(self) -> None:
        """Send each text by itself, so that a refused or blocked one does not hide the others."""
        before = await self._reader.fetch(self._id) or {}
        is_stamped = await self._try_stamp()
        taken: dict[str, tuple[str, str]] = {}
        for tried, field, text in find_texts(self._resource, self._mark):
            seen = await self._update(**{field: text})
            if seen.meaning is Meaning.DONE:
                taken[tried] = (field, text)
                continue
            reading = "blocked" if seen.meaning is Meaning.BLOCKED else "refused"
            what, words = gettext(TRIED_LABELS[tried]), seen.classification.reason
            self._found.append(Found.of("stored_texts", f"{tried}_{reading}", what=what, words=words))
        # When the last text shows, the others do too.
        record = await self._wait_for_change(before, [field for field, _ in taken.values()][-1:])
        if record is None:
            self._found.append(Found.of("stored_texts", "unknown", words=gettext("the record was no longer listed.")))
            return
        self._found += judge_texts(taken, record)
        key = self._fields[_KEY]
        if record.get(_KEY) == key and not await self._reader.is_found_by_key(key):
            self._found.append(Found.of("filter_key", "blind_to_signs", key=key))
        if is_stamped:
            self._found.append(Found.of("stamps", "kept" if record.get(_CREATED) == OLD_STAMP else "own"))

    async def _try_stamp(self) -> bool:
        """Send an old ``created_in``; returns whether Ödüyo took it."""
        if _CREATED not in self._resource.kinds:
            return False
        seen = await self._update(**{_CREATED: OLD_STAMP, self._changed: self._make_text(3)})
        if seen.meaning is Meaning.DONE:
            return True
        self._found.append(Found.of("stamps", "refused", words=seen.classification.reason))
        return False

    async def _try_empty_date(self) -> None:
        dates = [name for name, kind in self._resource.kinds.items() if kind in MOMENTS]
        own = [name for name in dates if name not in (_CREATED, "updated_in")]
        if not own:
            return
        fields = self._fields
        seen = await self._update(**{own[0]: ""})
        self._fields = fields  # no other update sends the empty date
        reading = {Meaning.DONE: "taken", Meaning.REFUSED: "refused"}.get(seen.meaning, "unknown")
        self._found.append(Found.of("empty_date", reading, words=seen.classification.reason))

    async def _try_long(self) -> None:
        length = RunParams().max_text_length
        sent = make_long(self._resource, self._mark, length)
        before, fields = await self._reader.fetch(self._id) or {}, self._fields
        seen = await self._update(**sent)
        words = seen.classification.reason
        if seen.status == 413:
            size = sum(len(text.encode()) for text in (fields | sent).values())
            self._found.append(Found.of("lengths", "too_large", bytes=size))
        elif seen.meaning is Meaning.REFUSED:
            self._found.append(Found.of("lengths", "refused", words=words, length=length))
        elif seen.meaning is Meaning.DONE:
            record = await self._wait_for_change(before, list(sent))
            self._found.append(judge_lengths(sent, record or {}))
        else:
            self._found.append(Found.of("lengths", "unknown", words=words))

    async def _try_unchanged(self) -> None:
        await self._update()
        seen = await self._update()
        reading = {Meaning.DONE: "yes", Meaning.REFUSED: "no"}.get(seen.meaning, "unknown")
        words = find_words(seen) if seen.meaning is Meaning.REFUSED else seen.classification.reason
        self._found.append(Found.of("unchanged_update", reading, words=words))

    async def _try_partial(self) -> bool | None:
        """Update one field, and send only it and the key fields; returns like :meth:`run`."""
        name, before = self._changed, await self._reader.fetch(self._id)
        if before is None:
            self._found.append(Found.of("partial_update", "unknown", words=gettext("the record was no longer listed.")))
            return None
        sent = {one: self._fields[one] for one in _KEY_FIELDS if one in self._fields}
        sent[name] = self._make_text(4)
        seen = await self._asker.write("update", {"id": self._id, **sent})
        words = seen.classification.reason
        if seen.meaning is Meaning.REFUSED:
            self._found.append(Found.of("partial_update", "refused", words=words))
            return False
        after = await self._wait_for_change(before, [name])
        if after is None or not _differs(before, after, [name]):
            self._found.append(Found.of("partial_update", "unknown", words=words or gettext("it had no effect.")))
            return None
        lost = find_lost(before, after, sent, self._resource)
        self._found.append(Found.of("partial_update", "lost" if lost else "kept", names=", ".join(lost)))
        return not lost


def _differs(before: Remote, record: Remote | None, names: list[str]) -> bool:
    """Whether one of these fields has changed; True if there are none."""
    return not names or any((before.get(name) or "") != ((record or {}).get(name) or "") for name in names)

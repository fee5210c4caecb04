"""Makes, changes and deletes a passive test record, and reads it back after each step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.probe import Seen
from oduyo_provider.api.records import parse_created_id
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.record import Payload, Remote, Resource
from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.sync.check.asker import Asker
from oduyo_provider.sync.check.list_questions import Facts
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.reader import Reader
from oduyo_provider.sync.check.record import make_record
from oduyo_provider.sync.check.stored import (
    find_time_zone,
    find_words,
    judge_create,
    judge_digits,
    judge_steps,
)
from oduyo_provider.sync.check.update_trial import UpdateTrial

#: Meanings of the answer to a create that made no record.
WITHOUT_EFFECT = (Meaning.REFUSED, Meaning.BLOCKED, Meaning.SESSION, Meaning.THROTTLED, Meaning.NOT_SENT)


class Tried(msgspec.Struct):
    """What the trial found out besides its answers.

    :param partial_updates: whether Ödüyo keeps fields that an update leaves out; None if unknown.
    :param create_s: how long a create took, in seconds.
    :param ids: ids of all records that were seen, in the order in which they were made.
    :param is_settled: whether the fate of every create is known; else one may still take effect.
    :param is_unseen: whether a create was confirmed but its record was not listed.
    """

    partial_updates: bool | None = None
    create_s: float | None = None
    ids: list[str] = msgspec.field(default_factory=list)
    is_settled: bool = True
    is_unseen: bool = False


class Trial:
    """Makes test records and finds out what becomes of them. The caller removes them, however the trial ends.

    :param note: records durably that a create is about to be sent; nothing is sent before it returns.
    :param facts: what is known of the site.
    """

    def __init__(
        self,
        asker: Asker,
        resource: Resource,
        trial: TrialRecords,
        *,
        note: Callable[[TrialRecords], Awaitable[None]],
        facts: Facts,
    ) -> None:
        self._asker = asker
        self._resource = resource
        self._trial = trial
        self._note = note
        self._newest = facts.newest
        self._settle_s = asker.settle_s
        self._reader = Reader(asker, trial, resource, few=facts.few)
        self.tried = Tried()
        self._found = asker.found

    async def run(self) -> None:
        """Run the steps until one makes the next impossible."""
        fields = make_record(self._resource, self._trial.mark, self._newest)
        record = await self._try_create(fields)
        if record is None:
            return
        updates = UpdateTrial(self._asker, self._reader, self._resource, self._trial.mark)
        self.tried.partial_updates = await updates.run(record, fields)
        if await self._try_delete(str(record["id"])):
            await self._try_second_create(fields)
            self._found.append(judge_steps(self.tried.ids))

    async def _create(self, fields: Payload) -> Seen:
        """Send a create. Until its record is seen, or it is refused, it counts as one that may still take effect."""
        self.tried.is_settled = False
        seen = await self._asker.write("create", fields, self._note_create)
        self.tried.is_settled = seen.meaning in WITHOUT_EFFECT
        return seen

    async def _note_create(self) -> None:
        await self._note(msgspec.structs.replace(self._trial, last_create_at=self._asker.clock.now()))

    async def _try_create(self, fields: Payload) -> Remote | None:
        """Make the record; None if there is not exactly one to go on with."""
        seen = await self._create(fields)
        if self.tried.is_settled:
            reading = {Meaning.BLOCKED: "blocked", Meaning.NOT_SENT: "lost"}.get(seen.meaning, "refused")
            self._found.append(Found.of("create", reading, words=seen.classification.reason))
            return None
        named_id = parse_created_id(seen.classification.data)
        records, late_s = await self._reader.wait_for_create(fields["integration_id"], named_id)
        self._note_records(seen, records)
        self._found.append(judge_create(seen, named_id, records, self._settle_s))
        if not records:
            return None
        shown = "late" if late_s else "at_once"
        settle_s = format_number(self._settle_s, 0 if self._settle_s == round(self._settle_s) else 1)
        self._found.append(Found.of("shown_after", shown, seconds=format_number(late_s, 1), settle_s=settle_s))
        self._found.append(find_time_zone(seen, records[0]))
        if seen.meaning is Meaning.DONE:
            self.tried.create_s = seen.took_s
        return records[0] if len(records) == 1 else None

    async def _try_delete(self, oduyo_id: str) -> bool:
        """Delete the record; returns whether it is gone. If so, a second delete shows how that is answered."""
        seen = await self._asker.write("delete", {"id": oduyo_id})
        record = await self._reader.wait_for(oduyo_id, lambda record: record is None or seen.meaning is Meaning.REFUSED)
        if record is not None:
            reading = {Meaning.DONE: "stays", Meaning.REFUSED: "refused"}.get(seen.meaning, "lost")
            self._found.append(Found.of("delete", reading, words=seen.classification.reason))
            return False
        self._found.append(Found.of("delete", "removes"))
        again = await self._asker.write("delete", {"id": oduyo_id})
        reading = {Meaning.DONE: "yes", Meaning.REFUSED: "no"}.get(again.meaning, "unknown")
        self._found.append(Found.of("gone", reading, status=str(again.status), words=find_words(again)))
        return True

    async def _try_second_create(self, fields: Payload) -> None:
        """Send two creates with the same key, which has only digits."""
        key = self._trial.keys[-1]
        fields = {**fields, "integration_id": key}
        first = await self._create(fields)
        records, _ = await self._reader.wait_for_create(key, parse_created_id(first.classification.data))
        self._note_records(first, records)
        if len(records) != 1:
            words = first.classification.reason or gettext("no record was listed.")
            self._found.append(Found.of("second_create", "unknown", words=words))
            return
        self._found += judge_digits(key, records[0])
        second = await self._create(fields)
        others = [] if self.tried.is_settled else await self._find_other(second, str(records[0]["id"]))
        # A confirmed second create without a record of its own has changed the first record.
        self._note_records(second, records if second.meaning is Meaning.DONE and not others else others)
        reading = {Meaning.REFUSED: "refused", Meaning.DONE: "updates"}.get(second.meaning, "unknown")
        words = second.classification.reason
        self._found.append(Found.of("second_create", "second_record" if others else reading, words=words))

    async def _find_other(self, second: Seen, first_id: str) -> list[Remote]:
        """The record that a second create made. If it names the first record, this does not wait for another."""
        key, named_id = self._trial.keys[-1], parse_created_id(second.classification.data)
        if named_id == first_id:
            return await self._reader.fetch_all(key, named_id, besides=first_id)
        found, _ = await self._reader.wait_for_create(key, named_id, besides=first_id)
        return found

    def _note_records(self, seen: Seen, records: Sequence[Remote]) -> None:
        """Note the listed records that a create made."""
        self.tried.ids += [one for record in records if (one := str(record["id"])) not in self.tried.ids]
        self.tried.is_settled = self.tried.is_settled or bool(records)
        self.tried.is_unseen = self.tried.is_unseen or (seen.meaning is Meaning.DONE and not records)

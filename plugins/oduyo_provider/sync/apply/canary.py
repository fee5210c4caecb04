"""The first change of each kind goes alone, and is read back whole before the second is sent.

What a site does to values then shows on one record, not on three thousand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_base
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.findings import Finding, make_finding
from oduyo_provider.core.record import Kind, Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply import stops
from oduyo_provider.sync.apply.confirmed import read_back
from oduyo_provider.sync.apply.key_owners import check_keys, find_owner, writes_key
from oduyo_provider.sync.apply.lookup import Lookup
from oduyo_provider.sync.apply.readback import (
    ReadBack,
    find_changed_fields,
    find_lost,
    find_unclear,
    is_documented,
    is_shown,
)
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.seeker import Seeker
from oduyo_provider.sync.apply.work import Course, Work
from oduyo_provider.sync.runtime.timing import READ_AGAIN_AFTER_S

#: So many first changes without effect stop the run.
MAX_WITHOUT_EFFECT = 3

_KEY = "integration_id"


def is_canary(change: Change, kinds: Mapping[str, Kind]) -> bool:
    """Whether a change can prove that its kind takes effect. One that only mends a key's form, or only writes stamps, cannot.

    :param kinds: of the resource's fields. Ödüyo sets stamps itself, so that an unchanged stamp proves nothing.
    """
    proving = [name for name in change.differs if name != _KEY and kinds.get(name) is not Kind.STAMP]
    return not change.differs or bool(proving) or change.is_adoption


class Canary:
    """Reads the first change of a kind back and judges what is stored."""

    def __init__(self, work: Work, course: Course, lookup: Lookup) -> None:
        self._work = work
        self._course = course
        self._lookup = lookup
        self._seeker = Seeker(work, course, lookup)

    async def check_known(self, recorder: Recorder, changes: Sequence[Change]) -> None:
        """Stop before a value is sent that this site is known to alter, unless a person has released that.

        :param changes: of one kind.
        :raises CanaryError: naming what is known, or a key that is another record's as it is stored.
        """
        await self.check_keys(recorder, changes)
        writes_keys = any(map(writes_key, changes))
        writes_texts = changes[0].action in (Action.CREATE, Action.UPDATE)
        is_concerned = {"key_altered": writes_keys, "letters": writes_texts}
        for finding in self._work.known_findings.values():
            is_field_sent = not finding.is_other or any(_shows(change, finding) for change in changes)
            is_tried = finding.brake in self._work.released if finding.is_final else self._work.is_known(finding.name)
            if is_concerned[finding.brake] and is_field_sent and not is_tried:
                raise CanaryError(stops.explain_known_finding(finding, self._work.released))

    async def check_keys(self, recorder: Recorder, changes: Sequence[Change]) -> None:
        """Stop before a key is sent that the site would store like another record's. A person may let one of them be tried.

        :raises CanaryError: naming the first.
        """
        seen, known = self._course.keys, self._work.known_findings.get("key_altered")
        if (seen or known) is not None and not self._work.is_create_mode:
            is_tried = known is None or known.brake in self._work.released
            await check_keys(recorder, changes, seen or (None if is_tried else known))

    async def judge(self, recorder: Recorder, change: Change, looked: Remote | None = None) -> bool:
        """Read a confirmed change back and judge it; returns whether it is as it should be.

        The result is written down after the judgement: to the next try it proves the kind.

        :param looked: its record as it was right before; None where an earlier try sent it.
        :raises CanaryError: what is stored needs a person's look, or three in a row had no effect.
        """
        record, twins = await self._wait_until_shown(recorder, change)
        known = recorder.results[change.key]
        self._work.check_lease()  # without it another run may have written this
        if record is not None and looked is not None and self._work.partial_updates:
            # First of all: a field that was not sent must not count as a value that the site stores otherwise.
            await self._check_other_fields(recorder, change, looked, record, known)
        found = read_back(self._work, self._course, recorder, change, record, twins)
        # Where a text may have been cut or ignored, the verifier reads it back again with the others.
        is_clear = find_unclear(change, record, self._work.normaliser).keys() <= self._course.ignored
        self._course.ignored |= found.ignored
        try:
            has_effect = await self._judge(recorder, change, looked, record, found)
        except CanaryError:
            if is_clear:
                recorder.correct(found.result)
            await recorder.flush()
            raise
        if is_clear:
            recorder.correct(found.result)
        return has_effect

    async def _judge(
        self, recorder: Recorder, change: Change, looked: Remote | None, record: Remote | None, found: ReadBack
    ) -> bool:
        if found.result.outcome is Outcome.DOUBTFUL:
            raise CanaryError(stops.explain_not_listed(change, found.result, self._work.settle_s))
        if found.is_lost_again(recorder.find_entry(change)):
            return True  # it is tried last, so that those behind it lose nothing new either
        if not found.is_seen:
            await self._check_findings(recorder, change, found.findings, found.result)
        if found.is_without_effect:
            return self._count_without_effect(change, found, found.findings if found.is_seen else ())
        if found.result.twins:
            raise CanaryError(stops.explain_twins(change, found.result))
        if record is not None and looked is not None:
            await self._check_other_fields(recorder, change, looked, record, found.result)
        if found.beside:
            return self._count_without_effect(change, found, found.beside)
        if is_canary(change, self._work.normaliser.resource.kinds):
            self._course.proven.add(change.action)
        self._forget(change)
        return True

    def _forget(self, change: Change) -> None:
        """Forget released findings that this record shows to be over."""
        for finding in self._work.known_findings.values():
            if finding.brake == "key_altered" and finding.length is not None:
                would_show = writes_key(change) and finding.cut(change.integration_id) != change.integration_id
                is_gone = would_show and self._course.keys is None
            else:
                is_gone = finding.is_final and (_shows(change, finding) if finding.is_other else writes_key(change))
            if is_gone and finding.brake in self._work.released:
                self._work.forget_finding(finding.name)

    async def _wait_until_shown(self, recorder: Recorder, change: Change) -> tuple[Remote | None, list[Remote]]:
        """Wait until the record shows the change, at most ``settle_s``; returns the record, and others with its key."""
        deadline = self._work.clock.monotonic() + self._work.settle_s
        waits = iter(READ_AGAIN_AFTER_S)
        while True:
            is_last = self._work.clock.monotonic() >= deadline
            record, twins = await self._fetch(recorder, change, is_last=is_last)
            if is_last or is_shown(change, record, self._work.normaliser):
                return record, twins
            left_s = max(deadline - self._work.clock.monotonic(), 0.0)
            await self._work.clock.sleep(min(next(waits, READ_AGAIN_AFTER_S[-1]), left_s))

    async def _fetch(self, recorder: Recorder, change: Change, *, is_last: bool) -> tuple[Remote | None, list[Remote]]:
        if change.action is not Action.CREATE:
            oduyo_id = str(change.oduyo_id)
            return (await self._lookup.fetch_by_ids({oduyo_id})).get(oduyo_id), []
        made, window = await self._seeker.find_made(recorder, [change], self._lookup.fetch_newest, is_last=is_last)
        record = next(iter(made[change.key]), None)
        if recorder.results[change.key].oduyo_id is None:
            return record, made[change.key][1:]
        if record is None or self._work.is_create_mode:  # which makes duplicates, as asked
            return record, []
        same = window.by_key.get(compute_match_key(change.integration_id), [])
        return record, [twin for twin in same if twin["id"] != record["id"]]

    def _count_without_effect(self, change: Change, found: ReadBack, habits: Sequence[Finding]) -> bool:
        self._course.without_effect[change.action] += 1
        if self._course.without_effect[change.action] < MAX_WITHOUT_EFFECT:
            return False
        for finding in habits:  # seen this often, it is a habit of the site
            self._work.note_finding(msgspec.structs.replace(finding, is_released=self._work.is_known(finding.name)))
        if habits:
            raise CanaryError(stops.explain_findings(change, habits, found.result, "", self._work.released))
        raise CanaryError(stops.explain_without_effect(change, MAX_WITHOUT_EFFECT, sorted(found.ignored)))

    async def _check_findings(
        self, recorder: Recorder, change: Change, findings: Sequence[Finding], result: Result
    ) -> None:
        """Stop where a value is stored otherwise, unless a person has released just that."""
        stopping: list[Finding] = []
        other = ""
        for finding in findings:
            if finding.brake == "key_altered":
                self._course.keys = finding
                other = await find_owner(recorder, change, finding, await self._fetch_twins(finding, result))
            is_final = finding.is_final or bool(other and finding.brake == "key_altered")
            is_known = self._work.is_known(finding.name) and not is_final
            self._work.note_finding(msgspec.structs.replace(finding, is_final=is_final, is_released=is_known))
            if not is_known:
                stopping.append(finding)
        if stopping:
            raise CanaryError(stops.explain_findings(change, stopping, result, other, self._work.released))

    async def _fetch_twins(self, finding: Finding, result: Result) -> list[Remote]:
        """Other records with the key as it is stored; create mode, which makes every row's again, asks for none."""
        if not finding.stored or self._work.is_create_mode:
            return []
        same = await self._lookup.fetch_by_key(finding.stored)
        return [record for record in same if record["id"] != result.oduyo_id]

    async def _check_other_fields(
        self, recorder: Recorder, change: Change, looked: Remote, record: Remote, result: Result
    ) -> None:
        """An update must not change other fields than its own, stamps apart.

        With partial updates a changed field that was not sent stops the run. If its value is lost, it is sent again; if it holds
        another value, a person may have written that, and it stays. With whole updates a field that was sent unchanged and is
        kept with other letters counts for the brake ``letters``.
        """
        if change.action not in (Action.UPDATE, Action.DEACTIVATE):
            return
        normaliser = self._work.normaliser
        changed = find_changed_fields(change, looked, record, normaliser)
        lost = find_lost(changed, looked, record, normaliser)
        documented = [name for name in lost if is_documented(name, normaliser.resource)]
        if self._work.partial_updates and changed:
            finding = Finding("partial_updates", changed[0], looked.get(changed[0]) or "", record.get(changed[0]))
            self._work.note_finding(finding)
            await recorder.flush()
            restored = {name: looked[name] for name in documented}
            is_restored = bool(restored) and await self._restore(change, {**record, **restored}) and documented == lost
            fields, released = lost or changed, self._work.released
            raise CanaryError(stops.explain_lost_fields(change, looked, fields, released, is_restored=is_restored))
        findings = [make_finding(name, looked.get(name) or "", record.get(name), normaliser) for name in documented]
        await self._check_findings(recorder, change, findings, result)
        self._check_unknown(change, looked, [name for name in lost if name not in documented])

    def _check_unknown(self, change: Change, looked: Remote, lost: Sequence[str]) -> None:
        """An undocumented field cannot be sent, so it cannot be restored: a person has to release its loss, field by field."""
        fields = [name for name in lost if not self._work.is_known(f"letters:{name}")]
        for name in fields:
            self._work.note_finding(Finding("letters", name, looked[name] or "", None, is_other=True))
        if fields:
            raise CanaryError(stops.explain_lost_fields(change, looked, fields, self._work.released))

    async def _restore(self, change: Change, wanted: Remote) -> bool:
        """Send a whole record, with what the change writes; returns whether Ödüyo took it."""
        body = change.compute_body(compute_base(wanted, self._work.normaliser.resource), escaping=self._work.escaping)
        return (await self._work.client.update(body, before_send=self._work.check_lease)).outcome is Outcome.DONE


def _shows(change: Change, finding: Finding) -> bool:
    """Whether a change can show a finding about one field. Only a create shows one about the key: a record written over."""
    is_about_keys = finding.field == _KEY
    return change.action is Action.CREATE if is_about_keys else bool(change.payload.get(finding.field))

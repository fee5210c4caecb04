"""Creates, updates and deletes: carried out and answered as documented, and as the readings and habits want it."""

from __future__ import annotations

from aiohttp import web

from sandbox.oduyo.answers import HTML, answer, answer_no, answer_page
from sandbox.oduyo.columns import compute_stored, parse_id
from sandbox.oduyo.habits.base import Subject
from sandbox.oduyo.habits.writes import (
    CreateText,
    GoneIsYes,
    GoneSays,
    RowFails,
    SoftDelete,
    Twice,
    UnchangedIsNo,
    Unique,
    WrongId,
    compute_ignored,
    find_refusal,
)
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.records import Record, Write
from sandbox.oduyo.resources import STAMPS, Resource
from sandbox.oduyo.state import State


class Writing:
    """One write call.

    :param column: the fields that were sent, ``id`` among them.
    :param subject: what habits are asked about; the record's stored key is added where none was sent.
    """

    def __init__(
        self, state: State, resource: Resource, column: dict[str, str], exchange: Exchange, subject: Subject
    ) -> None:
        self._state = state
        self._resource = resource
        self._column = column
        self._exchange = exchange
        self._subject = subject
        self._id = parse_id(column.pop("id", "")) if exchange.call != "create" else 0

    def apply(self) -> web.Response:
        """Carry the call out."""
        habits, subject = self._state.habits, self._subject
        before = self._state.records.fetch_record(self._resource.name, self._id) if self._id else None
        if not habits:
            return self._apply_call(before)
        if not subject.key and before is not None:
            subject.key = before.get("integration_id") or ""
        refusal = find_refusal(habits, subject, self._column, self._resource)
        if refusal is not None:
            self._exchange.reason = "refused by a habit"
            return answer_no(refusal.message, status=refusal.status)
        failure = habits.pick(RowFails, subject)
        if failure is not None:
            self._exchange.reason = "fails by a habit"
            if failure.where == "after":
                self._apply_call(before)
            return answer_page(HTML, status=failure.status)
        return self._apply_call(before)

    def _apply_call(self, before: Record | None) -> web.Response:
        if self._exchange.call == "create":
            return self._create()
        if before is None:
            return self._answer_gone()
        return self._update(before) if self._exchange.call == "update" else self._delete()

    def _create(self) -> web.Response:
        state, name, subject = self._state, self._resource.name, self._subject
        if (unique := state.habits.pick(Unique, subject)) is not None:
            same = self._column.get(unique.by, "")
            found = state.records.fetch_ids(name, same, field=unique.by) if same else []
            if found and unique.how == "refuse":
                self._exchange.reason = "there is such a record already"
                return answer_no(unique.message, status=unique.status)
            if found:
                self._id = found[0]
                self._write("update", self._compute_fields("update"))
                return self._answer_created(self._id)
        ignored = compute_ignored(state.habits, subject)
        self._id = state.records.take_id(name, state.readings.id_step)
        if ignored is None:
            return self._answer_created(self._id)
        fields = self._compute_fields("create", ignored)
        self._write("create", fields)
        named = self._id
        if (twice := state.habits.pick(Twice, subject)) is not None:
            self._id = state.records.take_id(name, state.readings.id_step)
            self._write("create", fields)
            named = named if twice.names == "first" else self._id
        return self._answer_created(named)

    def _update(self, before: Record) -> web.Response:
        ignored = compute_ignored(self._state.habits, self._subject)
        if ignored is None:
            return self._answer_yes()
        fields = self._compute_fields("update", ignored)
        if all(before.get(name) == value for name, value in fields.items() if name not in STAMPS):
            unchanged = self._state.habits.pick(UnchangedIsNo, self._subject)
            if unchanged is not None:
                self._exchange.reason = "nothing would change"
                return answer_no(unchanged.message, status=self._state.readings.error_style)
        self._write("update", fields)
        return self._answer_yes()

    def _delete(self) -> web.Response:
        habits = self._state.habits
        if compute_ignored(habits, self._subject) is None:
            return self._answer_yes()
        if habits.pick(SoftDelete, self._subject) is not None:
            self._write("update", {"status": self._resource.passive, "updated_in": self._state.clock.stamp()})
        else:
            self._write("delete", {})
        return self._answer_yes()

    def _compute_fields(self, call: str, ignored: set[str] | None = None) -> dict[str, str | None]:
        fields = compute_stored(self._column, self._resource, call, self._state, self._subject)
        return {name: value for name, value in fields.items() if name not in (ignored or ())}

    def _write(self, call: str, fields: dict[str, str | None]) -> None:
        records, readings, exchange = self._state.records, self._state.readings, self._exchange
        delay_s = exchange.late_s or readings.late_commit_s
        if call == "create" and readings.late_id_every:
            is_late = self._id // readings.id_step % readings.late_id_every == 0
            delay_s = max(delay_s, readings.late_id_s) if is_late else delay_s
        exchange.ids.append(str(self._id))
        write = Write(self._resource.name, call, self._id, fields, readings.list_lag_s, str(exchange.number))  # type: ignore[arg-type]
        if delay_s:
            records.defer(write, delay_s)
        else:
            records.apply(write)

    def _answer_created(self, record_id: int) -> web.Response:
        habits, subject = self._state.habits, self._subject
        wrong = habits.pick(WrongId, subject)
        text = habits.pick(CreateText, subject)
        named = record_id + (wrong.by if wrong is not None else 0)
        words = (text.answer if text is not None else self._resource.created).replace("{id}", str(named))
        return answer({"status": True, "data": words})

    def _answer_yes(self) -> web.Response:
        resource = self._resource
        return answer(
            {"status": True, "data": resource.updated if self._exchange.call == "update" else resource.deleted}
        )

    def _answer_gone(self) -> web.Response:
        habits, subject = self._state.habits, self._subject
        self._exchange.reason = "no record has this id"
        if habits.pick(GoneIsYes, subject) is not None:
            return self._answer_yes()
        gone = habits.pick(GoneSays, subject)
        if gone is not None:
            return answer_no(gone.message, status=gone.status)
        return answer_no(status=self._state.readings.error_style)

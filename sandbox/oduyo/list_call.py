"""The list call: its query answered as documented, and as readings and habits want it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from sandbox.oduyo.answers import HTML, answer, answer_no, answer_page
from sandbox.oduyo.database import SqlValue
from sandbox.oduyo.habits.base import Subject
from sandbox.oduyo.habits.lists import (
    EmptyAs,
    NoList,
    OneAsObject,
    SortingIgnored,
    drop_filters,
    fetch_shown,
    find_blind,
    find_page_failure,
    is_lookup,
    shape_record,
)
from sandbox.oduyo.habits.shapes import answer_shape
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.listing import parse_query
from sandbox.oduyo.resources import STAMPS, Resource
from sandbox.oduyo.state import State


class ListCall:
    """One list call.

    :param body: the decoded body.
    """

    def __init__(
        self, state: State, resource: Resource, body: Mapping[str, object], exchange: Exchange, subject: Subject
    ) -> None:
        self._state = state
        self._resource = resource
        self._body = body
        self._exchange = exchange
        self._subject = subject

    def apply(self) -> web.Response:
        """Answer it.

        :raises BadRequestError: its body is not as documented.
        """
        query = parse_query(self._body, self._resource, self._state.readings)
        if self._state.habits:
            return self._apply_habits()
        rows = self._state.records.fetch_list(self._resource.name, query)
        return self._answer(self._make_records(query.columns, rows))

    def _apply_habits(self) -> web.Response:
        habits, subject, filters = self._state.habits, self._subject, self._body.get("filters", "")
        if (refusal := habits.pick(NoList, subject)) is not None:
            return answer_shape(refusal.shape, refusal.message)
        if (failure := find_page_failure(habits, subject, str(self._body["limit"]))) is not None:
            self._exchange.wait_s = failure.seconds
            return answer_page(HTML, status=failure.status)
        if (blind := find_blind(habits, subject, filters)) is not None:
            return answer_shape(blind.shape, blind.message) if blind.shape is not None else self._answer([])
        body = {**self._body, "filters": drop_filters(habits, subject, filters)}
        query = parse_query(body, self._resource, self._state.readings)
        if habits.pick(SortingIgnored, subject) is not None:
            query = msgspec.structs.replace(query, order="updated_in DESC, id DESC")
        name = self._resource.name
        rows = fetch_shown(
            habits,
            query,
            partial(self._state.records.fetch_list, name),
            resource=name,
            is_single=is_lookup(filters),
            now=self._state.clock.now(),
        )
        dates = [column for column in query.columns if column in (*self._resource.datetimes, *STAMPS)]
        records = self._make_records(query.columns, rows)
        return self._answer([shape_record(habits, subject, record, dates) for record in records])

    def _make_records(
        self, columns: Sequence[str], rows: Sequence[tuple[SqlValue, ...]]
    ) -> list[dict[str, str | None]]:
        blank = None if self._state.readings.null_style == "null" else ""
        return [
            {name: None if value is None else str(value) or blank for name, value in zip(columns, row, strict=True)}
            for row in rows
        ]

    def _answer(self, records: Sequence[Mapping[str, Any]]) -> web.Response:
        habits, subject = self._state.habits, self._subject
        if not records:
            empty = habits.pick(EmptyAs, subject)
            if empty is not None:
                return answer_shape(empty.shape, empty.message)
            if self._state.readings.empty_list == 404:
                return answer_no()
        is_object = len(records) == 1 and habits.pick(OneAsObject, subject) is not None
        return answer({"status": True, "data": records[0] if is_object else records})

"""Small histories built by hand. Times are in seconds from a first night at 0; a day has 86,400."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from tests.chaos.history import Effect, Fields, History, Run, Sent
from tests.chaos.oracle import find_violations

DAY_S = 86_400.0
YES = '{"status":true,"data":"…"}'
NO = '{"status":false}'


class Story:
    """Puts a history together, in the order in which things happen."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.sent: list[Sent] = []
        self.runs: list[Run] = []

    def _note(
        self, call: Literal["create", "update", "delete"], at: float, record_id: int, by: str, fields: Fields
    ) -> Story:
        self.effects.append(Effect(time=at, call=call, id=record_id, by=by, fields=fields))
        return self

    def seed(self, record_id: int, key: str, *, at: float = -DAY_S, **fields: str) -> Story:
        """A record that was there before."""
        return self._note("create", at, record_id, "seed", {"integration_id": key, **fields})

    def person(
        self, call: Literal["create", "update", "delete"], at: float, record_id: int, **fields: str | None
    ) -> Story:
        """A person at the panel."""
        return self._note(call, at, record_id, "person", fields)

    def call(
        self,
        call: Literal["create", "update", "delete"],
        at: float,
        record_id: int = 0,
        *,
        stored: Fields | None = None,
        http: int = 200,
        answer: str = YES,
        fault: str = "",
        later_s: float = 0.0,
        **column: str,
    ) -> Story:
        """A call of the product.

        :param record_id: the record that it made or changed; 0 when it had no effect.
        :param http: the HTTP status that was answered; 0 when the connection was dropped.
        :param stored: what was stored, where that is not what was sent.
        """
        number = len(self.sent) + 1
        sent = column if call == "create" else {"id": str(record_id), **column}
        ids = (str(record_id),) if record_id else ()
        self.sent.append(
            Sent(number=number, time=at, call=call, column=sent, status=http, answer=answer, fault=fault, ids=ids)
        )
        if record_id:
            self._note(call, at + later_s, record_id, str(number), column if stored is None else stored)
        return self

    def run(self, number: int, rows: dict[str, Fields], *, at: float | None = None, **changes: Any) -> Story:
        """A run of 400 s: it lists until 20, and its load is through at 300."""
        start = (number - 1) * DAY_S if at is None else at
        times = {"started_at": start, "snapshot_at": start, "listed_at": start + 20, "loaded_at": start + 300}
        fields: dict[str, Any] = {"source": "dag", **times, "ended_at": start + 400, **changes}
        self.runs.append(Run(number=number, rows=rows, **fields))
        return self

    def tell(self, **changes: Any) -> History:
        """The history."""
        effects = sorted(self.effects, key=lambda effect: effect.time)
        fields: dict[str, Any] = {"now": 100 * DAY_S, **changes}
        return History(runs=self.runs, effects=effects, sent=self.sent, **fields)


def find_kinds(story: Story, **changes: Any) -> Counter[str]:
    """Kind → how many violations."""
    return Counter(violation.kind for violation in find_violations(story.tell(**changes)))

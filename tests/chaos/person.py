"""A person at Ödüyo's panel: edits, deletes, makes and doubles records at any moment, also between a look and a write."""

from __future__ import annotations

import random
from typing import Any

from sandbox.oduyo.server import Sandbox

#: What a person writes into a record: field → values.
EDITS: dict[str, tuple[str, ...]] = {
    "note": ("ara", "elle"),
    "space2": ("x", ""),
    "description": ("elle yazıldı",),
    "code": ("ELLE.1",),
    "status": ("0", "1"),
    "integration_id": ("", "ELLE"),
}


class Person:
    """Somebody who knows nothing of the runs."""

    def __init__(self, rng: random.Random, sandbox: Sandbox) -> None:
        self._rng = rng
        self._sandbox = sandbox
        self._made = 0

    def draw_waits(self) -> list[float]:
        """Seconds before each of a night's acts."""
        return [self._rng.uniform(0, 200) for _ in range(self._rng.choice([0, 0, 1, 3]))]

    def act(self) -> None:
        """Do one thing now."""
        records = self._sandbox.records()
        if not records:
            return
        rng, record = self._rng, self._rng.choice(records)
        kind = rng.choice(["edit"] * 6 + ["delete", "twin", "create"])
        if kind == "edit":
            field = rng.choice(list(EDITS))
            self._sandbox.edit(str(record["id"]), **{field: rng.choice(EDITS[field])})
        elif kind == "delete":
            self._sandbox.delete(str(record["id"]))
        elif kind == "twin":
            self._sandbox.twin(str(record["id"]))
        else:
            self._made += 1
            code = rng.choice([record["code"] or "ELLE", f"ELLE.{self._made}"])
            self._sandbox.create(integration_id="", code=code, key1="2", key2="1", description="elle")

    def script(self) -> None:
        """Have one or two things done in the middle of the night, when a certain write comes."""
        steps = [self._draw_step() for _ in range(self._rng.choice([0, 0, 1, 2]))]
        self._sandbox.set_script(*steps)

    def _draw_step(self) -> dict[str, Any]:
        rng = self._rng
        field = rng.choice(list(EDITS))
        do = rng.choice(["edit"] * 5 + ["delete", "twin"])
        fields = {field: rng.choice(EDITS[field])} if do == "edit" else {}
        at = {
            "call": rng.choice(["create", "update", "delete", "write"]),
            "number": rng.randrange(1, 15),
            "when": rng.choice(["before", "after"]),
        }
        return {"at": at, "do": {"do": do, "id": "it", "fields": fields}}

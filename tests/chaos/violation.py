"""What an oracle finds."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tests.chaos.history import Effect, History, Sent
from tests.chaos.timeline import Timeline


class Violation(msgspec.Struct, frozen=True):
    """One thing that must not be."""

    kind: str
    key: str
    text: str


def find_products(history: History, timeline: Timeline) -> Iterator[tuple[Effect, Sent]]:
    """Every change that the product made, with its call."""
    for effect in history.effects:
        sent = timeline.find_sent(effect)
        if sent is not None:
            yield effect, sent

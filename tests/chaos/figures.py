"""What the chaos tests did, as the table that docs/exactly-once.md shows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


class Figures:
    """Counts over all chaos tests of one session."""

    def __init__(self) -> None:
        self.started_at = time.monotonic()
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def take_faults(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Count how often each rule has fired."""
        for rule in rules:
            name = rule["kind"] if rule["kind"] == "late_commit" else f"{rule['kind']} {rule['where']}"
            self.faults[name] += rule["fired"]

    def take_run(self, *, counters: Mapping[str, int], tries: int, runs: int, kills: int) -> None:
        """Count what one schedule did."""
        self.counts.update(requests=counters["requests"], creates=counters["create"], tries=tries, runs=runs)
        self.counts["simulated kills"] += kills

    def add(self, **counts: int) -> None:
        """Count something."""
        for name, count in counts.items():
            self.counts[name.replace("_", " ")] += count

    def format(self) -> list[str]:
        """The table's lines, as Markdown."""
        rows = [*self.counts.items(), ("faults fired", sum(self.faults.values()))]
        rows += [(f"— {name}", count) for name, count in self.faults.most_common() if count]
        rows.append(("seconds", round(time.monotonic() - self.started_at)))
        return ["| what | count |", "|---|---:|", *(f"| {name} | {count:,} |" for name, count in rows)]


FIGURES = Figures()

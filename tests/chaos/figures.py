"""What the chaos tests did, as the table that docs/exactly-once.md shows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

#: What the oracle looks for; a run whose tests are green has found none of it.
JUDGED = ("duplicates", "lost", "older over newer", "wiped or stale", "retired without cause", "false greens")


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
        changes = sum(counters[call] for call in ("create", "update", "delete"))
        self.counts.update(requests=counters["requests"], changes=changes, tries=tries, runs=runs)
        self.counts["simulated kills"] += kills

    def add(self, **counts: int) -> None:
        """Count something."""
        for name, count in counts.items():
            self.counts[name.replace("_", " ")] += count

    def dump(self) -> dict[str, dict[str, int]]:
        """Everything, for another process."""
        return {"counts": dict(self.counts), "faults": dict(self.faults)}

    def merge(self, dumped: Mapping[str, Mapping[str, int]]) -> None:
        """Add what another process has counted."""
        self.counts.update(dumped["counts"])
        self.faults.update(dumped["faults"])

    def format(self) -> list[str]:
        """The table's lines, as Markdown."""
        rows = [*sorted(self.counts.items()), ("faults fired", sum(self.faults.values()))]
        rows += [(f"— {name}", count) for name, count in self.faults.most_common() if count]
        rows.append(("seconds", round(time.monotonic() - self.started_at)))
        return ["| what | count |", "|---|---:|", *(f"| {name} | {count:,} |" for name, count in rows)]


FIGURES = Figures()

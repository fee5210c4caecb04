"""Sends metrics through Airflow's own statistics; nothing is sent if Airflow has no metrics set up.

There is a counter for each figure of the report (``oduyo.records.created``, ``oduyo.records.rejected`` and so
on), ``oduyo.requests`` and ``oduyo.retries``, and the timer ``oduyo.run``. The outcome is part of the name, as
plain StatsD drops tags. Where tags are supported, the metrics carry ``dag_id`` and ``task_id``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.observability.stats import Stats

from oduyo_provider.core.report import SUMS, Report

if TYPE_CHECKING:
    from oduyo_provider.api.client import OduyoClient


@contextmanager
def counting(client: OduyoClient, context: Mapping[str, Any]) -> Iterator[None]:
    """Count the requests that a client sends in the block, also when it fails. Logins are not counted."""
    try:
        yield
    finally:
        tags = _make_tags(context)
        _count("oduyo.requests", client.requests, tags)
        _count("oduyo.retries", client.retries, tags)


def count_report(made: Report, context: Mapping[str, Any]) -> None:
    """Count a run's records by outcome, and report how long it took. A dry run is not counted."""
    if made.dry_run:
        return
    tags = _make_tags(context)
    for name, value in made.counts.items():
        if name not in SUMS:  # they would count rows twice
            _count(f"oduyo.records.{name}", value, tags)
    Stats.timing(
        "oduyo.run", datetime.fromisoformat(made.ended_at) - datetime.fromisoformat(made.started_at), tags=tags
    )


def _count(name: str, count: int, tags: dict[str, str]) -> None:
    if count:
        Stats.incr(name, count, tags=tags)


def _make_tags(context: Mapping[str, Any]) -> dict[str, str]:
    return {"dag_id": context["ti"].dag_id, "task_id": context["ti"].task_id}

"""The asset that stands for Ödüyo's special codes, so that other DAGs can be scheduled on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias

from oduyo_provider.core.report import Report
from oduyo_provider.operators.metrics import read_counts

#: What other DAGs are scheduled on. The project's DAG has it among the inlets of the task that lists Ödüyo, which makes
#: Airflow show it also before anybody is.
SPECIAL_CODES = Asset(name="oduyo_special_codes", uri="oduyo://erp/special_codes")

#: The outlet of the task that reports. An alias, since a task updates each plain asset among its outlets whenever it
#: succeeds: after a dry run, too.
SPECIAL_CODES_UPDATES = AssetAlias(name="oduyo_special_codes_updates")


def publish(made: Report, context: Mapping[str, Any]) -> None:
    """Update the asset with a run's counts, its begin and its end, if the task has the alias among its outlets.

    Only for a run that has applied all it could: for a dry run nothing happens. Airflow drops it if the task fails.
    """
    if made.dry_run or SPECIAL_CODES_UPDATES not in context["task"].outlets:
        return
    counts: dict[str, Any] = {**read_counts(made), "started_at": made.started_at, "ended_at": made.ended_at}
    context["outlet_events"][SPECIAL_CODES_UPDATES].add(SPECIAL_CODES, extra=counts)

"""The assets that stand for what Ödüyo holds, so that other DAGs can be scheduled on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.core.resources import RESOURCES

#: Resource → its asset, and the alias that tasks have as an outlet. The outlet is an alias as a task updates
#: plain assets among its outlets whenever it succeeds, also after a dry run. The scheme begins with x- as Airflow
#: looks up any other in all providers, which imports them whenever a DAG file is parsed.
ASSETS = {
    resource.name: (
        Asset(name=f"oduyo_{resource.plural}", uri=f"x-oduyo://erp/{resource.plural}"),
        AssetAlias(name=f"oduyo_{resource.plural}_updates"),
    )
    for resource in RESOURCES
}

#: The asset that other DAGs are scheduled on, and the outlet for an operator that should update it. In the
#: project's DAG, snapshot has the asset as an inlet: so Airflow shows it before any DAG is scheduled on it.
SPECIAL_CODES, SPECIAL_CODES_UPDATES = ASSETS[SPECIAL_CODE.name]


def publish(made: Report, context: Mapping[str, Any]) -> None:
    """Update the assets whose aliases are outlets of the task, with a run's counts, its start and its end.

    A dry run updates nothing. Airflow drops the update if the task fails.
    """
    if made.dry_run:
        return
    counts: dict[str, Any] = {**made.counts, "started_at": made.started_at, "ended_at": made.ended_at}
    for asset, alias in ASSETS.values():
        if alias in context["task"].outlets:
            context["outlet_events"][alias].add(asset, extra=counts)

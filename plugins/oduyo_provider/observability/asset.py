"""The assets that stand for what Ödüyo holds, so that other DAGs can be scheduled on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.core.resources import RESOURCES

#: Resource → its asset, and the alias of it that is an outlet. An alias, since a task updates each plain asset among its
#: outlets whenever it succeeds: after a dry run, too. About a scheme without x- Airflow asks all other providers, which
#: imports them whenever a DAG file is parsed.
ASSETS = {
    resource.name: (
        Asset(name=f"oduyo_{resource.plural}", uri=f"x-oduyo://erp/{resource.plural}"),
        AssetAlias(name=f"oduyo_{resource.plural}_updates"),
    )
    for resource in RESOURCES
}

#: What other DAGs are scheduled on, and the outlet of an operator that is to update it. The project's DAG has the asset
#: among the inlets of the task that lists Ödüyo, which makes Airflow show it also before anybody is.
SPECIAL_CODES, SPECIAL_CODES_UPDATES = ASSETS[SPECIAL_CODE.name]


def publish(made: Report, context: Mapping[str, Any]) -> None:
    """Update the assets of the aliases among the task's outlets with a run's counts, its begin and its end.

    Only for a run that has applied all it could: for a dry run nothing happens. Airflow drops it if the task fails.
    """
    if made.dry_run:
        return
    counts: dict[str, Any] = {**made.counts, "started_at": made.started_at, "ended_at": made.ended_at}
    for asset, alias in ASSETS.values():
        if alias in context["task"].outlets:
            context["outlet_events"][alias].add(asset, extra=counts)

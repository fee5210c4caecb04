"""The assets that stand for what Ödüyo holds, so that other DAGs can be scheduled on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, AssetAlias

from oduyo_provider.core.record import PROJECT_CODE, SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.observability.metrics import read_counts

#: What other DAGs are scheduled on. The project's DAGs have it among the inlets of the task that lists Ödüyo, which makes
#: Airflow show it also before anybody is.
SPECIAL_CODES = Asset(name="oduyo_special_codes", uri="x-oduyo://erp/special_codes")
PROJECT_CODES = Asset(name="oduyo_project_codes", uri="x-oduyo://erp/project_codes")

#: The outlet of the task that reports. An alias, since a task updates each plain asset among its outlets whenever it
#: succeeds: after a dry run, too.
SPECIAL_CODES_UPDATES = AssetAlias(name="oduyo_special_codes_updates")
PROJECT_CODES_UPDATES = AssetAlias(name="oduyo_project_codes_updates")

#: Resource → its asset, and the alias of it that is an outlet.
ASSETS = {
    SPECIAL_CODE.name: (SPECIAL_CODES, SPECIAL_CODES_UPDATES),
    PROJECT_CODE.name: (PROJECT_CODES, PROJECT_CODES_UPDATES),
}


def publish(made: Report, context: Mapping[str, Any]) -> None:
    """Update the assets of the aliases among the task's outlets with a run's counts, its begin and its end.

    Only for a run that has applied all it could: for a dry run nothing happens. Airflow drops it if the task fails.
    """
    if made.dry_run:
        return
    counts: dict[str, Any] = {**read_counts(made), "started_at": made.started_at, "ended_at": made.ended_at}
    for asset, alias in ASSETS.values():
        if alias in context["task"].outlets:
            context["outlet_events"][alias].add(asset, extra=counts)

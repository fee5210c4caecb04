"""The health of a DAG at a glance, and what is left to do before its first sync."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from oduyo_provider.core import variables
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.core.site_check import may_sync
from oduyo_provider.page.airflow_db import DagState
from oduyo_provider.page.dag_view import RunItem
from oduyo_provider.page.going_wording import TIME
from oduyo_provider.page.view_models import View
from oduyo_provider.sync.site.state import SiteCheck, SiteState
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING
from oduyo_provider.sync.staging.manifests import SnapshotManifest

#: The DAG that asks a site about the open points of the API's documentation.
CHECK_DAG_ID = "oduyo_site_check"


class SiteFacts(msgspec.Struct, frozen=True):
    """What staging says of a DAG besides its runs.

    :param resource: its plural name; the site check asks about one resource at a time.
    :param check: the last site check.
    :param is_listed: whether a run has listed Ödüyo; only then the site is known, and whether it was checked.
    :param has_read_both: whether a run has listed Ödüyo and read the ERP, so that both connections work.
    :param is_opened: whether the first sync was made, so that scheduled runs write by themselves.
    """

    check: SiteCheck = SiteCheck()
    resource: str = SPECIAL_CODE.plural
    is_listed: bool = False
    has_read_both: bool = False
    is_opened: bool = False


def find_resource(dag_id: str) -> Resource | None:
    """The resource of a DAG of this project; None for any other DAG."""
    return next((resource for resource in RESOURCES if dag_id == f"oduyo_{resource.plural}"), None)


def is_own_dag(dag_id: str) -> bool:
    """Whether a DAG is this project's."""
    return find_resource(dag_id) is not None


def read_site_facts(root: Folder, runs: Sequence[StagedRun], resource: Resource) -> SiteFacts:
    """Read the listing's manifest of the latest run that has one, and the site check beside the site's ledger."""
    both = any(run.find(EXISTING) and run.find(DESIRED) for run in runs)
    snapshot = next(filter(None, (run.read_last(EXISTING, SnapshotManifest) for run in runs)), None)
    if snapshot is None:
        return SiteFacts(resource=resource.plural)
    state = SiteState(root, snapshot.site, snapshot.resource)
    return SiteFacts(
        check=state.read_check(),
        resource=resource.plural,
        is_listed=True,
        has_read_both=both,
        is_opened=state.is_opened(snapshot.source),
    )


def compute_health(dag: DagState | None, items: Sequence[RunItem], site: SiteFacts) -> list[View]:
    """The points that a person looks at first, each with a tone, a text, and a time or a run."""
    last = next((item for item in items if item.is_good), None)
    return [
        _describe_last(last, len(items), site),
        _describe_next(dag),
        *_describe_rows(items),
        _describe_waiting(items),
        _describe_alerts(),
        _describe_check(site),
    ]


def compute_answers(site: SiteFacts) -> list[View]:
    """The answers of the site check. Points for which something is to be set come first."""
    points = sorted(site.check.answers, key=lambda point: not point.setting)
    return [{"title": point.title, "answer": point.answer, "setting": point.setting} for point in points]


def compute_checklist(items: Sequence[RunItem], site: SiteFacts) -> list[View]:
    """The steps up to the first sync; empty once it is done."""
    if site.is_opened:
        return []
    check = site.check
    steps = (
        (site.has_read_both, gettext("Make the connections to Ödüyo and to the ERP, and press Test in each. Ticked once a run has read both sides."), "connections"),
        (may_sync(check.answers, check.checked_at) and check.trial is None, gettext("Run the site check with resource %(resource)s: it asks your Ödüyo site what its documentation leaves open. Ticked once a run has listed Ödüyo, too.", resource=site.resource), f"dags/{CHECK_DAG_ID}"),
        (any(item.has_plan for item in items), gettext("Trigger a dry run, and look at its plan on its page."), ""),
        (False, gettext("Trigger the first sync by hand, with dry_run off; after it, scheduled runs write by themselves."), ""),
    )  # fmt: skip
    return [{"done": done, "text": text, "address": address} for done, text, address in steps]


def _describe_last(last: RunItem | None, runs: int, site: SiteFacts) -> View:
    title = gettext("Last good run")
    if last is not None:
        return _point(title, "good", TIME, at=last.started_at, run=last)
    none = ngettext("none in %(n)s run", "none among the last %(n)s runs", runs)
    return _point(title, "bad" if runs else "plain", none if site.is_opened else gettext("none yet"))


def _describe_next(dag: DagState | None) -> View:
    title = gettext("Next run")
    if dag is None:
        return _point(title, "bad", gettext("Airflow does not know this DAG"))
    if dag.has_import_errors:
        note = gettext("Airflow cannot read the DAG's file; Dag Import Errors on Airflow's home page says why")
        return _point(title, "bad", gettext("Airflow does not run it"), note=note)
    if dag.is_stale:
        note = gettext("no file in Airflow's DAG folder makes this DAG any more")
        return _point(title, "bad", gettext("Airflow does not run it"), note=note)
    if dag.is_paused:
        return _point(title, "warn", gettext("the DAG is paused"))
    if dag.next_run_at is None:
        return _point(title, "plain", gettext("by hand only"))
    return _point(title, "good", TIME, at=dag.next_run_at)


def _describe_rows(items: Sequence[RunItem]) -> list[View]:
    """The rows in step after the last run that had rows and was to write, whether good or not.

    If newer runs tell nothing about rows, the time of that run is added.
    """
    last = next((place for place, item in enumerate(items) if item.series and item.extracted), None)
    if last is None:
        return []
    title, run, newer = gettext("ERP rows in step"), items[last], items[:last]
    since = {"at": run.started_at, "note": gettext("in the run of %(time)s", time=TIME)} if newer else {}
    if not run.compares:
        return [_point(title, "plain", gettext("not compared"), run=run, **since)]
    is_good = (
        run.is_good
        and run.in_step == run.extracted
        and all(item.sentence.tone not in ("bad", "warn") for item in newer)
    )
    text = gettext("%(count)s of %(all)s", count=format_number(run.in_step), all=format_number(run.extracted))
    return [_point(title, "good" if is_good else "warn", text, run=run, **since)]


def _describe_waiting(items: Sequence[RunItem]) -> View:
    title = gettext("Waits for a person")
    for run in items:
        if run.approval is not None:
            text, address = gettext("a plan to approve or reject"), run.approval["address"]
            return _point(title, "warn", text, run=run, address=address)
    return _point(title, "good", gettext("nothing"))


def _describe_alerts() -> View:
    title = gettext("Alerts")
    if variables.NOTIFIER.read():
        return _point(title, "good", gettext("set"))
    note = gettext("%(variable)s, where this page runs", variable=variables.NOTIFIER.name)
    return _point(title, "warn", gettext("not set"), note=note)


def _describe_check(site: SiteFacts) -> View:
    title, address, check = gettext("Site check"), f"dags/{CHECK_DAG_ID}", site.check
    if not check.checked_at and not site.is_listed:
        return _point(title, "plain", gettext("not known yet"), note=gettext("shown once a run has listed Ödüyo"))
    if not check.checked_at:
        note = gettext("trigger it with resource %(resource)s", resource=site.resource)
        return _point(title, "warn", gettext("never run"), address=address, note=note)
    if check.trial is not None:
        tone = "bad"
        note = gettext("its test records, which begin with %(mark)s, may still be in Ödüyo", mark=check.trial.mark)
    elif not may_sync(check.answers, check.checked_at):
        tone, note = "warn", gettext("it could not log in, or not list the records; the log of its last run says why")
    else:
        tone, note = "good", ""
    return _point(title, tone, TIME, at=check.checked_at, address=address, note=note)


def _point(title: str, tone: str, text: str, *, run: RunItem | None = None, **more: Any) -> View:
    """A point.

    :param run: the run that it leads to.
    :param more: further keys: ``at``, ``address``, ``note``.
    """
    return {
        "title": title,
        "tone": tone,
        "text": text,
        "at": None,
        "run_id": run.run_id if run else "",
        "task": run.task if run else "",
        "address": "",
        "note": "",
        **more,
    }

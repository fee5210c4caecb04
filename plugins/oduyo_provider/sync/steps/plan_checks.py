"""Checks that a plan may be applied by this task, and that all of it was."""

from __future__ import annotations

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import IncompleteError, SettingsError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.staging.manifests import Decision, PlanManifest, Reference
from oduyo_provider.sync.steps.context import StepContext


def check_belongs(step: StepContext, manifest: PlanManifest, client: OduyoClient, settings: Settings) -> None:
    """Check that a plan is this run's, and for this resource and site.

    :raises SettingsError: it is not. Another try would get the same plan.
    """
    snapshot = manifest.snapshot
    if snapshot.resource != client.resource:
        raise SettingsError(
            gettext(
                "The plan is for %(of)s, but this task writes %(resource)s: this try sent nothing. Give it the plans of its "
                "own DAG.",
                of=snapshot.resource.name,
                resource=client.resource.name,
            )
        )
    if manifest.run != step.run.name:
        raise SettingsError(
            gettext(
                "The plan in %(folder)s is of the run %(run)s, not of %(mine)s: this try sent nothing. Start a new run, which "
                "makes a plan of its own.",
                folder=manifest.folder,
                run=manifest.run,
                mine=step.run.name,
            )
        )
    if snapshot.site != settings.site:
        raise SettingsError(
            gettext(
                "The plan was made for %(site)s, but the connection now names %(now)s: this try sent nothing. Start a new "
                "run, which lists the new site first.",
                site=snapshot.site,
                now=settings.site,
            )
        )


def check_decided(decision: Decision | None) -> Decision:
    """Guard's decision to let a plan through.

    :raises SettingsError: it did not, or never saw it.
    """
    if decision is None:
        raise SettingsError(
            gettext(
                "The plan was not looked at by guard: give load what guard returned as plans. This try sent nothing."
            )
        )
    if not (decision.writes or decision.asks):
        raise SettingsError(
            gettext(
                "Guard has not let this plan through (%(why)s): this try sent nothing.",
                why=decision.why_not or gettext("a brake tripped"),
            )
        )
    return decision


def check_delivered(reference: Reference) -> None:
    """Raise IncompleteError when a load left something undelivered, so that its task is tried again."""
    undelivered = reference["undelivered"]
    if undelivered:
        raise IncompleteError(
            gettext(
                "Not all changes were delivered: %(counts)s. The page of the run says which, and why. Another try sends what did "
                "not arrive; what Ödüyo confirmed and did not carry out, the next run sends again.",
                counts=", ".join(f"{format_number(count)} {gettext(name)}" for name, count in undelivered.items()),
            )
        )

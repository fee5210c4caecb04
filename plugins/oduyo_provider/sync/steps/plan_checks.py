"""Whether a plan may be applied by this task."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.sync.staging.manifests import PlanManifest, Reference
from oduyo_provider.sync.staging.plans import read_decision
from oduyo_provider.sync.steps.context import StepContext


def check_belongs(step: StepContext, manifest: PlanManifest, client: OduyoClient, settings: Settings) -> None:
    """Whether a plan is this run's, and for this resource and site.

    :raises SettingsError: it is not. Another try would be given the same plan.
    """
    snapshot = manifest.snapshot
    if snapshot.resource != client.resource:
        raise SettingsError(
            f"The plan is for {snapshot.resource.name}, but this task writes {client.resource.name}: nothing was "
            "sent. Give it the plans of its own DAG."
        )
    if manifest.run != step.run.name:
        raise SettingsError(
            f"The plan in {manifest.folder} is of the run {manifest.run}, not of {step.run.name}: nothing was sent. Start a "
            "new run, which makes a plan of its own."
        )
    if snapshot.site != settings.site:
        raise SettingsError(
            f"The plan was made for {snapshot.site}, but the connection now names {settings.site}: nothing was "
            "sent. Start a new run, which lists the new site first."
        )


def check_decided(plans: Sequence[Reference]) -> None:
    """Whether guard let a plan through.

    :raises SettingsError: it did not, or never saw it.
    """
    decision = read_decision(plans[0])
    if not (decision.writes or decision.asks):
        raise SettingsError(
            f"Guard has not let this plan through ({decision.why_not or 'a brake tripped'}): nothing was sent."
        )

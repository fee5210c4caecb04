"""Keeps a run's releases for the plan that a person has looked at: they do not hold for what a cleared run compares anew."""

from __future__ import annotations

import logging

import msgspec

from oduyo_provider.core.language import gettext
from oduyo_provider.sync.site.source import SourceState
from oduyo_provider.sync.staging.manifests import ExtractManifest, Reference, SnapshotManifest, read_reference
from oduyo_provider.sync.steps.context import StepContext

log = logging.getLogger(__name__)


def keep_releases(step: StepContext, part: Reference) -> StepContext:
    """The step without its releases, if another plan of this run has used them up.

    :param part: one of the references that extract returned; clearing what follows it keeps the releases.
    """
    if not step.params.release:
        return step
    _, source = _open(step, part)
    spent = source.read_spent(step.run.name)
    if spent is None or spent.rows == part["manifest"]:
        return step
    log.warning("%s", explain_spent(spent.number))
    return msgspec.structs.replace(
        step, params=msgspec.structs.replace(step.params, release={}), spent_for=spent.number
    )


def spend_releases(step: StepContext, part: Reference) -> None:
    """Note that this plan was let through: from now on this run's releases are for it alone."""
    if not step.params.release:
        return
    snapshot, source = _open(step, part)
    if source.read_spent(step.run.name) is None:
        source.note_spent(step.run.name, snapshot.number, str(part["manifest"]))


def explain_spent(number: int) -> str:
    """Why releases do not count.

    :param number: of the plan for which they did.
    """
    return gettext(
        "What this run releases was for what it compared before (plan %(number)s), and that was let through: it does not count "
        "for what is compared now. Start a new run, with what is to be released there.",
        number=number,
    )


def _open(step: StepContext, part: Reference) -> tuple[SnapshotManifest, SourceState]:
    snapshot = read_reference(step.run.root, part, ExtractManifest).snapshot
    return snapshot, step.open_state(snapshot.site, snapshot.resource).source(snapshot.source)

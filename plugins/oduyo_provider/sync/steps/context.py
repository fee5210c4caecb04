"""What every step of a run needs, in one value."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import Resource
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.manifests import SnapshotManifest
from oduyo_provider.sync.staging.run_folder import Run


class StepContext(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a run.

    :param run: where its files lie.
    :param params: what the run is asked to do.
    :param source: whose rows these are: it owns the records that it writes or matches.
    :param buckets: into how many files a large side is split.
    :param is_manual: a person has triggered the run.
    :param is_exempt: the source may write without having been opened: an operator that somebody put into a DAG.
    :param spent_for: the number of the plan that used up this run's releases; they do not hold for the present one.
    """

    run: Run
    params: RunParams
    source: str
    buckets: int
    is_manual: bool = True
    is_exempt: bool = False
    spent_for: int | None = None
    clock: Clock = Clock()

    def follow(self, snapshot: SnapshotManifest) -> StepContext:
        """The same step with the ``sync_mode`` of the snapshot: ``ODUYO_PARAMS`` may have changed within the run."""
        return msgspec.structs.replace(self, params=msgspec.structs.replace(self.params, sync_mode=snapshot.sync_mode))

    def make_normaliser(self, resource: Resource) -> Normaliser:
        """The rules of a resource, as the params want them."""
        return Normaliser(
            resource,
            max_text_length=self.params.max_text_length,
            repair_windows_1254=self.params.repair_windows_1254,
        )

    def open_state(self, site: str, resource: Resource) -> SiteState:
        """What is kept of a site."""
        return SiteState(self.run.root, site, resource)

"""The state of one resource on one site between runs: ``<staging>/_sites/<site>/<resource>/``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from oduyo_provider.core.findings import Finding
from oduyo_provider.core.record import Resource
from oduyo_provider.core.site_check import Point, TrialRecords
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.files import StateFile, read_state, write_state
from oduyo_provider.sync.site.lease import Lease
from oduyo_provider.sync.site.ledger import Ledger
from oduyo_provider.sync.site.legacy import find_legacy_folder, has_legacy_run
from oduyo_provider.sync.site.open_plans import OpenPlan, OpenPlans
from oduyo_provider.sync.site.overlay import Entries, leaving_out, open_readable
from oduyo_provider.sync.site.source import SourceState
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder


class Turn(StateFile, frozen=True, kw_only=True):
    """How many loads have written to the site."""

    number: int


class Findings(StateFile, frozen=True, kw_only=True):
    """What the site is known to do to values, by the name of the finding."""

    found: dict[str, Finding] = msgspec.field(default_factory=dict)


class SiteCheck(StateFile, frozen=True, kw_only=True):
    """What the site check found out: for people, and for later runs.

    :param partial_updates: Ödüyo keeps fields that an update leaves out; None where nobody asked.
    :param page_size: records that a page may have; None where that is not known.
    :param answers: the newest answer to each question.
    :param trial: test records that may still be there.
    """

    checked_at: float = 0.0
    partial_updates: bool | None = None
    page_size: int | None = None
    answers: list[Point] = msgspec.field(default_factory=list)
    trial: TrialRecords | None = None


class SiteState:
    """The state of one resource on one site.

    :param root: the staging path.
    """

    def __init__(self, root: Folder, site: str, resource: Resource) -> None:
        self._folder = root.child(layout.SITES, layout.name_site(site), resource.name)
        self._legacy = find_legacy_folder(root, site, resource.name)
        self.ledger = Ledger(self._folder, self._legacy)
        self.plans = OpenPlans(self._folder)

    @property
    def claims(self) -> Folder:
        """The folder of the lease's claims."""
        return self._folder.child(layout.CLAIMS)

    def make_lease(self, generation: str, attempt: str, say: Callable[[str], None], clock: Clock) -> Lease:
        """A lease for one writer."""
        return Lease(self.claims, generation=generation, attempt=attempt, say=say, clock=clock)

    def source(self, source: str) -> SourceState:
        """What is kept of a source."""
        return SourceState(self._folder.child(layout.SOURCES, layout.name_source(source)), source)

    def is_opened(self, source: str) -> bool:
        """Whether scheduled runs of a source may write: a person's run has passed guard, here or under 0.1.0."""
        return self.source(source).is_opened or has_legacy_run(self._legacy, source)

    def read_entries(self, partition: int, partitions: int, *, without: str = "") -> Entries:
        """The ledger's entries of one partition, outcomes of all open plans included.

        :param without: a generation whose own outcomes are left out.
        """
        plans = [plan for plan in self.plans.read() if plan.generation != without]
        return self.ledger.read(partition, partitions, plans)

    def read_turn(self) -> int:
        """How many loads have written to the site."""
        turn = read_state(self._folder, layout.TURN, Turn)
        return 0 if turn is None else turn.number

    def next_turn(self) -> int:
        """A load begins to write. Under the lease."""
        number = self.read_turn() + 1
        write_state(self._folder, layout.TURN, Turn(number=number))
        return number

    def read_findings(self) -> dict[str, Finding]:
        """What the site is known to do to values, by the name of the finding."""
        findings = read_state(self._folder, layout.RELEASED, Findings)
        return {} if findings is None else findings.found

    def note_finding(self, finding: Finding) -> None:
        """Remember what the site does to values. Under the lease."""
        write_state(self._folder, layout.RELEASED, Findings(found={**self.read_findings(), finding.name: finding}))

    def forget_finding(self, name: str) -> None:
        """Forget a finding that the site no longer shows. Under the lease."""
        found = {known: finding for known, finding in self.read_findings().items() if known != name}
        write_state(self._folder, layout.RELEASED, Findings(found=found))

    def read_check(self) -> SiteCheck:
        """What the site check found out; nothing where nobody asked."""
        return read_state(self._folder, layout.SITE_CHECK, SiteCheck) or SiteCheck()

    def note_check(self, check: SiteCheck) -> None:
        """Write down what the site check found out. Under the lease."""
        write_state(self._folder, layout.SITE_CHECK, check)

    def note_support_text(self, text: str) -> str:
        """Write down what can be sent to Ödüyo's support; returns the file's address."""
        self._folder.write(layout.SUPPORT_TEXT, text.encode() + b"\n")
        return f"{self._folder.uri}/{layout.SUPPORT_TEXT}"

    def merge(self, plan: OpenPlan, check_lease: Callable[[], None], *, buckets: int) -> None:
        """Merge a plan's outcomes into the ledger, and close it. Under the lease.

        :param check_lease: called before each writing: a merge takes long, and two would undo each other's.
        """
        source = self.source(plan.source)
        applied = source.read_applied()
        is_outdated = applied is not None and applied.merged > plan.number
        self.ledger.merge(plan, check_lease, buckets=buckets, is_outdated=is_outdated)
        if plan.is_finished:
            digests = _read_digests(self._folder, plan)
            check_lease()
            source.note_merged(plan.number, digests)
        check_lease()
        self.plans.close(plan)

    def merge_others(self, generation: str, check_lease: Callable[[], None], *, buckets: int) -> Sequence[OpenPlan]:
        """Merge the open plans of all others, whose loads have ended or died. Under the lease."""
        others = [plan for plan in self.plans.read() if plan.generation != generation]
        for plan in others:
            self.merge(plan, check_lease, buckets=buckets)
        return others


def _read_digests(root: Folder, plan: OpenPlan) -> list[str]:
    digests: list[str] = []
    for part in open_readable(root, plan):
        with leaving_out(plan):
            digests += (rejected.digest for rejected in part.read_rejected())
    return digests

"""A plan that is opened once: its changes as guard decided them, its rejected rows, its journal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

import msgspec

from oduyo_provider.core.change import Action, Change, compute_adoption
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.look_alikes import LookAlike
from oduyo_provider.core.plan import NaturalKey, Plan, PlanCounts, Rejected, compute_reject_digest
from oduyo_provider.core.remarks import KEPT, LOOKED_LIKE, Remark
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.journal import History, Journal, read_history
from oduyo_provider.sync.staging.manifests import Decision, PlanFiles, PlanManifest, Reference, read_reference
from oduyo_provider.sync.staging.run_folder import renumber_attempt


class PlanPart:
    """One partition of a plan.

    :param root: the staging path, or any folder below it.
    :param manifest: as written by transform.
    :param decision: of guard; None before it.
    :param decided: key of a row to create → what guard decided of it, as it looks like a record.
    """

    def __init__(
        self,
        root: Folder,
        manifest: PlanManifest,
        decision: Decision | None = None,
        decided: dict[str, LookAlike] | None = None,
    ) -> None:
        self.manifest = manifest
        self.decision = decision
        self.folder = root.at(manifest.folder)
        self.journal = root.at(manifest.journal)
        self._decided = decided or {}
        self._kept = frozenset[str]() if decision is None else decision.kept

    @property
    def is_as_planned(self) -> bool:
        """Whether guard has left the changes as transform wrote them."""
        return not (self._decided or self._kept)

    def read_changes(self) -> Iterator[Change]:
        """The changes, one at a time, in their order; an adopted record's update stands where its row's create stood."""
        for change in self.folder.read_items(self.manifest.files.changes, Change):
            look_alike = self._decided.get(change.integration_id) if change.action is Action.CREATE else None
            if look_alike is None:
                if not self._is_kept(change):
                    yield change
            elif look_alike.adopted is not None:
                yield compute_adoption(change, look_alike.adopted, self.manifest.snapshot.resource)

    def read_rejected(self, known: frozenset[str] = frozenset()) -> Iterator[Rejected]:
        """The rejected rows, those last that look like a record."""
        yield from self.folder.read_items(self.manifest.files.rejected, Rejected)
        rejected = {key for key, item in self._decided.items() if item.adopted is None}
        if not rejected:
            return
        for change in self.folder.read_items(self.manifest.files.changes, Change):
            if change.action is Action.CREATE and change.integration_id in rejected:
                yield reject_look_alike(change, self._decided[change.integration_id], known)

    def read_notes(self) -> Iterator[Entry]:
        """Entries of the ledger, as they are once the plan is applied; those of kept records are not missing."""
        for note in self.folder.read_items(self.manifest.files.notes, Entry):
            yield msgspec.structs.replace(note, missing=None) if note.integration_id in self._kept else note

    def read_forgotten(self) -> Iterator[str]:
        """Keys whose record and row are both gone."""
        return self.folder.read_items(self.manifest.files.forgotten, str)

    def read_new_rows(self) -> Iterator[NaturalKey]:
        """Rows to create."""
        return self.folder.read_items(self.manifest.files.new_rows, NaturalKey)

    def read_unmatched(self) -> Iterator[NaturalKey]:
        """Records that no row matches."""
        return self.folder.read_items(self.manifest.files.unmatched, NaturalKey)

    def read_remarks(self) -> Iterator[Remark]:
        """What is left as it is, and why."""
        for remark in self.folder.read_items(self.manifest.files.remarks, Remark):
            if remark.outcome == KEPT and remark.integration_id in self._kept:
                yield _keep(remark.integration_id, remark.oduyo_id, remark.code)
            else:
                yield remark
        for change in self.folder.read_items(self.manifest.files.changes, Change) if self._kept else ():
            if self._is_kept(change):
                code = change.get_value(self.manifest.snapshot.resource.code_field)
                yield _keep(change.integration_id, change.oduyo_id or "", code)

    def _is_kept(self, change: Change) -> bool:
        return change.is_of_missing and change.integration_id in self._kept

    def read_history(self) -> History:
        """What all tries of this plan wrote down."""
        return read_history(self.journal, self.manifest.digest)

    def open_journal(self, history: History, attempt: str, clock: Callable[[], float]) -> Journal:
        """The journal of a new try, after all tries in the history. Under the lease."""
        name = renumber_attempt(attempt, history.last_try + 1)
        return Journal(self.journal, attempt=name, digest=self.manifest.digest, clock=clock)


def _keep(integration_id: str, oduyo_id: str, code: str) -> Remark:
    return Remark(KEPT, integration_id, oduyo_id, code, gettext(LOOKED_LIKE))


def reject_look_alike(change: Change, look_alike: LookAlike, known: frozenset[str]) -> Rejected:
    """The row of a create that is not sent, as it looks like a record."""
    faults = [look_alike.fault]
    row: dict[str, object] = dict(change.payload)
    digest = compute_reject_digest(row, change.integration_id, faults)
    return Rejected(change.integration_id, faults, row, digest, digest in known)


def write_plan(folder: Folder, plan: Plan) -> PlanFiles:
    """Write one partition's plan: a file for each of its lists."""
    encode = msgspec.json.Encoder(decimal_format="number").encode
    files = {
        name: folder.write_lines(layout.name_list(name), (encode(item) + b"\n" for item in getattr(plan, name)))
        for name in PlanFiles.__struct_fields__
    }
    return PlanFiles(**files)


def open_parts(root: Folder, references: Sequence[Reference]) -> list[PlanPart]:
    """The partitions of a plan, in order, with guard's decisions where the references carry them.

    :param root: the staging path, or any folder below it.
    :param references: as transform or guard returned them.
    """
    read_decision = cache(lambda address: _read_decision(root.at(address)))
    parts = []
    for reference in references:
        address = reference.get("decision")
        manifest = read_reference(root, reference, PlanManifest)
        parts.append(decide_part(root, manifest, read_decision(address) if address else None))
    return sorted(parts, key=lambda part: part.manifest.partition)


def name_plans(references: Iterable[Reference]) -> str:
    """A name for the plans of all partitions together; plans that are made anew have another one."""
    folders = sorted(str(reference["manifest"]) for reference in references)
    return hashlib.sha256("\n".join(folders).encode()).hexdigest()


#: What guard decided, and the folder that holds it.
Decided = tuple[Folder, Decision]


def _read_decision(folder: Folder) -> Decided:
    return folder, read_manifest(folder, layout.DECISION, Decision)


def decide_part(root: Folder, manifest: PlanManifest, decided: Decided | None) -> PlanPart:
    """One partition of a plan, with what guard decided of its rows that look like a record."""
    if decided is None:
        return PlanPart(root, manifest)
    folder, decision = decided
    file = decision.look_alikes.get(str(manifest.partition))
    if file is None:
        return PlanPart(root, manifest, decision)
    found = folder.read_items(file, LookAlike)
    return PlanPart(root, manifest, decision, {item.integration_id: item for item in found})


def find_decision(run_folder: Folder, generation: str, of: str = "") -> Decided | None:
    """What guard decided of a plan, also where it stopped the run; the latest where it was asked again.

    :param of: the plans by name, where only what was decided of these counts.
    """
    decided = _read_decisions(run_folder)
    return next((one for one in decided if one[1].generation == generation and of in ("", one[1].of)), None)


def has_asked_otherwise(run_folder: Folder, of: str) -> bool:
    """Whether guard had a person asked about other plans of a run than these.

    :param of: these plans by name.
    """
    return any(decision.asks and decision.of != of for _, decision in _read_decisions(run_folder))


def _read_decisions(run_folder: Folder) -> Iterator[Decided]:
    """What guard decided in a run, the latest first."""
    above = run_folder.child(layout.PLAN)
    written = sorted((at, path) for path, at in above.fetch_files() if len(path) == 2 and path[-1] == layout.DECISION)
    for _, path in reversed(written):
        yield _read_decision(above.child(path[0]))


def compute_total(parts: Sequence[PlanPart]) -> PlanCounts:
    """The counts of all partitions, as guard decided them; before it, as transform found them."""
    if parts and parts[0].decision is not None:
        return parts[0].decision.counts
    return sum((part.manifest.counts for part in parts), PlanCounts())

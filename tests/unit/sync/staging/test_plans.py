"""A plan that is opened once: its changes as guard decided them."""

from __future__ import annotations

import asyncio
import os
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.change import Action, Outcome, Result, compute_adoption
from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.ledger import Entry, Missing
from oduyo_provider.core.look_alikes import LookAlike
from oduyo_provider.core.plan import PlanCounts, Rejected
from oduyo_provider.core.remarks import Remark
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.layout import DECISION, name_look_alikes
from oduyo_provider.sync.staging.manifests import Decision, Reference
from oduyo_provider.sync.staging.plans import (
    compute_total,
    find_decision,
    open_parts,
    reject_look_alike,
)
from tests.unit.sync.plans import create, delete, done, open_part, stage_plan, update, write_journal

RECORD = {"id": "77", "integration_id": "", "code": "KOD.A2", "description": "panelden", "status": "1"}


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


def decide(
    root: Folder,
    reference: Reference,
    *found: LookAlike,
    attempt: str = "try1",
    run: str = "run1",
    kept: frozenset[str] = frozenset(),
) -> Reference:
    """What guard returns for a plan of one partition."""
    folder = root.child("dag", run, "plan", attempt)
    lines = (msgspec.json.encode(item) + b"\n" for item in found)
    decision = Decision(
        generation=open_part(root, reference).manifest.generation,
        writes=True,
        asks=False,
        why_not="",
        trips=[],
        counts=PlanCounts(),
        look_alikes={"0": folder.write_lines(name_look_alikes(0), lines)} if found else {},
        kept=kept,
    )
    write_manifest(folder, DECISION, decision)
    return {**reference, "decision": folder.address}


@pytest.mark.parametrize(("given", "named"), [("try1-0123abcd", "try4-0123abcd"), ("try9-0123abcd", "try9-0123abcd")])
def test_a_later_try_comes_last_although_airflow_counts_from_one_again(root: Folder, given: str, named: str) -> None:
    """A run was deleted and triggered anew by the same id: with ``sync_mode=create`` it goes on with the same journal."""
    change = create("A1")
    reference = stage_plan(root, [change])
    write_journal(root, reference, Result(change.key, Outcome.REFUSED, at=1000.0), attempt="try3-89abcdef", at=1000.0)
    part = open_part(root, reference)

    async def go_on() -> None:
        journal = part.open_journal(part.read_history(), given, lambda: 2000.0)
        await journal.intend([change.key])
        journal.record(done(change, "7"))
        await journal.flush()

    asyncio.run(go_on())
    history = part.read_history()
    assert history.results[change.key].outcome is Outcome.DONE
    assert f"{named}.outcomes.jsonl" in part.journal.names()


def test_a_plan_comes_back_as_it_was_written(root: Folder) -> None:
    changes = [create("A1"), update("A2", "7", description="yeni")]
    rejected = Rejected(
        "A3", [Fault("code", "empty", "boş")], {"integration_id": "A3", "n": Decimal("12345678901234567890.2500")}, "d1"
    )
    notes = [Entry("A2", "dag", "7")]
    part = open_part(root, stage_plan(root, changes, notes=notes, forgotten=["A9"], rejected=[rejected]))
    assert list(part.read_changes()) == changes
    assert list(map(str, part.read_rejected())) == [str(rejected)]
    assert list(part.read_notes()) == notes
    assert list(part.read_forgotten()) == ["A9"]
    assert (list(part.read_new_rows()), list(part.read_unmatched())) == ([], [])


def test_the_same_changes_have_the_same_name_and_so_the_same_journal(root: Folder) -> None:
    plans = [open_part(root, stage_plan(root, [create(key)], run="run1", partition=n)) for n, key in enumerate("AAB")]
    digests = [plan.manifest.digest for plan in plans]
    assert digests[0] == digests[1] != digests[2]


def test_parts_come_in_the_order_of_their_partitions(root: Folder) -> None:
    references = [stage_plan(root, [create(f"A{n}")], partition=n, partitions=3) for n in (2, 0, 1)]
    assert [part.manifest.partition for part in open_parts(root, references)] == [0, 1, 2]
    assert compute_total(open_parts(root, references)).creates == 3


def test_a_row_that_looks_like_a_record_is_not_created_but_rejected(root: Folder) -> None:
    reference = stage_plan(root, [create("A1"), create("A2"), update("A3", "9", description="x")])
    [part] = open_parts(root, [decide(root, reference, LookAlike("A2", detail="record 77 has the same code"))])
    assert [change.integration_id for change in part.read_changes()] == ["A1", "A3"]
    [rejected] = part.read_rejected()
    assert (rejected.integration_id, [fault.code for fault in rejected.faults]) == (
        "A2",
        ["integration_id: look_alike"],
    )
    assert rejected.row == create("A2").payload
    assert not rejected.is_known
    assert [item.is_known for item in part.read_rejected(frozenset({rejected.digest}))] == [True]


def test_a_record_that_a_row_left_out_looks_like_is_kept_and_why_is_said(root: Folder) -> None:
    changes = [create("K1"), delete("K1", "7"), delete("K2", "8")]
    missing = Missing(1.0, 2.0, 3, "run1")
    notes = [Entry(key, "dag", oduyo_id, missing=missing) for key, oduyo_id in (("K1", "7"), ("K2", "8"), ("K3", "9"))]
    remarks = [Remark("kept", key, reason="not missing for long enough", detail="x") for key in ("K3", "K4")]
    reference = stage_plan(root, changes, notes=notes, remarks=remarks)
    [part] = open_parts(root, [decide(root, reference, kept=frozenset({"K1", "K3"}))])
    assert [change.key for change in part.read_changes()] == ["create:K1", "delete:8"]
    assert [note.missing for note in part.read_notes()] == [None, missing, None]
    told = [(remark.outcome, remark.integration_id, remark.reason) for remark in part.read_remarks()]
    why = "a rejected row has its codes, under another key"
    assert told == [("kept", "K3", why), ("kept", "K4", "not missing for long enough"), ("kept", "K1", why)]
    assert not part.is_as_planned
    assert open_part(root, decide(root, stage_plan(root, changes))).is_as_planned


def test_an_adopted_record_is_updated_where_its_row_would_have_been_created(root: Folder) -> None:
    reference = stage_plan(root, [create("A1"), create("A2", description="ERP"), create("A3")])
    [part] = open_parts(root, [decide(root, reference, LookAlike("A2", adopted=RECORD))])
    changes = list(part.read_changes())
    assert [change.key for change in changes] == ["create:A1", "update:77", "create:A3"]
    assert changes[1].is_adoption
    assert changes[1].differs == ("integration_id", "description")
    assert list(part.read_rejected()) == []
    write_journal(root, reference, done(changes[1]))
    assert part.read_history().results["update:77"].outcome.value == "done"


def test_an_adoption_writes_the_key_and_what_differs_over_what_the_record_holds(root: Folder) -> None:
    manifest = open_part(root, stage_plan(root)).manifest
    adoption = compute_adoption(create("A2", description="ERP"), RECORD, manifest.snapshot.resource)
    assert adoption.action is Action.UPDATE
    assert adoption.base["description"] == "panelden"
    body = adoption.compute_body()
    assert {name: body[name] for name in ("id", "integration_id", "code", "description", "status")} == {
        "id": "77",
        "integration_id": "A2",
        "code": "KOD.A2",
        "description": "ERP",
        "status": "1",
    }


def test_a_look_alike_that_the_last_run_rejected_alike_is_known(root: Folder) -> None:
    look_alike = LookAlike("A2", detail="record 77")
    first = reject_look_alike(create("A2"), look_alike, frozenset())
    assert not first.is_known
    assert reject_look_alike(create("A2"), look_alike, frozenset({first.digest})).is_known
    assert reject_look_alike(create("A2", space1="x"), look_alike, frozenset({first.digest})).is_known
    assert not reject_look_alike(create("A3"), look_alike, frozenset({first.digest})).is_known


def test_a_decision_is_read_once_for_all_parts(root: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = decide(root, stage_plan(root))
    read: list[str] = []
    take = Folder.read
    monkeypatch.setattr(Folder, "read", lambda folder, name: read.append(name) or take(folder, name))
    decisions = [part.decision for part in open_parts(root, [reference, reference, reference])]
    assert read.count(DECISION) == 1
    assert all(decision is not None and decision.writes for decision in decisions)


def test_the_latest_decision_of_a_plan_is_found_and_that_of_another_is_not(root: Folder) -> None:
    reference = stage_plan(root)
    generation = open_part(root, reference).manifest.generation
    run = root.child("dag", "run1")
    assert find_decision(run, generation) is None
    decide(root, reference, attempt="z")
    os.utime(Path(root.uri) / "dag" / "run1" / "plan" / "z" / "decision.json", (1, 1))
    latest = decide(root, reference, attempt="a")
    found = find_decision(run, generation)
    assert found is not None
    assert found[0].address == latest["decision"]
    assert find_decision(run, "another plan") is None


def test_a_changed_plan_file_is_an_error(root: Folder) -> None:
    part = open_part(root, stage_plan(root, [create("A1")]))
    path = Path(part.folder.uri) / "changes.jsonl"
    path.write_bytes(path.read_bytes().replace(b"KOD", b"kod"))
    with pytest.raises(StagingError, match=r"changes\.jsonl is not as it was written"):
        list(part.read_changes())

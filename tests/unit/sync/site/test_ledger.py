"""The ledger on disk: read with the journals of open plans laid over it, merged whole, careful where it is damaged."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.change import Change, Outcome, Result
from oduyo_provider.core.errors import StagingError, StateError
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.sync.site import ledger as ledger_module
from oduyo_provider.sync.site.ledger import Ledger
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.site.overlay import Entries
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.storage import Disk
from tests.unit.sync.plans import (
    check_lease,
    create,
    delete,
    make_open,
    make_snapshot,
    open_part,
    read_back,
    stage_plan,
    update,
    write_journal,
)

KEYS = [f"{number:03d}" for number in range(40)]


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


@pytest.fixture
def ledger(root: Folder) -> Ledger:
    return Ledger(root.child("_sites", "here"), root.child("_sites", "before"))


def read(ledger: Ledger, *plans: OpenPlan, partitions: int = 1) -> Entries:
    """The entries of all partitions; fails when one is in two of them."""
    found: Entries = {}
    for partition in range(partitions):
        entries = ledger.read(partition, partitions, plans)
        assert not found.keys() & entries.keys()
        found |= entries
    return found


def merge(ledger: Ledger, plan: OpenPlan, *, buckets: int = 7, is_outdated: bool = False) -> None:
    ledger.merge(plan, check_lease, buckets=buckets, is_outdated=is_outdated)


def stage_creates(root: Folder, keys: list[str] = KEYS, *, partitions: int = 1, run: str = "run1") -> OpenPlan:
    """A plan that created a record for each key, in as many partitions."""
    references = []
    for partition in range(partitions):
        changes = [create(key) for key in keys if compute_bucket(key, partitions) == partition]
        reference = stage_plan(root, changes, run=run, partition=partition, partitions=partitions)
        write_journal(
            root, reference, *(read_back(change, str(100 + int(change.integration_id))) for change in changes)
        )
        references.append(reference)
    return make_open(root, *references)


def read_files(root: Folder) -> dict[str, bytes]:
    """Every file of the ledger, by its path."""
    here = Path(root.uri) / "_sites" / "here"
    return {str(path.relative_to(here)): path.read_bytes() for path in sorted(here.rglob("*")) if path.is_file()}


def find_file(root: Folder, name: str = "all.jsonl") -> Path:
    [path] = (Path(root.uri) / "_sites" / "here").rglob(name)
    return path


def break_index(root: Folder, content: str | None) -> None:
    """Put something else into the ledger's index; None removes it."""
    file = find_file(root, "ledger.json")
    file.unlink() if content is None else file.write_text(content)


def test_nothing_is_remembered_of_a_site_that_nobody_wrote_to(ledger: Ledger) -> None:
    assert read(ledger) == {}
    assert ledger.buckets == 1
    assert ledger.read_index() is None


def test_what_became_of_a_plan_is_remembered_once_it_is_merged(root: Folder, ledger: Ledger) -> None:
    merge(ledger, stage_creates(root))
    found = read(Ledger(root.child("_sites", "here"), root.child("_sites", "before")))
    assert found == {key: Entry(key, "dag", str(100 + int(key))) for key in KEYS}
    index = ledger.read_index()
    assert index is not None
    assert (index.buckets, index.entries) == (1, 40)


def test_a_person_can_read_the_files(root: Folder, ledger: Ledger) -> None:
    merge(ledger, stage_creates(root, KEYS[:2]))
    assert find_file(root).read_text().splitlines() == [
        '{"format":2,"buckets":1,"bucket":0,"entries":2}',
        '{"integration_id":"000","source":"dag","oduyo_id":"100"}',
        '{"integration_id":"001","source":"dag","oduyo_id":"101"}',
    ]


@pytest.mark.parametrize("is_finished", [True, False])
def test_what_an_open_plan_has_created_has_an_owner_before_it_is_merged(
    root: Folder, ledger: Ledger, is_finished: bool
) -> None:
    plan = msgspec.structs.replace(stage_creates(root), is_finished=is_finished)
    assert read(ledger, plan)["007"] == Entry("007", "dag", "107")
    assert read(ledger) == {}


def test_what_a_plan_compared_counts_once_its_load_came_to_its_end(root: Folder, ledger: Ledger) -> None:
    merge(ledger, stage_creates(root, KEYS[:2]))
    owned = Entry("000", "dag", "100", twins=("300",))
    reference = stage_plan(root, notes=[owned], forgotten=["001"], run="run2")
    running = make_open(root, reference, is_finished=False)
    assert set(read(ledger, running)) == {"000", "001"}
    assert read(ledger, running)["000"].twins == ()
    finished = make_open(root, reference)
    assert read(ledger, finished) == {"000": owned}
    merge(ledger, finished)
    assert read(ledger) == {"000": owned}


def test_plans_are_laid_over_in_the_order_in_which_they_were_opened(root: Folder, ledger: Ledger) -> None:
    plans = []
    for number in (1, 2):
        note = Entry("000", "dag", "100", date_sent=f"2026-0{number}-01 00:00:00")
        snapshot = make_snapshot(number=number)
        plans.append(
            make_open(root, stage_plan(root, notes=[note], run=f"run{number}", snapshot=snapshot), turn=number)
        )
    assert read(ledger, *plans)["000"].date_sent == "2026-02-01 00:00:00"


def test_merging_twice_changes_nothing(root: Folder, ledger: Ledger) -> None:
    first = create("000")
    changed = update("001", "101", {"description": "old"}, description="new text")
    gone = delete("002", "102")
    refused = create("003")
    notes = [Entry(key, "dag", f"1{key[1:]}") for key in ("001", "002")]
    reference = stage_plan(root, [first, changed, gone, refused], notes=notes)
    write_journal(
        root,
        reference,
        read_back(first, "100"),
        read_back(changed, stored={"description": "new"}, twins=("900",)),
        read_back(gone),
        Result(refused.key, Outcome.REFUSED, reason="no", answer="Geçersiz", is_remembered=True, at=2000.0),
    )
    plan = make_open(root, reference)
    merge(ledger, plan)
    before = read_files(root)
    merge(ledger, plan)
    assert read_files(root) == before
    found = read(ledger)
    assert found["001"].stored == {"description": Stored("new text", "new")}
    assert found["001"].twins == ("900",)
    assert (found["002"].oduyo_id, found["002"].retired_at) == (None, 2000.0)
    assert found["003"].refused is not None
    assert (found["003"].oduyo_id, found["003"].refused.words) == (None, "Geçersiz")


class CrashError(BaseException):
    """The process dies."""


def crash_after(patch: pytest.MonkeyPatch, writes: int) -> None:
    """The process dies right before its next write once so many have been made."""
    made = [0]

    def dying(work: Callable[..., object]) -> Callable[..., object]:
        def work_or_die(*args: object) -> object:
            if made[0] >= writes:
                raise CrashError
            made[0] += 1
            return work(*args)

        return work_or_die

    for name in ("write", "delete", "remove"):
        patch.setattr(Folder, name, dying(getattr(Folder, name)))


@pytest.mark.parametrize("writes", range(14))
@pytest.mark.parametrize("is_split_anew", [False, True], ids=["same buckets", "split anew"])
def test_a_merge_that_was_cut_off_anywhere_is_done_again(
    root: Folder, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, writes: int, is_split_anew: bool
) -> None:
    merge(ledger, stage_creates(root, KEYS[:20], partitions=3 if is_split_anew else 5))
    plan = stage_creates(root, KEYS[10:], partitions=5, run="run2")
    wanted = {key: Entry(key, "dag", str(100 + int(key))) for key in KEYS}
    with monkeypatch.context() as patch:
        crash_after(patch, writes)
        try:
            merge(ledger, plan)
        except CrashError:
            is_cut_off = True
        else:
            is_cut_off = False
    assert is_cut_off == (writes < (13 if is_split_anew else 6))
    for partitions in (1, 5):
        assert read(ledger, plan, partitions=partitions) == wanted
    merge(ledger, plan)
    assert read(ledger) == wanted
    assert ledger.buckets == 5


@pytest.mark.parametrize(("before", "after"), [(1, 5), (5, 1), (5, 3), (3, 8)])
def test_the_ledger_is_split_anew_when_the_number_of_buckets_changes(
    root: Folder, ledger: Ledger, before: int, after: int
) -> None:
    merge(ledger, stage_creates(root, KEYS[:30], partitions=before))
    wanted = {key: Entry(key, "dag", str(100 + int(key))) for key in KEYS[:30]}
    assert ledger.buckets == before
    assert read(ledger, partitions=after) == wanted
    merge(ledger, stage_creates(root, KEYS[20:], partitions=after, run="run2"), buckets=after)
    wanted |= {key: Entry(key, "dag", str(100 + int(key))) for key in KEYS[20:]}
    assert ledger.buckets == after
    assert read(ledger) == read(ledger, partitions=before) == wanted
    folders = [path.name for path in (Path(root.uri) / "_sites" / "here" / "ledger").iterdir()]
    assert folders == [str(after)]


def test_a_ledger_of_many_keys_is_split_though_each_plan_was_small(
    root: Folder, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "SINGLE_PARTITION_ROWS", 25)
    merge(ledger, stage_creates(root, KEYS[:25]))
    merge(ledger, stage_creates(root, KEYS[25:30], run="run2"))
    assert ledger.buckets == 1
    merge(ledger, stage_creates(root, KEYS[30:], run="run3"))
    assert ledger.buckets == 7
    assert set(read(ledger)) == set(KEYS)


class TestDamage:
    @pytest.fixture(autouse=True)
    def _merged(self, root: Folder, ledger: Ledger) -> None:
        merge(ledger, stage_creates(root))

    @pytest.mark.parametrize(
        "damaged",
        [
            b'{"integration_id": 7}\n',
            b'{"integration_id":"\xff"}\n',
            b'{"integration_id":"004","oduyo_id":"4x"}\n',
            b'{"integration_id":"004","oduyo_id":""}\n',
        ],
    )
    def test_one_damaged_line_costs_one_entry(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture, damaged: bytes
    ) -> None:
        lines = find_file(root).read_bytes().splitlines(keepends=True)
        lines[5] = damaged
        find_file(root).write_bytes(b"".join(lines))
        assert set(read(ledger)) == set(KEYS) - {"004"}
        assert "1 line of" in caplog.text
        assert "its record is compared as on a first run" in caplog.text

    def test_a_file_that_was_cut_keeps_what_is_left(self, root: Folder, ledger: Ledger) -> None:
        data = find_file(root).read_bytes()
        find_file(root).write_bytes(data[: len(data) // 2])
        assert 15 < len(read(ledger)) < 25

    def test_a_file_that_was_cut_at_the_end_of_a_line_says_how_many_are_gone(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        lines = find_file(root).read_bytes().splitlines(keepends=True)
        lines[5] = b"{\n"
        find_file(root).write_bytes(b"".join(lines[:-3]))
        assert set(read(ledger)) == set(KEYS[:-3]) - {"004"}
        assert "4 lines of" in caplog.text
        assert not ledger.is_whole(0, 1)

    def test_a_file_whose_lines_were_not_counted_yet_is_whole(self, root: Folder, ledger: Ledger) -> None:
        data = find_file(root).read_bytes()
        find_file(root).write_bytes(data.replace(b',"entries":40', b"", 1))
        assert (set(read(ledger)), ledger.is_whole(0, 1)) == (set(KEYS), True)

    @pytest.mark.parametrize("head", [b"", b"{\n", b"\xff\xfe\n"])
    def test_a_file_without_its_head_keeps_its_entries(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture, head: bytes
    ) -> None:
        _, _, entries = find_file(root).read_bytes().partition(b"\n")
        find_file(root).write_bytes(head + entries)
        assert set(read(ledger)) == set(KEYS)
        assert "does not begin as a ledger does" in caplog.text

    def test_an_empty_file_is_an_empty_ledger(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        find_file(root).write_bytes(b"")
        assert read(ledger) == {}
        assert "all.jsonl is empty or gone: its records are compared as on a first run" in caplog.text

    def test_a_lost_file_is_an_empty_ledger_that_the_next_merge_fills(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        find_file(root).unlink()
        assert read(ledger) == {}
        assert "all.jsonl is empty or gone" in caplog.text
        merge(ledger, stage_creates(root, KEYS[:3], run="run2"))
        assert set(read(ledger)) == set(KEYS[:3])

    def test_a_lost_ledger_is_as_on_a_first_run(self, root: Folder, ledger: Ledger) -> None:
        shutil.rmtree(Path(root.uri) / "_sites")
        assert read(ledger) == {}
        merge(ledger, stage_creates(root, KEYS[:3], run="run2"))
        assert set(read(ledger)) == set(KEYS[:3])

    @pytest.mark.parametrize("content", [None, "", '{"format":2,"buckets":', '{"format":2,"buckets":0}'])
    @pytest.mark.parametrize("buckets", [1, 7])
    def test_an_index_that_alone_cannot_be_read_is_told_from_the_files(
        self, root: Folder, ledger: Ledger, content: str | None, buckets: int
    ) -> None:
        merge(ledger, stage_creates(root, KEYS[:9], partitions=buckets, run="run2"))
        break_index(root, content)
        assert set(read(ledger)) == set(KEYS)
        assert ledger.buckets == buckets
        merge(ledger, stage_creates(root, KEYS[:3], run="run3"))
        assert find_file(root, "ledger.json").read_text().startswith(f'{{"format":2,"buckets":{buckets},')
        assert set(read(ledger)) == set(KEYS)

    def test_a_damaged_index_that_the_files_do_not_tell_has_a_message_of_its_own(
        self, root: Folder, ledger: Ledger
    ) -> None:
        break_index(root, "{")
        for bucket in range(2):
            ledger.write_bucket(bucket, 2, {})
        with pytest.raises(StateError, match=r"ledger\.json is damaged.*Restore it from a backup, or remove it"):
            read(ledger)

    def test_an_index_that_is_gone_beside_two_splits_is_asked_for(self, root: Folder, ledger: Ledger) -> None:
        break_index(root, None)
        for bucket in range(2):
            ledger.write_bucket(bucket, 2, {})
        with pytest.raises(StateError, match=r"ledger\.json is gone, and .* split in two ways\. Restore"):
            read(ledger)

    def test_an_index_that_is_gone_beside_half_a_split_is_said(
        self, root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture
    ) -> None:
        merge(ledger, stage_creates(root, KEYS[:9], partitions=7, run="run2"))
        find_file(root, "bucket-0003.jsonl").unlink()
        break_index(root, None)
        assert read(ledger) == {}
        assert "ledger.json is empty or gone: its records are compared as on a first run" in caplog.text

    def test_a_split_that_was_cut_off_does_not_count_where_the_index_is_told_from_the_files(
        self, root: Folder, ledger: Ledger
    ) -> None:
        break_index(root, "{")
        ledger.write_bucket(0, 2, {})
        assert set(read(ledger)) == set(KEYS)

    def test_an_index_without_any_file_is_damaged_and_no_index_at_all_a_first_run(
        self, root: Folder, ledger: Ledger
    ) -> None:
        find_file(root).unlink()
        break_index(root, "{")
        with pytest.raises(StateError, match=r"ledger\.json is damaged"):
            read(ledger)
        break_index(root, None)
        assert read(ledger) == {}

    def test_a_bucket_of_a_newer_format_is_refused(self, root: Folder, ledger: Ledger) -> None:
        data = find_file(root).read_bytes()
        find_file(root).write_bytes(data.replace(b'"format":2', b'"format":3', 1))
        with pytest.raises(StateError, match=r"all\.jsonl has the format 3, which a newer version"):
            read(ledger)

    def test_an_index_of_a_newer_format_is_refused(self, root: Folder, ledger: Ledger) -> None:
        find_file(root, "ledger.json").write_text('{"format":9,"unheard_of":true}')
        with pytest.raises(StateError, match="has the format 9"):
            read(ledger)


@pytest.mark.parametrize("takes_over", [False, True])
def test_an_entry_of_another_source_stays_unless_a_person_moves_it(
    root: Folder, ledger: Ledger, takes_over: bool
) -> None:
    merge(ledger, stage_creates(root, KEYS[:2]))
    changed = update("000", "100", description="theirs")
    snapshot = make_snapshot(source="other")
    reference = stage_plan(root, [changed], notes=[Entry("001", "other", "101")], run="run2", snapshot=snapshot)
    write_journal(root, reference, read_back(changed))
    plan = make_open(root, reference, takes_over=takes_over)
    merge(ledger, plan)
    assert {entry.source for entry in read(ledger).values()} == ({"other"} if takes_over else {"dag"})


def test_an_outdated_plan_only_fills_in_ids_that_are_missing(root: Folder, ledger: Ledger) -> None:
    newer = Entry("000", "dag", "100", date_sent="2026-02-01 00:00:00")
    merge(ledger, make_open(root, stage_plan(root, notes=[newer], run="run2")))
    known, unknown = update("000", "100", special_updated_in="2026-01-01 00:00:00"), create("001")
    older = Entry("000", "dag", "100", twins=("5",))
    reference = stage_plan(root, [unknown, known], notes=[older], forgotten=["000"])
    write_journal(root, reference, read_back(known), read_back(unknown, "101"))
    merge(ledger, make_open(root, reference), is_outdated=True)
    assert read(ledger) == {"000": newer, "001": Entry("001", "dag", "101")}


def test_a_plan_whose_files_are_gone_is_left_out_with_a_warning(
    root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    merge(ledger, stage_creates(root, KEYS[:2]))
    plan = stage_creates(root, KEYS[2:4], run="run2")
    shutil.rmtree(Path(root.uri) / "dag" / "run2")
    with caplog.at_level(logging.WARNING):
        assert set(read(ledger, plan)) == set(KEYS[:2])
        merge(ledger, plan)
    assert "cannot be read any more, so its records are compared as on a first run" in caplog.text
    assert set(read(ledger)) == set(KEYS[:2])


@pytest.mark.parametrize("damage", ["journal", "changes"])
def test_of_a_plan_one_part_that_is_damaged_is_left_out_with_a_warning(
    root: Folder, ledger: Ledger, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    plan = stage_creates(root, KEYS, partitions=4)
    part = open_part(root, plan.parts[1])
    damaged = {change.integration_id for change in part.read_changes()}
    if damage == "journal":
        part.journal.write("try1.outcomes.jsonl", b"{]\n")
    else:
        part.folder.write("changes.jsonl", b"{]\n")
    assert set(read(ledger, plan, partitions=4)) == set(KEYS) - damaged
    merge(ledger, plan)
    assert set(read(ledger)) == set(KEYS) - damaged
    assert "has a line that cannot be read" in caplog.text or "is not as it was written" in caplog.text


@pytest.mark.parametrize("work", ["read", "open_lines"])
def test_a_storage_that_does_not_answer_is_an_error_and_loses_nothing(
    root: Folder, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    plan = stage_creates(root, KEYS[:2])

    def fail(self: Disk, name: str, *_part: object) -> bytes:
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Disk, work, fail)
        with pytest.raises(StagingError, match="I/O error"):
            merge(ledger, plan)
    merge(ledger, plan)
    assert set(read(ledger)) == set(KEYS[:2])


def test_create_mode_leaves_the_ledger_alone(root: Folder, ledger: Ledger) -> None:
    merge(ledger, stage_creates(root, KEYS[:1]))
    again = [create("000"), create("001")]
    params = parse_params({"sync_mode": "create"})
    reference = stage_plan(root, again, run="run2", params=params)
    write_journal(root, reference, *(read_back(change, "900") for change in again))
    plan = make_open(root, reference)
    assert read(ledger, plan) == {"000": Entry("000", "dag", "100")}
    merge(ledger, plan)
    assert read(ledger) == {"000": Entry("000", "dag", "100")}


@pytest.mark.parametrize("is_finished", [True, False])
def test_what_may_have_been_sent_is_remembered_alike_before_and_after_it_is_merged(
    root: Folder, ledger: Ledger, is_finished: bool
) -> None:
    merge(ledger, stage_creates(root, KEYS[:1]))
    changes = [create("001"), create("002"), create("003"), update("000", "100", description="x")]
    reference = stage_plan(root, changes, run="run2")
    doubtful = Result(changes[1].key, Outcome.DOUBTFUL, at=2010.0)
    never_left = Result(changes[2].key, Outcome.NOT_APPLIED, at=2010.0, harmless=1)
    write_journal(root, reference, doubtful, never_left, intended=[changes[0], changes[3]])
    plan = make_open(root, reference, is_finished=is_finished)
    expected = {
        "000": Entry("000", "dag", "100"),
        "001": Entry("001", "dag", sent_at=2000.0),
        "002": Entry("002", "dag", sent_at=2010.0),
    }
    assert read(ledger, plan) == expected
    merge(ledger, plan)
    merge(ledger, plan)
    assert read(ledger) == read(ledger, plan) == expected


def test_a_plan_that_has_sent_nothing_leaves_the_ledger_as_it_was(root: Folder, ledger: Ledger) -> None:
    plan = make_open(root, stage_plan(root, [create("000")]))
    assert read(ledger, plan) == {}


@pytest.mark.parametrize("is_outdated", [True, False])
def test_what_another_source_made_is_not_taken_by_having_been_sent(
    root: Folder, ledger: Ledger, is_outdated: bool
) -> None:
    merge(ledger, stage_creates(root, KEYS[:1]))
    reference = stage_plan(root, [create("000")], run="run2", snapshot=make_snapshot(source="other"))
    write_journal(root, reference, intended=[create("000")])
    merge(ledger, make_open(root, reference, source="other"), is_outdated=is_outdated)
    assert read(ledger) == {"000": Entry("000", "dag", "100")}


def test_guids_are_one_key_whatever_their_case(root: Folder, ledger: Ledger) -> None:
    guid = "6F9619FF-8B86-D011-B42D-00C04FC964FF"

    def merge_one(change: Change, run: str) -> None:
        reference = stage_plan(root, [change], run=run)
        write_journal(root, reference, read_back(change, "7"))
        merge(ledger, make_open(root, reference))

    merge_one(create(guid), "run1")
    merge_one(update(guid.lower(), "7", description="x"), "run2")
    assert list(read(ledger)) == [guid.lower()]

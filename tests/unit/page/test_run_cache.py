"""The cache: what was read is not read again, what changed is, and memory stays bounded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import StagingError
from oduyo_provider.page import run_cache
from oduyo_provider.page.run_cache import RunCache
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.archive import fetch_run
from oduyo_provider.sync.staging.layout import TABLE
from tests.unit.page.staged import StagingWriter


@pytest.fixture
def writer(tmp_path: Path) -> StagingWriter:
    return StagingWriter(tmp_path)


def test_an_ended_run_is_read_once(writer: StagingWriter) -> None:
    writer.plan("r", ["1", "2"])
    cache = RunCache()
    opened = cache.open(writer.find("r"), is_going=False)
    assert opened.index.counts == {"not_applied": 2}
    assert cache.open(writer.find("r"), is_going=False) is opened


def test_an_ended_run_that_got_another_result_is_read_again(writer: StagingWriter) -> None:
    plan = writer.plan("r", ["1", "2"])
    cache = RunCache()
    cache.open(writer.find("r"), is_going=False)
    writer.settle("r", plan, ["1"])
    assert cache.open(writer.find("r"), is_going=False).index.counts == {"created": 1, "not_applied": 1}


def test_what_was_sent_waits_while_the_run_goes_and_is_doubtful_once_it_has_ended(writer: StagingWriter) -> None:
    plan = writer.plan("r", ["1", "2", "3"])
    cache = RunCache()
    writer.settle("r", plan, ["1"])
    first = cache.open(writer.find("r"), is_going=True)
    writer.settle("r", plan, ["2"])
    writer.intend("r", plan, ["3"])
    second = cache.open(writer.find("r"), is_going=True)
    assert (first.index.counts["created"], second.index.counts["created"]) == (1, 2)
    (waiting,) = second.index.read(second.index.find(Wanted(outcome=["waiting"])))
    assert waiting.reason == "sent, the answer is awaited"
    assert {outcome for _, outcome, _ in second.outcomes.changes} == {Outcome.DONE, Outcome.NOT_APPLIED}
    ended = cache.open(writer.find("r"), is_going=False)
    (doubtful,) = ended.index.read(ended.index.find(Wanted(outcome=["doubtful"])))
    assert doubtful.reason == "the task ended before it was known whether it arrived"
    assert {outcome for _, outcome, _ in ended.outcomes.changes} == {Outcome.DONE, Outcome.DOUBTFUL}


@pytest.mark.parametrize(("bound", "most"), [("MAX_LINES", 3), ("MAX_RUNS", 2)])
def test_the_least_recently_asked_for_is_dropped(
    writer: StagingWriter, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(run_cache, bound, most)
    for name in ("a", "b", "c"):
        writer.plan(name, ["1", "2"])
    cache = RunCache()
    opened = {name: cache.open(writer.find(name), is_going=False) for name in ("a", "b")}
    for run in opened.values():
        assert len(run.index.find(Wanted(search="k.1"))) == 1
    assert cache.open(writer.find("a"), is_going=False) is opened["a"]
    assert len(cache.open(writer.find("c"), is_going=False).index.find(Wanted(search="k.1"))) == 1
    cache.open(writer.find("a"), is_going=True)
    assert cache.open(writer.find("b"), is_going=False) is not opened["b"]


def test_a_run_larger_than_the_bound_is_held_alone(writer: StagingWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_cache, "MAX_LINES", 1)
    writer.plan("a", ["1", "2", "3"])
    cache = RunCache()
    opened = cache.open(writer.find("a"), is_going=False)
    assert len(opened.index.find(Wanted(search="k.1"))) == 1
    assert cache.open(writer.find("a"), is_going=False) is opened


def test_what_was_searched_is_not_read_again_where_nothing_changed(
    writer: StagingWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, cache = writer.plan("r", ["1", "2"]), RunCache()
    assert len(cache.open(writer.find("r"), is_going=True).index.find(Wanted(search="k.2"))) == 1
    writer.write_table("r", plan)
    monkeypatch.setattr("oduyo_provider.page.change_index.read_lines", None)
    assert len(cache.open(writer.find("r"), is_going=True).index.find(Wanted(search="k.2"))) == 1


def test_a_table_of_an_earlier_plan_is_not_opened(writer: StagingWriter) -> None:
    writer.plan("r", ["1", "2"])
    run = writer.find("r")
    written_at = run.files[(TABLE,)]
    for since, lines in ((written_at, 2), (written_at + 1, 0)):
        opened = RunCache().open(run, is_going=True, since=since)
        assert (opened.table is not None, opened.is_planned, len(opened.index)) == (lines > 0, lines > 0, lines)


def test_the_plan_that_was_listed_and_written_last_counts(writer: StagingWriter) -> None:
    writer.plan("r", ["1", "2"])
    writer.plan("r", ["3"], attempt="try2-b", listed_at=9.0)
    opened = RunCache().open(writer.find("r"), is_going=False)
    assert [entry.integration_id for entry in opened.index.read([0])] == ["3"]


def test_a_table_of_a_newer_version_is_an_error(writer: StagingWriter) -> None:
    writer.plan("r", ["1"])
    folder = writer.root.child("dag", "r")
    table = msgspec.json.decode(folder.read(TABLE))
    folder.write(TABLE, msgspec.json.encode({**table, "format": 2}))
    with pytest.raises(StagingError, match="newer version"):
        RunCache().open(writer.find("r"), is_going=False)


def test_a_folder_that_is_no_run_is_none(writer: StagingWriter) -> None:
    writer.root.child("dag", "r").write("notes.txt", b"x")
    assert fetch_run(writer.root, "dag", "r") == []
    assert fetch_run(writer.root, "_sites", "r") == []

"""A site that takes a create for an update of a record that it cannot tell from the new one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

BY_CODE = {"habit": "unique", "how": "update", "by": "code"}


def make_rows(keys: Sequence[str], codes: Sequence[str]) -> list[Row]:
    return [
        {"integration_id": key, "code": code, "description": f"of {key}"} for key, code in zip(keys, codes, strict=True)
    ]


OLD = make_rows([f"{number}" for number in range(1, 13)], [f"KOD.{number}" for number in range(1, 13)])


def test_the_first_record_that_is_written_over_stops_the_run_and_every_later_create(site: Sandbox, dag: Nights) -> None:
    assert dag.night(OLD).is_green
    before = {record["id"]: record for record in site.records()}
    site.set_habits(BY_CODE)
    more = make_rows([f"9{number:02d}" for number in range(12)], [str(row["code"]) for row in OLD])
    night = dag.night([*OLD, *more])
    assert not night.is_green
    assert night.figures == {"extracted": 24, "unchanged": 12, "failed": 1, "not_applied": 11}
    changed = [record for record in site.records() if record != before[record["id"]]]
    assert len(changed) == 1
    [old] = [row["integration_id"] for row in OLD if row["code"] == changed[0]["code"]]
    assert f"wrote the row {changed[0]['integration_id']} over its record {changed[0]['id']}" in night.why
    assert f"which was '{old}' until then" in night.why

    creates = site.counts()["create"]
    nights = [dag.night([*OLD, *more]) for _ in range(2)]
    assert [night.is_green for night in nights] == [False, False]
    assert site.counts()["create"] == creates, "nothing more is written over"
    assert "keep two rows under one key, or as one record" in nights[1].why


def test_a_record_of_another_source_or_of_a_person_is_not_taken_over_silently(site: Sandbox, dag: Nights) -> None:
    site.seed([{"integration_id": "THEIRS", "code": "KOD.1", "description": "theirs", "status": "1"}])
    site.set_habits(BY_CODE)
    night = dag.night(OLD, release=["look_alikes"])
    assert not night.is_green
    assert night.figures["failed"] == 1
    assert "which was 'THEIRS' until then" in night.why


def test_where_the_first_record_was_new_few_are_written_over_before_it_shows(site: Sandbox, dag: Nights) -> None:
    old = make_rows([f"{number}" for number in range(1, 201)], [f"KOD.{number}" for number in range(1, 201)])
    assert dag.night(old).is_green
    site.set_habits(BY_CODE)
    first = {**make_rows(["900"], ["NEU"])[0], "description": "ŞĞİ ı & ' long " * 5}  # shows most, so it goes first
    over = make_rows([f"8{number:03d}" for number in range(200)], [str(row["code"]) for row in old])
    night = dag.night([*old, first, *over])
    assert not night.is_green
    assert "CanaryError" in night.why
    written = [
        record for record in site.records() if record["integration_id"] in {row["integration_id"] for row in over}
    ]
    assert 1 <= len(written) <= 32
    assert night.report.created == 1
    assert night.report.not_applied >= 150


@pytest.mark.parametrize("habit", [{"habit": "create_text", "answer": "Kayıt eklendi"}, {"habit": "number"}])
def test_it_shows_also_where_the_answer_names_no_record_and_where_keys_are_kept_otherwise(
    site: Sandbox, dag: Nights, habit: dict[str, str]
) -> None:
    assert dag.night(OLD).is_green
    site.set_habits(BY_CODE, habit)
    night = dag.night([*OLD, *make_rows(["00900"], ["KOD.5"])])
    assert not night.is_green
    assert night.figures["failed"] == 1
    assert "wrote the row 00900 over its record" in night.why


@pytest.mark.parametrize("codes", [["NEU.1"], ["NEU.1", "NEU.2"]])
def test_once_the_rows_differ_a_release_lets_one_be_tried_and_the_rest_follows(
    site: Sandbox, dag: Nights, codes: list[str]
) -> None:
    assert dag.night(OLD).is_green
    site.set_habits(BY_CODE)
    keys = [f"90{number}" for number in range(len(codes))]
    assert not dag.night([*OLD, *make_rows(keys[:1], ["KOD.5"])]).is_green
    rows = [*OLD, *make_rows(keys, codes)]
    nights = [dag.night(rows, release=release) for release in (["key_altered"], ["vanished", "key_altered"])]
    assert not nights[0].is_green, "the record that was written over is waited for"
    assert nights[1].is_green, nights[1].why
    assert {record["integration_id"] for record in site.records()} == {row["integration_id"] for row in rows}
    assert dag.night([*rows, *make_rows(["999"], ["NEU.9"])]).is_green, "nothing is remembered of the site"


@pytest.mark.parametrize("count", [0, 12])
def test_what_the_same_plan_made_is_not_written_over_either(site: Sandbox, dag: Nights, count: int) -> None:
    old = OLD[:count]
    if old:
        assert dag.night(old).is_green
    site.set_habits(BY_CODE)
    night = dag.night([*old, *make_rows(["0001", "0002"], ["K", "K"])])
    assert not night.is_green
    assert "over its record" in night.why
    assert (night.report.created, night.report.failed, night.report.doubtful) == (0, 1, 1)


def test_a_release_is_spent_only_by_a_create(site: Sandbox, dag: Nights) -> None:
    assert dag.night(OLD).is_green
    site.set_habits(BY_CODE)
    assert not dag.night([*OLD, *make_rows(["900"], ["KOD.5"])]).is_green
    without = [row for row in OLD if row["integration_id"] != "5"]
    changed = [{**row, "description": "neu"} if row["integration_id"] == "1" else row for row in without]
    assert dag.night([*changed, *make_rows(["900"], ["KOD.5"])], release=["key_altered"]).is_green
    creates = site.counts()["create"]
    night = dag.night([*changed, *make_rows(["900", "901"], ["KOD.5", "KOD.6"])])
    assert "keep two rows under one key, or as one record" in night.why
    assert site.counts()["create"] == creates

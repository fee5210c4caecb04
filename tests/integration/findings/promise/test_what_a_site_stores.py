"""Green means in step: what is stored is what was sent, or a form of it that a person has seen and accepted."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from oduyo_provider.sync.staging.layout import SITES
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 30


def make_rows(count: int = COUNT, text: str = "Şube", **fields: object) -> list[Row]:
    return [
        {"integration_id": f"{n:05d}", "code": f"KOD.{n}", "status": "1", "description": f"{text} {n}", **fields}
        for n in range(1, count + 1)
    ]


@pytest.mark.parametrize("first", ["create", "update"])
def test_a_fault_of_one_moment_is_red_and_mended_the_next_night(site: Sandbox, dag: Nights, first: str) -> None:
    if first == "update":
        assert dag.night(make_rows()).is_green
    edits = [
        {
            "at": {"call": first, "keys": f"{n:05d}", "number": 1, "when": "after"},
            "do": {"do": "edit", "id": "it", "fields": {"description": f"Şube {n + 1} adı"}},
        }
        for n in range(2, 12)
    ]
    site.set_script(*edits)
    night = dag.night(make_rows(text="Yeni"), release=["updates"])
    assert (night.is_green, night.report.failed) == (False, 10)
    after = dag.night(make_rows(text="Yeni"))
    assert after.is_green, after.why
    assert {record["description"] for record in site.records()} == {f"Yeni {n}" for n in range(1, COUNT + 1)}


def test_a_status_that_a_create_ignores_is_red_and_set_by_the_next_run(site: Sandbox, dag: Nights) -> None:
    rows = make_rows()
    for row in rows[25:]:
        row["status"] = "P"
    site.set_habits({"habit": "ignore", "call": "create", "fields": ["status"]})
    night = dag.night(rows)
    assert (night.is_green, night.report.failed, night.report.created) == (False, 5, 25)
    after = dag.night(rows)
    assert after.is_green, after.why
    assert Counter(record["status"] for record in site.records())["0"] == 5


@pytest.mark.parametrize("released", [[], ["letters"]], ids=["released nothing", "released letters"])
def test_texts_of_which_nothing_is_stored_are_never_in_step(site: Sandbox, dag: Nights, released: list[str]) -> None:
    assert dag.night(make_rows()).is_green
    site.set_readings(silently_cut={"description": 0})
    nights = [dag.night(make_rows(text="Yeni"), release=["updates", *released]) for _ in range(3)]
    assert [night.is_green for night in nights] == [False] * 3
    # One at a time: where a person insists, the first of each night.
    assert sum(not record["description"] for record in site.records()) == (3 if released else 1)
    site.set_readings(silently_cut={})
    assert dag.night(make_rows(text="Yeni"), release=["updates", "letters"]).is_green


def test_who_does_what_each_message_says_comes_to_an_end(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows(text="Kod")).is_green
    site.set_habits({"habit": "letters", "to": "question", "field": "*"})
    release: list[str] = []
    for _ in range(3):
        night = dag.night(make_rows(text="Şube"), release=release)
        if night.is_green:
            break
        [told, *_] = re.findall(r"release (\[[^]]*\])", night.why)
        release = json.loads(told)
    assert night.is_green, night.why
    assert release == ["letters", "updates:30"]


def test_a_site_that_counts_keys_is_in_step_again_after_its_memory_is_lost(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "number", "field": "key2"}, {"habit": "number", "field": "typecode"})
    rows = make_rows(key2="01", typecode="026")
    dag.night(rows)
    assert dag.night(rows, release=["letters"]).is_green
    dag.root.child(SITES).remove()
    night = dag.night(rows, release=["updates", "letters"])
    assert night.is_green, night.why
    assert dag.night(rows).figures == {"extracted": COUNT, "unchanged": COUNT}


def test_what_a_gateway_says_by_chance_keeps_no_row_out_for_longer_than_a_night(site: Sandbox, dag: Nights) -> None:
    site.set_faults({"call": "create", "kind": "status", "status": 502, "match": {"integration_id": "00007"}})
    dag.night(make_rows())
    site.set_faults()
    assert dag.night(make_rows()).is_green
    assert len(site.records()) == COUNT

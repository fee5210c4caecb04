"""A9 and A20: a person edits, deletes or doubles a record after the plan was made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oduyo_provider.sync.apply.confirmed import CHANGED_BESIDE
from oduyo_provider.sync.apply.readback import REKEYED
from oduyo_provider.sync.site.state import SiteCheck
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 20
MINUTE_S = 60.0
#: The record that the person sees to.
IT = 15


def make_rows(text: str = "yeni", **fields: object) -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text, "status": "1", **fields}
        for number in range(1, COUNT + 1)
    ]


@pytest.fixture
def old(dag: Nights) -> Nights:
    """A DAG whose records have been made."""
    assert dag.night(make_rows("eski")).is_green
    return dag


def find(site: Sandbox, key: int = IT) -> dict[str, str | None]:
    (record,) = [record for record in site.records() if record["integration_id"] == str(key)]
    return dict(record)


def after(dag: Nights, seconds: float, work: Callable[[], object]) -> Callable[[int], None]:
    """Before load: the work is done, and the plan is so old."""

    def do(number: int) -> None:
        if number == 1:
            dag.wait(seconds)
            work()

    return do


@pytest.mark.parametrize("old_s", [MINUTE_S, 14 * MINUTE_S, 26 * 3600.0], ids=["a minute", "14 min", "a day"])
@pytest.mark.parametrize("keeps_absent", [True, False])
def test_a9_what_a_person_wrote_into_other_fields_before_the_look_is_kept(
    site: Sandbox, old: Nights, old_s: float, keeps_absent: bool
) -> None:
    site.set_readings(update_keeps_absent=keeps_absent)
    edit = after(old, old_s, lambda: site.edit(str(find(site)["id"]), space1="elle", note="not"))
    night = old.night(make_rows(), release=["updates"], before_load=edit)
    assert night.is_green, night.why
    record = find(site)
    assert (record["description"], record["space1"], record["note"]) == ("yeni", "elle", "not")


@pytest.mark.parametrize("keeps_absent", [True, False])
@pytest.mark.parametrize("is_partial", [True, False])
def test_a9_what_a_person_wrote_before_the_look_into_a_field_that_the_row_has_is_kept_until_the_next_run(
    site: Sandbox, dag: Nights, keeps_absent: bool, is_partial: bool
) -> None:
    site.set_readings(update_keeps_absent=keeps_absent or is_partial)
    assert dag.night(make_rows("eski", space1="ERP")).is_green
    dag.state().note_check(SiteCheck(partial_updates=is_partial))
    edit = after(dag, MINUTE_S, lambda: site.edit(str(find(site)["id"]), space1="elle", note="not"))
    night = dag.night(make_rows(space1="ERP"), release=["updates"], before_load=edit)
    assert (night.is_green, night.figures["updated"]) == (True, COUNT), night.why
    record = find(site)
    assert (record["description"], record["space1"], record["note"]) == ("yeni", "elle", "not")
    night = dag.night(make_rows(space1="ERP"))
    assert (night.is_green, night.figures["updated"], find(site)["space1"]) == (True, 1, "ERP")


def test_a9_what_a_site_escapes_at_each_write_shows_on_one_record_and_is_kept_once_that_is_released(
    site: Sandbox, old: Nights
) -> None:
    for key in (5, IT):
        site.edit(str(find(site, key)["id"]), note="Ali &amp; Veli")
    site.set_habits({"habit": "escape", "how": "html", "field": "*"})
    night = old.night(make_rows(), release=["updates"])
    assert "'Ali &amp; Veli' became 'Ali &amp;amp; Veli'" in night.why
    notes = {key: find(site, key)["note"] for key in (5, IT)}
    assert sorted(map(str, notes.values())) == ["Ali &amp; Veli", "Ali &amp;amp; Veli"]
    for text in ("yeni", "daha yeni", "en yeni"):
        night = old.night(make_rows(text), release=["updates", "letters"])
        assert night.is_green, night.why
        assert {key: find(site, key)["note"] for key in (5, IT)} == notes


def test_a9_that_a_site_escapes_is_not_forgotten_for_another_letter(site: Sandbox, old: Nights) -> None:
    site.edit(str(find(site)["id"]), note="Ali &amp; Veli")
    site.set_habits({"habit": "letters", "to": "ascii", "field": "*"}, {"habit": "escape", "how": "html", "field": "*"})
    old.night(make_rows("SATIŞ & ŞUBE"), release=["updates", "letters"])
    note = find(site)["note"]
    for text in ("ÇARŞI", "İKİ", "ÜÇ & BEŞ", "ÖĞE"):
        night = old.night(make_rows(text), release=["updates", "letters"])
        assert night.is_green, night.why
        assert find(site)["note"] == note


def test_a9_what_a_person_wrote_between_look_and_sending_is_kept_where_partial_updates_are_known_to_work(
    site: Sandbox, old: Nights
) -> None:
    old.state().note_check(SiteCheck(partial_updates=True))
    site.set_script(
        {
            "at": {"call": "update", "keys": str(IT)},
            "do": {"do": "edit", "id": "it", "fields": {"space1": "elle", "note": "not"}},
        }
    )
    night = old.night(make_rows(), release=["updates"])
    assert night.is_green, night.why
    record = find(site)
    assert (record["description"], record["space1"], record["note"]) == ("yeni", "elle", "not")


@pytest.mark.parametrize("field", ["description", "status", "key1", "key2"])
@pytest.mark.parametrize("old_s", [2 * MINUTE_S, 26 * 3600.0], ids=["2 min", "a day"])
def test_a20_what_a_person_wrote_into_a_field_of_the_change_or_of_its_identity_makes_it_stale(
    site: Sandbox, old: Nights, field: str, old_s: float
) -> None:
    value = {"status": "0"}.get(field, "elle")
    edit = after(old, old_s, lambda: site.edit(str(find(site)["id"]), **{field: value}))
    night = old.night(make_rows(), release=["updates"], before_load=edit)
    assert not night.is_green
    assert night.figures == {"extracted": COUNT, "updated": COUNT - 1, "stale": 1}
    assert find(site)[field] == value


@pytest.mark.parametrize("old_s", [10 * MINUTE_S, 24 * 3600.0], ids=["10 min", "a day"])
def test_a20_an_approved_plan_is_looked_at_however_young_or_old_the_approval_is(
    site: Sandbox, old: Nights, old_s: float
) -> None:
    def change() -> None:
        site.edit(str(find(site)["id"]), description="elle")
        site.edit(str(find(site, 3)["id"]), description="yeni")
        site.delete(str(find(site, 7)["id"]))

    night = old.night(make_rows(), on_unsafe="ask", before_load=after(old, old_s, change))
    assert night.figures == {"extracted": COUNT, "updated": COUNT - 2, "stale": 2}
    assert find(site)["description"] == "elle"
    assert len([write for write in site.writes() if write["call"] == "update"]) == COUNT - 3
    assert len(site.records()) == COUNT - 1


def test_a20_an_approved_deletion_of_a_record_that_a_person_has_changed_since_is_not_carried_out(
    site: Sandbox, old: Nights
) -> None:
    rows = make_rows("eski")[:5]
    edit = after(old, 24 * 3600.0, lambda: site.edit(str(find(site)["id"]), note="hâlâ gerekli"))
    wants = {"on_missing": "delete", "missing_runs": 1, "on_unsafe": "ask"}
    night = old.night(rows, before_load=edit, **wants)
    assert night.report.deleted == COUNT - 5 - 1
    assert night.report.kept_missing == 1
    assert find(site)["note"] == "hâlâ gerekli"


def test_a20_an_approved_create_whose_record_somebody_has_made_since_is_not_made_again(
    site: Sandbox, dag: Nights
) -> None:
    site.seed([{"integration_id": "900", "code": "A", "status": "1"}])

    def make() -> None:
        site.create(integration_id="15", code="KOD.15", description="yeni", status="1")
        site.create(integration_id="16", code="BAŞKA", description="elle", status="1")

    night = dag.night(make_rows(), before_load=after(dag, 24 * 3600.0, make))
    assert night.figures == {"extracted": COUNT, "created": COUNT - 1, "stale": 1}
    assert site.counts()["create"] == COUNT - 2
    assert find(site, 16)["description"] == "elle"


@pytest.mark.parametrize("key", ["ELLE", ""])
@pytest.mark.parametrize("call", ["create", "update"])
def test_a9_a_record_that_a_person_gave_another_key_while_it_was_written_is_that_person_s_from_then_on(
    site: Sandbox, dag: Nights, call: str, key: str
) -> None:
    wants = {"release": ["updates"], "on_missing": "delete", "missing_runs": 1}
    if call == "update":
        assert dag.night(make_rows("eski")).is_green
    site.set_script(
        {
            "at": {"call": call, "keys": str(IT), "when": "after"},
            "do": {"do": "edit", "id": "it", "fields": {"integration_id": key}},
        }
    )
    night = dag.night(make_rows(), **wants)
    assert not night.is_green
    assert (night.report.failed, night.report.reasons) == (1, {f"failed: {REKEYED}": 1})
    assert "key_altered" not in night.why
    night = dag.night(make_rows(), **wants)
    assert (night.report.vanished, night.is_green) == (1, False)
    without = [row for row in make_rows() if row["integration_id"] != IT]
    for _ in range(3):
        assert not dag.night(without, **wants).report.deleted
    assert [record["description"] for record in site.records() if (record["integration_id"] or "") == key] == ["yeni"]


def test_a9_the_second_of_those_that_go_alone_was_given_another_key_by_a_person_too(site: Sandbox, dag: Nights) -> None:
    texts = {3: "ŞĞÜ", IT: "A & B"}  # the first for its letters, the second for the sign that sites escape
    rows = [{**row, "description": texts.get(int(str(row["integration_id"])), "yeni")} for row in make_rows()]
    edit = {"do": "edit", "id": "it", "fields": {"integration_id": "ELLE"}}
    site.set_script({"at": {"call": "create", "keys": str(IT), "when": "after"}, "do": edit})
    night = dag.night(rows)
    made = [write["column"]["integration_id"] for write in site.writes()]
    assert made[:2] == ["3", str(IT)]
    assert (night.is_green, night.report.created, night.report.reasons) == (False, COUNT - 1, {f"failed: {REKEYED}": 1})


@pytest.mark.parametrize("first", [3, IT], ids=["among the others", "the one that goes alone"])
def test_a9_what_a_person_wrote_into_another_field_of_a_row_while_it_was_written_is_not_green(
    site: Sandbox, old: Nights, first: int
) -> None:
    rows = [{**row, "description": "ŞĞÜ" if row["integration_id"] == first else "yeni"} for row in make_rows()]
    edit = {"do": "edit", "id": "it", "fields": {"code": "ELLE"}}
    site.set_script({"at": {"call": "update", "keys": str(IT), "when": "after"}, "do": edit})
    night = old.night(rows, release=["updates"])
    updated = [write["column"]["integration_id"] for write in site.writes() if write["call"] == "update"]
    assert updated[0] == str(first)
    assert (night.is_green, night.report.failed, night.report.reasons) == (False, 1, {f"failed: {CHANGED_BESIDE}": 1})
    assert find(site)["code"] == "ELLE"
    night = old.night(rows, release=["updates"])
    assert (night.is_green, night.figures["updated"], find(site)["code"]) == (True, 1, f"KOD.{IT}")


def test_a9_a_site_that_changes_another_field_of_each_row_is_stopped_after_three_and_may_be_accepted(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows("eski", space1="ERP")).is_green
    edit = {"do": "edit", "id": "it", "fields": {"space1": "API"}}
    site.set_script(
        *({"at": {"call": "update", "keys": str(key), "when": "after"}, "do": edit} for key in range(1, COUNT + 1))
    )
    night = dag.night(make_rows(space1="ERP"), release=["updates"])
    assert (night.is_green, night.report.failed, night.report.not_applied) == (False, 3, COUNT - 3)
    assert "Ödüyo stores space1 otherwise than it was sent: 'ERP' became 'API'" in night.why
    assert [record["space1"] for record in site.records()].count("ERP") == COUNT - 3
    night = dag.night(make_rows(space1="ERP"), release=["updates", "letters"])
    assert night.is_green, night.why
    assert dag.night(make_rows(space1="ERP")).report.writes == 0

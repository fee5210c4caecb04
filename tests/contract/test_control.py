"""The control plane over HTTP, and the same through the Python handle."""

from __future__ import annotations

import time

import pytest

from sandbox.oduyo.readings import parse_argument, parse_readings
from sandbox.oduyo.resources import RESOURCES, SPECIAL_CODE, Resource
from sandbox.oduyo.server import Sandbox
from tests.contract.calls import TIMEOUT_S, Caller


def test_reset_forgets_everything(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_faults({"kind": "html", "call": "list"})
    caller.sandbox.set_readings(list_cap=1)
    caller.sandbox.set_habits("cut=20")
    assert caller.control("reset").status_code == 200
    log = caller.look("log").json()
    assert (log["requests"], log["sessions"]) == ([], [])
    assert set(log["counters"].values()) == {0}
    assert caller.look("records").json() == caller.look("faults").json() == caller.look("habits").json() == []
    assert caller.look("readings").json()["list_cap"] is None
    assert caller.list_records().status_code == 401
    assert "<1>" in caller.log_in().create().json()["data"]


def test_reset_drops_late_commits(caller: Caller) -> None:
    caller.sandbox.set_readings(late_commit_s=10)
    caller.create()
    caller.sandbox.reset()
    caller.sandbox.advance(20)
    assert caller.sandbox.records() == []


def test_reset_turns_the_clock_back(caller: Caller) -> None:
    caller.sandbox.advance(100 * 366 * 86_400)
    caller.sandbox.seed([{"code": "A"}])
    then = str(caller.sandbox.records()[0]["created_in"])
    caller.sandbox.reset()
    caller.sandbox.seed([{"code": "A"}])
    now = str(caller.sandbox.records()[0]["created_in"])
    assert int(then[:4]) > int(now[:4]) + 90


def test_records_shows_what_is_stored(caller: Caller) -> None:
    caller.create()
    assert caller.look("records").json() == caller.sandbox.records() == caller.list_records().json()["data"]


def test_readings_change_one_by_one(caller: Caller) -> None:
    caller.control("readings", {"list_cap": 5})
    answer = caller.control("readings", {"single_session": True})
    assert answer.status_code == 200
    assert (answer.json()["list_cap"], answer.json()["single_session"]) == (5, True)
    assert caller.look("readings").json() == answer.json() == caller.sandbox.readings()


@pytest.mark.parametrize(
    "change",
    [{"unknown": 1}, {"list_cap": 0}, {"login_refusal": 500}, {"latency_s": -1}, {"silently_cut": {"code": "5"}}, []],
    ids=str,
)
def test_a_malformed_reading_is_refused_and_changes_nothing(caller: Caller, change: object) -> None:
    before = caller.sandbox.readings()
    answer = caller.control("readings", change)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert caller.sandbox.readings() == before


def test_seed_takes_chosen_and_next_ids(caller: Caller) -> None:
    answer = caller.control("seed", {"records": [{"id": "7", "code": "A"}, {"code": "B"}, {"id": "3", "note": "n"}]})
    assert answer.json() == {"ids": [7, 8, 3]}
    assert caller.ids() == ["3", "7", "8"]
    assert "<9>" in caller.create().json()["data"]


def test_seeded_records_are_stamped_unless_told(caller: Caller) -> None:
    caller.sandbox.seed([{"code": "A"}, {"code": "B", "created_in": "2001-01-01 00:00:00", "description": None}])
    first, second = caller.list_records().json()["data"]
    assert first["created_in"]
    assert second["created_in"] == "2001-01-01 00:00:00"
    assert second["description"] == ""


@pytest.mark.parametrize(
    "records", [[{"id": "1"}], [{"id": "5"}, {"id": "5"}], [{"code": "B"}, {"name": "x"}], [{"id": "x"}]], ids=str
)
def test_a_seed_that_does_not_fit_is_refused_whole(caller: Caller, records: list[dict[str, str]]) -> None:
    caller.sandbox.seed([{"code": "A"}])
    assert caller.control("seed", {"records": records}).status_code == 400
    assert caller.ids() == ["1"]


def test_many_records_can_be_seeded_and_paged(caller: Caller) -> None:
    caller.sandbox.seed({"integration_id": str(number), "code": f"K{number}"} for number in range(20_000))
    above = [{"field": "id", "operator": ">", "value": "19500"}]
    assert caller.ids(filters=above) == [str(number) for number in range(19_501, 20_001)]


def test_the_dump_tells_who_made_each_record(caller: Caller) -> None:
    caller.sandbox.seed([{"code": "A"}])
    caller.create()
    caller.sandbox.create(code="PANEL")
    dump = caller.look("dump").json()
    assert dump == caller.sandbox.dump()
    assert set(dump) == {resource.name for resource in RESOURCES}
    number = caller.sandbox.log(call="create")["requests"][0]["number"]
    records = dump["erp_special_code"]
    assert [record["made_by"] for record in records] == ["seed", str(number), "person"]
    assert [record["id"] for record in records] == ["1", "2", "3"]
    assert all(abs(record["made_at"] - time.time()) < 60 for record in records)
    assert dump["erp_masraf"] == []


def test_every_change_of_a_record_is_kept_as_it_was_stored(caller: Caller) -> None:
    caller.sandbox.seed([{"code": "A", "note": None}])
    caller.sandbox.set_habits({"habit": "cut", "field": "code", "length": 2})
    caller.create(code="ABC")
    caller.update("1", code="XYZ")
    caller.update("9", code="XYZ")
    caller.sandbox.edit(2, note="elle")
    caller.delete("2")
    effects = caller.look("effects").json()
    assert effects == caller.sandbox.effects()
    numbers = {entry["call"]: str(entry["number"]) for entry in reversed(caller.sandbox.writes())}
    assert [(effect["call"], effect["id"], effect["by"]) for effect in effects] == [
        ("create", 1, "seed"),
        ("create", 2, numbers["create"]),
        ("update", 1, numbers["update"]),
        ("update", 2, "person"),
        ("delete", 2, numbers["delete"]),
    ]
    assert [effect["fields"].get("code") for effect in effects[:3]] == ["A", "AB", "XY"]
    assert (effects[3]["fields"]["note"], effects[4]["fields"]) == ("elle", {})
    times = [effect["time"] for effect in effects]
    assert times == sorted(times)


def test_a_late_change_is_kept_with_the_time_of_its_effect(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_readings(late_commit_s=30)
    caller.update("1", code="B")
    assert len(caller.sandbox.effects()) == 1
    caller.sandbox.advance(100)
    created, updated = caller.sandbox.effects()
    assert 29 < updated["time"] - created["time"] < 60
    caller.sandbox.reset()
    assert caller.sandbox.effects() == []


def test_a_late_change_of_a_record_that_is_deleted_meanwhile_has_no_effect(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_readings(late_commit_s=30)
    caller.update("1", code="B")
    caller.sandbox.delete("1")
    caller.sandbox.advance(100)
    assert [effect["call"] for effect in caller.sandbox.effects()] == ["create", "delete"]
    assert caller.sandbox.records() == []


def test_who_made_a_late_record_is_known_too(caller: Caller) -> None:
    caller.sandbox.set_readings(late_commit_s=30)
    caller.create()
    caller.sandbox.advance(31)
    assert caller.sandbox.dump()["erp_special_code"][0]["made_by"] == "2"


def test_the_clock_can_be_moved_over_http(caller: Caller) -> None:
    assert caller.control("advance", {"seconds": 3700}).status_code == 200
    assert caller.list_records().status_code == 401


def test_more_requests_than_allowed_in_a_second_are_throttled(caller: Caller) -> None:
    caller.sandbox.set_readings(max_requests_per_second=2)
    answers = [caller.create() for _ in range(20)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    throttled = [answer for answer in answers if answer.status_code == 429]
    assert throttled[0].headers["Retry-After"] == "1"
    assert len(caller.sandbox.records()) == len(answers) - len(throttled)
    caller.sandbox.advance(2)
    assert caller.create().status_code == 200


def test_an_unknown_resource_is_refused_by_the_control_plane(caller: Caller) -> None:
    assert caller.look("records", resource="erp_kasa").status_code == 400
    assert caller.control("seed", {"records": [], "resource": "erp_kasa"}).status_code == 400


def test_another_resource_is_a_table_entry() -> None:
    other = Resource(
        name="erp_demo",
        fields=("integration_id", "title", "created_in", "updated_in"),
        created="Demo added id <{id}>",
        deleted="Demo deleted",
    )
    with Sandbox(resources=(SPECIAL_CODE, other)) as sandbox:
        caller = Caller(sandbox, "erp_demo").log_in()
        with caller.http:
            assert caller.post("create", {"column": {"title": "A"}}).json()["data"] == "Demo added id <1>"
            assert caller.create().status_code == 400
            assert caller.ids() == ["1"]
            assert caller.delete("1").json()["data"] == "Demo deleted"
        assert sandbox.records() == sandbox.records("erp_demo") == []


def test_a_reading_from_the_command_line_is_json_or_text() -> None:
    texts = ["id_compare=text", "login_refusal=403", "list_cap=null", 'silently_cut={"code": 5}', "single_session=true"]
    readings = parse_readings(dict(map(parse_argument, texts)))
    assert (readings.id_compare, readings.login_refusal, readings.list_cap) == ("text", 403, None)
    assert (readings.silently_cut, readings.single_session) == ({"code": 5}, True)
    with pytest.raises(ValueError, match="name=value"):
        parse_argument("id_compare")


def test_the_control_plane_is_apart_from_faults_and_limits(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "drop"})
    caller.sandbox.set_readings(max_requests_per_second=1, latency_s=60)
    assert caller.look("records").status_code == 200
    assert caller.http.get(caller.sandbox.url, timeout=TIMEOUT_S).status_code == 200

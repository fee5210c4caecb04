"""What habits have in common: how they are given, what they are about, how often they strike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.oduyo.habits.table import HABITS, describe_habits, parse_habit
from sandbox.oduyo.server import Sandbox
from tests.contract.calls import Caller
from tests.contract.test_server import command, log_in

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("cut", {"length": 20}),
        ("cut=5", {"length": 5}),
        ('cut={"field": "code", "length": 4}', {"field": "code", "length": 4}),
        ("number", {"kind": "int"}),
        ("refuse=9*", {"keys": "9*"}),
        ("firewall=1", {"text": "1"}),
        ("filter_blind='", {"holds": "'"}),
        ('numbers=["id"]', {"fields": ["id"]}),
        ("hide=30", {"for_s": 30.0}),
        ("one_as_object", {"call": "any"}),
    ],
)
def test_a_habit_is_given_as_text(sandbox: Sandbox, text: str, fields: dict[str, object]) -> None:
    sandbox.set_habits(text)
    (habit,) = sandbox.habits()
    assert {name: habit[name] for name in fields} == fields


@pytest.mark.parametrize("name", HABITS)
def test_every_habit_works_with_its_defaults_and_is_in_the_help(name: str) -> None:
    assert type(parse_habit(name)) is HABITS[name]
    lines = [line for line in describe_habits().splitlines() if line.split("=")[0].split()[0] == name]
    assert len(lines) == 1
    assert lines[0].endswith(".")
    assert (f"{name}={HABITS[name].main.upper()}" in lines[0]) == bool(HABITS[name].main)


@pytest.mark.parametrize(
    "given",
    [
        "unknown",
        "cut=many",
        "cut=-1",
        'cut={"lenght": 5}',
        "cut={x",
        "one_as_object=1",
        {"length": 5},
        {"habit": "cut", "share": 2},
        7,
        ["cut"],
    ],
    ids=str,
)
def test_a_malformed_habit_is_refused_and_changes_nothing(caller: Caller, given: object) -> None:
    caller.sandbox.set_habits("pad=5")
    answer = caller.control("habits", ["cut", given])
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert [habit["habit"] for habit in caller.sandbox.habits()] == ["pad"]


def test_habits_change_at_run_time_over_http(caller: Caller) -> None:
    answer = caller.control("habits", ["cut=5", {"habit": "refuse", "keys": "9*"}])
    assert answer.status_code == 200
    assert caller.look("habits").json() == answer.json() == caller.sandbox.habits()
    assert [habit["habit"] for habit in answer.json()] == ["cut", "refuse"]
    assert caller.control("habits", []).json() == []


def test_the_first_habits_come_back_after_a_reset_and_a_restart() -> None:
    with Sandbox(habits=["cut=2", {"habit": "case", "to": "upper"}]) as sandbox:
        for again in (sandbox.reset, sandbox.restart):
            sandbox.set_habits()
            again()
            caller = Caller(sandbox).log_in()
            with caller.http:
                caller.create(integration_id="abc")
            assert sandbox.records()[-1]["integration_id"] == "AB"


def test_the_command_line_switches_habits_on() -> None:
    with command("--habit", "cut=3", "--habit", "login_fails=429") as (_, url):
        assert log_in(url).status_code == 429


def test_the_command_line_refuses_an_unknown_habit_and_lists_all_in_its_help() -> None:
    line = [sys.executable, "-m", "sandbox.oduyo"]
    done = subprocess.run(
        [*line, "--habit", "cuts=3"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "no habit 'cuts'" in done.stderr
    shown = subprocess.run([*line, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert describe_habits() in shown.stdout


def test_a_habit_is_about_one_resource(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "refuse", "resource": "erp_masraf"})
    assert caller.create().status_code == 200
    caller.resource = "erp_masraf"
    assert caller.post("create", {"column": {"integration_id": "1"}}).status_code == 404


def test_skip_and_times_count_the_requests_that_it_is_about(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "refuse", "call": "create", "skip": 1, "times": 2})
    caller.list_records()
    assert [caller.create().status_code for _ in range(5)] == [200, 404, 404, 200, 200]
    (habit,) = caller.sandbox.habits()
    assert (habit["matched"], habit["fired"]) == (5, 2)


def test_probability_is_drawn_for_each_request_and_share_for_each_record(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "refuse", "probability": 0.5, "seed": 3})
    drawn = [caller.create().status_code for _ in range(40)]
    assert 8 < drawn.count(404) < 32
    caller.sandbox.set_habits({"habit": "refuse", "probability": 0.5, "seed": 3})
    assert [caller.create().status_code for _ in range(40)] == drawn
    caller.sandbox.set_habits({"habit": "refuse", "share": 0.5})
    first = [caller.create(integration_id=str(number)).status_code for number in range(40)]
    assert 8 < first.count(404) < 32
    assert [caller.create(integration_id=str(number)).status_code for number in range(40)] == first

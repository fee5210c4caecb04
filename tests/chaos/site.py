"""How one Ödüyo is: its readings of the API's open points, its habits, and what goes wrong on the way to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from typing import Any

from sandbox.oduyo.habits.base import Habit
from sandbox.oduyo.habits.fields import EVERY_FIELD, FieldHabit
from sandbox.oduyo.habits.table import parse_habits
from sandbox.oduyo.server import Sandbox
from tests.chaos.virtual import LONGEST_REQUEST_S

SETTLE_S = 60.0
#: A commit and the time until lists show it stay below settle_s together; a request takes some time by itself.
LATEST_S = SETTLE_S - LONGEST_REQUEST_S - 2.0

Fault = dict[str, Any]
Made = dict[str, Any]

#: What a site does to values, for good. Text fields are those that rows have.
ALTERING: tuple[tuple[Made, ...], ...] = (
    ({"habit": "cut", "length": 20},),
    ({"habit": "cut", "length": 4},),
    ({"habit": "pad", "length": 12},),
    ({"habit": "number", "kind": "int"},),
    ({"habit": "number", "kind": "float"},),
    ({"habit": "case", "to": "lower"},),
    ({"habit": "escape", "how": "html"},),
    ({"habit": "escape", "how": "slashes"},),
    ({"habit": "trim"},),
    ({"habit": "cut", "length": 12, "field": "description"},),
    ({"habit": "letters", "to": "ascii", "field": "description"},),
    ({"habit": "letters", "to": "question", "field": EVERY_FIELD},),
    ({"habit": "case", "to": "upper", "field": "description"},),
    ({"habit": "cut", "length": 20}, {"habit": "letters", "to": "ascii", "field": "code"}),
)

#: What a site does for some time, and then no longer.
PASSING: tuple[tuple[Made, ...], ...] = (
    ({"habit": "ignore", "call": "update"},),
    ({"habit": "ignore", "call": "update", "probability": 0.3},),
    ({"habit": "ignore", "call": "update", "fields": ["description"]},),
    ({"habit": "ignore", "call": "delete"},),
    ({"habit": "ignore", "call": "deactivate"},),
    ({"habit": "refuse", "keys": "*3*"},),
    ({"habit": "refuse", "keys": "*", "probability": 0.2},),
    ({"habit": "refuse", "keys": "*", "call": "create"},),
    ({"habit": "row_fails", "keys": "*5*"},),
    ({"habit": "row_fails", "keys": "*5*", "where": "after"},),
    ({"habit": "hide", "share": 0.2},),
    ({"habit": "hide", "share": 0.3, "for_s": 45},),
    ({"habit": "hide", "share": 0.2, "times": 1},),
    ({"habit": "hide", "share": 0.5, "where": "pages"},),
    ({"habit": "hide", "share": 0.5, "where": "lookups"},),
    ({"habit": "hide", "count": 3},),
    ({"habit": "no_list", "shape": "words"},),
    ({"habit": "no_list", "shape": "no_body_404"},),
    ({"habit": "no_list", "shape": "data_array"},),
    ({"habit": "no_list", "shape": "data_array", "probability": 0.1},),
    ({"habit": "sorting_ignored"},),
    ({"habit": "filter_ignored"},),
    ({"habit": "filter_blind", "field": "integration_id"},),
    ({"habit": "filter_blind", "field": "id"},),
    ({"habit": "twice", "names": "first", "probability": 0.05},),
    ({"habit": "dead_session", "message": "Oturum bulunamadi, tekrar deneyiniz"}, {"habit": "session_calls"}),
    ({"habit": "login_fails", "status": 500, "probability": 0.3},),
    ({"habit": "firewall", "text": "KASA"},),
)

#: Ways of a site that nobody should notice.
HARMLESS: tuple[tuple[Made, ...], ...] = (
    (),
    (),
    (),
    ({"habit": "filter_ignored", "field": "integration_id"},),
    ({"habit": "empty_as", "shape": "data_false"},),
    ({"habit": "empty_as", "shape": "no_body_404"},),
    ({"habit": "one_as_object"}, {"habit": "numbers"}),
    ({"habit": "page_fails", "above": 20, "status": 500},),
    ({"habit": "zero_dates"}, {"habit": "nulls_left_out"}),
    ({"habit": "more_fields"}, {"habit": "bom"}),
    ({"habit": "gone_says"},),
    ({"habit": "gone_is_yes"},),
    ({"habit": "create_text", "answer": "Kayıt eklendi"},),
    ({"habit": "session_calls", "calls": 10}, {"habit": "dead_session", "message": "Token süresi doldu"}),
    ({"habit": "notice", "probability": 0.2},),
    ({"habit": "pace", "per_s": 20},),
    ({"habit": "clock_off", "seconds": 300},),
)


class Site:
    """One Ödüyo, as a seed draws it.

    :param is_prompt: what it is sent takes effect at once, and shows at once.
    """

    def __init__(self, rng: random.Random, *, is_prompt: bool) -> None:
        self._rng = rng
        self.readings = draw_readings(rng, is_prompt=is_prompt)
        self.for_good: tuple[Made, ...] = rng.choice(HARMLESS)
        self.passing: tuple[Made, ...] = ()
        kind = rng.random()
        if kind < 0.25:
            self.for_good += rng.choice(ALTERING)
        elif kind < 0.6:
            self.passing = tuple({"seed": rng.randrange(100), **habit} for habit in rng.choice(PASSING))
        if any(habit["habit"] == "sorting_ignored" for habit in self.passing):
            self.readings["list_cap"] = None  # of pages with one record no order shows
        self.faults = draw_faults(rng, self.readings, is_prompt=is_prompt) if rng.random() < 0.6 else []

    def begin(self, sandbox: Sandbox) -> None:
        """Be so from the first record on."""
        sandbox.set_readings(**self.readings)
        sandbox.set_habits(*self.for_good, *self.passing)

    def disturb(self, sandbox: Sandbox) -> None:
        """Let things go wrong."""
        sandbox.set_faults(*self.faults)

    def calm(self, sandbox: Sandbox) -> None:
        """Only what the site does for good is left."""
        sandbox.set_faults()
        sandbox.set_habits(*self.for_good)

    @property
    def lag_s(self) -> float:
        """How long lists may show old versions, and how much older than its last check a request may be."""
        return float(str(self.readings["list_lag_s"])) + LONGEST_REQUEST_S + 1.0

    def make_forms(self) -> Callable[[str, str], Collection[str]]:
        """See :class:`~tests.chaos.history.History`: every form in which a text may be stored."""
        altering = [habit for habit in parse_habits(self.for_good) if isinstance(habit, FieldHabit)]
        cut = self.readings.get("silently_cut", {})

        def find_forms(field: str, sent: str) -> set[str]:
            forms = {sent}
            for habit in altering:
                if habit.field == field or (habit.field == EVERY_FIELD and field in ("code", "description")):
                    forms |= {habit.compute(form) for form in forms}
            if isinstance(cut, dict) and field in cut:
                forms |= {form[: cut[field]] for form in forms}
            return forms

        return find_forms

    def find_hidden(self, records: list[dict[str, Any]]) -> frozenset[int]:
        """The records that lists leave out for some time."""
        hiding = [habit for habit in parse_habits(self.passing) if habit_name(habit) in ("Hide", "NoList")]
        return frozenset(int(record["id"]) for record in records) if hiding else frozenset()


def habit_name(habit: Habit) -> str:
    """Its kind."""
    return type(habit).__name__


def draw_readings(rng: random.Random, *, is_prompt: bool = False) -> dict[str, object]:
    """How this Ödüyo reads the API's open points."""
    lag_s = rng.choice([0.0, 0.0, rng.uniform(0, LATEST_S), LATEST_S])
    late_s = rng.choice([0.0, 0.0, rng.uniform(0, LATEST_S - lag_s)])
    readings: dict[str, object] = {
        "list_lag_s": lag_s,
        "late_commit_s": late_s,
        "empty_list": rng.choice([200, 404]),
        "error_style": rng.choice([404, 200]),
        "id_compare": rng.choice(["number", "text"]),
        "id_step": rng.choice([1, 1, 7]),
        "list_cap": rng.choice([None] * 6 + [20, 7, 7, 3, 1]),
        "null_style": rng.choice(["empty", "null"]),
        "update_keeps_absent": rng.random() < 0.5,
        "offset_meaning": rng.choice(["skip", "start_id"]),
        "single_session": rng.random() < 0.3,
        "session_ttl_s": rng.choice([3600.0, 3600.0, 90.0]),
        "session_dead_answer": rng.choice([401, 403, 200]),
        "stamps": rng.choice(["unless_sent", "always"]),
    }
    if rng.random() < 0.2:
        readings |= {"late_id_every": rng.choice([2, 5]), "late_id_s": rng.uniform(0, LATEST_S - lag_s)}
    if rng.random() < 0.2:
        readings["silently_cut"] = {"description": rng.randrange(6, 14)}
    if is_prompt:
        readings |= {"list_lag_s": 0.0, "late_commit_s": 0.0, "late_id_every": 0}
    return readings


def draw_fault(rng: random.Random, readings: dict[str, object], *, is_prompt: bool = False) -> Fault:
    """One fault rule."""
    budget_s = LATEST_S - float(str(readings["list_lag_s"]))
    late = [] if is_prompt else ["late_commit"] * 2
    kind = rng.choice(
        ["drop"] * 3
        + late
        + ["status", "status", "html", "empty", "truncated", "throttle", "kill_session", "wrong_content_type"]
        + ["status_false", "slow"]
    )
    fault: Fault = {
        "kind": kind,
        "call": rng.choice(["create"] * 4 + ["update", "update", "delete", "list", "list", "login", "any"]),
        "where": rng.choice(["before", "after"]),
        "probability": rng.choice([0.03, 0.1, 0.3, 0.7]),
        "seed": rng.randrange(10**6),
        "skip": rng.choice([0, 0, 0, rng.randrange(20)]),
    }
    if rng.random() < 0.5:
        fault["times"] = rng.randrange(1, 12)
    return fault | _draw_details(rng, kind, budget_s)


def _draw_details(rng: random.Random, kind: str, budget_s: float) -> Fault:
    if kind == "status":
        return {"status": rng.choice([500, 502, 503, 504, 408, 520])}
    if kind == "html":
        return {"status": rng.choice([200, 404, 500, 502, 503])}
    if kind == "slow":
        return {"seconds": 0.003}
    if kind == "late_commit":
        status = rng.choice([None, 504, 500])
        call = rng.choice(["create", "create", "update", "delete"])
        return {"seconds": rng.uniform(0, budget_s), "call": call, "status": status}
    if kind == "throttle":
        status = rng.choice([429, 503])
        details: Fault = {"status": status, "retry_after_s": rng.choice([0.1, 2.0, 20.0, 90.0, None])}
        details["retry_after_as"] = rng.choice(["seconds", "date"])
        # "Too many requests" is taken at its word.
        return details | ({"where": "before"} if status == 429 else {})
    if kind == "status_false":  # a refusal is taken at its word too
        call = rng.choice(["create", "update", "list"])
        # Four in a row are what an empty site answers.
        times = {"times": 3} if call == "list" else {}
        return {"status": rng.choice([404, 200]), "where": "before", "call": call, **times}
    return {}


def draw_faults(rng: random.Random, readings: dict[str, object], *, is_prompt: bool = False) -> list[Fault]:
    """One to five rules."""
    faults = [draw_fault(rng, readings, is_prompt=is_prompt) for _ in range(rng.randrange(1, 6))]
    empty = [fault for fault in faults if (fault["kind"], fault["call"]) == ("status_false", "list")]
    return [fault for fault in faults if fault not in empty[1:]]

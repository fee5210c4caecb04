"""The sandbox's journals are enough to judge a night by: the oracle of the chaos tests reads them."""

from __future__ import annotations

from tests.chaos.history import History, Run, read_effects, read_sent
from tests.chaos.oracle import find_violations
from tests.contract.calls import ROW, Caller

RESOURCE = "erp_special_code"


def tell(caller: Caller, **changes: object) -> History:
    """One night, whose run has the row, from now on."""
    effects = read_effects(caller.sandbox.effects(), RESOURCE)
    sent = read_sent(caller.sandbox.writes(), RESOURCE)
    times = {
        "started_at": 0.0,
        "snapshot_at": 0.0,
        "listed_at": min([effect.time for effect in effects], default=0.0),
        "loaded_at": 2e10,
        "ended_at": 2e10,
    }
    run = Run(source="dag", number=1, rows={ROW["integration_id"]: ROW}, **times)
    return History(runs=[run], effects=effects, sent=sent, now=3e10, **changes)  # type: ignore[arg-type]


def kinds(history: History) -> set[str]:
    return {violation.kind for violation in find_violations(history)}


def test_a_night_that_creates_a_row_once_is_right(caller: Caller) -> None:
    caller.create()
    assert kinds(tell(caller)) == set()


def test_a_key_that_the_site_cuts_is_known_by_what_was_sent(caller: Caller) -> None:
    caller.sandbox.set_habits("cut=2")
    caller.create()
    caller.update("1", **ROW)
    assert caller.sandbox.records()[0]["integration_id"] == "47"
    assert kinds(tell(caller)) == set()


def test_a_lost_create_that_is_sent_again_at_once_is_a_duplicate(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "status", "call": "create", "where": "after", "times": 1})
    caller.create()
    caller.create()
    assert kinds(tell(caller)) == {"duplicate", "false_green"}


def test_a_confirmed_create_that_made_nothing_is_not_to_be_sent_again(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "ignore", "call": "create", "times": 1})
    caller.create()
    assert kinds(tell(caller)) == {"false_green", "lost"}
    caller.create()
    assert kinds(tell(caller)) == {"created_again"}


def test_an_update_without_effect_and_a_persons_note_that_is_wiped_are_found(caller: Caller) -> None:
    caller.sandbox.seed([{**ROW, "code": "ESKİ"}])
    caller.sandbox.set_habits("ignore=update")
    caller.update("1", **ROW)
    assert kinds(tell(caller)) == {"false_green"}
    caller.sandbox.set_habits()
    caller.sandbox.edit(1, note="elle")
    caller.sandbox.advance(100)
    caller.update("1", **ROW, note="")
    assert kinds(tell(caller)) == {"wiped"}

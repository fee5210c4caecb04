"""What became of a plan's changes: the journal's word, or what the missing of one means."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.change import ACTION_LABELS, Action, Outcome, Result
from oduyo_provider.core.ledger import REFUSED_BEFORE
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.report import Outcomes
from oduyo_provider.sync.staging.journal import History
from oduyo_provider.sync.staging.outcomes import UNSETTLED, count_actions, count_result, find_result
from tests.unit.sync.plans import create, deactivate, done, update

CHANGE = create("A1")


def test_what_the_journal_says_counts() -> None:
    known = done(CHANGE, "7")
    assert find_result(CHANGE, History(results={CHANGE.key: known}, unknown={CHANGE.key: 1.0})) == known


def test_what_was_about_to_be_sent_and_has_no_outcome_is_doubtful_once_nothing_is_sent_any_more() -> None:
    history = History(unknown={CHANGE.key: 1.0})
    assert find_result(CHANGE, history) == Result(CHANGE.key, Outcome.DOUBTFUL, reason=UNSETTLED)


def test_what_was_never_about_to_be_sent_is_not_applied() -> None:
    assert find_result(CHANGE, History()) == Result(CHANGE.key, Outcome.NOT_APPLIED)


def test_results_are_counted_by_action_outcome_and_reason() -> None:
    outcomes = Outcomes()
    count_result(outcomes, CHANGE, done(CHANGE, "7", reason="left out", stored={"code": "K"}, twins=("8", "9")))
    count_result(outcomes, create("A2"), Result("create:A2", Outcome.REFUSED, reason="HTTP 404"))
    count_result(outcomes, create("A3"), Result("create:A3", Outcome.REFUSED, reason="HTTP 404"))
    assert outcomes.changes == {
        (Action.CREATE, Outcome.DONE, ""): 1,
        (Action.CREATE, Outcome.REFUSED, "HTTP 404"): 2,
    }
    assert (outcomes.altered, outcomes.new_duplicates, outcomes.adopted, outcomes.known_refused) == (1, 2, 0, 0)


def test_a_row_that_was_refused_before_is_a_known_refusal_whether_or_not_it_was_sent_again() -> None:
    outcomes = Outcomes()
    for change, reason in (
        (create("A1"), REFUSED_BEFORE),
        (create("A2"), "HTTP 404"),
        (deactivate("A3", "2"), "HTTP 404"),
    ):
        again = msgspec.structs.replace(change, is_resend=True)
        count_result(outcomes, again, Result(change.key, Outcome.REFUSED, reason=reason))
    count_result(outcomes, CHANGE, Result(CHANGE.key, Outcome.REFUSED, reason="HTTP 404"))
    assert outcomes.known_refused == 2


def test_only_an_adoption_that_is_done_is_one() -> None:
    adoption = msgspec.structs.replace(update("A1", "7", description="x"), is_adoption=True)
    outcomes = Outcomes()
    count_result(outcomes, adoption, Result(adoption.key, Outcome.STALE))
    assert outcomes.adopted == 0
    count_result(outcomes, adoption, done(adoption))
    assert outcomes.adopted == 1


def test_what_is_not_done_alters_nothing() -> None:
    outcomes = Outcomes()
    count_result(outcomes, CHANGE, Result(CHANGE.key, Outcome.DOUBTFUL, stored={"code": "K"}))
    assert outcomes.altered == 0


def test_the_actions_of_a_plan_add_up_with_what_cannot_be_undone_first() -> None:
    counts = PlanCounts(creates=1, updates=5, adoptions=2, deactivates=3, deletes=4)
    actions = count_actions(counts)
    assert list(actions.items()) == [("delete", 4), ("deactivate", 3), ("create", 1), ("update", 3), ("adopt", 2)]
    assert sum(actions.values()) == counts.changes
    assert set(actions) == set(ACTION_LABELS)

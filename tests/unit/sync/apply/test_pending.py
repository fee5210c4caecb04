"""What of a partition is still to be sent."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.ledger import REFUSED_BEFORE
from oduyo_provider.sync.apply.pending import choose_pending
from oduyo_provider.sync.staging.journal import History
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import Load, make_creates, make_updates, seed


@pytest.mark.parametrize(
    ("outcome", "is_remembered", "is_pending"),
    [
        (None, False, True),
        (Outcome.DONE, False, False),
        (Outcome.REFUSED, True, False),
        (Outcome.REFUSED, False, True),
        (Outcome.DOUBTFUL, False, True),
        (Outcome.NOT_APPLIED, False, True),
    ],
)
def test_what_an_earlier_try_has_settled_is_not_sent(
    load: Load, outcome: Outcome | None, is_remembered: bool, is_pending: bool
) -> None:
    [change] = make_creates(1)

    async def task(load: Load) -> bool:
        if outcome is not None:
            load.recorder.results[change.key] = Result(change.key, outcome, is_remembered=is_remembered)
        return choose_pending(load.recorder, load.work, load.course, [change]) == [change]

    assert load.run(task) is is_pending


def test_of_refusals_of_long_ago_only_so_many_are_sent_again(load: Load) -> None:
    changes = [msgspec.structs.replace(change, is_resend=True) for change in make_creates(3)]

    async def task(load: Load) -> list[str]:
        load.course.resends_left = 2
        return [change.key for change in choose_pending(load.recorder, load.work, load.course, changes)]

    assert load.run(task) == ["create:1", "create:2"]
    [(key, result)] = load.recorder.results.items()
    assert (key, result.outcome, result.reason) == ("create:3", Outcome.REFUSED, REFUSED_BEFORE)


def test_in_create_mode_what_was_refused_is_sent_by_the_next_try(make_load: Callable[..., Load]) -> None:
    done, refused = make_creates(2)

    async def task(load: Load) -> list[Change]:
        load.recorder.results[done.key] = Result(done.key, Outcome.DONE)
        load.recorder.results[refused.key] = Result(refused.key, Outcome.REFUSED, is_remembered=True)
        return choose_pending(load.recorder, load.work, load.course, [done, refused])

    assert make_load(is_create_mode=True).run(task) == [refused]


def test_deletions_that_an_earlier_try_sent_are_known(site: Sandbox, load: Load) -> None:
    wanted = make_creates(3)
    seed(site, wanted)
    deletions = make_updates(site, wanted, action=Action.DELETE)
    load.history = History(sends={deletions[1].key: 1})

    async def task(load: Load) -> set[str]:
        load.recorder.results[deletions[0].key] = Result(deletions[0].key, Outcome.DONE)
        choose_pending(load.recorder, load.work, load.course, deletions)
        return load.course.deletions

    assert load.run(task) == {"1", "2"}

"""What of a partition is still to be sent."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.ledger import REFUSED_BEFORE, Result
from oduyo_provider.sync.apply.pending import choose_pending
from tests.unit.sync.apply.loads import Load, make_creates


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
        return choose_pending(load.recorder, load.course, [change], at=5.0) == [change]

    assert load.run(task) is is_pending


def test_of_refusals_of_long_ago_only_so_many_are_sent_again(load: Load) -> None:
    changes = [msgspec.structs.replace(change, is_resend=True) for change in make_creates(3)]

    async def task(load: Load) -> list[str]:
        load.course.resends_left = 2
        return [change.key for change in choose_pending(load.recorder, load.course, changes, at=5.0)]

    assert load.run(task) == ["create:1", "create:2"]
    assert load.recorder.results == {"create:3": Result("create:3", Outcome.REFUSED, reason=REFUSED_BEFORE, at=5.0)}

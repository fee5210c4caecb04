"""What is known, while a plan is applied, of what the site does to values."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oduyo_provider.core.change import Action
from oduyo_provider.core.findings import Finding
from oduyo_provider.sync.apply.habits import read_habits
from tests.unit.sync.apply.loads import Load


@pytest.mark.parametrize(
    ("stored", "is_rekeyed"),
    [(None, True), ("KOD-1", True), ("kod-17", True), ("OD-KOD-17", False)],
    ids=["as it was sent", "cut", "in another form", "with the site's own prefix"],
)
@pytest.mark.parametrize("is_seen", [True, False], ids=["seen in this load", "known before"])
def test_an_unknown_key_is_somebody_s_unless_the_site_was_seen_to_give_keys_of_its_own(
    make_load: Callable[..., Load], stored: str | None, is_rekeyed: bool, is_seen: bool
) -> None:
    finding = None if stored is None else Finding("key_altered", "integration_id", "KOD-17", stored)
    load = make_load(known_findings={} if is_seen or finding is None else {finding.name: finding})

    async def task(load: Load) -> list[bool]:
        load.course.keys = finding if is_seen else None
        load.course.proven.add(Action.CREATE)
        habits = read_habits(load.work, load.course)
        return [habits.is_rekeyed(action, "KOD-18", "OD-KOD-18") for action in (Action.CREATE, Action.UPDATE)]

    assert load.run(task) == [is_rekeyed, False]

"""The suite finds a product that lacks one of its safeguards: each is taken out, and seeds are run until the oracle objects."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.ledger import Entry
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.looker import Looker
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Ready
from oduyo_provider.sync.site.lease import Lease
from oduyo_provider.sync.site.source import SourceState
from oduyo_provider.sync.site.state import SiteState
from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.figures import FIGURES
from tests.chaos.schedule import run_schedule
from tests.chaos.virtual import VirtualTime

pytestmark = [pytest.mark.chaos, pytest.mark.skipif(not IS_ALL, reason="minutes: a part of make chaos")]

#: Seeds that are run at most until a safeguard that is missing must have been found.
MOST_SEEDS = 120

Mutation = Callable[[pytest.MonkeyPatch], None]


def drop_look(patch: pytest.MonkeyPatch) -> None:
    """Everything may be sent as it was planned."""

    async def look(self: Looker, _: Recorder, changes: Sequence[Change], **how: bool) -> list[Ready]:
        del how
        return [Ready(change, None, self._work.clock.monotonic()) for change in changes]

    patch.setattr(Looker, "look", look)


def drop_canary(patch: pytest.MonkeyPatch) -> None:
    """Every kind counts as proven from the beginning."""
    init = Applier.__init__

    def begin(self: Applier, work: object, course: object, **how: object) -> None:
        init(self, work, course, **how)  # type: ignore[arg-type]
        self._course.proven.update(Action)

    patch.setattr(Applier, "__init__", begin)  # the canary is judged with what it begins with


def drop_lease(patch: pytest.MonkeyPatch) -> None:
    """Everybody has it."""

    @asynccontextmanager
    async def hold(self: Lease) -> AsyncIterator[Lease]:
        yield self

    patch.setattr(Lease, "hold", hold)
    patch.setattr(Lease, "check", lambda _: None)


def drop_plan_number(patch: pytest.MonkeyPatch) -> None:
    """No plan is refused for its age."""
    patch.setattr(SourceState, "check_order", lambda *_: None)


def drop_ids(patch: pytest.MonkeyPatch) -> None:
    """The ledger knows no record by its id."""
    read_entries = SiteState.read_entries

    def read_without_ids(self: SiteState, *args: int, **how: str) -> dict[str, Entry]:
        entries = read_entries(self, *args, **how)
        return {
            key: msgspec.structs.replace(entry, oduyo_id=None, confirmed_at=None, stored={})
            for key, entry in entries.items()
        }

    patch.setattr(SiteState, "read_entries", read_without_ids)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mutation", [drop_look, drop_canary, drop_lease, drop_plan_number, drop_ids])
def test_a_missing_safeguard_is_found(
    chaos_site: Sandbox, virtual: VirtualTime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutation: Mutation
) -> None:
    mutation(monkeypatch)
    for seed in random.Random(mutation.__name__).sample(range(100_000), MOST_SEEDS):
        try:
            run_schedule(seed, chaos_site, tmp_path / str(seed), virtual, show=lambda _: None)
        except AssertionError as found:
            if "kind=" in str(found):  # the oracle's; that a source does not come into step is no proof
                FIGURES.add(mutations_found=1)
                return
    raise AssertionError(f"{mutation.__name__}: {MOST_SEEDS} seeds, and nothing was found")

"""Whether a create was answered with a record that was there before."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from oduyo_provider.core.change import Outcome, Result
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.overwritten import OVERWROTE, check_overwritten
from tests.unit.sync.apply.loads import Load, make_creates

[CREATE] = make_creates(1)


def check(make_load: Callable[..., Load], listed: Remote | None, *, floor: int = 9) -> Result:
    """The create's result after the check: it was answered with record 7, which carries its key by now."""
    asked: list[Collection[str]] = []

    def find_listed(ids: Collection[str]) -> dict[str, Remote]:
        asked.append(set(ids))
        return {} if listed is None else {"7": {"id": "7", **listed}}

    async def task(load: Load) -> Result:
        recorder = load.open_recorder()
        recorder.results[CREATE.key] = Result(CREATE.key, Outcome.DONE, "7")
        recorder.floors[CREATE.key] = floor
        now: Remote = {"id": "7", "integration_id": CREATE.integration_id}
        try:
            await check_overwritten(load.work, recorder, [CREATE], {"7": now})
        finally:
            result = recorder.results[CREATE.key]
        return result

    load = make_load(find_listed=find_listed)
    try:
        return load.run(task)
    finally:
        assert asked == ([{"7"}] if floor >= 7 else []), "the listing is read only for ids that are not new"


def test_a_new_id_is_not_looked_up(make_load: Callable[..., Load]) -> None:
    assert check(make_load, {"integration_id": "other"}, floor=6).outcome is Outcome.DONE


@pytest.mark.parametrize("listed", [None, {"integration_id": CREATE.integration_id}])
def test_the_id_of_a_deleted_record_may_be_given_again(make_load: Callable[..., Load], listed: Remote | None) -> None:
    assert check(make_load, listed).outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("listed", "name"),
    [({"integration_id": "other"}, "other"), ({"integration_id": None, "code": "BY.HAND"}, "BY.HAND")],
)
def test_what_was_listed_with_another_key_or_none_was_written_over(
    make_load: Callable[..., Load], listed: Remote, name: str
) -> None:
    with pytest.raises(CanaryError, match=f"over its record 7, which was that of {name}: "):
        check(make_load, listed)


def test_it_has_failed_and_the_site_is_known_for_it(make_load: Callable[..., Load]) -> None:
    async def task(load: Load) -> None:
        recorder = load.open_recorder()
        recorder.results[CREATE.key] = Result(CREATE.key, Outcome.DONE, "7", is_confirmed=True)
        recorder.floors[CREATE.key] = 9
        with pytest.raises(CanaryError):
            await check_overwritten(load.work, recorder, [CREATE], {"7": {"id": "7", **CREATE.payload}})
        result = recorder.results[CREATE.key]
        assert (result.outcome, result.reason, result.oduyo_id) == (Outcome.FAILED, OVERWROTE, None)
        assert result.is_confirmed, "it is never sent again by itself"

    load = make_load(find_listed=lambda _: {"7": {"id": "7", "integration_id": "other"}})
    load.run(task)
    [finding] = load.findings
    assert (finding.name, finding.is_final) == ("key_altered", True)

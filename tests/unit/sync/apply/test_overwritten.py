"""Whether a create was carried out on a record that was there before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oduyo_provider.core.change import Outcome, Result
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.listed import Listed
from oduyo_provider.sync.apply.overwritten import OVERWROTE, check_overwritten
from tests.unit.sync.apply.loads import Load, make_creates

CREATE, OTHER = make_creates(2)
NOW: Remote = {"id": "7", "integration_id": CREATE.integration_id, "created_in": "2026-01-01 00:00:00"}


def check(
    make_load: Callable[..., Load], listed: Remote | None, now: Remote = NOW, *, floor: int = 9
) -> tuple[list[Result], Load]:
    """The results of two creates that were answered with record 7, after the check."""

    async def task(load: Load) -> list[Result]:
        recorder = load.open_recorder()
        for change in (CREATE, OTHER):
            recorder.results[change.key] = Result(change.key, Outcome.DONE, "7", is_confirmed=True)
            recorder.floors[change.key] = floor
        records = [{"id": "8"}] if listed is None else [{"id": "8"}, {**NOW, **listed}]
        made = [(CREATE, now), (OTHER, now)]
        try:
            await check_overwritten(Listed(lambda: records), load.findings.append, recorder, made, {"updates": 7})
        finally:
            results.extend(recorder.results[change.key] for change in (CREATE, OTHER))
        return results

    results: list[Result] = []
    load = make_load()
    try:
        load.run(task)
    except CanaryError as error:
        load.findings.append(error)  # type: ignore[arg-type]  beside what was found
    return results, load


def test_what_was_listed_with_another_key_has_failed_and_the_site_is_known_for_it(
    make_load: Callable[..., Load],
) -> None:
    results, load = check(make_load, {"integration_id": "other"})
    assert [(item.outcome, item.reason, item.oduyo_id) for item in results] == [(Outcome.FAILED, OVERWROTE, None)] * 2
    assert all(item.is_confirmed for item in results), "it is never sent again by itself"
    finding, error = load.findings
    assert (finding.name, finding.is_final) == ("key_altered:integration_id", True)
    assert f"wrote the row {CREATE.integration_id} over its record 7, which was 'other'" in str(error)
    assert 'one run release ["key_altered", "updates:7"], which tries one' in str(error)


@pytest.mark.parametrize(
    ("listed", "name"),
    [({"integration_id": None, "code": "BY.HAND"}, "BY.HAND"), ({"integration_id": "", "code": "BY.HAND"}, "BY.HAND")],
)
def test_a_record_without_a_key_is_named_by_its_code(make_load: Callable[..., Load], listed: Remote, name: str) -> None:
    _, load = check(make_load, listed)
    assert f"which was '{name}' until then" in str(load.findings[-1])


@pytest.mark.parametrize(
    ("listed", "now", "floor"),
    [
        ({"integration_id": "other"}, NOW, 6),
        (None, NOW, 9),
        ({}, NOW, 9),
        ({"integration_id": "other"}, {**NOW, "created_in": "2026-02-02 00:00:00"}, 9),
        ({"integration_id": "other"}, {**NOW, "integration_id": "other"}, 9),
    ],
    ids=["a new id", "not listed", "the same key", "its id was given again", "untouched"],
)
def test_every_other_record_is_the_creates_own_or_none_of_its(
    make_load: Callable[..., Load], listed: Remote | None, now: Remote, floor: int
) -> None:
    results, load = check(make_load, listed, now, floor=floor)
    assert [item.outcome for item in results] == [Outcome.DONE] * 2
    assert load.findings == []

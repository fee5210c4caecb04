"""How updates, retirements and adoptions count for the brakes."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Change, compute_adoption, compute_update
from oduyo_provider.core.counting import count_adoption, count_in_use, count_kept, count_retired, count_update
from oduyo_provider.core.plan import Pair, PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import CHEQUE
from tests.unit.core.sides import make_record

BEFORE, AFTER = "2024-05-06 07:08:09", "2024-05-07 07:08:09"


def adopt(record: dict[str, str | None], **fields: str) -> PlanCounts:
    counts = PlanCounts()
    create = Change(Action.CREATE, "100", {"integration_id": "100", **fields})
    count_adoption(counts, compute_adoption(create, record, SPECIAL_CODE), SPECIAL_CODE)
    return counts


def test_an_adoption_is_an_update_and_its_record_is_in_use_and_none_that_max_update_percent_is_about() -> None:
    counts = adopt(make_record(integration_id=None), code="K2")
    assert (counts.updates, counts.adoptions, counts.real_updates, counts.matched) == (1, 1, 0, 0)
    assert (counts.in_use, counts.retired, counts.emptied, counts.dates_back) == (1, 0, 0, 0)
    assert (counts.pairs, counts.samples) == ({"21\x001": Pair(1)}, {})


def test_an_adoption_that_turns_its_record_passive_retires_it() -> None:
    counts = adopt(make_record(integration_id=None), status="0")
    assert (counts.in_use, counts.retired) == (1, 1)
    [sample] = counts.samples["retired"]
    assert "status '1' → '0'" in sample
    assert counts.pairs == {"21\x001": Pair(1, 1, (sample,))}


@pytest.mark.parametrize("stored", ["0", "P"])
def test_a_record_that_is_passive_already_is_not_retired_by_its_adoption(stored: str) -> None:
    counts = adopt(make_record(integration_id=None, status=stored), status="0")
    assert (counts.in_use, counts.retired, counts.pairs) == (0, 0, {})


def test_an_adoption_that_empties_a_field_counts_as_such() -> None:
    counts = adopt(make_record(integration_id=None, description="elle"), description="")
    assert (counts.emptied, len(counts.samples["emptied"])) == (1, 1)


@pytest.mark.parametrize(
    ("stored", "sent", "expected"),
    [(AFTER, BEFORE, 1), (BEFORE, AFTER, 0), (None, BEFORE, 0), ("31.12.2019", BEFORE, 0)],
)
def test_an_adoption_with_an_older_date_than_its_record_has_counts_as_such(
    stored: str | None, sent: str, expected: int
) -> None:
    record = make_record(integration_id=None, special_updated_in=stored)
    assert adopt(record, special_updated_in=sent).dates_back == expected


@pytest.mark.parametrize("action", [Action.DEACTIVATE, Action.DELETE])
def test_a_record_that_is_kept_after_all_counts_as_if_nothing_had_retired_it(action: Action) -> None:
    records = [make_record(str(number), code=f"K{number}") for number in range(3)]
    changes = [
        Change(action, str(number), {}, str(number), record, retires=True) for number, record in enumerate(records)
    ]
    counts = PlanCounts(
        missing=3, deactivates=3 * (action is Action.DEACTIVATE), deletes=3 * (action is Action.DELETE), updates=1
    )
    for record, change in zip(records, changes, strict=True):
        count_in_use(counts, record, SPECIAL_CODE, None)
        count_retired(counts, record, change)
    other = compute_update("9", {"code": "K9"}, make_record("9"), ("code",), SPECIAL_CODE)
    count_kept(counts, changes[:2], [other, changes[2]])
    assert (counts.missing, counts.kept_missing, counts.retired, counts.changes) == (3, 2, 1, 2)
    [sample] = counts.samples["retired"]
    assert sample.startswith(("deactivate 2 ", "delete 2 "))
    assert counts.pairs == {"21\x001": Pair(3, 1, (sample,))}


def test_what_was_sent_before_says_the_date_and_not_odüyo() -> None:
    change = compute_update("100", {"special_updated_in": BEFORE}, make_record(), ("special_updated_in",), SPECIAL_CODE)
    for sent, expected in ((AFTER, 1), (BEFORE, 0), (None, 0)):
        counts = PlanCounts()
        count_update(counts, change, SPECIAL_CODE, sent)
        assert (counts.dates_back, counts.real_updates) == (expected, 0)


def test_every_record_is_in_use_of_a_resource_without_a_word_for_passive() -> None:
    counts = PlanCounts()
    for status in ("0", "PRTF", None):
        count_in_use(counts, make_record(status=status), CHEQUE, None)
    assert counts.in_use == 3


@pytest.mark.parametrize(("field", "counted"), [("vade", 1), ("updated_in", 0)])
def test_a_due_date_is_no_stamp_and_its_change_counts_as_any_other(field: str, counted: int) -> None:
    record = {"id": "7", "integration_id": "100", "vade": BEFORE, "updated_in": BEFORE}
    counts = PlanCounts()
    count_update(counts, compute_update("100", {field: AFTER}, record, (field,), CHEQUE), CHEQUE)
    assert counts.real_updates == counted

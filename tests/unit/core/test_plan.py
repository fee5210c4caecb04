"""A plan's values: figures that add up over partitions, and how a rejected row and a change are named."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.plan import (
    SAMPLES,
    OnMissing,
    Pair,
    Plan,
    PlanCounts,
    SyncMode,
    compute_reject_digest,
)
from oduyo_provider.core.record import SPECIAL_CODE

numbers = st.integers(0, 9)
texts = st.sampled_from("abcdefg")
counts = st.builds(
    PlanCounts,
    extracted=numbers,
    creates=numbers,
    retired=numbers,
    reasons=st.dictionaries(texts, numbers),
    warnings=st.dictionaries(texts, numbers),
    pairs=st.dictionaries(texts, st.builds(Pair, numbers, numbers, st.lists(texts, max_size=2).map(tuple))),
    samples=st.dictionaries(texts, st.lists(texts, max_size=SAMPLES, unique=True).map(sorted)),
)


def encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def test_the_words_of_the_params_are_those_of_the_contract() -> None:
    assert [mode.value for mode in SyncMode] == ["upsert", "create"]
    assert [choice.value for choice in OnMissing] == ["keep", "deactivate", "delete"]


def test_counts_of_partitions_add_up_with_their_names_in_order() -> None:
    one = PlanCounts(
        extracted=2,
        creates=1,
        reasons={"b": 1, "c": 1},
        warnings={"w": 1},
        pairs={"x": Pair(3, 1, ("r",))},
        samples={"updates": ["1", "4", "5"]},
    )
    two = PlanCounts(
        extracted=3,
        updates=2,
        unchanged=4,
        reasons={"a": 2, "c": 2},
        pairs={"w": Pair(1), "x": Pair(2, 2, ("q", "s"))},
        samples={"updates": ["2", "4"], "emptied": ["9"]},
    )
    both = one + two
    assert both == PlanCounts(
        extracted=5,
        creates=1,
        updates=2,
        unchanged=4,
        reasons={"a": 2, "b": 1, "c": 3},
        warnings={"w": 1},
        pairs={"w": Pair(1), "x": Pair(5, 3, ("q", "r", "s"))},
        samples={"emptied": ["9"], "updates": ["1", "2", "4"]},
    )
    assert [list(found) for found in (both.reasons, both.pairs, both.samples)] == [
        ["a", "b", "c"],
        ["w", "x"],
        ["emptied", "updates"],
    ]
    assert one.reasons == {"b": 1, "c": 1}


@given(st.lists(counts, min_size=1, max_size=4), st.data())
def test_counts_add_up_alike_in_any_order_and_grouping(parts: list[PlanCounts], data: st.DataObject) -> None:
    total = reduce(add, parts, PlanCounts())
    shuffled = data.draw(st.permutations(parts))
    middle = data.draw(st.integers(0, len(parts)))
    left, right = (reduce(add, some, PlanCounts()) for some in (shuffled[:middle], shuffled[middle:]))
    assert encode(left + right) == encode(total)
    assert all(len(found) <= SAMPLES for found in total.samples.values())
    assert all(len(pair.samples) <= SAMPLES for pair in total.pairs.values())


def test_every_figure_of_both_is_added() -> None:
    given: dict[str, Any] = {
        name: 1 for name in PlanCounts.__struct_fields__ if isinstance(getattr(PlanCounts(), name), int)
    }
    both = PlanCounts(**given) + PlanCounts(**given)
    assert {name: getattr(both, name) for name in given} == dict.fromkeys(given, 2)


def test_matched_rows_are_those_that_found_their_record_without_adopting_it() -> None:
    assert PlanCounts(unchanged=5, updates=3, adoptions=2, creates=9).matched == 6


def test_changes_are_those_that_the_plan_holds() -> None:
    assert PlanCounts(creates=1, updates=2, deactivates=4, deletes=8, rejected=16, known_refused=32).changes == 15


def test_counts_survive_json() -> None:
    figures = PlanCounts(extracted=2, pairs={"21\x001": Pair(3, 1, ("x",))}, samples={"updates": ["1"]})
    assert msgspec.json.decode(encode(figures), type=PlanCounts) == figures


def test_a_plan_survives_json() -> None:
    plan = Plan([Change(Action.CREATE, "1", {"code": "A"})], [], [], ["2"], [], [], PlanCounts(creates=1))
    assert msgspec.json.decode(encode(plan), type=Plan) == plan


ROW: dict[str, object] = {"integration_id": "1", "code": "", "special_updated_in": "2025-01-01 00:00:00"}
EMPTY = [Fault("code", "empty", "x")]


def test_a_rejected_row_is_named_by_its_id_its_reasons_and_the_values_at_fault_and_not_by_their_words() -> None:
    digest = compute_reject_digest(ROW, "1", EMPTY)
    assert digest == compute_reject_digest(dict(ROW), "1", [Fault("code", "empty", "other words")])
    assert digest != compute_reject_digest(ROW, "2", EMPTY)
    assert digest != compute_reject_digest({**ROW, "code": " "}, "1", EMPTY)
    assert digest != compute_reject_digest(ROW, "1", [Fault("code", "too_long", "x")])
    assert digest != compute_reject_digest(ROW, "1", [])


@pytest.mark.parametrize(
    "row",
    [{**ROW, "special_updated_in": "2025-06-01 00:00:00"}, {**ROW, "space5": ""}, dict(reversed(ROW.items()))],
    ids=["another date", "one column more", "another order"],
)
def test_what_is_not_at_fault_names_no_rejected_row(row: dict[str, object]) -> None:
    assert compute_reject_digest(row, "1", EMPTY) == compute_reject_digest(ROW, "1", EMPTY)


def test_rows_that_share_an_id_are_named_by_all_their_values() -> None:
    faults = [Fault("integration_id", "duplicate", "x")]
    digest = compute_reject_digest(ROW, "1", faults)
    assert digest == compute_reject_digest(dict(reversed(ROW.items())), "1", faults)
    assert digest != compute_reject_digest({**ROW, "code": "B"}, "1", faults)


def test_a_rejected_row_whose_id_cannot_be_read_is_named_by_all_its_values_in_any_order() -> None:
    faults = [Fault("integration_id", "empty", "x")]
    row = {**ROW, "integration_id": None}
    digest = compute_reject_digest(row, None, faults)
    assert digest == compute_reject_digest(dict(reversed(row.items())), None, faults)
    assert digest != compute_reject_digest({**row, "code": "A"}, None, faults)


def test_a_row_with_a_value_of_any_kind_has_a_name() -> None:
    assert compute_reject_digest({"code": SPECIAL_CODE.natural_key, "status": object}, None, [])

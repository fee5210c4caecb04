"""Rows and records of one id meet in one bucket, in every version."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.partition import DEFAULT_BUCKETS, MAX_BUCKETS, SINGLE_PARTITION_ROWS, compute_bucket

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(integration_id=st.none() | texts, buckets=st.integers(1, MAX_BUCKETS))
def test_a_bucket_is_one_of_those_there_are(integration_id: str | None, buckets: int) -> None:
    assert 0 <= compute_bucket(integration_id, buckets) < buckets


@given(integration_id=st.none() | texts)
def test_one_bucket_takes_everything(integration_id: str | None) -> None:
    assert compute_bucket(integration_id, 1) == 0


def test_ids_that_cannot_be_read_go_to_the_first_bucket() -> None:
    assert compute_bucket(None, 64) == 0


def test_the_bucket_of_an_id_never_changes_between_versions() -> None:
    assert [compute_bucket(text, 64) for text in ("123456789", "Ş1", "")] == [38, 23, 0]  # CRC-32 of UTF-8


def test_ids_spread_over_all_buckets() -> None:
    filled = [0] * DEFAULT_BUCKETS
    for number in range(6_400):
        filled[compute_bucket(str(number), DEFAULT_BUCKETS)] += 1
    assert min(filled) > 50
    assert max(filled) < 200


def test_the_sizes_are_as_documented() -> None:
    assert (SINGLE_PARTITION_ROWS, DEFAULT_BUCKETS, MAX_BUCKETS) == (20_000, 64, 1_000)

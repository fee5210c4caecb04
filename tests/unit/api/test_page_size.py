from __future__ import annotations

import random

import pytest

from oduyo_provider.api.page_size import DEFAULT_FULL_PAGES, PageSize


def test_half_as_many_after_a_failure_and_twice_as_many_after_full_pages() -> None:
    size = PageSize(1000)
    size.failed(1000)
    assert size.records == 500
    for _ in range(DEFAULT_FULL_PAGES - 1):
        size.succeeded(500, 500)
    assert size.records == 500
    size.succeeded(500, 500)
    assert size.records == 1000
    for _ in range(2 * DEFAULT_FULL_PAGES):
        size.succeeded(1000, 1000)
    assert size.records == 1000


@pytest.mark.parametrize(
    ("limit", "found"), [(500, 249), (500, 0), (1000, 1000), (10, 10)], ids=["half empty", "empty", "before", "look-up"]
)
def test_what_says_nothing_about_the_size_does_not_count(limit: int, found: int) -> None:
    size = PageSize(1000)
    size.failed(1000)
    for _ in range(3 * DEFAULT_FULL_PAGES):
        size.succeeded(limit, found)
    size.failed(1000)  # asked for before the first failure
    assert size.records == 500


def test_a_site_that_cannot_give_more_is_asked_for_more_less_and_less_often() -> None:
    size, tried = PageSize(1000), []
    for page in range(400):
        if size.records > 300:
            tried.append(page)
            size.failed(size.records)
        else:
            size.succeeded(size.records, size.records)
    assert tried == [0, 1, 6, 15, 32, 65, 130, 259]


@pytest.mark.parametrize("ratio", [0.01, 0.1])
def test_a_site_that_fails_now_and_then_is_asked_for_nearly_as_many_as_before(ratio: float) -> None:
    rng, size, records = random.Random(1), PageSize(1000), 0
    for _ in range(1000):
        if rng.random() < ratio:
            size.failed(size.records)
        else:
            size.succeeded(size.records, size.records)
            records += size.records
    assert records > 1_000_000 * (0.9 if ratio < 0.1 else 0.4)

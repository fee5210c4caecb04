"""The plan's own listing, by id."""

from __future__ import annotations

from collections.abc import Iterator

from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.listed import Listed


def test_the_ids_of_a_listing_are_read_once() -> None:
    reads: list[int] = []

    def read() -> Iterator[Remote]:
        reads.append(1)
        yield from ({"id": "1"}, {"id": "5"}, {"id": "9"})

    listed = Listed(read)
    assert (listed.find({"2"}), listed.find({"10", "0"}), len(reads)) == ({}, {}, 1)
    assert listed.find({"5", "7"}) == {"5": {"id": "5"}}

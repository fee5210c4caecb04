"""Reading back in a listing whose pages come in any order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.sync.apply.lookup import MIN_LOOKUPS, Reader

COUNT = MIN_LOOKUPS + 1
CREATES = [Change(Action.CREATE, str(1000 + number), {}) for number in range(COUNT)]
DELETES = [Change(Action.DELETE, str(2000 + number), {}, str(1 + number)) for number in range(COUNT)]


class Pages:
    """A client whose listing gives these pages."""

    def __init__(self, *pages: list[Remote]) -> None:
        self._pages = pages

    async def list_records(self, after_id: str | None) -> AsyncIterator[list[Remote]]:
        for page in self._pages:
            yield page


def fetch_new(changes: list[Change], *pages: list[Remote]) -> dict[str, list[str | None]]:
    """Key → ids of the records, in their order."""
    reader = Reader(
        cast("OduyoClient", Pages(*pages)),
        Normaliser(SPECIAL_CODE),
        concurrency=1,
        site_rows=0,
        last_id=None,
        is_create_mode=False,
    )
    found = asyncio.run(reader.fetch_new(changes))
    return {key: [record["id"] for record in records] for key, records in found.items()}


@pytest.mark.parametrize("twins", [("9", "10"), ("9", "10", "11")])
def test_the_lowest_id_comes_first_whichever_page_is_first(twins: tuple[str, ...]) -> None:
    pages: list[list[Remote]] = [[{"id": oduyo_id, "integration_id": "1000"}] for oduyo_id in reversed(twins)]
    assert fetch_new(CREATES, *pages)["create:1000"] == list(twins)


def test_every_change_has_a_place_and_an_id_is_read_as_it_is_meant() -> None:
    found = fetch_new(
        CREATES, [{"id": "1", "integration_id": " 1001 "}, {"id": "2", "integration_id": "odd"}, {"id": "3"}]
    )
    assert found == {change.key: ["1"] if change.integration_id == "1001" else [] for change in CREATES}


def test_creates_are_found_by_their_id_in_the_erp_and_others_by_oduyos() -> None:
    page: list[Remote] = [{"id": "1", "integration_id": "1000"}, {"id": "2", "integration_id": "2001"}]
    found = fetch_new([*CREATES, *DELETES], page)
    assert {key: ids for key, ids in found.items() if ids} == {
        "create:1000": ["1"],
        "delete:1": ["1"],
        "delete:2": ["2"],
    }

"""What a request asks for."""

from __future__ import annotations

import pytest

from oduyo_provider.page.table_query import read_zone


@pytest.mark.parametrize("name", ["", "Nowhere", "Europe", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_a_time_zone_that_there_is_not_is_utc(name: str) -> None:
    assert read_zone(name).key == "UTC"
    assert read_zone("Europe/Istanbul").key == "Europe/Istanbul"

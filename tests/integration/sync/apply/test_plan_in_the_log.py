"""The plan as guard puts it into its log: what is told of the ERP's rows adds up."""

from __future__ import annotations

import logging
import re

import pytest

from tests.integration.sync.apply.driver import Driver, make_rows


def test_what_becomes_of_the_rows_adds_up_with_those_whose_record_vanished(
    driver: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    driver.sync(make_rows(20))
    driver.site.delete(str(driver.stored()["3"]["id"]))
    rows = [*make_rows(22), *make_rows(1), *make_rows(1, start=30, code="")]
    assert driver.sync(rows).vanished == 1
    caplog.clear()
    with caplog.at_level(logging.INFO):
        driver.sync(rows)
    (told,) = (record.getMessage() for record in caplog.records if record.getMessage().startswith("The plan:"))
    of_rows = told.partition("records in Ödüyo")[0]
    figures = dict(_read(of_rows))
    assert figures.pop("  ERP rows") == sum(
        count for name, count in figures.items() if len(name) - len(name.lstrip()) == 4
    )
    assert (
        figures["    not listed by Ödüyo any more, not sent"],
        figures["      of them known from the last run"],
    ) == (1, 1)


def _read(table: str) -> list[tuple[str, int]]:
    """Each line of a table: its name with what it is indented by, and its number."""
    return [(name, int(count)) for name, count in re.findall(r"^( +\S.*?) +(\d+)$", table, re.MULTILINE)]

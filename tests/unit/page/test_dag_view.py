"""What the list of a DAG's runs says of one."""

from __future__ import annotations

import pytest

from oduyo_provider.page.dag_view import compute_dag_view, compute_item
from tests.unit.page.test_wording import STATES


@pytest.mark.parametrize("name", ["dry", "the first write waits"])
def test_what_was_only_planned_is_no_figure_of_the_list(name: str) -> None:
    facts = STATES[name][0]
    assert facts.report is not None
    assert facts.report.writes > 0
    item = compute_item(facts)
    assert (item.series, item.is_good, item.dry_run) == ({}, False, True)
    assert compute_dag_view("dag", [item])["columns"] == []

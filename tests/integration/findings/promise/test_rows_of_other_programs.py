"""Rows as other programs give them to the operator."""

from __future__ import annotations

import pytest

from oduyo_provider.core.errors import SourceError
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row


def test_rows_may_spell_a_field_each_in_its_own_way(site: Sandbox, dag: Nights) -> None:
    rows: list[Row] = [
        {"integration_id": 1, "Code": "K.1", "status": "1"},
        {"INTEGRATION_ID": 2, " code ": "K.2"},
        {"code": "K.3", "integration_id": 3, "description": "üç"},
    ]
    night = dag.night(rows)
    assert night.is_green, night.why
    assert dag.codes() == ["K.1", "K.2", "K.3"]


def test_a_row_has_a_field_once(site: Sandbox, dag: Nights) -> None:
    rows: list[Row] = [{"integration_id": 1, "code": "K.1"}, {"integration_id": 2, "code": "K.2", "Code": "K.3"}]
    with pytest.raises(SourceError, match='"code" more than once'):
        dag.sync(rows)
    assert site.records() == []

"""The server begins to fail at all changes in the middle of a load, while lists still work."""

from __future__ import annotations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 60


def make_rows(text: str = "x") -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


@pytest.mark.parametrize("status", [500, 502])
@pytest.mark.parametrize("call", ["create", "update"])
@pytest.mark.parametrize("left", [30, 5])
def test_what_it_failed_at_to_the_end_is_red_and_sent_by_the_next_run(
    site: Sandbox, dag: Nights, call: str, status: int, left: int
) -> None:
    if call == "update":
        dag.night(make_rows("old"))
    since = site.counts()["requests"]
    site.set_faults({"call": call, "kind": "status", "status": status, "skip": COUNT - left})
    wants = {"release": ["updates"]}
    night = dag.night(make_rows(), **wants)
    assert not night.is_green
    assert (night.report.refused, night.report.doubtful) == (0, left), night.figures
    assert site.writes(since=since)
    site.set_faults()
    night = dag.night(make_rows(), **wants)
    assert night.is_green, night.why
    assert {str(record["description"]) for record in site.records()} == {"x"}
    assert len(site.records()) == COUNT

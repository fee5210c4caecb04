"""What the plan's own listing cannot show: what a refused create had made, and what somebody typed since."""

from __future__ import annotations

from pathlib import Path

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 20


def make_rows(count: int = COUNT) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "key1": "21"} for number in range(1, count + 1)]


def test_what_was_refused_is_looked_at_before_it_is_sent_again(site: Sandbox, tmp_path: Path) -> None:
    dag = Nights(site, tmp_path / "staging", settle_s=0.2, max_concurrency=1)
    # Two creates are made and refused all the same; then their session ends.
    site.set_faults(
        {"call": "create", "kind": "status_false", "where": "after", "skip": 5, "times": 2},
        {"call": "create", "kind": "kill_session", "skip": 5, "times": 1},
    )
    night = dag.night(make_rows())
    assert night.is_green, night.why
    assert dag.codes() == sorted(str(row["code"]) for row in make_rows())


def type_code(site: Sandbox) -> None:
    """Somebody makes a record by hand, which has no key."""
    site.seed([{"integration_id": "", "code": "KOD.7", "key1": "21"}])


def test_a_code_that_somebody_typed_while_the_plan_waited_is_not_made_a_second_time(site: Sandbox, dag: Nights) -> None:
    dag.night(make_rows(5))

    def wait(_: int) -> None:
        dag.wait(3_600)
        type_code(site)

    night = dag.night(make_rows(8), before_load=wait)
    assert (night.report.created, night.report.stale) == (2, 1)
    assert "looks the same appeared" in str(night.report.reasons)
    assert dag.codes() == sorted(str(row["code"]) for row in make_rows(8))
    adopted = dag.night(make_rows(8), adopt=True)
    assert adopted.is_green, adopted.why
    assert adopted.report.adopted == 1


def test_where_a_person_has_released_look_alikes_it_is_made(site: Sandbox, dag: Nights) -> None:
    dag.night(make_rows(5))

    def wait(_: int) -> None:
        dag.wait(3_600)
        type_code(site)

    assert dag.night(make_rows(8), before_load=wait, release=["look_alikes"]).report.created == 3

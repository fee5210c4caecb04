"""What the page of a DAG says of how it stands."""

from __future__ import annotations

import pytest

from oduyo_provider.page.airflow_db import DagState
from oduyo_provider.page.dag_view import RunItem
from oduyo_provider.page.going_wording import Sentence
from oduyo_provider.page.health import SiteFacts, compute_checklist, compute_health

RED = RunItem(run_id="r", task="", sentence=Sentence("bad", "not in step", "…"), series={"failed": 5})


class TestFirstSync:
    def test_red_runs_do_not_undo_it(self) -> None:
        site = SiteFacts("site", is_opened=True)
        assert compute_checklist([RED] * 30, site) == []
        assert compute_health(None, [RED] * 30, site)[0]["text"] == "none among the last 30 runs"
        assert compute_health(None, [RED], site)[0]["text"] == "none in 1 run"

    def test_until_a_person_s_run_has_passed_guard_it_is_still_to_come(self) -> None:
        assert [step["done"] for step in compute_checklist([RED], SiteFacts("site"))] == [False] * 4
        assert compute_health(None, [RED], SiteFacts("site"))[0]["text"] == "none yet"


@pytest.mark.parametrize(
    ("dag", "tone", "text", "note"),
    [
        (None, "bad", "Airflow does not know this DAG", ""),
        (DagState(False, True, False, 9.0), "bad", "Airflow does not run it", "Dag Import Errors"),
        (DagState(True, True, True, 9.0), "bad", "Airflow does not run it", "Dag Import Errors"),
        (DagState(False, False, True, 9.0), "bad", "Airflow does not run it", "no file"),
        (DagState(True, False, False, 9.0), "warn", "the DAG is paused", ""),
        (DagState(False, False, False, None), "plain", "by hand only", ""),
        (DagState(False, False, False, 9.0), "good", "{at}", ""),
    ],
)
def test_the_next_run_is_the_one_that_airflow_would_start(
    dag: DagState | None, tone: str, text: str, note: str
) -> None:
    point = compute_health(dag, [], SiteFacts())[1]
    assert (point["tone"], point["text"], point["at"]) == (tone, text, 9.0 if tone == "good" else None)
    assert note in point["note"]
    assert bool(note) == bool(point["note"])

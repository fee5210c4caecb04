"""What the page of a DAG says of how it stands."""

from __future__ import annotations

import pytest

from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.page.airflow_db import DagState
from oduyo_provider.page.dag_view import RunItem
from oduyo_provider.page.going_wording import Sentence
from oduyo_provider.page.health import SiteFacts, compute_checklist, compute_health
from oduyo_provider.sync.check.answers import make_points
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.site.state import SiteCheck

RED = RunItem(run_id="r", task="", sentence=Sentence("bad", "not in step", "…"), series={"failed": 5})


class TestFirstSync:
    def test_red_runs_do_not_undo_it(self) -> None:
        site = SiteFacts(is_opened=True)
        assert compute_checklist([RED] * 30, site) == []
        assert compute_health(None, [RED] * 30, site)[0]["text"] == "none among the last 30 runs"
        assert compute_health(None, [RED], site)[0]["text"] == "none in 1 run"

    def test_until_a_person_s_run_has_passed_guard_it_is_still_to_come(self) -> None:
        assert [step["done"] for step in compute_checklist([RED], SiteFacts())] == [False] * 4
        assert compute_health(None, [RED], SiteFacts())[0]["text"] == "none yet"


def make_item(name: str, tone: str, in_step: int = 0, extracted: int = 30) -> RunItem:
    series = {"created": 0} if extracted else {}
    sentence = Sentence(tone, name, "…")
    return RunItem(
        run_id=name, task="", sentence=sentence, extracted=extracted, in_step=in_step, series=series, started_at=5.0
    )


GOOD, RED_ROWS = make_item("good", "good", 30), make_item("red", "bad", 21)
STUCK, GOING, DEAD = (make_item(tone, tone, extracted=0) for tone in ("warn", "busy", "bad"))


@pytest.mark.parametrize(
    ("items", "tone", "text", "note"),
    [
        ([GOOD, RED_ROWS], "good", "30 of 30", ""),
        ([RED_ROWS, GOOD], "warn", "21 of 30", ""),
        ([make_item("red", "bad", 30), GOOD], "warn", "30 of 30", ""),
        ([DEAD, GOOD], "warn", "30 of 30", "in the run of {at}"),
        ([STUCK, GOOD], "warn", "30 of 30", "in the run of {at}"),
        ([GOING, GOOD], "good", "30 of 30", "in the run of {at}"),
        ([make_item("dry", "plain", extracted=0), GOOD], "good", "30 of 30", "in the run of {at}"),
    ],
)
def test_rows_in_step_are_those_of_the_last_run_that_had_rows_and_are_good_only_where_no_newer_one_went_wrong(
    items: list[RunItem], tone: str, text: str, note: str
) -> None:
    point = compute_health(None, items, SiteFacts())[2]
    assert (point["title"], point["tone"], point["text"]) == ("ERP rows in step", tone, text)
    assert (point["note"], point["at"]) == (note, 5.0 if note else None)


def test_without_rows_none_are_said_to_be_in_step() -> None:
    titles = [point["title"] for point in compute_health(None, [DEAD], SiteFacts())]
    assert "ERP rows in step" not in titles


TRIAL = TrialRecords(mark="ODUYO-CHECK-1", keys=("ODUYO-CHECK-1",), above_id=None, last_create_at=9.0)
MAY_SYNC = make_points([Found("login", "found"), Found("may_list", "yes")], asked_at=9.0)


@pytest.mark.parametrize(
    ("check", "tone", "note"),
    [
        (SiteCheck(checked_at=9.0, answers=MAY_SYNC), "good", ""),
        (SiteCheck(checked_at=9.0), "warn", "it could not log in, or not list the records"),
        (SiteCheck(checked_at=9.0, answers=MAY_SYNC, trial=TRIAL), "bad", "ODUYO-CHECK-1, may still be"),
        (SiteCheck(checked_at=9.0, trial=TRIAL), "bad", "ODUYO-CHECK-1, may still be"),
    ],
)
def test_a_site_check_is_good_only_where_it_could_ask_and_has_tidied_up(check: SiteCheck, tone: str, note: str) -> None:
    site = SiteFacts(check)
    point = compute_health(None, [], site)[-1]
    assert (point["tone"], point["text"], point["at"]) == (tone, "{at}", 9.0)
    assert note in point["note"]
    assert bool(note) == bool(point["note"])
    assert compute_checklist([], site)[1]["done"] is (tone == "good")


def test_a_site_check_asks_about_the_records_of_one_dag_and_is_said_to_be_missing_only_where_the_site_is_known() -> (
    None
):
    unlisted, listed = SiteFacts(resource="project_codes"), SiteFacts(resource="project_codes", is_listed=True)
    point = compute_health(None, [], unlisted)[-1]
    assert (point["tone"], point["text"]) == ("plain", "not known yet")
    assert point["note"] == "shown once a run has listed Ödüyo"
    point = compute_health(None, [], listed)[-1]
    assert (point["tone"], point["text"]) == ("warn", "never run")
    assert point["note"] == "trigger it with resource project_codes"
    for site in (unlisted, listed):
        assert "with resource project_codes" in compute_checklist([], site)[1]["text"]


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

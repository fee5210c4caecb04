"""What the page of a DAG says of how it stands."""

from __future__ import annotations

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

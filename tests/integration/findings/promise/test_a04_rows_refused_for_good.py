"""A4: Ödüyo refuses some rows for good."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.sync.staging import buckets
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import DAY_S, Night, Nights, Row

COUNT = 440
#: One row in 20 is refused, and 20 are sent again in a run: there are more of them.
REFUSED = {"habit": "refuse", "share": 0.05, "seed": 1, "message": "Özel kod tanımlı değil"}
MOST_RESENDS = 20


def make_rows(count: int = COUNT, **fields: object) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", **fields} for number in range(1, count + 1)]


class Refusing:
    """A site that refuses some of the rows, after the first night."""

    def __init__(self, site: Sandbox, dag: Nights, call: str = "write", status: int = 404) -> None:
        self.site, self.dag = site, dag
        self.habit = {**REFUSED, "call": call, "status": status}
        site.set_habits(self.habit)

    def night(self, rows: list[Row], **params: object) -> Night:
        self.since = self.site.counts()["requests"]
        return self.dag.night(rows, **params)

    @property
    def asked(self) -> list[str]:
        """The keys of the rows that were refused last night, once for each time."""
        return [
            str(write["column"]["integration_id"])
            for write in self.site.writes(since=self.since)
            if write["reason"] == "refused by a habit"
        ]


@pytest.fixture
def refusing(site: Sandbox, dag: Nights) -> Refusing:
    return Refusing(site, dag)


@pytest.mark.parametrize("status", [404, 200])
def test_a4_refused_rows_are_not_sent_again_and_everything_else_goes_through_green(
    site: Sandbox, dag: Nights, status: int
) -> None:
    refusing = Refusing(site, dag, status=status)
    rows = make_rows()
    first = refusing.night(rows)
    assert first.is_green, first.why
    bad = set(refusing.asked)
    assert len(bad) > MOST_RESENDS
    assert first.figures == {"extracted": COUNT, "created": COUNT - len(bad), "refused": len(bad)}
    for number in range(2):
        changed = [key for key in range(number + 1, COUNT + 1, 9) if str(key) not in bad]
        rows = [{**row, "description": f"gece {number}"} if row["integration_id"] in changed else row for row in rows]
        night = refusing.night(rows)
        assert night.is_green, night.why
        assert refusing.asked == []
        assert night.report.updated == len(changed)
        assert night.report.refused == night.report.known_refused == len(bad)


def test_a4_more_refused_rows_than_are_looked_into_at_the_beginning_of_a_plan_do_not_keep_the_others_out(
    site: Sandbox, dag: Nights
) -> None:
    site.set_habits({"habit": "refuse", "keys": "1*"})
    night = dag.night(make_rows(300), max_rejected_percent=100)
    assert night.is_green, night.why
    assert (night.report.created, night.report.refused) == (189, 111)


def test_a4_more_of_them_than_that_do_not_keep_the_others_out_when_the_erp_touches_all_dates(
    site: Sandbox, dag: Nights
) -> None:
    site.set_habits({"habit": "refuse", "keys": "9???"})
    bad = [{**row, "integration_id": 9000 + number} for number, row in enumerate(make_rows(54))]
    for year, expected in ((2024, "created"), (2025, "updated")):
        rows = [{**row, "special_updated_in": f"{year}-06-01 00:00:00"} for row in (*bad, *make_rows(146)[54:])]
        night = dag.night(rows, max_rejected_percent=100)
        assert night.is_green, night.why
        assert night.figures == {"extracted": 146, expected: 92, "refused": 54}


def test_a4_the_tries_of_the_first_night_send_a_refused_row_again_only_to_tell_it_from_a_dead_session(
    refusing: Refusing,
) -> None:
    # A dozen more that cannot be delivered at first make the task try again.
    refusing.site.set_faults({"call": "create", "kind": "drop", "match": {"code": "KOD.5"}, "times": 2})
    refusing.night(make_rows())
    asked = refusing.asked
    assert len(asked) <= len(set(asked)) * 4 / 3


def test_a4_a_refused_row_is_sent_again_once_it_changes(refusing: Refusing) -> None:
    refusing.night(make_rows())
    bad = sorted(set(refusing.asked), key=int)
    rows = [
        {**row, "description": "düzeltildi"} if str(row["integration_id"]) in bad[:3] else row for row in make_rows()
    ]
    night = refusing.night(rows)
    assert set(refusing.asked) == set(bad[:3])
    assert night.report.refused - night.report.known_refused == 3
    refusing.night(rows)
    assert refusing.asked == []


def test_a4_after_a_week_twenty_a_run_are_sent_again_so_that_a_mended_rule_is_noticed(refusing: Refusing) -> None:
    refusing.night(make_rows())
    bad = set(refusing.asked)
    again: list[set[str]] = []
    for after_s in (8 * DAY_S, DAY_S):
        night = refusing.night(make_rows(), after_s=after_s)
        assert night.is_green, night.why
        assert night.report.known_refused == night.report.refused == len(bad)
        again.append(set(refusing.asked))
    assert len(again[0]) == MOST_RESENDS
    assert again[0] | again[1] == bad
    assert not again[0] & again[1]
    refusing.site.set_habits()
    night = refusing.night(make_rows(), after_s=8 * DAY_S)
    assert night.is_green, night.why
    assert night.report.created == MOST_RESENDS


def test_a4_a_person_has_all_refused_rows_sent_again_at_once_and_that_they_are_refused_again_is_no_news(
    refusing: Refusing,
) -> None:
    refusing.night(make_rows())
    bad = set(refusing.asked)
    night = refusing.night(make_rows(), resend_refused=True, max_rejected_percent=0)
    assert set(refusing.asked) == bad
    assert night.is_green, night.why
    refusing.site.set_habits()
    night = refusing.night(make_rows(), resend_refused=True)
    assert night.figures == {"extracted": COUNT, "unchanged": COUNT - len(bad), "created": len(bad)}


def test_a4_more_new_refusals_than_allowed_are_red_once(site: Sandbox, dag: Nights) -> None:
    site.set_habits({**REFUSED, "share": 0.2})
    assert [dag.night(make_rows(300)).is_green for _ in range(3)] == [False, True, True]


def test_a4_refused_updates_are_not_sent_again_either(site: Sandbox, dag: Nights) -> None:
    site.set_habits()
    dag.night(make_rows())
    refusing = Refusing(site, dag, call="update")
    rows = make_rows(description="yeni")
    first = refusing.night(rows, max_update_percent=100)
    bad = set(refusing.asked)
    assert first.is_green, first.why
    night = refusing.night(rows)
    assert night.is_green, night.why
    assert refusing.asked == []
    assert night.figures == {
        "extracted": COUNT,
        "unchanged": COUNT - len(bad),
        "refused": len(bad),
        "known_refused": len(bad),
    }


@pytest.mark.parametrize("on_missing", ["delete", "deactivate"])
def test_a4_refused_retirements_are_not_sent_again_and_never_red(site: Sandbox, dag: Nights, on_missing: str) -> None:
    rows = make_rows(40, status="1")
    wants = {"on_missing": on_missing, "missing_runs": 1, "release": ["retired"]}
    dag.night(rows, **wants)
    site.set_habits({"habit": "refuse", "call": "write", "message": "Kayıt kullanımda"})
    for number in range(12):
        since = site.counts()["requests"]
        night = dag.night(rows[:30] + rows[31:], after_s=DAY_S, **wants)
        assert night.is_green, night.why
        assert night.report.missing == night.report.missing_refused == 1
        # The first time and a week later, each with its proof that the session lives.
        assert len(site.writes(since=since)) == (2 if number in (0, 7) else 0)


def test_a4_what_an_earlier_partition_was_refused_is_told_where_a_later_one_stops_the_load(
    site: Sandbox, dag: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PARTITION_ROWS", 50)
    old: list[Row] = [{"integration_id": n, "code": f"KOD.{n}", "description": "eski"} for n in range(1, 101)]
    assert dag.night(old).is_green
    first = sorted((f"9{n:03}" for n in range(300)), key=lambda key: compute_bucket(key, 64))[:2]
    last = max(old, key=lambda row: compute_bucket(str(row["integration_id"]), 64))
    site.set_habits(
        {"habit": "refuse", "keys": "9???", "message": "yok"}, {"habit": "letters", "to": "question", "field": "*"}
    )
    rows = [{**row, "description": "ŞUBE"} if row is last else row for row in old]
    night = dag.night([*rows, *({"integration_id": key, "code": key} for key in first)])
    assert "'ŞUBE' became '?UBE'" in night.why
    assert (night.report.refused, night.report.doubtful) == (2, 0)


def test_a4_a_refused_adoption_is_remembered_and_sent_again_on_request_or_after_a_week(
    site: Sandbox, dag: Nights
) -> None:
    site.seed([{"code": f"KOD.{number}", "integration_id": ""} for number in (1, 2)])
    refusing = Refusing(site, dag)
    site.set_habits({"habit": "refuse", "keys": "2"})
    rows = make_rows(12)
    first = refusing.night(rows, adopt=True)
    assert first.figures == {"extracted": 12, "created": 10, "updated": 1, "adopted": 1, "refused": 1}
    known = {"extracted": 12, "unchanged": 11, "refused": 1, "known_refused": 1}
    again = refusing.night(rows, adopt=True)
    assert (again.is_green, again.figures, refusing.asked) == (True, known, [])
    weekly = refusing.night(rows, adopt=True, after_s=8 * DAY_S)
    assert (weekly.is_green, weekly.figures, {*refusing.asked}) == (True, known, {"2"})
    site.set_habits()
    assert refusing.night(rows, adopt=True).figures == known
    assert refusing.night(rows, adopt=True, resend_refused=True).report.adopted == 1
    assert len(site.records()) == 12


def test_a4_the_quarantine_says_of_each_refused_row_what_ödüyo_said_also_where_it_is_not_sent_again(
    site: Sandbox, dag: Nights
) -> None:
    site.set_habits({"habit": "refuse", "keys": "*", "message": "Özel kod tanımlı değil"})
    count = MOST_RESENDS + 5
    rows = make_rows(count)

    def read(run: str) -> list[tuple[str, bool, bool]]:
        lines = map(msgspec.json.decode, dag.new_run(run).folder.read("quarantine.jsonl").splitlines())
        return sorted(
            (line["integration_id"], "tanımlı" in line["answer"], line.get("is_known", False)) for line in lines
        )

    keys = sorted(str(row["integration_id"]) for row in rows)
    dag.night(rows, release=["rejected"])
    assert read("night1") == [(key, True, False) for key in keys]
    assert dag.night(rows).report.known_refused == count
    assert read("night2") == [(key, True, True) for key in keys]
    assert dag.night(rows, after_s=8 * DAY_S).report.known_refused == count
    assert read("night3") == [(key, True, True) for key in keys]

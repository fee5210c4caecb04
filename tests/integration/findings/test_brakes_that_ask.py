"""What a person is told and asked where a brake trips, and what an approval does."""

from __future__ import annotations

from tests.integration.findings.brake_nights import Nights, make_codes

# What approve needs, where a person is asked.


def test_a_run_that_asks_tells_the_person_everything_and_writes_only_when_approved(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(100)
    nights.own(rows)
    changed = make_codes(60, description="yeni") + rows[60:80] + make_codes(5, 201)
    run = driver.new_run()
    params = {"on_unsafe": "ask", "on_missing": "delete", "missing_runs": 1}
    since = len(driver.site.log()["requests"])
    plans = driver.plan(changed, run, **params)
    told = driver.guarded
    assert (told["ask"], told["why_not"], told["trips"]) == (True, "", ["updates", "retired"])
    assert told["actions"] == {"delete": 20, "create": 5, "update": 60}
    updates, retired = told["figures"]
    assert "60 of 80 matched records would be updated (max_update_percent 50)" in updates
    assert "update 1 (Ödüyo 1)" in updates
    assert "20 records would be" in retired
    assert {line.split()[0] for line in told["sample"]} == {"delete", "update", "create"}
    assert driver.site.writes(since=since) == []
    loaded = driver.load(plans, run, **params)
    made = driver.report(run, loaded, **params)
    assert (made.updated, made.deleted, made.created) == (60, 20, 5)
    assert nights.run(changed).figures == {"extracted": 85, "unchanged": 85}


def test_an_approval_leaves_rows_out_that_look_like_a_record_and_says_so(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(20)
    nights.seed(rows[:15], integration_id="")
    run = driver.new_run()
    plans = driver.plan(rows, run, on_unsafe="ask")
    (told,) = driver.guarded["figures"]
    assert (
        "only a release creates them, each beside what it looks like; an approval leaves them out; adopt gives" in told
    )
    made = driver.report(run, driver.load(plans, run, on_unsafe="ask"), on_unsafe="ask")
    assert (made.created, made.rejected) == (5, 15)
    assert nights.run(rows).figures == {"extracted": 20, "unchanged": 5, "rejected": 15, "known_rejected": 15}


def test_what_was_approved_counts_no_more_for_the_week(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(200)
    nights.own(rows)
    given = {"on_missing": "delete", "missing_runs": 1}
    run = driver.new_run()
    plans = driver.plan(rows[60:], run, on_unsafe="ask", **given)
    assert driver.guarded["trips"] == ["retired"]
    driver.report(run, driver.load(plans, run, on_unsafe="ask", **given), **given)
    night = nights.run(rows[72:], **given)
    assert (night.error, night.report.deleted) == (None, 12)


def test_without_a_brake_nobody_is_asked(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(100)
    nights.own(rows)
    driver.plan(rows, driver.new_run(), on_unsafe="ask")
    assert (driver.guarded["ask"], driver.guarded["figures"], driver.guarded["sample"]) == (False, [], [])

"""What the params ask for: dry runs, missing records, create mode, few columns, few rows."""

from __future__ import annotations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick

pytestmark = pytest.mark.usefixtures("erp")


def test_a_dry_run_plans_everything_and_writes_nothing(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(3, code="ESKİ"))
    made = run_special_codes({"dry_run": True}, query=make_query(20))
    assert made.state == "success", made.error
    assert (made.tasks["load"], made.tasks["report"]) == (["skipped"], ["success"])
    assert count_writes(oduyo) == 0
    assert made.report["dry_run"] is True
    assert pick(made.report) == {
        "extracted": 20,
        "created": 17,
        "updated": 3,
        "dry_run": True,
    }
    assert "update 1 (Ödüyo 1): code 'ESKİ' → 'K.1'" in made.log


@pytest.mark.parametrize("conf", [{"dry_run": True}, {"on_missing": "delete", "dry_run": True}, {"dryrun": True}])
def test_d1_a_conf_that_airflow_leaves_out_is_refused_before_anything_is_read(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, conf: dict[str, object]
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS", "False")
    made = run_special_codes(conf, retries=None)
    assert (made.state, made.tasks["snapshot"], made.tries["snapshot"]) == ("failed", ["failed"], 1)
    assert f"The run's conf sets {', '.join(conf)}, but Airflow has not passed it on" in made.error
    assert "[core] dag_run_conf_overrides_params is False" in made.error
    assert oduyo.log()["counters"]["login"] == 0


def test_d1_a_conf_that_asks_for_what_is_set_anyway_may_be_left_out(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_RUN_CONF_OVERRIDES_PARAMS", "False")
    monkeypatch.setenv("ODUYO_PARAMS", '{"erp_query": "test_query"}')
    assert run_special_codes({"dry_run": False}, query=make_query(3)).state == "success"
    assert count_writes(oduyo) == 3


def test_a_dry_run_names_the_brake_that_a_real_run_would_trip(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))
    made = run_special_codes({"dry_run": True}, query=make_query(30))
    assert made.state == "success", made.error
    assert "a run that writes would stop here: 30 of 30 matched records would be updated" in made.log


@pytest.fixture
def have_written(erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    """Rows 1 to 9, 100 to 102 and a passive one, 200, were applied; other records on the site are nobody's."""
    passive = "SELECT 200, 'K.200', 'P', 2, 1, 'HK1', 'açıklama 200'"
    query = f"{make_query(9)} UNION ALL {make_query(3, start=100)} UNION ALL {passive}"
    made = run_special_codes(query=query)
    assert made.state == "success", made.error
    oduyo.seed(make_records(1, start=300) + make_records(1, start=400, integration_id=""))


@pytest.mark.usefixtures("have_written")
@pytest.mark.parametrize("keeps_absent", [True, False])
def test_missing_records_are_deactivated_and_keep_their_other_fields(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, keeps_absent: bool
) -> None:
    oduyo.set_readings(update_keeps_absent=keeps_absent)
    missing = [record for record in oduyo.records() if record["integration_id"] in ("100", "101", "102")]
    for record in missing:
        oduyo.edit(str(record["id"]), space1="elle yazılan")
    before = {record["id"]: record for record in oduyo.records()}
    made = run_special_codes({"on_missing": "deactivate", "missing_runs": 1}, query=make_query(9))
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 9, "unchanged": 9, "missing": 4, "kept_missing": 1, "deactivated": 3}
    for record in oduyo.records():
        expected = {**before[record["id"]], "updated_in": record["updated_in"]}
        if record["integration_id"] in ("100", "101", "102"):
            expected["status"] = "0"
        assert record == expected


@pytest.mark.usefixtures("have_written")
def test_missing_records_are_deleted(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes({"on_missing": "delete", "missing_runs": 1}, query=make_query(9))
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 9, "unchanged": 9, "missing": 4, "deleted": 4}
    assert {record["integration_id"] for record in oduyo.records()} == {"300", "", *map(str, range(1, 10))}


@pytest.mark.usefixtures("have_written")
def test_with_missing_runs_2_a_record_that_is_missing_for_the_first_time_is_kept(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    for _ in range(2):  # both within the twelve hours that have to lie between the first and the last
        made = run_special_codes({"on_missing": "delete"}, query=make_query(9))
        assert pick(made.report) == {"extracted": 9, "unchanged": 9, "missing": 4, "kept_missing": 4}
    assert len(oduyo.records()) == 15


def test_a_row_that_is_rejected_is_not_missing(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(2))
    query = "SELECT 1 AS integration_id, '' AS code, 2 AS key1, 1 AS key2 UNION ALL SELECT 2, 'K.2', 2, 1"
    made = run_special_codes({"on_missing": "delete"}, query=query)
    assert pick(made.report) == {"extracted": 2, "rejected": 1, "unchanged": 1}
    assert len(oduyo.records()) == 2


def test_create_mode_compares_nothing_and_creates_again_in_the_second_run(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    for run in (1, 2):
        made = run_special_codes({"sync_mode": "create"}, query=make_query(25))
        assert made.state == "success", made.error
        assert pick(made.report) == {"extracted": 25, "created": 25}
        ids = sorted(int(str(record["integration_id"])) for record in oduyo.records())
        assert ids == sorted(list(range(1, 26)) * run)


def test_a_column_that_the_query_has_not_is_neither_sent_nor_compared(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(2, space3="elle"))
    made = run_special_codes(
        query="SELECT 1 AS INTEGRATION_ID, 'K.1' AS Code UNION ALL SELECT 2, 'YENİ' UNION ALL SELECT 3, 'K.3'"
    )
    assert made.state == "success", made.error
    assert pick(made.report) == {"extracted": 3, "unchanged": 1, "updated": 1, "created": 1}
    first, second, third = oduyo.records()
    assert {**first, "id": "2"} == {**second, "integration_id": "1", "code": "K.1", "description": "açıklama 1"} | {
        "created_in": first["created_in"],
        "updated_in": first["updated_in"],
    }
    assert (second["code"], second["space3"], third["key1"]) == ("YENİ", "elle", "")
    (created,) = [entry["column"] for entry in oduyo.log(call="create")["requests"]]
    assert created == {"integration_id": "3", "code": "K.3"}


def test_one_row_is_enough(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes(query=make_query(1))
    assert (made.state, pick(made.report)) == ("success", {"extracted": 1, "created": 1})
    assert [record["description"] for record in oduyo.records()] == ["açıklama 1"]


def test_other_records_with_the_same_id_are_reported_and_left_alone(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(1, code="A") + make_records(1, code="B"))
    made = run_special_codes(query=make_query(1))
    assert pick(made.report) == {"extracted": 1, "updated": 1, "remote_duplicates": 1}
    assert [record["code"] for record in oduyo.records()] == ["K.1", "B"]
    assert "1 record beside another with the same integration_id" in made.log


def test_the_demo_of_a_logo_mirror_goes_the_same_way(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    erp.load_demo()
    made = run_special_codes({"erp_query": "logo_postgres", "repair_windows_1254": True})
    assert made.state == "success", made.error
    stored = {str(record["integration_id"]): record["description"] for record in oduyo.records()}
    assert len(stored) == made.report["created"] > 900
    assert made.report["extracted"] == made.report["created"] + made.report["rejected"]
    (mangled,) = erp.fetch(
        "SELECT definition_ FROM logo.lg_021_specodes WHERE definition_ LIKE '%Ý%' AND codetype = 1 LIMIT 1"
    )
    assert mangled[0].strip() not in stored.values()
    assert mangled[0].strip().replace("Ý", "İ").replace("Þ", "Ş").replace("Ð", "Ğ") in stored.values()

"""The demo: 3,500 awkward rows of a real PostgreSQL, all of them accounted for, and Ödüyo field for field as it should be."""

from __future__ import annotations

import json
from typing import Any

from sandbox.erp.load import EDITS, apply_edits
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, count_writes

#: The normalisation rules once more, as SQL, so that an error in the provider's own code cannot hide.
EXPECTED = r"""
WITH cleaned AS (
  SELECT _key, _level1, _level2, turkodu, durum, _cdate, _date, btrim(normalize(translate(
           regexp_replace(kod, U&'[\0001-\0008\000B\000C\000E-\001F\007F\200B\200C\FEFF]', '', 'g'),
           U&'\00A0\0009\000A\000D', '    '), NFC)) AS code,
         btrim(regexp_replace(normalize(translate(
           regexp_replace(coalesce(aciklama, ''), U&'[\0001-\0008\000B\000C\000E-\001F\007F\200B\200C\FEFF]', '', 'g'),
           U&'\00A0\0009\000A\000D', '    '), NFC), ' {2,}', ' ', 'g')) AS description
    FROM erp.sis_ozelkod
)
SELECT _key::text, code, CASE WHEN upper(btrim(durum)) = 'P' THEN '0' ELSE '1' END, _level1::text, _level2::text,
       turkodu, description,
       CASE WHEN _cdate >= '1900-01-02' AND _cdate < '9999-01-01' THEN to_char(_cdate, 'YYYY-MM-DD HH24:MI:SS') ELSE '' END,
       CASE WHEN _date >= '1900-01-02' AND _date < '9999-01-01' THEN to_char(_date, 'YYYY-MM-DD HH24:MI:SS') ELSE '' END
  FROM cleaned WHERE code <> '' ORDER BY _key
"""
FIELDS = [
    "integration_id",
    "code",
    "status",
    "key1",
    "key2",
    "typecode",
    "description",
    "special_created_in",
    "special_updated_in",
]

REPORT_KEYS = [
    *("extracted", "repeated", "rejected", "unchanged", "created", "updated", "refused", "failed", "doubtful", "stale"),
    *(
        "not_applied",
        "missing",
        "kept_missing",
        "deactivated",
        "deleted",
        "missing_refused",
        "missing_failed",
        "adopted",
    ),
    *("known_refused", "known_rejected", "vanished", "remote_duplicates", "new_duplicates", "altered", "out_of_scope"),
    *("new_other_source", "dry_run", "sync_mode", "faults", "reasons", "started_at", "ended_at"),
]


def expect(erp: Erp) -> dict[str, tuple[str, ...]]:
    return {row[0]: row for row in erp.fetch(EXPECTED)}


def read_stored(oduyo: Sandbox) -> dict[str, tuple[str, ...]]:
    records = oduyo.records()
    found = {str(record["integration_id"]): tuple(str(record[name]) for name in FIELDS) for record in records}
    assert len(found) == len(records), "a record is there twice"
    return found


def test_all_rows_are_accounted_for_and_stored_field_for_field(
    demo: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes()

    expected = expect(demo)
    assert made.state == "success", made.error
    assert made.tasks["approve"] == ["skipped"]
    assert read_stored(oduyo) == expected
    assert all(record["created_in"] and record["space1"] == "" for record in oduyo.records())
    assert (made.report["extracted"], made.report["created"]) == (3500, len(expected))
    assert made.report["rejected"] == 3500 - len(expected) == 39
    assert made.report["reasons"] == {"code: empty": 39}
    assert list(made.report) == REPORT_KEYS
    assert json.loads((made.folder / "report.json").read_text(encoding="utf-8")) == made.report

    quarantined = {line["integration_id"]: line for line in made.lines("quarantine.jsonl")}
    all_keys = {str(key) for (key,) in demo.fetch("SELECT _key FROM erp.sis_ozelkod")}
    assert quarantined.keys() == all_keys - expected.keys()
    assert all(line["reasons"] == ["code: empty"] and line["row"] for line in quarantined.values())


def test_the_second_run_writes_nothing_and_the_third_only_what_was_edited(
    demo: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    run_special_codes()
    before, writes = read_stored(oduyo), count_writes(oduyo)

    second = run_special_codes()
    assert second.state == "success", second.error
    assert count_writes(oduyo) == writes
    assert (second.report["unchanged"], second.report["rejected"]) == (len(before), 39)

    apply_edits(demo.server.dsn)
    since = len(oduyo.log()["requests"])
    third = run_special_codes()
    edits = {edit.name: {str(key) for key in edit.keys} for edit in EDITS}
    sent = [entry for entry in oduyo.log(since=since)["requests"] if entry["call"] in ("create", "update", "delete")]
    touched = {"create": edits["new_codes"], "update": edits["descriptions"] | edits["passive"], "delete": set()}
    for call, ids in touched.items():
        assert sorted(entry["column"]["integration_id"] for entry in sent if entry["call"] == call) == sorted(ids)
    (deleted,) = edits["deleted"]
    assert read_stored(oduyo) == {**expect(demo), deleted: before[deleted]}
    figures = {name: third.report[name] for name in ("created", "updated", "unchanged", "missing", "kept_missing")}
    assert figures == {"created": 2, "updated": 4, "unchanged": len(before) - 5, "missing": 1, "kept_missing": 1}


def test_rows_with_several_faults_are_quarantined_with_all_of_them(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    query = """
        SELECT * FROM (VALUES ('7', 'A.1', 'A', 'ok'), ('8', '', 'X', repeat('ş', 256)), (NULL, ' ', 'A', 'x'), ('7', 'A.2', 'A', ''),
            ('9', 'A.9', 'A', ''), ('9', 'A.9', 'A', ''), ('10', 'A.10', 'P', ''), ('11', 'A.11', 'A', '')
        ) AS t (integration_id, code, status, description)"""
    made = run_special_codes(query=query)
    assert made.state == "success", made.error
    quarantined = [(str(line["integration_id"]), line["reasons"]) for line in made.lines("quarantine.jsonl")]
    assert sorted(quarantined) == [
        ("7", ["integration_id: duplicate"]),
        ("7", ["integration_id: duplicate"]),
        ("8", ["code: empty", "status: unknown_status", "description: too_long"]),
        ("None", ["integration_id: empty", "code: empty"]),
    ]
    assert made.report["reasons"] == {
        "code: empty": 2,
        "description: too_long": 1,
        "integration_id: duplicate": 2,
        "integration_id: empty": 1,
        "status: unknown_status": 1,
    }
    assert sorted(str(record["code"]) for record in oduyo.records()) == ["A.10", "A.11", "A.9"]
    assert made.report["repeated"] == 1


def test_xcom_holds_references_and_counts_only(demo: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    made = run_special_codes()
    links = {f"{task}._link_{name}" for task in ("load", "report") for name in ("RunPageLink", "OduyoLink")}
    assert made.xcoms.keys() == {"snapshot", "extract", "transform", "guard", "load", "report", *links}
    values: list[Any] = [value for of_task in made.xcoms.values() for value in of_task]
    texts = [json.dumps(value, ensure_ascii=False) for value in values]
    assert all(len(text.encode()) < 2000 for text in texts)
    codes = [row[1] for row in demo.fetch(EXPECTED)]
    assert not [code for code in codes if len(code) > 4 and any(code in text for text in texts)]

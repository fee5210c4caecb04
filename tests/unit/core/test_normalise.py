"""Rows as ERPs give them, and what becomes of them."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from oduyo_provider.core.faults import Fault
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE, Field, Kind, Resource

ROWS = Path(__file__).parents[2] / "data" / "rows"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """One line of a data file; see tests/data/rows/README.md."""

    name: str
    raw: dict[str, Any]
    payload: dict[str, str] | None = None
    reasons: list[str] = []
    integration_id: str | None = None
    warnings: list[str] = []
    rules: dict[str, Any] = {}


def read_cases() -> list[Any]:
    decoder = msgspec.json.Decoder(Case, float_hook=Decimal)
    return [
        pytest.param(case, id=f"{path.stem}: {case.name}")
        for path in sorted(ROWS.glob("*.jsonl"))
        for case in decoder.decode_lines(path.read_bytes())
    ]


CASES = read_cases()


@pytest.fixture
def normaliser() -> Normaliser:
    return Normaliser(SPECIAL_CODE)


@pytest.mark.parametrize("case", CASES)
def test_an_awkward_row_becomes_what_its_data_file_says(case: Case) -> None:
    done = Normaliser(SPECIAL_CODE, **case.rules).row(case.raw)
    assert [fault.code for fault in done.faults] == case.reasons
    assert done.payload == case.payload
    assert [fault.code for fault in done.warnings] == case.warnings
    assert done.integration_id == (case.payload["integration_id"] if case.payload else case.integration_id)


@pytest.mark.parametrize("case", [case for case in CASES if case.values[0].payload])
def test_normalising_an_awkward_row_twice_changes_nothing(case: Case) -> None:
    normaliser = Normaliser(SPECIAL_CODE, **case.rules)
    assert case.payload is not None
    assert normaliser.row(case.payload).payload == case.payload


@pytest.mark.parametrize("case", [case for case in CASES if case.values[0].reasons or case.values[0].warnings])
def test_every_detail_is_one_printable_line(case: Case) -> None:
    done = Normaliser(SPECIAL_CODE, **case.rules).row(case.raw)
    for fault in [*done.faults, *done.warnings]:
        assert fault.detail
        assert fault.detail.isprintable()
        assert len(fault.detail) < 160


def test_no_two_data_lines_have_the_same_name() -> None:
    names = [case.id for case in CASES]
    assert len(names) == len(set(names)) > 200


def test_a_fault_is_counted_by_its_field_and_reason() -> None:
    assert Fault("code", "empty", "nothing is left after trimming").code == "code: empty"


def test_values_of_a_driver_are_read_as_well_as_staged_ones(normaliser: Normaliser) -> None:
    done = normaliser.row(
        {
            "integration_id": 9465.0,
            "code": UUID("3F2504E0-4F89-11D3-9A0C-0305E82C3301"),
            "status": Decimal("1.00"),
            "key1": b"21",
            "description": memoryview("İKİ  satır".encode()),
            "special_created_in": datetime(2025, 5, 23, 8, 30, 0, 123, tzinfo=timezone.utc),
        }
    )
    assert done.faults == ()
    assert done.payload == {
        "integration_id": "9465",
        "code": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "status": "1",
        "key1": "21",
        "description": "İKİ satır",
        "special_created_in": "2025-05-23 11:30:00",
    }


def test_keys_that_the_resource_does_not_know_are_ignored(normaliser: Normaliser) -> None:
    assert normaliser.row({"integration_id": 1, "code": "A", "id": "5"}).payload == {"integration_id": "1", "code": "A"}


def test_the_payload_has_the_resource_s_order_whatever_the_row_s(normaliser: Normaliser) -> None:
    payload = normaliser.row({"description": "d", "code": "A", "integration_id": 1}).payload
    assert list(payload or ()) == ["integration_id", "code", "description"]


def test_half_a_surrogate_pair_rejects_the_row(normaliser: Normaliser) -> None:
    done = normaliser.row({"integration_id": "1", "code": "A\ud83d", "description": "\udfff"})
    assert [fault.code for fault in done.faults] == ["code: not_encodable", "description: not_encodable"]
    assert done.faults[0].detail.startswith("'A\\ud83d'")


def test_a_required_date_that_counts_as_absent_rejects_the_row() -> None:
    fields = (Field("integration_id", Kind.ID, required=True), Field("due", Kind.DATETIME, required=True))
    normaliser = Normaliser(Resource("erp_cek_senet", "erp/erp_cek_senet", fields))
    assert [fault.code for fault in normaliser.row({"integration_id": 1, "due": None}).faults] == ["due: empty"]


def test_the_length_limit_is_for_texts_only() -> None:
    normaliser = Normaliser(SPECIAL_CODE, max_text_length=3)
    done = normaliser.row({"integration_id": 1, "code": "ABC", "special_created_in": "2025-05-23", "key1": "ABCD"})
    assert [fault.code for fault in done.faults] == ["key1: too_long"]
    assert done.faults[0].detail == "4 characters, allowed are 3"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, "7"), ("7.0", "7"), (Decimal("7.00"), "7"), (" A ", "A"), (None, None), ("", None), ("ÿ", None), (1.5, None)],
)
def test_an_id_by_itself_is_text_or_none(normaliser: Normaliser, value: object, expected: str | None) -> None:
    assert normaliser.integration_id(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(21, "21"), (None, ""), (" 1 ", "1"), (True, None), (1.5, None)])
def test_a_key_by_itself_is_text_or_none(normaliser: Normaliser, value: object, expected: str | None) -> None:
    assert normaliser.value("key1", value) == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [("code", "a  b", "a  b"), ("description", "a  b", "a b"), ("key1", 21, "21"), ("status", "P", "0"), ("status", "?", None)],
)  # fmt: skip
def test_a_value_by_itself_is_read_as_its_field_is(
    normaliser: Normaliser, field: str, value: object, expected: str | None
) -> None:
    assert normaliser.value(field, value) == expected


@pytest.mark.parametrize(
    ("field", "stored", "wanted", "same"),
    [
        ("code", "A", "A", True),
        ("code", " A\u200b", "A", True),
        ("code", "a", "A", False),
        ("description", "a  b", "a b", True),
        ("description", None, "", True),
        ("description", None, "x", False),
        ("status", "1", "1", True),
        ("status", "aktif", "1", True),
        ("status", "?", "1", False),
        ("status", None, "1", False),  # null equals "", and nothing says what Ödüyo takes "" for
        ("status", "", "1", False),
        ("status", " ", "1", False),
        ("special_created_in", "2025-05-23 08:30:00.000", "2025-05-23 08:30:00", True),
        ("special_created_in", "0000-00-00 00:00:00", "2025-05-23 08:30:00", False),
        ("integration_id", "9465.0", "9465", True),
        ("integration_id", "9465.0 ", "9465", True),
        ("code", " I\u0307L", "İL", True),
        ("status", "P", "0", True),
        ("special_created_in", "2025-05-23T08:30:00Z", "2025-05-23 11:30:00", True),
        ("special_updated_in", "0000-00-00 00:00:00", "", True),
        ("created_in", "dün", "2025-05-23 11:30:00", False),
    ],
)
def test_values_are_compared_in_the_same_form(
    normaliser: Normaliser, field: str, stored: str | None, wanted: str, same: bool
) -> None:
    assert normaliser.same(field, stored, wanted) is same


def test_a_mangled_text_in_oduyo_differs_from_the_mended_one() -> None:
    repairing = Normaliser(SPECIAL_CODE, repair_windows_1254=True)
    assert not repairing.same("description", "Þube Ýl", "Şube İl")
    assert repairing.integration_id("Þ1") == "Ş1", "records are still found by their id"


def test_c9_a_letter_that_was_lost_on_the_way_is_reported_and_sent(normaliser: Normaliser) -> None:
    done = normaliser.row({"integration_id": 1, "code": "A", "description": "BAY\ufffd"})
    assert done.payload == {"integration_id": "1", "code": "A", "description": "BAY\ufffd"}
    assert [warning.code for warning in done.warnings] == ["description: replacement_character"]

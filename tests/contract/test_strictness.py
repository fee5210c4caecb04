"""What the documentation does not allow is refused, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.calls import ROW, TIMEOUT_S, Caller

BAD_REQUEST = {"status": False, "error": "Bad Request"}
LIST: dict[str, Any] = {"filters": "", "params": "", "limit": "10", "offset": "0", "sorting": ""}


@pytest.mark.parametrize("value", [1, 1.5, None, True, ["1"], {"a": "1"}])
def test_only_text_is_a_value(caller: Caller, value: object) -> None:
    caller.create()
    for call, column in (
        ("create", {**ROW, "status": value}),
        ("update", {"id": "1", "code": value}),
        ("update", {"id": value, "code": "A"}),
        ("delete", {"id": value}),
    ):
        answer = caller.post(call, {"column": column})
        assert answer.status_code == 400
        assert answer.json() == BAD_REQUEST
    assert len(caller.sandbox.records()) == 1


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("create", {}),
        ("create", {"column": {}}),
        ("create", {"column": [ROW]}),
        ("create", {"column": "A"}),
        ("create", {"column": ROW, "more": "1"}),
        ("create", ROW),
        ("create", {"column": {**ROW, "unknown": "1"}}),
        ("create", {"column": {**ROW, "id": "1"}}),
        ("create", {"column": {**ROW, "note": "a"}}),
        ("update", {"column": {"code": "A"}}),
        ("update", {"column": {"id": "1", "Code": "A"}}),
        ("delete", {"column": {}}),
        ("delete", {"column": {"code": "A"}}),
        ("delete", {"column": {"id": "1", "code": "A"}}),
        ("delete", {"id": "1"}),
    ],
)
def test_a_column_holds_the_documented_fields_and_nothing_else(caller: Caller, call: str, body: object) -> None:
    caller.create()
    answer = caller.post(call, body)
    assert answer.status_code == 400
    assert answer.json() == BAD_REQUEST
    assert answer.headers["X-Sandbox-Reason"]
    assert len(caller.sandbox.records()) == 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "2024-01-01",
        "2024-01-01T10:00:00",
        "2024-1-1 10:00:00",
        "2023-02-29 10:00:00",
        "2024-01-01 25:00:00",
        "01.01.2024 10:00:00",
        "0000-00-00 00:00:00",
        "2024-01-01 10:00:00\n",
        "2024-01-01 10:00:00.123456",
        "٢٠٢٤-01-01 10:00:00",
    ],
)
@pytest.mark.parametrize("field", ["special_created_in", "special_updated_in", "created_in", "updated_in"])
def test_a_datetime_looks_as_documented(caller: Caller, field: str, value: str) -> None:
    assert caller.create(**{field: value}).status_code == 400
    assert caller.sandbox.records() == []


def test_an_empty_datetime_passes_when_the_reading_allows_it(caller: Caller) -> None:
    caller.sandbox.set_readings(accepts_empty_datetime=True)
    assert caller.create(special_created_in="").status_code == 200
    assert caller.create(special_created_in="yesterday").status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"limit": None},
        {"offset": None},
        {"limit": 10},
        {"offset": 0},
        {"limit": ""},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "١"},
        {"more": ""},
        {"filters": None},
        {"filters": "id=1"},
        {"filters": {"field": "id"}},
        {"filters": ["id"]},
        {"filters": [{"field": "id", "operator": "="}]},
        {"filters": [{"field": "id", "operator": "=", "value": 1}]},
        {"filters": [{"field": "id", "operator": "==", "value": "1"}]},
        {"filters": [{"field": "id", "operator": "like", "value": "1"}]},
        {"filters": [{"field": "id", "operator": "OR", "value": "1"}]},
        {"filters": [{"field": "id", "operator": 1, "value": "1"}]},
        {"filters": [{"field": "name", "operator": "=", "value": "1"}]},
        {"filters": [{"field": "id", "operator": "IN", "value": [1]}]},
        {"filters": [{"field": "id", "operator": "IN", "value": []}]},
        {"filters": [{"field": ["id"], "operator": "=", "value": "1"}]},
        {"filters": [{"field": "1=1; --", "operator": "=", "value": "1"}]},
        {"params": []},
        {"params": {"columns": ["id"]}},
        {"params": {"colums": []}},
        {"params": {"colums": "id"}},
        {"params": {"colums": ["name"]}},
        {"sorting": {"field": "id", "sort": "ASC"}},
        {"sorting": ["id"]},
        {"sorting": [{"field": "name", "sort": "ASC"}]},
        {"sorting": [{"field": "id", "sort": "asc"}]},
        {"sorting": [{"field": "id"}]},
    ],
    ids=str,
)
def test_a_list_call_is_as_documented(caller: Caller, change: dict[str, object]) -> None:
    assert caller.post("list", LIST).status_code == 200
    answer = caller.post("list", {**LIST, **change})
    assert answer.status_code == 400
    assert answer.json() == BAD_REQUEST


@pytest.mark.parametrize("missing", ["limit", "offset"])
def test_limit_and_offset_are_required(caller: Caller, missing: str) -> None:
    assert caller.post("list", {name: value for name, value in LIST.items() if name != missing}).status_code == 400


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"a"', b"\xff\xfe", b"[" * 100_000, b"column=1"])
def test_a_body_that_is_no_json_object_gets_the_bare_400(caller: Caller, body: bytes) -> None:
    url = f"{caller.sandbox.url}/api/v1/erp/erp_special_code/create"
    headers = {**caller.headers, "Content-Type": "application/json"}
    answer = caller.http.post(url, data=body, headers=headers, timeout=TIMEOUT_S)
    assert answer.status_code == 400
    assert answer.json() == {}


def test_a_body_is_declared_as_json(caller: Caller) -> None:
    url = f"{caller.sandbox.url}/api/v1/erp/erp_special_code/list"
    headers = {**caller.headers, "Content-Type": "text/plain"}
    assert caller.http.post(url, json=LIST, headers=headers, timeout=TIMEOUT_S).status_code == 400


@pytest.mark.parametrize("path", ["ws/login", "erp/erp_special_code/list", "erp/erp_special_code/create"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_every_call_is_a_post(caller: Caller, method: str, path: str) -> None:
    url = f"{caller.sandbox.url}/api/v1/{path}"
    answer = caller.http.request(method, url, headers=caller.headers, timeout=TIMEOUT_S)
    assert answer.status_code == 405


@pytest.mark.parametrize("path", ["/api/v1/erp/erp_kasa/list", "/api/v2/ws/login", "/api/v1/erp/erp_special_code/"])
def test_an_unknown_path_is_not_found_and_no_json(caller: Caller, path: str) -> None:
    answer = caller.http.post(caller.sandbox.url + path, json=LIST, headers=caller.headers, timeout=TIMEOUT_S)
    assert answer.status_code == 404
    assert "json" not in answer.headers["Content-Type"]


def test_a_body_beyond_the_largest_is_refused(caller: Caller) -> None:
    caller.sandbox.set_readings(max_body_bytes=1000)
    assert caller.create().status_code == 200
    assert caller.create(description="x" * 1000).status_code == 413
    assert len(caller.sandbox.records()) == 1


def test_awkward_text_is_stored_as_sent(caller: Caller) -> None:
    text = "İıŞş \"'\\ <b>&amp;</b> 😀 \u200b\t\r\n; DROP TABLE x; %00"
    caller.create(description=text)
    assert caller.list_records().json()["data"][0]["description"] == text

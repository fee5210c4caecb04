"""Speaks to the sandbox as a program would that knows only the API's documentation."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

import requests

from sandbox.oduyo.server import Sandbox

TIMEOUT_S = 20.0

ROW = {
    "integration_id": "4711",
    "code": "BAYİ-ŞUBE",
    "status": "1",
    "key1": "21",
    "key2": "1",
    "typecode": "26",
    "description": "Güneydoğu bayileri",
    "space1": "",
    "special_created_in": "2024-02-29 23:59:59",
}


class Caller:
    """Calls of one program, with one connection and one session."""

    def __init__(self, sandbox: Sandbox, resource: str = "erp_special_code") -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.session_id = ""
        self.resource = resource

    def login(self, **changes: str) -> requests.Response:
        """The login, with some form fields changed."""
        account = self.sandbox.account
        form = {"username": account.username, "password": account.password, "oduyo_api_key": account.api_key}
        return self.http.post(f"{self.sandbox.url}/api/v1/ws/login", data={**form, **changes}, timeout=TIMEOUT_S)

    def log_in(self) -> Caller:
        """Take a session for the calls that follow."""
        self.session_id = self.login().json()["data"]["session_id"]
        return self

    @property
    def headers(self) -> dict[str, str]:
        """Both headers of a call."""
        return {"Apikey": self.sandbox.account.api_key, "Authorization": self.session_id}

    def post(self, call: str, body: object, **options: Any) -> requests.Response:
        """One call with any body."""
        url = f"{self.sandbox.url}/api/v1/erp/{self.resource}/{call}"
        options.setdefault("headers", self.headers)
        return self.http.post(url, json=body, timeout=options.pop("timeout", TIMEOUT_S), **options)

    def create(self, **changes: str) -> requests.Response:
        """Create a plausible record."""
        return self.post("create", {"column": {**ROW, **changes}})

    def update(self, record_id: str, **fields: str) -> requests.Response:
        """Update some fields."""
        return self.post("update", {"column": {"id": record_id, **fields}})

    def delete(self, record_id: str) -> requests.Response:
        """Delete one record."""
        return self.post("delete", {"column": {"id": record_id}})

    def list_records(self, **changes: object) -> requests.Response:
        """List, by id, up to 1000 records unless told otherwise."""
        sorting = [{"field": "id", "sort": "ASC"}]
        body: Mapping[str, object] = {
            "filters": "",
            "params": "",
            "limit": "1000",
            "offset": "0",
            "sorting": sorting,
        }
        return self.post("list", {**body, **changes})

    def ids(self, **changes: object) -> list[str]:
        """The ids that a listing gives."""
        return [record["id"] for record in self.list_records(**changes).json()["data"]]

    def create_in_vain(self) -> None:
        """Create, and give up waiting once the sandbox has played a fault on it."""
        with contextlib.suppress(requests.ReadTimeout):
            answer = self.post("create", {"column": ROW}, timeout=0.2)
            raise AssertionError(f"answered with {answer.status_code}")
        while not any(entry["fault"] for entry in self.sandbox.log(call="create")["requests"]):
            time.sleep(0.01)

    def control(self, name: str, body: object = None) -> requests.Response:
        """POST to the control plane."""
        return self.http.post(f"{self.sandbox.url}/_sandbox/{name}", json=body, timeout=TIMEOUT_S)

    def look(self, name: str, **query: str) -> requests.Response:
        """GET from the control plane."""
        return self.http.get(f"{self.sandbox.url}/_sandbox/{name}", params=query, timeout=TIMEOUT_S)

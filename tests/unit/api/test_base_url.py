from __future__ import annotations

from typing import Any

import pytest

from oduyo_provider.api.base_url import is_loopback, parse_base_url


def read(host: str, port: int | None = None, schema: str | None = None, *, allow_plain_http: bool = False) -> str:
    faults: list[str] = []
    base_url = parse_base_url(host, port, schema, faults, allow_plain_http=allow_plain_http)
    assert faults == []
    return base_url


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        ({"host": "firma.example.com"}, "https://firma.example.com/api/v1"),
        ({"host": " https://firma.example.com/ "}, "https://firma.example.com/api/v1"),
        ({"host": "firma.example.com/api/v1/"}, "https://firma.example.com/api/v1"),
        ({"host": "firma.example.com/on//ek/"}, "https://firma.example.com/on/ek/api/v1"),
        ({"host": "https://firma.example.com:443/api/v1"}, "https://firma.example.com/api/v1"),
        ({"host": "firma.example.com", "port": 8443}, "https://firma.example.com:8443/api/v1"),
        ({"host": "firma.example.com:8443", "port": 8443}, "https://firma.example.com:8443/api/v1"),
        ({"host": "firma.example.com:8443"}, "https://firma.example.com:8443/api/v1"),
        ({"host": "firma", "schema": "HTTPS"}, "https://firma/api/v1"),
        ({"host": "localhost", "port": 8080, "schema": "http"}, "http://localhost:8080/api/v1"),
        ({"host": "http://127.8.9.1:80"}, "http://127.8.9.1/api/v1"),
        ({"host": "http://[::1]:5000"}, "http://[::1]:5000/api/v1"),
        ({"host": "::1", "schema": "http", "port": 5000}, "http://[::1]:5000/api/v1"),
        ({"host": "2001:db8::7"}, "https://[2001:db8::7]/api/v1"),
        ({"host": "http://firma", "allow_plain_http": True}, "http://firma/api/v1"),
        ({"host": "https://firma", "schema": "http"}, "https://firma/api/v1"),
        ({"host": "ödüyo.example.com"}, "https://ödüyo.example.com/api/v1"),
    ],
)
def test_the_base_url_is_built_from_any_way_to_write_a_host(given: dict[str, Any], base_url: str) -> None:
    assert read(**given) == base_url


@pytest.mark.parametrize(
    ("host", "is_it"), [("LOCALHOST.", True), ("127.255.0.1", True), ("::1", True), ("10.0.0.1", False), ("x", False)]
)
def test_loopback_is_only_this_machine(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it

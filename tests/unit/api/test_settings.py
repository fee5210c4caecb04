from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from oduyo_provider.api.base_url import is_loopback
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import SettingsError


def read(**changes: Any) -> Settings:
    extra = {"api_key": "KEY", **changes.pop("extra", {})}
    values: dict[str, Any] = {"host": "firma.example.com", "port": None, "login": "ayse", "password": "parola"}
    return Settings.from_connection(**{**values, **changes, "extra": extra})


def fault(**changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    return str(caught.value)


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
        ({"host": "http://firma", "extra": {"allow_plain_http": "true"}}, "http://firma/api/v1"),
        ({"host": "https://firma", "schema": "http"}, "https://firma/api/v1"),
        ({"host": "ödüyo.example.com"}, "https://ödüyo.example.com/api/v1"),
    ],
)
def test_the_base_url_is_built_from_any_way_to_write_a_host(given: dict[str, Any], base_url: str) -> None:
    assert read(**given).base_url == base_url


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"host": None}, "host is missing"),
        ({"host": "  "}, "host is missing"),
        ({"host": "firma", "schema": "ftp"}, "schema is neither http nor https but 'ftp'"),
        ({"host": "ftp://firma"}, "neither http nor https"),
        ({"host": "https://ayse:hidden@firma"}, "login and password"),
        ({"host": "firma:99999"}, "port of 1 to 65535"),
        ({"host": "firma:0"}, "port 0"),
        ({"host": "firma", "port": 70000}, "port 70000"),
        ({"host": "firma:1", "port": 2}, "port is 2, but host says 1"),
        ({"host": "firma?x=1"}, "a query"),
        ({"host": "fir ma"}, "blanks"),
        ({"host": "fir\x1bma"}, "\\x1b"),
        ({"host": "firma..com"}, "no host name"),
        ({"host": "https://[::1%25eth0]"}, "no host name"),
        ({"host": "https://[::1"}, "no host name"),
        ({"host": "http://firma"}, "plain http"),
        ({"host": "http://128.0.0.1"}, "plain http"),
        ({"login": None}, "login is missing"),
        ({"password": " "}, "password is missing"),
        ({"extra": {"api_key": ""}}, "api_key is missing"),
        ({"extra": {"api_key": ["KEY"]}}, "api_key must be a text"),
        ({"extra": {"api_key": True}}, "api_key must be a text"),
        ({"extra": {"api_key": "KE\nY"}}, "copy it again"),
        ({"extra": {"timeout_s": "nan"}}, "timeout_s must be a number above 0 and up to 86400, not 'nan'"),
        ({"extra": {"timeout_s": 0}}, "timeout_s"),
        ({"extra": {"timeout_s": True}}, "timeout_s"),
        ({"extra": {"timeout_s": "inf"}}, "timeout_s"),
        ({"extra": {"settle_s": -1}}, "settle_s"),
        ({"extra": {"settle_s": "soon\r\n"}}, "settle_s must be a number above 0 and up to 86400, not 'soon"),
        ({"extra": {"max_concurrency": 1.5}}, "max_concurrency must be a whole number from 1 to 1000, not '1.5'"),
        ({"extra": {"max_concurrency": 0}}, "max_concurrency must be a whole number"),
        ({"extra": {"requests_per_second": "inf"}}, "requests_per_second must be a number above 0, not"),
        ({"extra": {"allow_plain_http": "maybe"}}, "allow_plain_http must be true or false"),
        ({"extra": {"verify": 7}}, "verify must be true or false"),
        ({"extra": {"session_id_path": "a..b"}}, "session_id_path"),
        ({"extra": {"session_id_path": 7}}, "session_id_path"),
    ],
)
def test_a_fault_names_its_field(given: dict[str, Any], said: str) -> None:
    assert said in fault(**given)


def test_all_faults_come_at_once_and_show_no_secret() -> None:
    text = fault(host="http://firma", login="", extra={"api_key": "gizli anahtar ş", "timeout_s": "x"}, password="pw-1")
    assert all(name in text for name in ("host", "login", "api_key", "timeout_s"))
    assert "gizli" not in text
    assert "pw-1" not in text


def test_extras_may_come_as_text() -> None:
    extra = {
        "timeout_s": "12.5",
        "settle_s": " 5 ",
        "max_concurrency": "4",
        "requests_per_second": "2.5",
        "verify": "False",
        "allow_plain_http": 0,
        "session_id_path": "oturum.anahtar",
        "api_key": 123,
    }
    settings = read(extra=extra)
    assert (settings.timeout_s, settings.settle_s, settings.max_concurrency) == (12.5, 5.0, 4)
    assert (settings.requests_per_second, settings.verify, settings.allow_plain_http) == (2.5, False, False)
    assert (settings.session_id_path, settings.api_key) == ("oturum.anahtar", "123")


def test_empty_extras_take_the_defaults() -> None:
    extra = dict.fromkeys(
        ("timeout_s", "settle_s", "max_concurrency", "requests_per_second", "verify", "allow_plain_http"), ""
    )
    settings = read(extra={**extra, "session_id_path": None})
    expected = Settings(base_url="https://firma.example.com/api/v1", username="ayse", password="parola", api_key="KEY")
    assert settings == expected
    assert (settings.timeout_s, settings.settle_s, settings.max_concurrency) == (30.0, 60.0, 8)


def test_verify_takes_the_path_of_a_bundle() -> None:
    assert read(extra={"verify": "/etc/ssl/firma.pem"}).verify == "/etc/ssl/firma.pem"
    assert read(extra={"verify": True}).verify is True


def test_a_site_is_named_by_host_and_port_in_lower_case() -> None:
    assert read(host="Firma.Example.com").site == "firma.example.com"
    assert read(host="[2001:DB8::7]:8443").site == "[2001:db8::7]:8443"


def test_no_way_to_print_settings_shows_a_secret() -> None:
    settings = read(password="pw-1", extra={"api_key": "key-1"})
    console = Console(file=io.StringIO(), width=300)
    console.print(settings)
    assert isinstance(console.file, io.StringIO)
    for shown in (repr(settings), str(settings), console.file.getvalue()):
        assert "pw-1" not in shown
        assert "key-1" not in shown
        assert "ayse" in shown
    assert settings.secrets == ("pw-1", "key-1")


@pytest.mark.parametrize(
    ("host", "is_it"), [("LOCALHOST.", True), ("127.255.0.1", True), ("::1", True), ("10.0.0.1", False), ("x", False)]
)
def test_loopback_is_only_this_machine(host: str, is_it: bool) -> None:
    assert is_loopback(host) is is_it

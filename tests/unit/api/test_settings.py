from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

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
        ({"host": "firma?x=1"}, "host 'https://firma' has blanks, a query"),
        ({"host": "fir ma"}, "blanks"),
        ({"host": "fir\x1bma"}, "\\x1b"),
        ({"host": "firma..com"}, "no host name"),
        ({"host": "xn--mteri-kva8f.example.com"}, "no host name"),
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
        ({"extra": {"page_size": 0}}, "page_size must be a whole number from 1 to 10000, not '0'"),
        ({"extra": {"page_size": 10001}}, "page_size must be a whole number from 1 to 10000, not '10001'"),
        ({"extra": {"page_size": "1.000"}}, "page_size must be a whole number from 1 to 10000, not '1.000'"),
        ({"extra": {"page_size": 1000.0}}, "page_size must be a whole number"),
        ({"extra": {"page_size": "1e3"}}, "page_size must be a whole number"),
        ({"extra": {"page_size": "1_000"}}, "page_size must be a whole number"),
        ({"extra": {"page_size": "١٠"}}, "page_size must be a whole number"),
        ({"extra": {"page_size": "+5"}}, "page_size must be a whole number"),
        ({"extra": {"page_size": True}}, "page_size must be a whole number"),
        ({"extra": {"max_concurrency": "9" * 5000}}, "max_concurrency must be a whole number"),
        ({"extra": {"site_name": "https://a"}}, "site_name must be a name of up to 100 letters"),
        ({"extra": {"site_name": "a/b/"}}, "site_name must be a name"),
        ({"extra": {"site_name": ".."}}, "site_name must be a name"),
        ({"extra": {"site_name": "a" * 101}}, "site_name must be a name"),
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
        "page_size": "250",
        "api_key": 123,
    }
    settings = read(extra=extra)
    assert (settings.timeout_s, settings.settle_s, settings.max_concurrency) == (12.5, 5.0, 4)
    assert (settings.requests_per_second, settings.verify, settings.allow_plain_http) == (2.5, False, False)
    assert (settings.session_id_path, settings.api_key, settings.page_size) == ("oturum.anahtar", "123", 250)


def test_empty_extras_take_the_defaults() -> None:
    extra = dict.fromkeys(
        (
            *("timeout_s", "settle_s", "max_concurrency", "requests_per_second", "verify", "allow_plain_http"),
            *("page_size", "proxy", "site_name"),
        ),
        "",
    )
    settings = read(extra={**extra, "session_id_path": None})
    expected = Settings(base_url="https://firma.example.com/api/v1", username="ayse", password="parola", api_key="KEY")
    assert settings == expected
    assert (settings.timeout_s, settings.settle_s, settings.max_concurrency) == (30.0, 60.0, 8)


def test_verify_takes_the_path_of_a_bundle() -> None:
    assert read(extra={"verify": "/etc/ssl/firma.pem"}).verify == "/etc/ssl/firma.pem"
    assert read(extra={"verify": True}).verify is True


@pytest.mark.parametrize(
    ("hosts", "site"),
    [
        (["Firma.Example.com", "https://firma.example.com.", "firma.example.com:443/api/v1/"], "firma.example.com"),
        (["firma.example.com/firma1", "FIRMA.example.com//firma1/api/v1"], "firma.example.com/firma1"),
        (["firma.example.com/Firma1"], "firma.example.com/Firma1"),
        (["firma.example.com:8443/firma1"], "firma.example.com:8443/firma1"),
        (["[2001:DB8::7]:8443", "https://[2001:db8:0::7]:8443"], "[2001:db8::7]:8443"),
        (["ÖDÜYO.example.com", "ödüyo.example.com".encode("idna").decode()], "ödüyo.example.com"),
    ],
)
def test_a11_a_site_is_named_by_its_canonical_address(hosts: list[str], site: str) -> None:
    assert [read(host=host).site for host in hosts] == [site] * len(hosts)
    assert read(host=hosts[0], extra={"site_name": "firma"}).address == site
    assert read(host="moved.example.com", extra={"site_name": site}).site == site


def test_a11_a_site_name_says_that_two_addresses_are_one_site() -> None:
    hosts = ("127.0.0.1:8080", "localhost:8080")
    named = [read(host=host, schema="http", extra={"site_name": " Firma-1_a.b "}) for host in hosts]
    assert [settings.site for settings in named] == ["Firma-1_a.b"] * 2


def test_b12_an_unknown_extra_is_named_with_those_that_there_are() -> None:
    text = fault(extra={"proxi": "http://gizli", "Timeout_s": 5})
    assert "extra proxi is not known; the known ones are allow_plain_http, api_key, max_concurrency, page_size" in text
    assert "extra Timeout_s is not known" in text
    assert "gizli" not in text
    assert read(extra={"left_over": "", "another": None}).api_key == "KEY"


@pytest.mark.parametrize(
    ("given", "proxy"),
    [
        ("http://proxy.example:8080", "http://proxy.example:8080"),
        ("proxy.example:8080/", "http://proxy.example:8080"),
        (" https://proxy.example ", "https://proxy.example"),
        ("http://firma:p%40ss@[::1]:3128", "http://firma:p%40ss@[::1]:3128"),
    ],
)
def test_b12_a_proxy_is_an_address(given: str, proxy: str) -> None:
    assert read(extra={"proxy": given}).proxy == proxy


@pytest.mark.parametrize(
    "given",
    [
        *("socks5://gizli:1", "http://", "http://gizli:99999", "gizli:0", "http://gizli/x", "http://gi zli", 7),
        *("http://firma:gizli%C5%9F@proxy.example", "http://gizliş@proxy.example"),
    ],
)
def test_b12_what_is_no_address_of_a_proxy_is_a_fault_that_does_not_show_it(given: object) -> None:
    text = fault(extra={"proxy": given})
    assert "extra proxy must be the address of an http proxy" in text
    assert "zli" not in text


def test_b12_the_password_of_a_proxy_is_a_secret() -> None:
    settings = read(extra={"proxy": "http://firma:p%40ss@proxy.example:8080"})
    assert settings.secrets == ("parola", "KEY", "p%40ss", "p@ss")
    assert "***@proxy.example:8080" in repr(settings)
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("parola\n", "password has a line break at its end that was copied along"),
        ("parola\r\n", "password has a line break at its end"),
        ("par\nola", "password has a line break that was copied along"),
        ("\u200bparola", "password has a character that cannot be seen that was copied along"),
        ("parola\ufeff", "password has a character that cannot be seen at its end"),
        ("parola\x00", "password has a character that cannot be seen at its end"),
    ],
)
def test_b15_what_was_copied_along_with_a_password_is_said_in_one_sentence(value: str, said: str) -> None:
    text = fault(password=value)
    assert said in text
    assert "ola" not in text.replace("parola", "")
    assert "login has" in fault(login=value)


@pytest.mark.parametrize("password", ["pa rola", " parola ", "pärölä", "p\N{NO-BREAK SPACE}a", "парола"])
def test_b15_a_password_is_taken_as_it_is(password: str) -> None:
    assert read(password=password).password == password


@pytest.mark.parametrize("extra", ['{"api_key": "gizli"}', ["gizli"], 7, None])
def test_b15_extras_that_are_no_object_are_said_in_one_sentence(extra: object) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_connection(host="firma", port=None, login="a", password="b", extra=extra)
    assert "extra is not a JSON object but something else, such as a text that was encoded twice" in str(caught.value)
    assert str(caught.value).count("extra") == 1
    assert "gizli" not in str(caught.value)


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

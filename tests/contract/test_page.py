"""The page that shows the stored codes."""

from __future__ import annotations

import requests

from tests.contract.calls import TIMEOUT_S, Caller


def page(caller: Caller, **query: str) -> requests.Response:
    return caller.http.get(f"{caller.sandbox.url}/", params=query, timeout=TIMEOUT_S)


def test_the_page_shows_codes_in_turkish(caller: Caller) -> None:
    caller.create()
    answer = page(caller)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for text in ('<html lang="tr">', "Özel kodlar", "BAYİ-ŞUBE", "Güneydoğu bayileri", "Kullanımda", "1 kayıt"):
        assert text in answer.text


def test_everything_stored_is_escaped(caller: Caller) -> None:
    evil = "<script>alert('1')</script>\"&"
    fields = ("integration_id", "code", "status", "key1", "key2", "typecode", "description")
    caller.create(**dict.fromkeys(fields, evil))
    caller.sandbox.edit("1", special_created_in=evil, created_in=evil, updated_in=evil, special_updated_in=evil)
    text = page(caller).text
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot;&amp;") == 11


def test_the_search_words_are_escaped(caller: Caller) -> None:
    text = page(caller, ara='"><script>x</script>').text
    assert "<script" not in text
    assert "&quot;&gt;&lt;script&gt;" in text


def test_scripts_and_foreign_content_are_forbidden(caller: Caller) -> None:
    answer = page(caller)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text


def test_search_ignores_case_the_turkish_way(caller: Caller) -> None:
    caller.create(code="ISPARTA", description="x")
    caller.create(code="İzmir", description="y")
    for words, found, other in (("ısparta", "ISPARTA", "İzmir"), ("İZMİR", "İzmir", "ISPARTA")):
        text = page(caller, ara=words).text
        assert f">{found}<" in text
        assert f">{other}<" not in text


def test_search_takes_wildcards_as_letters(caller: Caller) -> None:
    caller.create()
    assert "Gösterilecek kayıt yok" in page(caller, ara="%").text


def test_many_codes_are_paged_newest_first(caller: Caller) -> None:
    caller.sandbox.seed({"code": f"K-{number}."} for number in range(1, 151))
    first, second = page(caller), page(caller, sayfa="2")
    assert "K-150." in first.text
    assert "K-50." not in first.text
    assert "sayfa=2" in first.text
    assert "K-50." in second.text
    assert "sayfa=1" in second.text
    assert "sayfa=3" not in second.text


def test_a_page_number_that_is_none_means_the_first(caller: Caller) -> None:
    caller.create()
    for number in ("0", "-1", "x", "", "9" * 30, "²"):
        assert "BAYİ-ŞUBE" in page(caller, sayfa=number).text


def test_the_page_follows_light_and_dark(caller: Caller) -> None:
    assert "prefers-color-scheme: dark" in page(caller).text

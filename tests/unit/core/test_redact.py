from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.redact import PASSING_SECRETS, Redactor, neutralise

AWKWARD = "pa ş/w\"+\\<'&ÿÿ>"


def test_a_secret_is_struck_out_in_every_encoding() -> None:
    redact = Redactor([AWKWARD])
    forms = [
        AWKWARD,
        quote(AWKWARD),
        quote(AWKWARD, safe=""),
        quote_plus(AWKWARD),
        quote_plus(AWKWARD).lower(),
        json.dumps(AWKWARD),
        json.dumps(AWKWARD, ensure_ascii=False),
        json.dumps(AWKWARD).replace("/", "\\/"),
        html.escape(AWKWARD),
        html.escape(AWKWARD, quote=False),
        html.escape(AWKWARD).replace("&#x27;", "&#039;"),
        html.escape(AWKWARD).replace("&#x27;", "&apos;"),
        b64encode(AWKWARD.encode()).decode().rstrip("="),
        urlsafe_b64encode(AWKWARD.encode()).decode().rstrip("="),
        json.dumps(b64encode(AWKWARD.encode()).decode().rstrip("=")).replace("/", "\\/"),
        json.dumps(html.escape(AWKWARD)).replace("/", "\\/"),
        repr(AWKWARD)[1:-1],
        json.dumps(repr(AWKWARD)[1:-1], ensure_ascii=False),
        AWKWARD.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"'),
    ]
    for form in forms:
        assert redact(f"a {form} b").replace('"', "") == "a *** b"


SECRETS = ["Çok'gizli ü&1", 'Ab+/c=="<x>', "gizli123"]


def write_numbers(text: str, form: str) -> str:
    """Every character but letters and digits of ASCII as a number."""
    return "".join(sign if sign.isascii() and sign.isalnum() else form.format(ord(sign)) for sign in text)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_struck_out_as_php_and_web_servers_write_it(secret: str) -> None:
    redact = Redactor(["another", secret])
    entities = "".join(f"&{codepoint2name[ord(sign)]};" if ord(sign) in codepoint2name else sign for sign in secret)
    for form in (
        quote(secret, safe="", encoding="windows-1254"),
        quote_plus(secret, encoding="windows-1254"),
        quote(quote(secret, safe=""), safe=""),
        html.escape(quote(secret)),
        entities,
        json.dumps(entities)[1:-1],
        write_numbers(secret, "&#{};"),
        write_numbers(secret, "&#x{:x};"),
    ):
        assert redact(f"a {form} b") == "a *** b", form


@pytest.mark.parametrize("written", ["utf-8", "windows-1254"])
@pytest.mark.parametrize("read", ["utf-8", "latin-1", "windows-1252", "windows-1254"])
def test_a_secret_is_struck_out_where_its_letters_are_misread(written: str, read: str) -> None:
    misread = "Şifre ğı&1".encode(written).decode(read, "replace")
    assert Redactor(["Şifre ğı&1"])(f"a {misread} b") == "a *** b"


@pytest.mark.parametrize("secret", ["ЖЖ", "Ж1", "a\udcff"])
def test_a_secret_that_an_encoding_cannot_write_strikes_out_nothing_else(secret: str) -> None:
    assert Redactor([secret])(f"abc 1 {secret}") == "abc 1 ***"


@pytest.mark.parametrize("secret", [*SECRETS, "a%3A4%3A%7B/gizli=="])
def test_a_secret_that_others_replace_is_struck_out_as_sites_write_it(secret: str) -> None:
    redact = Redactor(["another"])
    redact.add_passing(secret)
    forms = [secret, quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1].replace("/", "\\/")]
    assert [redact(f"a {form} b") for form in forms] == ["a *** b"] * len(forms)


@pytest.mark.parametrize(("first", "second"), [("abcdefgh", "abcdefgh-gizli"), ("xx-abcdefgh", "abcdefgh-gizli")])
def test_of_secrets_that_overlap_nothing_is_left(first: str, second: str) -> None:
    for kept, passing in ((first, second), (second, first)):
        redact = Redactor([kept])
        redact.add_passing(passing)
        assert redact("a xx-abcdefgh-gizli b").replace("xx-", "") == "a *** b"


def test_of_secrets_that_others_replace_the_latest_are_known() -> None:
    redact = Redactor()
    for number in range(PASSING_SECRETS + 1):
        redact.add_passing(f"cookie-{number:03}")
    redact.add_passing(f"cookie-{PASSING_SECRETS:03}")
    redact.add_passing("")
    redact.add_passing("cookie-064")
    assert redact("cookie-000 cookie-001 cookie-064") == "cookie-000 *** ***"


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1254"])
@pytest.mark.parametrize("before", ["u:", "us:", "usr:", ""])
@pytest.mark.parametrize("after", ["", "1", "12", "123"])
@pytest.mark.parametrize("secret", [*SECRETS, "gizli1234"])
def test_a_secret_is_struck_out_wherever_it_begins_in_base64(
    secret: str, encoding: str, before: str, after: str
) -> None:
    raw = (before + secret + after).encode(encoding)
    for encoded in (b64encode(raw).decode().rstrip("="), urlsafe_b64encode(raw).decode().rstrip("=")):
        first, mask, last = Redactor([secret])(f"Basic {encoded}.").partition("***")
        assert mask
        # What is left is of the other bytes alone.
        assert len(first) - len("Basic ") <= -(-4 * len(before) // 3)
        assert len(last) - len(".") <= 1 - (-4 * len(after) // 3)


def test_a_short_secret_strikes_out_only_itself() -> None:
    assert Redactor(["1"])("MQ TVE x1y %31 MTIz 100%25 &nbsp;") == "*** TVE x***y %3*** MTIz ***00%25 &nbsp;"


def test_a_text_without_secrets_is_returned_as_it_is() -> None:
    text = "100%25 &amp;amp; \\u0131 %C3%A7 %E7 &#231; TVFNUU1RTVFNUU1R \\q"
    assert Redactor([*SECRETS, "abc"])(text) == text


def test_the_longest_secret_goes_first() -> None:
    redact = Redactor()
    redact.add("abc")
    redact.add("abcdef")
    assert redact("abcdef abc") == "*** ***"


def test_a_secret_of_one_letter_is_struck_out_and_an_empty_one_is_none() -> None:
    assert Redactor(["x"])("axb") == "a***b"
    assert Redactor([""])("axb") == "axb"


def test_a_secret_that_comes_after_a_text_was_shown_is_struck_out_in_the_next() -> None:
    redact = Redactor(["oturum1"])
    assert redact("oturum1 oturum2") == "*** oturum2"
    redact.add("oturum2")
    assert redact("oturum1 oturum2") == "*** ***"


def test_a_redactor_does_not_print_its_secrets() -> None:
    assert "gizli" not in repr(Redactor(["gizli"]))


@given(st.text(min_size=1), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    shown = Redactor([secret])(before + secret + after).replace("***", "")
    assert secret not in shown or secret in before + after


def test_control_characters_become_visible() -> None:
    assert neutralise("a\r\nb\tc\x1b[31m\u2028\u202eş") == "a\\r\\nb\\tc\\x1b[31m\\u2028\\u202eş"


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert neutralise("x" * 500) == "x" * 500
    assert neutralise("x" * 501) == "x" * 499 + "…"
    assert neutralise("\n" * 400, limit=10) == "\\n\\n\\n\\n\\…"


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_foreign_text_is_one_printable_line_of_limited_length(text: str, limit: int) -> None:
    shown = neutralise(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit

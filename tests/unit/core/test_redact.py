from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from html.entities import codepoint2name
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.redact import Redactor, neutralise

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


def write_entities(text: str) -> str:
    """As PHP's ``htmlentities``."""
    return "".join(f"&{codepoint2name[ord(sign)]};" if ord(sign) in codepoint2name else sign for sign in text)


def write_numbers(form: str) -> Callable[[str], str]:
    """Every character but letters and digits of ASCII as a number."""
    return lambda text: "".join(sign if sign.isascii() and sign.isalnum() else form.format(ord(sign)) for sign in text)


WAYS: dict[str, Callable[[str], str]] = {
    "URL": lambda text: quote(text, safe=""),
    "URL in lower case": lambda text: quote(text, safe="/").replace("%C3", "%c3"),
    "form field": quote_plus,
    "URL in windows-1254": lambda text: quote(text, safe="", encoding="windows-1254"),
    "form field in windows-1254": lambda text: quote_plus(text, encoding="windows-1254"),
    "HTML": html.escape,
    "HTML by name": write_entities,
    "decimal": write_numbers("&#{};"),
    "decimal, four digits": write_numbers("&#{:04};"),
    "hexadecimal": write_numbers("&#x{:x};"),
    "hexadecimal, capital, four digits": write_numbers("&#X{:04X};"),
    "every character as a number": lambda text: "".join(f"&#{ord(sign):06};" for sign in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "PHP's JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/").replace("'", "\\u0027"),
    "code": lambda text: repr(text + "'\"")[1:-4],
}
SECRETS = ["Çok'gizli ü&1", 'Ab+/c=="<x>', "p%41&amp;\\ğ", "gizli123"]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_struck_out_where_it_is_encoded_twice_in_any_way(secret: str) -> None:
    redact = Redactor(["another", secret])
    for (inner, write), (outer, write_again) in product(WAYS.items(), WAYS.items()):
        once, twice = write(secret), write_again(write(secret))
        assert redact(f"a {once}; b") == "a ***; b", inner
        assert redact(f"a {twice}, b {secret} {twice}c") == "a ***, b *** ***c", (inner, outer)


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1254"])
@pytest.mark.parametrize("before", ["u:", "us:", "usr:", ""])
@pytest.mark.parametrize("after", ["", "1", "12", "123"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_struck_out_wherever_it_begins_in_base64(
    secret: str, encoding: str, before: str, after: str
) -> None:
    redact, raw = Redactor([secret]), (before + secret + after).encode(encoding)
    for encoded in (b64encode(raw).decode().rstrip("="), urlsafe_b64encode(raw).decode().rstrip("=")):
        shown = redact(f"Basic {encoded}.")
        assert shown.startswith("Basic ")
        assert shown.endswith(".")
        # What is left is of the other bytes alone.
        left = shown[len("Basic ") : -1].partition("***")
        assert left[1] == "***"
        assert encoded.startswith(left[0])
        assert encoded.endswith(left[2])
        assert len(left[0]) <= 4 * len(before) // 3
        assert len(left[2]) <= -(-4 * len(after) // 3)


@pytest.mark.parametrize("write", [*WAYS.values()])
def test_base64_is_recognised_around_and_within_another_encoding(write: Callable[[str], str]) -> None:
    secret = "ÿ?>~ÿ?>~gizli"
    encoded = b64encode(b"u:" + secret.encode()).decode()
    assert "***" in Redactor([secret])(f"a {write(encoded)} b")
    for text in (quote(secret, safe=""), quote_plus(secret), json.dumps(secret)):
        encoded = b64encode(b"{" + text.encode() + b"}").decode()
        assert "***" in Redactor([secret])(f"a {write(encoded)} b")


def test_a_text_without_secrets_is_returned_as_it_is_however_it_is_encoded() -> None:
    texts = [
        "100%25 &amp;amp; \\u0131 \\\\ %C3%A7 %C3 %E7 &#231; &nothing; &#9999999; \\q",
        "TVFNUU1R" * 9,
        "%",
        "&",
        "\\",
    ]
    for redact in (Redactor(), Redactor([*SECRETS, "abc", "MQ4"])):
        assert [redact(text) for text in texts] == texts


def test_a_short_secret_strikes_out_only_itself() -> None:
    text = "MQ TVE x1y %31 &#49; \\u0031 %2531 MTIz 100%25 &nbsp;"
    assert Redactor(["1"])(text) == "*** TVE x***y *** *** *** *** MTIz ***00%25 &nbsp;"


def test_what_stands_beside_an_encoded_secret_stays() -> None:
    redact = Redactor(["a&b", "a&b%c", "xyz"])
    assert redact("%C3%A7a%26b%C3%A7 &nothing;a&amp;b&nbsp;") == "%C3%A7***%C3%A7 &nothing;***&nbsp;"
    assert redact("1 a%26b%25c xyz 2") == "1 *** *** 2"
    assert redact("a&amp;ba&amp;b") == "******"


def test_the_longest_secret_goes_first() -> None:
    redact = Redactor()
    redact.add("abc")
    redact.add("abcdef")
    assert redact("abcdef abc") == "*** ***"


def test_a_secret_of_one_letter_is_struck_out_and_an_empty_one_is_none() -> None:
    assert Redactor(["x"])("axb") == "a***b"
    assert Redactor([""])("axb") == "axb"


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

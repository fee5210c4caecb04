from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

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

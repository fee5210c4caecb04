"""The cookies that a site sets are secrets: with one, anybody may be taken for the session's user."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

#: A shorter value is a flag or a language, and could stand in any text.
SHORTEST_SECRET = 8


def find_cookie_secrets(set_cookies: Iterable[str]) -> list[str]:
    """What must not be shown of ``Set-Cookie`` headers, such as ``ci_session=abc%3D; path=/``."""
    return compute_secrets(header.partition(";")[0].partition("=")[2] for header in set_cookies)


def compute_secrets(values: Iterable[str]) -> list[str]:
    """The cookie values that must not be shown, as they are sent and as PHP shows them."""
    bare = [value.strip().strip('"') for value in values]
    return [form for value in bare if len(value) >= SHORTEST_SECRET for form in (value, unquote(value))]

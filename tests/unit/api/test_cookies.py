from __future__ import annotations

import pytest

from oduyo_provider.api.cookies import find_cookie_secrets


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        ("ci_session=a%3A1gizli; Path=/; HttpOnly", ["a%3A1gizli", "a:1gizli"]),
        ('SRV="n1==gizli"', ["n1==gizli", "n1==gizli"]),
        ("ci_session=; Max-Age=0", []),
        ("lang=tr; Path=/", []),
        ("gizligizli", []),
    ],
)
def test_a_cookie_s_value_is_a_secret_but_for_flags(header: str, secrets: list[str]) -> None:
    assert find_cookie_secrets([header]) == secrets

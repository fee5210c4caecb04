"""Which brakes a run may release, as forms, JSON and Python say it."""

from __future__ import annotations

import pytest

from oduyo_provider.core.release import parse_release


@pytest.mark.parametrize(
    ("given", "released"),
    [
        (None, {}),
        ([], {}),
        ("", {}),
        (" ", {}),
        ("[]", {}),
        ("{}", {}),
        (["[]"], {}),
        ("{'retired': 149, 'updates': 3}", {"retired": 149, "updates": 3}),
        (["retired"], {"retired": None}),
        (["retired:149", "updates"], {"retired": 149, "updates": None}),
        ([" retired : 0 ", ""], {"retired": 0}),
        ('["retired:149", "updates"]', {"retired": 149, "updates": None}),
        (['["retired:149"]'], {"retired": 149}),
        (("letters",), {"letters": None}),
        ("retired:149, updates", {"retired": 149, "updates": None}),
        ("retired:149\nupdates\n", {"retired": 149, "updates": None}),
        ({"retired": 149, "updates": None}, {"retired": 149, "updates": None}),
    ],
)
def test_a_list_a_text_and_a_mapping_are_read_alike(given: object, released: dict[str, int | None]) -> None:
    assert parse_release(given) == released


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (["retired:149", "retired"], 149),
        ("retired, retired:149", 149),
        (["retired:149", "retired:0", "retired:20"], 0),
        (["retired", "retired"], None),
    ],
)
def test_of_several_entries_of_a_brake_the_smallest_limit_counts(given: object, limit: int | None) -> None:
    assert parse_release(given) == {"retired": limit}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["yok"], "'yok' is no brake"),
        (["retired", "yok:3"], "'yok' is no brake"),
        (["retired:"], "'' is no whole number"),
        (["retired:-1"], "'-1' is no whole number"),
        (["retired:%10"], "'%10' is no whole number"),
        (["retired:1.5"], "'1.5' is no whole number"),
        (["letters:0"], "letters takes no limit"),
        ({"key_altered": 3}, "key_altered takes no limit"),
        ({"retired": True}, "'True' is no whole number"),
        ("retired updates", "'retired updates' is no brake"),
        ([5], "5 is no brake"),
        (5, "5 is no list"),
        (True, "True is no list"),
    ],
)
def test_what_cannot_be_read_is_named(given: object, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_release(given)
    assert str(caught.value) == said

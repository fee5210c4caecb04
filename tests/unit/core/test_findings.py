"""What a site does to values that it is sent."""

from __future__ import annotations

import pytest

from oduyo_provider.core.findings import (
    Finding,
    accept_seen,
    can_be_one_cut,
    find_other_values,
    is_beginning,
    is_cut,
    is_final_value,
    make_finding,
)
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.resources import CHEQUE
from oduyo_provider.core.values.letters import Escaping
from tests.unit.core.sides import NORMALISER

CHEQUES = Normaliser(CHEQUE)


@pytest.mark.parametrize(
    ("field", "sent", "stored", "name"),
    [
        ("description", "Şube", "Sube", "letters"),
        ("code", "Ş1", "?1", "letters"),
        ("description", "Şube", "elle", "letters:description"),
        ("key1", "21", "2", "letters:key1"),
        ("key1", "021", "21  ", "letters"),
        ("status", "0", "1", "letters:status"),
    ],
)
def test_other_letters_are_one_finding_of_all_texts_and_another_value_is_one_of_its_field(
    field: str, sent: str, stored: str, name: str
) -> None:
    assert make_finding(field, sent, stored, NORMALISER).name == name


@pytest.mark.parametrize(
    ("sent", "stored", "key", "kept"),
    [
        ("123", "12", "129", "12"),
        ("123", "12", "12", "12"),
        ("123", "12", "1", "1"),
        ("123", "21", "129", "129"),  # no beginning: it is not known to be cut
        ("123", None, "129", "129"),
        ("0123", "123", "129", "129"),
        ("ŞUBE-1", "ŞUBE", "ŞUBE-2", "ŞUBE"),
        ("ŞUBE-1", "ŞUBE", "KASA1", "KASA1"),  # five bytes, as many as were kept of the example
        ("ŞUBE-1", "ŞUBE", "KASA-1", "KASA"),
        ("KASAŞ-1", "KASA", "KASA1", "KASA1"),  # of five bytes Ş is halved
    ],
)
def test_a_key_is_kept_whole_where_a_site_that_cut_another_one_may_keep_it(
    sent: str, stored: str | None, key: str, kept: str
) -> None:
    assert Finding("key_altered", "integration_id", sent, stored).cut(key) == kept


def test_an_example_shows_how_a_site_escapes() -> None:
    assert Finding("letters", "note", "A & B", "A &amp; B").escaping is Escaping.HTML
    assert Finding("letters", "description", "ş", "s").escaping is None


LONG = "ş" * 10


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([(LONG + "x", LONG)], True),
        ([(LONG + "x", LONG), ("k" * 11, "k" * 10)], True),
        ([(LONG + "x", LONG), ("k" * 21, "k" * 20)], True),  # at 20 bytes
        ([(LONG + "ş", LONG), ("k" * 21 + "x", "k" * 21)], True),  # at 21, before half a letter
        ([(LONG + "😀", LONG), ("k" * 23 + "x", "k" * 23)], True),
        ([(LONG + "😀", LONG), ("k" * 24 + "x", "k" * 24)], False),
        ([("k" * 12 + "1", "k" * 12), ("k" * 13 + "1", "k" * 13)], False),
        ([(LONG + "x", LONG), ("k" * 9 + "x", "k" * 9)], False),
        ([(LONG + "  x", LONG), ("ş" * 12 + "x", "ş" * 12)], True),  # at 12 characters, without the blanks
        ([(LONG + "  x", LONG), ("ş" * 14 + "x", "ş" * 14)], False),
    ],
)
def test_texts_can_have_been_cut_by_one_site_at_one_length_only(texts: list[tuple[str, str]], expected: bool) -> None:
    assert can_be_one_cut(texts) is expected
    assert can_be_one_cut(reversed(texts)) is expected


@pytest.mark.parametrize(
    ("sent", "stored", "expected"),
    [("long", "lo", True), ("long", "long", True), ("long", "", False), ("long", None, False), ("long", "Lo", False)],
)
def test_a_beginning_of_what_was_sent_was_cut(sent: str, stored: str | None, expected: bool) -> None:
    assert is_beginning(sent, stored) is expected


@pytest.mark.parametrize(
    ("field", "sent", "stored", "is_other"),
    [
        ("integration_id", "1", "2", False),  # a finding of its own
        ("code", "Ş&1", "S&1", True),
        ("code", "uzun", "uz", False),
        ("description", "x", None, True),
        ("key1", "21", "2", True),
        ("key2", "01", "0", True),
        ("status", "1", "A", False),
        ("status", "0", "P", False),
        ("status", "0", "1", True),
        ("status", "1", "", False),
        ("special_created_in", "2024-05-06 00:00:00", None, False),
    ],
)
def test_another_value_is_neither_cut_nor_a_stamp_nor_a_status_in_another_word(
    field: str, sent: str, stored: str | None, is_other: bool
) -> None:
    assert find_other_values({field: sent}, {field: stored}, NORMALISER) == ([field] if is_other else [])


@pytest.mark.parametrize(("sent", "stored"), [("140000.5000", "1400005000"), ("1400", "140"), ("140.5000", "")])
def test_an_amount_is_never_cut(sent: str, stored: str) -> None:
    assert not is_cut("amount", sent, stored, CHEQUES)
    assert find_other_values({"amount": sent}, {"amount": stored}, CHEQUES) == ["amount"]


def test_a_day_that_is_stored_otherwise_is_another_value() -> None:
    sent, stored = {"vade": "2026-03-31 00:00:00"}, {"vade": "2026-03-30 00:00:00"}
    assert find_other_values(sent, stored, CHEQUES) == ["vade"]


@pytest.mark.parametrize(
    ("field", "sent", "stored", "is_final"),
    [
        ("description", "Şube", "Sube", False),
        ("description", "Şube", "", True),
        ("description", "Şube", None, True),
        ("description", "😀", "", False),  # the site knows none of its letters
        ("description", "", "x", False),
        ("status", "0", "1", True),
        ("status", "1", "A", False),
        ("status", "1", None, False),
        ("status", "0", None, True),
        ("key1", "21", "2", False),
    ],
)
def test_nobody_can_accept_that_nothing_is_stored_or_the_opposite_status(
    field: str, sent: str, stored: str | None, is_final: bool
) -> None:
    assert is_final_value(field, sent, stored, NORMALISER) is is_final


@pytest.mark.parametrize(
    ("pair", "is_accepted"),
    [
        (Stored("Şube", "elle", is_open=True), False),
        (Stored("Şube", "elle", is_open=True, is_repeated=True), True),
        (Stored("Şube", "Sube", is_open=True), True),
        (Stored("Şube", "", is_open=True, is_repeated=True), False),
    ],
    ids=["seen once", "kept twice", "known of the site", "nothing kept"],
)
def test_a_release_accepts_what_the_site_is_known_to_do_and_what_was_kept_twice(
    pair: Stored, is_accepted: bool
) -> None:
    entry = Entry("1", stored={"description": pair, "code": Stored("K1", "K")})
    accepted = accept_seen(entry, {"letters"}, NORMALISER)
    assert accepted.stored["description"].is_open is not is_accepted
    assert accepted.stored["code"] == entry.stored["code"]

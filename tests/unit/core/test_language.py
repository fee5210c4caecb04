from __future__ import annotations

import gettext as stdlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from oduyo_provider.core import language
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import check_language, format_number, gettext, ngettext, use_language

#: A text that the catalogue has.
TEXT = (
    "The environment variable %(variable)s is %(value)s, which is no language of this package. Set it to one of "
    "%(languages)s, or unset it, on all machines of this Airflow."
)
VALUES = {"variable": "A", "value": "B", "languages": "C"}


@pytest.fixture
def turkish() -> Iterator[None]:
    with use_language("tr"):
        yield


def test_texts_are_english_without_a_setting() -> None:
    assert gettext(TEXT, **VALUES).startswith("The environment variable A is B, ")


@pytest.mark.parametrize("named", ["tr", " TR "])
def test_the_environment_chooses_the_language(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", named)
    check_language()
    assert gettext(TEXT, **VALUES).startswith("A ortam değişkeninin değeri B, ")


def test_a_language_that_there_is_not_is_a_fault_where_settings_are_checked_and_english_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", "türkçe")
    assert gettext("a text") == "a text"
    with pytest.raises(SettingsError, match=r"ODUYO_LANGUAGE is 'türkçe', which is no language .* one of en, tr, or"):
        check_language()


@pytest.mark.parametrize(
    ("code", "start"), [("tr", "A ortam"), ("tr-TR", "A ortam"), ("de", "The env"), ("", "The env")]
)
def test_a_caller_takes_another_language_for_a_while(monkeypatch: pytest.MonkeyPatch, code: str, start: str) -> None:
    monkeypatch.setenv("ODUYO_LANGUAGE", "tr")
    with use_language(code):
        assert gettext(TEXT, **VALUES).startswith(start)
        with ThreadPoolExecutor() as pool:
            assert pool.submit(gettext, TEXT, **VALUES).result().startswith("A ortam")
    assert gettext(TEXT, **VALUES).startswith("A ortam")


def test_a_percent_sign_in_a_text_without_values_stands_for_itself() -> None:
    assert gettext("100 % done") == "100 % done"


def test_a_number_of_things_is_told_in_the_form_that_fits_it() -> None:
    told = [ngettext("%(n)s row of %(of)s", "%(n)s rows of %(of)s", n, of="x") for n in (0, 1, 1234)]
    assert told == ["0 rows of x", "1 row of x", "1,234 rows of x"]


def test_numbers_are_written_in_english_form() -> None:
    assert (format_number(1234567), format_number(0.456, 1)) == ("1,234,567", "0.5")


@pytest.mark.usefixtures("turkish")
def test_numbers_are_written_in_turkish_form() -> None:
    assert (format_number(1234567), format_number(1234.56, 1)) == ("1.234.567", "1.234,6")
    assert ngettext("%(n)s x", "%(n)s xs", 1234) == "1.234 xs"


def test_the_catalogue_is_read_once_and_only_when_a_text_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Catalogue(stdlib.GNUTranslations):
        def _parse(self, fp: object) -> None:
            read.append("once")
            super()._parse(fp)  # type: ignore[misc]

    language._read_catalogue.cache_clear()  # noqa: SLF001  a test before this one has read it
    monkeypatch.setattr(stdlib, "GNUTranslations", Catalogue)
    with use_language("tr"):
        assert read == []
        assert [gettext(TEXT, **VALUES)[:7] for _ in range(3)] == ["A ortam"] * 3
    assert read == ["once"]

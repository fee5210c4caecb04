"""The reader's language: texts are written in English where they are used, and translated by gettext's catalogues.
Those of the site check stand in a table of their own, ``sync/check/questions.ini``.

The language is ``ODUYO_LANGUAGE``'s, unless a caller takes another one for a while (:func:`use_language`), as the page
does. A text that is stored in a file has the language of the run that wrote it.

The catalogues lie in ``locale/``; ``make messages`` makes them anew. They are read by the standard library on first use,
and with English never. Numbers and dates are written here: Babel knows some 800 locales, but two are needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

from oduyo_provider.core import variables
from oduyo_provider.core.errors import SettingsError

#: The language that texts are written in.
DEFAULT_LANGUAGE = "en"

LANGUAGES = (DEFAULT_LANGUAGE, "tr")

#: The name of the catalogues.
DOMAIN = "oduyo_provider"

LOCALE_FOLDER = Path(__file__).parents[1] / "locale"

_chosen: ContextVar[str | None] = ContextVar("oduyo_language", default=None)


def gettext(message: str, /, **values: object) -> str:
    """A text in the reader's language.

    :param message: in English, a whole sentence or more, with ``%(name)s`` for each value.
    :param values: what stands for the names; without any, the text is taken as it is.
    """
    text = _read_catalogue(read_language()).gettext(message) if message else ""  # the empty one is a catalogue's head
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    """A text about a number of things, in the reader's language.

    :param singular: in English, for one of them; ``plural`` for all other numbers.
    :param n: the number; it stands for ``%(n)s``, in the reader's form.
    """
    text = _read_catalogue(read_language()).ngettext(singular, plural, n)
    return text % {"n": format_number(n), **values}


def gettext_noop(message: str, /) -> str:
    """Marks a text of a declaration for the catalogues; it stays English until ``gettext`` is given it."""
    return message


def format_number(number: float, digits: int = 0) -> str:
    """A number with its thousands apart, as the reader writes it: ``1,234.5``, ``1.234,5``.

    :param digits: behind the decimal sign.
    """
    text = f"{number:,.{digits}f}"
    return text if read_language() == DEFAULT_LANGUAGE else text.translate(str.maketrans(",.", ".,"))


def read_language() -> str:
    """The present language; English where :func:`check_language` would find a fault."""
    named = _chosen.get() or _read_variable()
    return named if named in LANGUAGES else DEFAULT_LANGUAGE


@contextmanager
def use_language(code: str) -> Iterator[None]:
    """Take another language for a while, in this thread or coroutine only.

    :param code: such as ``tr``; what follows a hyphen is left out, and an unknown one is English.
    """
    token = _chosen.set(code.partition("-")[0].lower() or DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _chosen.reset(token)


def check_language() -> None:
    """Check the language setting. A run does so with its other settings; a DAG file is parsed with any value.

    :raises SettingsError: ``ODUYO_LANGUAGE`` names no language that there is.
    """
    if (named := _read_variable()) not in LANGUAGES:
        raise SettingsError(
            gettext(
                "The environment variable %(variable)s is %(value)s, which is no language of this package. Set it to one of "
                "%(languages)s, or unset it, on all machines of this Airflow.",
                variable=variables.LANGUAGE.name,
                value=repr(named[:40]),
                languages=", ".join(LANGUAGES),
            )
        )


def _read_variable() -> str:
    return variables.LANGUAGE.read().lower()


@cache
def _read_catalogue(language: str) -> NullTranslations:
    return translation(DOMAIN, LOCALE_FOLDER, [language], fallback=language == DEFAULT_LANGUAGE)

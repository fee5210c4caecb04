"""Raw value to status: whether a record is in use, in the words of its resource (``1``/``0``, or ``A``/``P``)."""

from __future__ import annotations

from decimal import Decimal

from oduyo_provider.core.language import gettext
from oduyo_provider.core.values.invalid import InvalidValueError, show_value
from oduyo_provider.core.values.text import clean_text, has_controls, parse_bytes, parse_staged_text

# Whether in use, as ERPs write it: P, pasif, H (hayır) and A, aktif, E (evet). A blank status means in use.
_WORDS = {
    **dict.fromkeys(("P", "p", "0", "H", "h", "false", "pasif"), False),
    **dict.fromkeys(("A", "a", "1", "E", "e", "true", "aktif", ""), True),
}
# All four Turkish i's count as one letter here: PASİF, PASIF and pasıf are the same word.
_ONE_I = str.maketrans("İIı", "iii")


def parse_status(value: object, *, active: str = "1", passive: str = "0", repair: bool = False) -> str:
    """The resource's word for a truth value, 0, 1, a bit or one of the words of ERPs; NULL and blank mean in use.

    :param active: the resource's word for a record in use; likewise ``passive``.
    :param repair: as of :func:`~oduyo_provider.core.values.text.clean_text`: ``PASÝF`` is ``PASİF``.
    :raises InvalidValueError: ``unknown_status`` for anything else: no status is guessed.
    """
    is_active = _read(value, repair=repair)
    if is_active is None:
        detail = gettext(
            "'%(value)s' means neither active nor passive; map it to 1 or 0 in the query", value=show_value(value)
        )
        raise InvalidValueError("unknown_status", detail)
    return active if is_active else passive


def means_passive(value: object) -> bool:
    """Whether a status means passive; one that means neither does not."""
    return _read(value) is False


def means_same(value: object, other: object) -> bool:
    """Whether two words mean the same status; False for a word that means neither active nor passive."""
    return _read(value) is not None and _read(value) is _read(other)


def _read(value: object, *, repair: bool = False) -> bool | None:
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if value is None or isinstance(value, bool):
        return value is not False
    return _find_number(value) if isinstance(value, (int, float, Decimal)) else _find_word(value, repair=repair)


def _find_number(value: float | Decimal) -> bool | None:
    number = Decimal(value)
    if not number.is_finite():  # comparing a signalling NaN would raise
        return None
    return bool(number) if number in (0, 1) else None


def _find_word(value: object, *, repair: bool) -> bool | None:
    raw = parse_bytes(value)
    if raw and int.from_bytes(raw, "big") in (0, 1):  # MySQL's BIT
        return bool(raw[-1])
    try:
        text = value if isinstance(value, str) else parse_staged_text(value)
        word = clean_text(text, repair=repair)
    except InvalidValueError:
        return None
    if not word and has_controls(text):  # a bit as text, perhaps: not blank, so not to be guessed
        return None
    return _WORDS.get(word.translate(_ONE_I).lower())

"""Raw value to status: ``"1"`` in use, ``"0"`` passive."""

from __future__ import annotations

from decimal import Decimal

from oduyo_provider.core.values.invalid import InvalidValueError, show_value
from oduyo_provider.core.values.text import clean_text, has_controls, parse_bytes, parse_staged_text

ACTIVE = "1"
PASSIVE = "0"

# As ERPs write them: P, pasif, H (hayır) and A, aktif, E (evet). A blank status means in use.
_WORDS = {
    **dict.fromkeys(("P", "p", "0", "H", "h", "false", "pasif"), PASSIVE),
    **dict.fromkeys(("A", "a", "1", "E", "e", "true", "aktif", ""), ACTIVE),
}
# All four Turkish i's count as one letter here: PASİF, PASIF and pasıf are the same word.
_ONE_I = str.maketrans("İIı", "iii")


def parse_status(value: object) -> str:
    """``"1"`` or ``"0"`` of a truth value, 0, 1, a bit or one of the words; NULL and blank are ``"1"``.

    :raises InvalidValueError: ``unknown_status`` for anything else: no status is guessed.
    """
    if isinstance(value, str) and value in _WORDS:
        return _WORDS[value]
    if value is None or value is True:
        return ACTIVE
    if value is False:
        return PASSIVE
    status = _find_number(value) if isinstance(value, (int, float, Decimal)) else _find_word(value)
    if status is None:
        detail = f"'{show_value(value)}' means neither active nor passive; map it to 1 or 0 in the query"
        raise InvalidValueError("unknown_status", detail)
    return status


def _find_number(value: float | Decimal) -> str | None:
    number = Decimal(value)
    if not number.is_finite():  # comparing a signalling NaN would raise
        return None
    return ACTIVE if number == 1 else PASSIVE if number == 0 else None


def _find_word(value: object) -> str | None:
    raw = parse_bytes(value)
    if raw and int.from_bytes(raw, "big") in (0, 1):  # MySQL's BIT
        return ACTIVE if raw[-1] else PASSIVE
    try:
        text = value if isinstance(value, str) else parse_staged_text(value)
        word = clean_text(text)
    except InvalidValueError:
        return None
    if not word and has_controls(text):  # a bit as text, perhaps: not blank, so not to be guessed
        return None
    return _WORDS.get(word.translate(_ONE_I).lower())

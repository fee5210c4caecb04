"""Other forms in which sites store keys: padded, as numbers, in other case, escaped, or cut."""

from __future__ import annotations

import html

from oduyo_provider.core.values.letters import can_be_letters_of
from oduyo_provider.core.values.text import compute_match_key, parse_id

#: No key has this sign: it marks the end of a text that was not cut.
_END = "\x03"


def can_be_key_of(sent: str, stored: str | None) -> bool:
    """Whether a stored key can be the one that was sent, on a site that stores keys otherwise.

    Left out, cut, padded, read as a number, written in other case, escaped or in other letters. Only ever used together with the
    natural key.
    """
    held = (stored or "").strip()
    return not held or fold_key(sent).startswith(fold_key(held)) or can_be_letters_of(sent, held)


def is_form_of_key(sent: str, stored: str | None) -> bool:
    """Whether a stored key is the one that was sent in another form, whole: padded, as a number, in other case or escaped."""
    return bool((stored or "").strip()) and fold_key(stored or "") == fold_key(sent)


def can_be_kept_as(sent: str, stored: str | None) -> bool:
    """Whether a stored key can be the one that was sent: in another form, in other letters, or cut."""
    return is_form_of_key(sent, stored) or can_be_letters_of(sent, stored or "")


def is_kept_whole_as(sent: str, stored: str | None) -> bool:
    """Whether a stored key can be the one that was sent, whole: in another form or in other letters."""
    if not stored or not stored.strip():
        return False
    return is_form_of_key(sent, stored) or can_be_letters_of(f"{sent}{_END}", f"{stored}{_END}")


def fold_key(key: str) -> str:
    """A key without what sites change of its form: padding, escaping, case, and zeros before a number."""
    return compute_match_key(parse_id(html.unescape(html.unescape(key)))).casefold().lstrip("0") or "0"

"""What the short codes of faults and oddities mean, for people: in English, to be read by ``gettext``."""

from __future__ import annotations

from collections import Counter

from oduyo_provider.core.language import gettext, gettext_noop

#: Code → what is wrong with the row. Such a row is not sent; it lies in ``quarantine.jsonl`` with all its reasons.
REJECTIONS = {
    "empty": gettext_noop("A field that is needed has no value, or the query has no such column."),
    "sentinel": gettext_noop("The text is ÿ only: Logo's end mark, no code."),
    "duplicate": gettext_noop("Several rows have this integration_id and differ. All of them are rejected."),
    "other_firm": gettext_noop("The update would change key1 of another firm's record. Released, it is applied."),
    "other_source": gettext_noop("The record belongs to another DAG or task. Released, it moves to this one for good."),
    "look_alike": gettext_noop(
        "A record that no row matches looks the same: typed by hand, of a former period, or with a changed key."
    ),
    "ambiguous": gettext_noop("Several rows or records look the same, so that none can be adopted."),
    "too_long": gettext_noop("The text is longer than max_text_length, or the number has too many digits."),
    "unknown_status": gettext_noop("The status means neither in use nor passive."),
    "not_a_date": gettext_noop("The date cannot be read for certain."),
    "not_a_number": gettext_noop("The amount, or the key, is no number."),
    "fraction": gettext_noop("A whole number is needed."),
    "not_exact": gettext_noop("A float that is too large to be the ERP's exact number."),
    "boolean": gettext_noop("A truth value is no key and no text."),
    "binary": gettext_noop("Bytes are no key and no text."),
    "not_encodable": gettext_noop("The text is not in a valid encoding."),
    "unsupported_type": gettext_noop("A type that no rule reads."),
}

#: Code → what is odd about a row that is sent all the same.
WARNINGS = {
    "above_int32": gettext_noop("The key does not fit a 32-bit number; check that the ERP takes it back."),
    "before_created": gettext_noop("The row was updated before it was created."),
    "replacement_character": gettext_noop("The text holds �, which stands for a letter that was lost on the way."),
    "shared_code": gettext_noop("Another row has the same firm, period, type and code. All of them are sent."),
}

#: What the rare reasons are counted as, together.
OTHER_REASONS = gettext_noop("other reasons")


def translate_reason(reason: str) -> str:
    """A reason in the reader's language.

    Files hold the fixed ones in English, as names: a row's ``code: empty`` stays so, a change's ``doubtful: record is gone``
    is translated. One with values in it, such as a network error's, is in the language of the run that wrote it.
    """
    name, colon, words = reason.partition(": ")
    if words in REJECTIONS:
        return reason
    return f"{gettext(name)}{colon}{gettext(words)}"


def compute_top(reasons: Counter[str], most: int) -> dict[str, int]:
    """The most frequent reasons first; the rare ones together, since Ödüyo's answers may all be different."""
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    top = dict(ordered[:most])
    if len(ordered) > most:
        top[OTHER_REASONS] = sum(count for _, count in ordered[most:])
    return top

"""Why a row is rejected, or sent with a warning: what each short code means, for people."""

from __future__ import annotations

#: Code → what is wrong with the row. Such a row is not sent; it lies in ``quarantine.jsonl`` with all its reasons.
REJECTIONS = {
    "empty": "A field that is needed has no value, or the query has no such column.",
    "sentinel": "The text is ÿ only: Logo's end mark, no code.",
    "duplicate": "Several rows have this integration_id and differ. All of them are rejected.",
    "other_firm": "The update would change key1 of another firm's record. Released, it is applied.",
    "other_source": "The record belongs to another DAG or task. Released, it moves to this one for good.",
    "look_alike": "A record that no row matches looks the same: typed by hand, of a former period, or with a changed key.",
    "ambiguous": "Several rows or records look the same, so that none can be adopted.",
    "too_long": "The text is longer than max_text_length, or the number has too many digits.",
    "unknown_status": "The status means neither in use nor passive.",
    "not_a_date": "The date cannot be read for certain.",
    "not_a_number": "The amount, or the key, is no number.",
    "fraction": "A whole number is needed.",
    "not_exact": "A float that is too large to be the ERP's exact number.",
    "boolean": "A truth value is no key and no text.",
    "binary": "Bytes are no key and no text.",
    "not_encodable": "The text is not in a valid encoding.",
    "unsupported_type": "A type that no rule reads.",
}

#: Code → what is odd about a row that is sent all the same.
WARNINGS = {
    "above_int32": "The key does not fit a 32-bit number; check that the ERP takes it back.",
    "before_created": "The row was updated before it was created.",
    "replacement_character": "The text holds �, which stands for a letter that was lost on the way.",
}

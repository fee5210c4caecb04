"""Questions about what becomes of texts."""

from __future__ import annotations

from oduyo_provider.sync.check.points import Question, Reading

#: What is tried in the fields of the test record, by the name in readings.
TEXTS = {
    "letters": "Turkish letters",
    "quotes": "quotes and backslashes",
    "ampersand": "the sign &",
    "tags": "the signs < and >",
    "blanks": "double blanks within a text",
    "ends": "blanks at the ends",
    "key": "letters and signs in integration_id",
    "digits": "an integration_id of digits that begins with 0",
}
#: Those that no run sends, as the provider takes them out itself.
_NEVER_SENT = "ends"


def _make_text_readings() -> dict[str, Reading]:
    readings = {
        "kept": Reading("All of them as they were sent: {names}."),
        "unknown": Reading("It could not be told: {words}"),
    }
    for name, what in TEXTS.items():
        is_harmless = name == _NEVER_SENT
        readings[f"{name}_altered"] = Reading(
            f"Otherwise than sent: {what} ({{sent}} became {{stored}}).",
            "" if is_harmless else _find_text_setting(name),
        )
        readings[f"{name}_refused"] = Reading(
            f"With {what} a record is refused. {{words}}",
            ""
            if is_harmless
            else "Rows with such texts will be refused: ask Ödüyo's support, or take them out in the query.",
        )
        readings[f"{name}_blocked"] = Reading(
            f"With {what} the call is blocked before it reaches Ödüyo. {{words}}",
            "Ask who runs the site to let them through: a web firewall blocks such rows.",
        )
    return readings


def _find_text_setting(name: str) -> str:
    if name in ("key", "digits"):
        return (
            "The first run stops with key_altered when a row has such a key. Make keys in the query that Ödüyo keeps, or "
            'release ["key_altered"].'
        )
    if name == "letters":
        return 'The first run stops with letters. Ask Ödüyo\'s support, or release ["letters"].'
    return "Each record with such a text is reported as altered once; ask Ödüyo's support if that is not acceptable."


STORED_TEXTS = Question(
    name="stored_texts",
    needs_write=True,
    title="Texts",
    text="Are texts stored as they are sent?",
    provider="It reads every record back, remembers what is stored otherwise, and does not send it again each night.",
    readings=_make_text_readings(),
)

LENGTHS = Question(
    name="lengths",
    needs_write=True,
    title="Long texts",
    text="How long may a text be?",
    provider="It rejects rows whose texts are longer than max_text_length.",
    readings={
        "kept": Reading("{length} characters are kept in each field."),
        "cut": Reading(
            "Longer texts are cut: {names}.", "Set the param max_text_length so, or shorten these texts in the query."
        ),
        "refused": Reading(
            "Texts of {length} characters are refused. {words}",
            "Ask Ödüyo's support for the lengths, and shorten these texts in the query.",
        ),
        "too_large": Reading(
            "A record of {bytes} bytes is too large for the site (HTTP 413).",
            "Ask who runs the site to take requests of 64 KiB.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

TEXT_QUESTIONS = (STORED_TEXTS, LENGTHS)

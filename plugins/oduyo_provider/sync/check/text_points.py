"""Questions about what becomes of texts."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading

#: What is tried in the fields of the test record, by the name in readings.
TEXTS = {
    "letters": gettext_noop("Turkish letters"),
    "quotes": gettext_noop("quotes and backslashes"),
    "ampersand": gettext_noop("the sign &"),
    "tags": gettext_noop("the signs < and >"),
    "blanks": gettext_noop("double blanks within a text"),
    "ends": gettext_noop("blanks at the ends"),
    "key": gettext_noop("letters and signs in integration_id"),
    "digits": gettext_noop("an integration_id of digits that begins with 0"),
}
#: Those that no run sends, as the provider takes them out itself.
_NEVER_SENT = "ends"

_KEY_ALTERED = gettext_noop(
    "The first run stops with key_altered when a row has such a key. Make keys in the query that Ödüyo keeps, or "
    'release ["key_altered"].'
)
_REPORTED_ONCE = gettext_noop(
    "Each record with such a text is reported as altered once; ask Ödüyo's support if that is not acceptable."
)
#: What to set where a text is stored otherwise than sent, if it is not :data:`_REPORTED_ONCE`.
_SETTINGS = {
    "key": _KEY_ALTERED,
    "digits": _KEY_ALTERED,
    "letters": gettext_noop('The first run stops with letters. Ask Ödüyo\'s support, or release ["letters"].'),
    _NEVER_SENT: "",
}
_ROWS_ARE_REFUSED = gettext_noop(
    "Rows with such texts will be refused: ask Ödüyo's support, or take them out in the query."
)


def _make_text_readings() -> dict[str, Reading]:
    readings = {"kept": Reading(gettext_noop("All of them as they were sent: {names}."))}
    for name, what in TEXTS.items():
        readings[f"{name}_altered"] = Reading(
            gettext_noop("Otherwise than sent: {what} ({sent} became {stored})."),
            _SETTINGS.get(name, _REPORTED_ONCE),
            what=what,
        )
        readings[f"{name}_refused"] = Reading(
            gettext_noop("With this a record is refused: {what}. {words}"),
            "" if name == _NEVER_SENT else _ROWS_ARE_REFUSED,
            what=what,
        )
        readings[f"{name}_blocked"] = Reading(
            gettext_noop("With this the call is blocked before it reaches Ödüyo: {what}. {words}"),
            gettext_noop("Ask who runs the site to let them through: a web firewall blocks such rows."),
            what=what,
        )
    return readings


STORED_TEXTS = Question(
    name="stored_texts",
    title=gettext_noop("Texts"),
    text=gettext_noop("Are texts stored as they are sent?"),
    provider=gettext_noop(
        "It reads every record back, remembers what is stored otherwise, and does not send it again each night."
    ),
    readings=_make_text_readings(),
)

LENGTHS = Question(
    name="lengths",
    title=gettext_noop("Long texts"),
    text=gettext_noop("How long may a text be?"),
    provider=gettext_noop("It rejects rows whose texts are longer than max_text_length."),
    readings={
        "kept": Reading(gettext_noop("{length} characters are kept in each field.")),
        "cut": Reading(
            gettext_noop("Longer texts are cut: {names}."),
            gettext_noop("Set the param max_text_length so, or shorten these texts in the query."),
        ),
        "refused": Reading(
            gettext_noop("Texts of {length} characters are refused. {words}"),
            gettext_noop("Ask Ödüyo's support for the lengths, and shorten these texts in the query."),
        ),
        "too_large": Reading(
            gettext_noop("A record of {bytes} bytes is too large for the site (HTTP 413)."),
            gettext_noop("Ask who runs the site to take requests of 64 KiB."),
        ),
    },
)

TEXT_QUESTIONS = (STORED_TEXTS, LENGTHS)

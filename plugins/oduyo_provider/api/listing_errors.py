"""Why a listing cannot be shown to be complete, in the reader's language."""

from __future__ import annotations

from oduyo_provider.core.language import format_number, gettext, ngettext


def explain_endless(pages: int, last: object) -> str:
    """It goes on and on."""
    return gettext(
        "Ödüyo's listing did not end after %(pages)s pages (last id %(last)s). Ask Ödüyo's support what its list call does with "
        "the filter on id.",
        pages=format_number(pages),
        last=last,
    )


def explain_contradiction(last: object, times: int) -> str:
    """An empty page that the highest id contradicts.

    :param last: the last id that was listed; nothing where there was none.
    """
    return ngettext(
        "Ödüyo lists nothing above id %(last)s, yet does not name it as the last one, %(n)s time in a row, so records may be "
        "missing. Start the task again; if it stays so, trigger oduyo_site_check, which says whether the site filters ids as it "
        "sorts them, and check in the Ödüyo panel whether the user may list all records.",
        "Ödüyo lists nothing above id %(last)s, yet does not name it as the last one, %(n)s times in a row, so records may be "
        "missing. Start the task again; if it stays so, trigger oduyo_site_check, which says whether the site filters ids as it "
        "sorts them, and check in the Ödüyo panel whether the user may list all records.",
        times,
        last=last or gettext("none"),
    )


def explain_cut(last: object, end: object) -> str:
    """The listing ends before the highest id."""
    return gettext(
        "Ödüyo listed ids up to %(last)s, but names %(end)s as the last one: records changed meanwhile, or the listing was cut. "
        "List again from the start; if it stays so, ask Ödüyo's support.",
        last=last,
        end=end,
    )


def explain_encoding(found: str, text: str) -> str:
    """A text in another encoding, or half a letter.

    :param found: the id of its record.
    """
    return gettext(
        "Ödüyo listed a text that is not UTF-8, in the record with the id %(found)s: '%(text)s'. Where the site has cut a long "
        "text in the middle of a letter, correct that record in the Ödüyo panel, and shorten the text in the ERP if it "
        "comes from there. Where all letters are in another encoding, ask Ödüyo's support to send UTF-8. Then start the "
        "task again.",
        found=found,
        text=text,
    )


def explain_disorder(found: object, previous: object) -> str:
    """Ids in no order."""
    return gettext(
        "Ödüyo listed id %(found)s after id %(previous)s, which is neither the order of numbers nor that of text, so its pages "
        "cannot be shown to be complete. Ask Ödüyo's support how its list call sorts and filters ids.",
        found=found,
        previous=previous,
    )


def explain_text_order(high: object, low: object, above: object) -> str:
    """Sorted as text, filtered as numbers: pages leave records out."""
    return gettext(
        "Ödüyo sorts ids as text (%(high)s before %(low)s) but filters them as numbers (%(above)s is listed as above %(low)s), "
        "so its pages leave records out. Ask Ödüyo's support to sort ids as numbers.",
        high=high,
        low=low,
        above=above,
    )

"""What a brake says when it trips: the figures in a clause, without a full stop, in the reader's language."""

from __future__ import annotations

from oduyo_provider.core.language import format_number, gettext, gettext_noop, ngettext
from oduyo_provider.core.plan import Pair

#: Name of a brake → its figures, of a count that is too large a share of a whole; English, to be read by ``gettext``.
_SHARES = {
    "updates": gettext_noop("%(count)s of %(whole)s matched records would be updated (max_update_percent %(percent)s)"),
    "emptied": gettext_noop(
        "%(count)s of %(whole)s matched records would lose the text of a field (max_missing_percent %(percent)s)"
    ),
    "dates_back": gettext_noop(
        "%(count)s of %(whole)s updates carry an older date than was sent before: is this a restored or another database? "
        "(max_missing_percent %(percent)s)"
    ),
    "retired_week": gettext_noop(
        "with this run, %(count)s of the %(whole)s records that were in use would be retired within seven days "
        "(max_missing_percent %(percent)s)"
    ),
    "look_alikes": gettext_noop(
        "%(count)s of %(whole)s rows to create look like a record that no row matches (typed by hand, of a former period, or "
        "with a changed key); only a release creates them, each beside what it looks like; an approval leaves them out; adopt "
        "gives their ids to records that were typed by hand"
    ),
}


def explain_half(figures: str) -> str:
    """The figures of a count that its percentage allows, and that is more than half of its whole."""
    return gettext("%(figures)s: more than half never passes by itself, whatever the percentage", figures=figures)


def explain_share(name: str, count: int, whole: int, percent: int | None = None) -> str:
    """A count that is too large a share of a whole.

    :param name: of the brake: one of :data:`_SHARES`.
    :param percent: what is allowed; None where the brake has no percentage.
    """
    return gettext(_SHARES[name], count=format_number(count), whole=format_number(whole), percent=percent)


def explain_rejected(count: int, whole: int, percent: int) -> str:
    """Rows that the last run did not reject, of all rows."""
    return ngettext(
        "%(n)s of %(whole)s rows is rejected that the last run did not reject (max_rejected_percent %(percent)s)",
        "%(n)s of %(whole)s rows are rejected that the last run did not reject (max_rejected_percent %(percent)s)",
        count,
        whole=format_number(whole),
        percent=percent,
    )


def explain_retired(count: int, whole: int, percent: int) -> str:
    """Records to retire; ``whole`` are in use."""
    return ngettext(
        "%(n)s record would be deactivated, deleted or turned passive; %(whole)s of this source are in use "
        "(max_missing_percent %(percent)s)",
        "%(n)s records would be deactivated, deleted or turned passive; %(whole)s of this source are in use "
        "(max_missing_percent %(percent)s)",
        count,
        whole=format_number(whole),
        percent=percent,
    )


def explain_retired_pair(name: str, pair: Pair, others: int, percent: int) -> str:
    """Records to retire of one pair of ``key1`` and ``key2``.

    :param name: both, with a zero character between them.
    :param others: further pairs of which too many are to retire.
    """
    key1, _, key2 = name.partition("\0")
    told = {
        "key1": repr(key1),
        "key2": repr(key2),
        "retired": format_number(pair.retired),
        "whole": format_number(pair.in_use),
        "percent": percent,
    }
    if not others:
        return gettext(
            "of key1 %(key1)s and key2 %(key2)s, %(retired)s of the %(whole)s records in use would be deactivated, deleted or "
            "turned passive (max_missing_percent %(percent)s)",
            **told,
        )
    return ngettext(
        "of key1 %(key1)s and key2 %(key2)s, %(retired)s of the %(whole)s records in use would be deactivated, deleted or turned "
        "passive, and too many of %(n)s further pair (max_missing_percent %(percent)s)",
        "of key1 %(key1)s and key2 %(key2)s, %(retired)s of the %(whole)s records in use would be deactivated, deleted or turned "
        "passive, and too many of %(n)s further pairs (max_missing_percent %(percent)s)",
        others,
        **told,
    )


def explain_all_rejected(count: int, cause: str, left_out: int) -> str:
    """Every row is rejected.

    :param cause: the brake that leaves nearly all of them out, ``other_firm`` or ``other_source``; empty where they break other
        rules.
    :param left_out: how many it leaves out.
    """
    text = ngettext("all %(n)s row is rejected", "all %(n)s rows are rejected", count)
    if not cause:
        return text
    return gettext(
        "%(rejected)s: %(why)s. Where that is right, it is %(brake)s that has to be released",
        rejected=text,
        why=explain_left_out(cause, left_out, is_in_plan=False),
        brake=cause,
    )


def explain_left_out(name: str, count: int, *, is_in_plan: bool) -> str:
    """Rows that a brake leaves out of the plan.

    :param name: of the brake: ``vanished``, ``other_firm`` or ``other_source``.
    :param is_in_plan: they are released, and so in the plan.
    """
    if name == "vanished":
        text = ngettext(
            "%(n)s record that was there is not listed by Ödüyo any more with its key, nor found by a look-up: an incomplete "
            "list, a person who deleted it or changed its key, or a restored site",
            "%(n)s records that were there are not listed by Ödüyo any more with their keys, nor found by a look-up: an "
            "incomplete list, a person who deleted them or changed their keys, or a restored site",
            count,
        )
    elif name == "other_firm":
        text = ngettext("%(n)s row meets a record of another key1", "%(n)s rows meet a record of another key1", count)
    elif is_in_plan:
        text = ngettext(
            "%(n)s row meets a record that another source owns; a run that writes moves the record to this source for good",
            "%(n)s rows meet a record that another source owns; a run that writes moves these records to this source for good",
            count,
        )
    else:
        text = ngettext(
            "%(n)s row meets a record that another source owns",
            "%(n)s rows meet a record that another source owns",
            count,
        )
    return text if is_in_plan else gettext("%(what)s; these rows are not sent", what=text)

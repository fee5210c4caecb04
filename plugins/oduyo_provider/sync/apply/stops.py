"""Why load waits or stops, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change, Result
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import format_number, gettext, gettext_noop, ngettext
from oduyo_provider.core.record import Remote
from oduyo_provider.core.release import Release, format_release
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.sync.apply.work import MAX_WITHOUT_SUCCESS

#: At most so many values that a site stores otherwise are shown.
SHOWN_FINDINGS = 3
#: The reason of a change whose answers were all lost and that is not listed.
LOST = gettext_noop("answers lost, not found")


def describe_sending_again(count: int) -> str:
    """So many changes did not arrive and are sent once more."""
    return ngettext(
        "%(n)s change did not arrive; sending it once more",
        "%(n)s changes did not arrive; sending them once more",
        count,
    )


def describe_waiting(count: int, wait_s: float) -> str:
    """So many changes had no answer, and are waited for."""
    return ngettext(
        "%(n)s change was sent without an answer; waiting %(seconds)s s for it to take effect, then looking",
        "%(n)s changes were sent without an answer; waiting %(seconds)s s for them to take effect, then looking",
        count,
        seconds=format_number(wait_s),
    )


def explain_unanswered(count: int) -> str:
    """The first changes were all lost."""
    return gettext(
        "The first %(count)s changes got no usable answer, also when they were sent again, and none of them took effect. The "
        "rest was not sent. This is tried again; if it stays so, ask Ödüyo's support what becomes of them.",
        count=count,
    )


def explain_undelivered(count: int, reason: str) -> str:
    """So many changes in a row could not be delivered."""
    return gettext(
        "%(count)s changes in a row could not be delivered; the last time: %(reason)s. The rest was not sent. This is tried again; "
        "if it stays so, check whether Ödüyo can be reached.",
        count=count,
        reason=reason,
    )


def explain_refused(said: str) -> str:
    """The first changes were all refused."""
    return gettext(
        "Ödüyo refused the first %(count)s changes, one after the other; the last time it said: %(said)s. That "
        "is a wrong key, missing rights or a wrong mapping rather than bad rows: compare one refused row in "
        "quarantine.jsonl with the query's columns, then start a new run. The rest was not sent.",
        count=MAX_WITHOUT_SUCCESS,
        said=said,
    )


def explain_known_finding(finding: Finding, released: Release) -> str:
    """The site is known to alter values, and nobody has released that.

    :param released: what this run was given: the next one needs it too.
    """
    release = _name_release([finding.brake], released)
    if finding.is_final and finding.is_other and finding.brake != "key_altered":
        return gettext(
            "This Ödüyo site kept nothing of '%(sent)s', which was sent as %(field)s, so nothing of this kind is sent. Mend such "
            "values in the ERP, leave %(field)s out of the query, or ask Ödüyo's support; then give one run release "
            "%(release)s, which tries one record.",
            sent=show_value(finding.sent),
            field=finding.field,
            release=release,
        )
    if finding.is_final:
        return gettext(
            "This Ödüyo site is known to keep two rows under one key, or as one record, so that they could not be told apart; "
            "nothing of this kind is sent. Give the rows of the ERP keys that Ödüyo stores unchanged, and whatever else it tells "
            "records apart by; then give one run release %(release)s.",
            release=release,
        )
    return gettext(
        "This Ödüyo site is known to store otherwise what is sent (%(brake)s), and nobody has released that, so nothing of this "
        "kind is sent. Look at the record that an earlier run made, then give one run release %(release)s: it is "
        "remembered for the site.",
        brake=finding.name.replace(":", ", "),
        release=release,
    )


def explain_not_listed(change: Change, known: Result, settle_s: float) -> str:
    """The first change of a kind was confirmed and is not listed."""
    return gettext(
        "Ödüyo confirmed the first %(action)s (%(key)s, Ödüyo %(oduyo_id)s), but does not list it within %(seconds)s s. Nothing "
        "more is sent: what is not listed would be made again. Check in the Ödüyo panel whether the record is there and "
        "whether this user may list it.",
        action=gettext(change.action.value),
        key=change.integration_id,
        oduyo_id=known.oduyo_id or gettext("did not name an id"),
        seconds=format_number(settle_s),
    )


def explain_without_effect(change: Change, count: int, fields: Sequence[str]) -> str:
    """The first changes of a kind were confirmed, and not carried out.

    :param fields: of the last one, those that are as they were.
    """
    told = {"count": count, "key": change.integration_id, "oduyo_id": change.oduyo_id}
    if change.action is Action.DELETE:
        return gettext(
            "Ödüyo confirmed %(count)s deletions, and still lists all of these records. The last was %(key)s (Ödüyo %(oduyo_id)s). "
            "Nothing more is sent. Look at it in the Ödüyo panel: if this site makes records passive instead of deleting them, "
            "use on_missing deactivate; else the user may lack the right to delete.",
            **told,
        )
    if "integration_id" in fields:
        return gettext(
            "Ödüyo confirmed %(count)s adoptions, and the records did not get their keys. The last was %(key)s (Ödüyo "
            "%(oduyo_id)s). Nothing more is sent. Check in the Ödüyo panel whether the user may change these records; if Ödüyo "
            "gives no key to a record that is there, run without adopt, or give one run release %(release)s: the records "
            "are known by Ödüyo's ids then.",
            release=format_release({"key_altered": None}),
            **told,
        )
    return gettext(
        "Ödüyo confirmed %(count)s changes of the kind %(action)s, and none of them was carried out whole: something that they "
        "write is still as it was. The last was %(key)s (Ödüyo %(oduyo_id)s): %(fields)s. Nothing more is sent. Check in the "
        "Ödüyo panel whether the user may change these records, and ask Ödüyo's support; a field that Ödüyo never changes can be "
        "left out of the query.",
        fields=", ".join(fields),
        action=gettext(change.action.value),
        **told,
    )


def explain_lost_fields(
    change: Change, looked: Remote, fields: Sequence[str], released: Release, *, is_restored: bool = False
) -> str:
    """Fields that an update did not send have lost their values since the look."""
    told = {
        "action": gettext(change.action.value),
        "key": change.integration_id,
        "oduyo_id": change.oduyo_id,
        "fields": ", ".join(f"{name} ('{show_value(looked.get(name) or '')}')" for name in fields),
    }
    if is_restored:
        return gettext(
            "The first %(action)s (%(key)s, Ödüyo %(oduyo_id)s) left fields out, and Ödüyo did not keep them: %(fields)s. Nothing "
            "more is sent. They were sent again, and from now on updates carry the whole record. Start a new run.",
            **told,
        )
    return gettext(
        "The first %(action)s (%(key)s, Ödüyo %(oduyo_id)s) left fields out, and Ödüyo did not keep them: %(fields)s. Nothing "
        "more is sent. Look at the record in the Ödüyo panel, then start a new run. If that says the same, and these fields may get "
        "lost, give one run release %(release)s.",
        **told,
        release=_name_release(["letters"], released),
    )


def explain_twins(change: Change, result: Result) -> str:
    """One create made several records."""
    return gettext(
        "After its create was confirmed once, %(key)s is there more than once: Ödüyo %(ids)s. Nothing more is sent. Either the "
        "site makes two records of one create, its lists had left the other one out, or another program writes here too: this "
        "provider under another address of the site (give both connections one site_name), or somebody at the panel. Delete all "
        "but one in the Ödüyo panel, then start a new run.",
        key=change.integration_id,
        ids=", ".join([str(result.oduyo_id), *result.twins]),
    )


def explain_taken_key(change: Change, other: str, stored: str) -> str:
    """A key would be stored like that of another record."""
    if stored != change.integration_id:
        return gettext(
            "The key '%(key)s' would be cut to '%(stored)s', as that of %(other)s is, so that two records could not be told apart. "
            "Nothing of this kind is sent. Give the records of the ERP keys that Ödüyo stores unchanged; if Ödüyo keeps such keys "
            "whole by now, give one run release %(release)s, which tries one.",
            key=show_value(change.integration_id),
            stored=show_value(stored),
            other=other,
            release=format_release({"key_altered": None}),
        )
    return gettext(
        "The key '%(key)s' is what Ödüyo stores as the key of %(other)s, so that two records could not be told apart; this cannot "
        "be released. Nothing of this kind is sent. Give the records of the ERP keys that Ödüyo stores unchanged.",
        key=show_value(change.integration_id),
        other=other,
    )


def explain_findings(change: Change, findings: Sequence[Finding], result: Result, other: str, released: Release) -> str:
    """What was sent, what is stored, and what a person can do.

    :param findings: at least one.
    :param other: whose key the stored one is; empty when it is nobody's.
    :param released: what this run was given: the next one needs it too.
    """
    heads = [
        gettext(
            "Ödüyo stores %(field)s otherwise than it was sent: '%(sent)s' became '%(stored)s' (%(action)s of %(key)s, Ödüyo "
            "%(oduyo_id)s). Nothing more is sent.",
            field=finding.field,
            sent=show_value(finding.sent),
            stored=show_value(finding.stored or ""),
            action=gettext(change.action.value),
            key=change.integration_id,
            oduyo_id=result.oduyo_id,
        )
        for finding in findings[:SHOWN_FINDINGS]
    ]
    final = next((finding for finding in findings if finding.is_final), None)
    if other:
        way = gettext(
            "The stored key is that of %(other)s, so that two records could not be told apart; this cannot be released. Give "
            "the records of the ERP keys that Ödüyo stores unchanged.",
            other=other,
        )
    elif final:
        way = gettext(
            "What the ERP says would be lost, so this cannot be released. Mend the value in the ERP, leave %(field)s out of the "
            "query, or ask Ödüyo's support.",
            field=final.field,
        )
    else:
        way = gettext(
            "If that is acceptable, give one run release %(release)s: it is remembered for the site, and the record is "
            "known by Ödüyo's id. Otherwise mend the query, or ask Ödüyo's support.",
            release=_name_release([finding.brake for finding in findings], released),
        )
    return " ".join([*heads, way])


def _name_release(brakes: Sequence[str], released: Release) -> str:
    """What to release in the next run: these brakes, and all that this run released."""
    return format_release({**dict.fromkeys(brakes), **released})

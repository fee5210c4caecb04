"""Questions about updates and deletions; they need a test record."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading

_WHOLE_RECORD = gettext_noop("It sends the whole record with each update.")

UPDATE = Question(
    name="update",
    title=gettext_noop("Update"),
    text=gettext_noop("Does an update take effect, with the id as a text?"),
    provider=gettext_noop("It reads every update back."),
    readings={
        "works": Reading(gettext_noop("Yes.")),
        "no_effect": Reading(
            gettext_noop("No: it is answered with a yes and changes nothing."),
            gettext_noop("Check in the Ödüyo panel whether the user may change records, and ask Ödüyo's support."),
            gettext_noop("Such a change counts as failed, and three of them stop a run."),
        ),
        "refused": Reading(
            gettext_noop("It is refused. {words}"),
            gettext_noop("Give the user the right to update, or mend what the answer names."),
        ),
        "blocked": Reading(
            gettext_noop("Something before Ödüyo blocked the call. {words}"),
            gettext_noop("Ask who runs the site to let the calls of this user through."),
        ),
    },
)

PARTIAL_UPDATE = Question(
    name="partial_update",
    title=gettext_noop("Absent fields"),
    text=gettext_noop("Does an update keep the fields that it leaves out?"),
    provider=gettext_noop("Unless it is known that they are kept, it sends the whole record."),
    readings={
        "kept": Reading(
            gettext_noop("Yes."),
            provider=gettext_noop(
                "From now on updates carry only the key fields and what differs, so that nobody's note is overwritten."
            ),
        ),
        "lost": Reading(gettext_noop("No: {names} were emptied or changed."), provider=_WHOLE_RECORD),
        "refused": Reading(gettext_noop("Such an update is refused. {words}"), provider=_WHOLE_RECORD),
    },
)

UNCHANGED_UPDATE = Question(
    name="unchanged_update",
    title=gettext_noop("Same again"),
    text=gettext_noop("How is an update answered that changes nothing?"),
    provider=gettext_noop("It sends none; one that is sent again after a lost answer is judged by what is stored."),
    readings={
        "yes": Reading(gettext_noop("With a yes.")),
        "no": Reading(gettext_noop("With a no. {words}")),
    },
)

DELETE = Question(
    name="delete",
    title=gettext_noop("Delete"),
    text=gettext_noop("Does a delete remove the record?"),
    provider=gettext_noop("It deletes only with on_missing=delete, and reads back whether the record is gone."),
    readings={
        "removes": Reading(gettext_noop("Yes.")),
        "stays": Reading(
            gettext_noop("No: it is answered with a yes, and the record stays, perhaps passive."),
            gettext_noop("Use on_missing=deactivate, or ask Ödüyo's support what delete does."),
        ),
        "refused": Reading(
            gettext_noop("It is refused. {words}"),
            gettext_noop("Nothing to set unless on_missing=delete is wanted: then give the right to delete."),
        ),
    },
)

GONE = Question(
    name="gone",
    title=gettext_noop("Record gone"),
    text=gettext_noop("How is a delete of a record answered that is gone already?"),
    provider=gettext_noop("It looks for the record: one that is gone counts as deleted, whatever is answered."),
    readings={
        "no": Reading(gettext_noop("With a no, HTTP {status}. {words}")),
        "yes": Reading(gettext_noop("With a yes.")),
    },
)

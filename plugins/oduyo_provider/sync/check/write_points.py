"""Questions that need a test record."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading
from oduyo_provider.sync.check.text_points import TEXT_QUESTIONS
from oduyo_provider.sync.check.update_points import DELETE, GONE, PARTIAL_UPDATE, UNCHANGED_UPDATE, UPDATE

_AMONG_NEWEST = gettext_noop("It looks for the new record among those above the highest id.")
_LEAVE_OUT = gettext_noop("Leave created_in and updated_in out of the query.")

CREATE = Question(
    name="create",
    title=gettext_noop("Create"),
    text=gettext_noop("How is a create answered?"),
    provider=gettext_noop("It reads the new record back. A create that was confirmed is never sent again by itself."),
    readings={
        "names_id": Reading(gettext_noop("With a yes that names the new id.")),
        "not_asked": Reading(gettext_noop("Not asked: {words}")),
        "no_id": Reading(gettext_noop("With a yes that names no id."), provider=_AMONG_NEWEST),
        "wrong_id": Reading(
            gettext_noop("With a yes that names another id ({named}) than the record has ({listed})."),
            provider=_AMONG_NEWEST,
        ),
        "two_records": Reading(
            gettext_noop("With a yes, and it made {count} records."),
            gettext_noop("Tell Ödüyo's support. Do not run a first load before it is mended."),
        ),
        "refused": Reading(
            gettext_noop("With a no. {words}"),
            gettext_noop("Give the user the right to create, or mend what the answer names."),
        ),
        "blocked": Reading(
            gettext_noop("Not by Ödüyo: something before it blocked the call. {words}"),
            gettext_noop("Ask who runs the site to let the calls of this user through."),
        ),
        "not_listed": Reading(
            gettext_noop("With a yes, but the record was not listed within {seconds} s."),
            gettext_noop("Look in the Ödüyo panel whether the record is there. If it came late, set settle_s higher."),
            gettext_noop("A run stops at its first create and sends no more."),
        ),
    },
)

SHOWN_AFTER = Question(
    name="shown_after",
    title=gettext_noop("Delay of lists"),
    text=gettext_noop("How soon is a new record listed?"),
    provider=gettext_noop("It waits up to settle_s for what it has sent to show."),
    readings={
        "at_once": Reading(gettext_noop("At once.")),
        "late": Reading(gettext_noop("After about {seconds} s; settle_s is {settle_s} s.")),
    },
)

ID_STEPS = Question(
    name="id_steps",
    title=gettext_noop("New ids"),
    text=gettext_noop("How are new ids chosen?"),
    provider=gettext_noop("It needs only that newer records have higher ids."),
    readings={
        "ascending": Reading(gettext_noop("Each above the one before, {steps} apart.")),
        "descending": Reading(
            gettext_noop("A newer record got a lower id."),
            gettext_noop("Ask Ödüyo's support how ids are given: a create whose answer is lost may not be found."),
        ),
    },
)

STAMPS = Question(
    name="stamps",
    title=gettext_noop("created_in"),
    text=gettext_noop("Is a created_in that is sent stored?"),
    provider=gettext_noop("It sends created_in and updated_in only where the query has these columns."),
    readings={
        "kept": Reading(gettext_noop("Yes.")),
        "own": Reading(gettext_noop("No: Ödüyo sets its own time."), _LEAVE_OUT),
        "refused": Reading(gettext_noop("It is refused. {words}"), _LEAVE_OUT),
    },
)

EMPTY_DATE = Question(
    name="empty_date",
    title=gettext_noop("Empty date"),
    text=gettext_noop("Is an empty date taken?"),
    provider=gettext_noop("It never sends an empty date: one that the ERP takes away stays in Ödüyo."),
    readings={
        "taken": Reading(gettext_noop("Yes.")),
        "refused": Reading(gettext_noop("No, it is refused. {words}")),
    },
)

TIME_ZONE = Question(
    name="time_zone",
    title=gettext_noop("Time zone"),
    text=gettext_noop("In which time zone does Ödüyo write its times?"),
    provider=gettext_noop("It sends the ERP's times as they are, and compares them as texts."),
    readings={
        "offset": Reading(gettext_noop("In UTC{offset}.")),
    },
)

SECOND_CREATE = Question(
    name="second_create",
    title=gettext_noop("Same key twice"),
    text=gettext_noop("What does a second create with the same integration_id do?"),
    provider=gettext_noop("It sends a create again only after it has looked, so that no key is there twice."),
    readings={
        "second_record": Reading(gettext_noop("It makes a second record: nothing on the site keeps keys apart.")),
        "refused": Reading(gettext_noop("It is refused. {words}")),
        "updates": Reading(gettext_noop("It changes the first record.")),
    },
)

TEST_RECORDS = Question(
    name="test_records",
    title=gettext_noop("Test records"),
    text=gettext_noop("Are all test records gone again?"),
    provider=gettext_noop("A later check removes what is left of an earlier one."),
    readings={
        "removed": Reading(gettext_noop("Yes: {count} were made and deleted.")),
        "none": Reading(gettext_noop("None was made.")),
        "removed_earlier": Reading(gettext_noop("{count} that an earlier check had left were deleted.")),
        "left": Reading(
            gettext_noop("No: {words}"),
            gettext_noop("Delete these records in the Ödüyo panel; their texts begin with {mark}."),
        ),
        "unknown": Reading(
            gettext_noop("It could not be told: {words}"),
            gettext_noop("Check again, or look in the Ödüyo panel for records that begin with {mark} and delete them."),
        ),
        "unseen": Reading(
            gettext_noop("A create was confirmed, but its record was never listed."),
            gettext_noop("Look in the Ödüyo panel for a record that begins with {mark}, and delete it."),
        ),
    },
)

WRITE_QUESTIONS = (
    *(CREATE, SHOWN_AFTER, ID_STEPS, *TEXT_QUESTIONS, STAMPS, EMPTY_DATE, TIME_ZONE, UPDATE, PARTIAL_UPDATE),
    *(UNCHANGED_UPDATE, DELETE, GONE, SECOND_CREATE, TEST_RECORDS),
)

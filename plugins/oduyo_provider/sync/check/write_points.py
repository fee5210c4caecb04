"""Questions that need a test record."""

from __future__ import annotations

from functools import partial

from oduyo_provider.sync.check.points import Question, Reading
from oduyo_provider.sync.check.text_points import TEXT_QUESTIONS

_question = partial(Question, needs_write=True)

CREATE = _question(
    name="create",
    title="Create",
    text="How is a create answered?",
    provider="It reads the new record back. A create that was confirmed is never sent again by itself.",
    readings={
        "names_id": Reading("With a yes that names the new id."),
        "not_asked": Reading("Not asked: {words}"),
        "no_id": Reading(
            "With a yes that names no id.", provider="It looks for the new record among those above the highest id."
        ),
        "wrong_id": Reading(
            "With a yes that names another id ({named}) than the record has ({listed}).",
            "Tell Ödüyo's support. Do not run a first load before it is mended: runs stop at their first create.",
        ),
        "two_records": Reading(
            "With a yes, and it made {count} records.",
            "Tell Ödüyo's support. Do not run a first load before it is mended.",
        ),
        "refused": Reading("With a no. {words}", "Give the user the right to create, or mend what the answer names."),
        "blocked": Reading(
            "Not by Ödüyo: something before it blocked the call. {words}",
            "Ask who runs the site to let the calls of this user through.",
        ),
        "lost": Reading("No usable answer came. {words}", "Check again; if it stays so, ask Ödüyo's support."),
        "not_listed": Reading(
            "With a yes, but the record was not listed within {seconds} s.",
            "Look in the Ödüyo panel whether the record is there. If it came late, set settle_s higher.",
            "A run stops at its first create and sends no more.",
        ),
    },
)

SHOWN_AFTER = _question(
    name="shown_after",
    title="Delay of lists",
    text="How soon is a new record listed?",
    provider="It waits up to settle_s for what it has sent to show.",
    readings={
        "at_once": Reading("At once."),
        "late": Reading("After about {seconds} s; settle_s is {settle_s} s."),
    },
)

ID_STEPS = _question(
    name="id_steps",
    title="New ids",
    text="How are new ids chosen?",
    provider="It needs only that newer records have higher ids.",
    readings={
        "ascending": Reading("Each above the one before, {steps} apart."),
        "descending": Reading(
            "A newer record got a lower id.",
            "Ask Ödüyo's support how ids are given: a create whose answer is lost may not be found.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

STAMPS = _question(
    name="stamps",
    title="created_in",
    text="Is a created_in that is sent stored?",
    provider="It sends created_in and updated_in only where the query has these columns.",
    readings={
        "kept": Reading("Yes."),
        "own": Reading(
            "No: Ödüyo sets its own time.",
            "Leave created_in and updated_in out of the query.",
        ),
        "refused": Reading("It is refused. {words}", "Leave created_in and updated_in out of the query."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

EMPTY_DATE = _question(
    name="empty_date",
    title="Empty date",
    text="Is an empty date taken?",
    provider="It never sends an empty date: one that the ERP takes away stays in Ödüyo.",
    readings={
        "taken": Reading("Yes."),
        "refused": Reading("No, it is refused. {words}"),
        "unknown": Reading("It could not be told: {words}"),
    },
)

TIME_ZONE = _question(
    name="time_zone",
    title="Time zone",
    text="In which time zone does Ödüyo write its times?",
    provider="It sends the ERP's times as they are, and compares them as texts.",
    readings={
        "offset": Reading("In UTC{offset}."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

UPDATE = _question(
    name="update",
    title="Update",
    text="Does an update take effect, with the id as a text?",
    provider="It reads every update back.",
    readings={
        "works": Reading("Yes."),
        "no_effect": Reading(
            "No: it is answered with a yes and changes nothing.",
            "Check in the Ödüyo panel whether the user may change records, and ask Ödüyo's support.",
            "Such a change counts as failed, and three of them stop a run.",
        ),
        "refused": Reading(
            "It is refused. {words}", "Give the user the right to update, or mend what the answer names."
        ),
        "blocked": Reading(
            "Something before Ödüyo blocked the call. {words}",
            "Ask who runs the site to let the calls of this user through.",
        ),
        "lost": Reading("No usable answer came. {words}", "Check again; if it stays so, ask Ödüyo's support."),
    },
)

PARTIAL_UPDATE = _question(
    name="partial_update",
    title="Absent fields",
    text="Does an update keep the fields that it leaves out?",
    provider="Unless it is known that they are kept, it sends the whole record.",
    readings={
        "kept": Reading(
            "Yes.",
            provider="From now on updates carry only the key fields and what differs, so that nobody's note is overwritten.",
        ),
        "lost": Reading("No: {names} were emptied or changed.", provider="It sends the whole record with each update."),
        "refused": Reading(
            "Such an update is refused. {words}", provider="It sends the whole record with each update."
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

UNCHANGED_UPDATE = _question(
    name="unchanged_update",
    title="Same again",
    text="How is an update answered that changes nothing?",
    provider="It sends none; one that is sent again after a lost answer is judged by what is stored.",
    readings={
        "yes": Reading("With a yes."),
        "no": Reading("With a no. {words}"),
        "unknown": Reading("It could not be told: {words}"),
    },
)

DELETE = _question(
    name="delete",
    title="Delete",
    text="Does a delete remove the record?",
    provider="It deletes only with on_missing=delete, and reads back whether the record is gone.",
    readings={
        "removes": Reading("Yes."),
        "stays": Reading(
            "No: it is answered with a yes, and the record stays, perhaps passive.",
            "Use on_missing=deactivate, or ask Ödüyo's support what delete does.",
        ),
        "refused": Reading(
            "It is refused. {words}",
            "Nothing to set unless on_missing=delete is wanted: then give the right to delete.",
        ),
        "lost": Reading("No usable answer came. {words}", "Check again; if it stays so, ask Ödüyo's support."),
    },
)

GONE = _question(
    name="gone",
    title="Record gone",
    text="How is a delete of a record answered that is gone already?",
    provider="It looks for the record: one that is gone counts as deleted, whatever is answered.",
    readings={
        "no": Reading("With a no, HTTP {status}. {words}"),
        "yes": Reading("With a yes."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

SECOND_CREATE = _question(
    name="second_create",
    title="Same key twice",
    text="What does a second create with the same integration_id do?",
    provider="It sends a create again only after it has looked, so that no key is there twice.",
    readings={
        "second_record": Reading("It makes a second record: nothing on the site keeps keys apart."),
        "refused": Reading("It is refused. {words}"),
        "updates": Reading("It changes the first record."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

TEST_RECORDS = _question(
    name="test_records",
    title="Test records",
    text="Are all test records gone again?",
    provider="A later check removes what is left of an earlier one.",
    readings={
        "removed": Reading("Yes: {count} were made and deleted."),
        "none": Reading("None was made."),
        "removed_earlier": Reading("{count} that an earlier check had left were deleted."),
        "left": Reading("No: {words}", "Delete these records in the Ödüyo panel; their texts begin with {mark}."),
        "unknown": Reading(
            "It could not be told: {words}",
            "Check again, or look in the Ödüyo panel for records that begin with {mark} and delete them.",
        ),
        "unseen": Reading(
            "A create was confirmed, but its record was never listed.",
            "Look in the Ödüyo panel for a record that begins with {mark}, and delete it.",
        ),
    },
)

WRITE_QUESTIONS = (
    *(CREATE, SHOWN_AFTER, ID_STEPS, *TEXT_QUESTIONS, STAMPS, EMPTY_DATE, TIME_ZONE, UPDATE, PARTIAL_UPDATE),
    *(UNCHANGED_UPDATE, DELETE, GONE, SECOND_CREATE, TEST_RECORDS),
)

"""Questions about lists."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading

_ASK_ORDER = gettext_noop(
    "Ask Ödüyo's support how the list call sorts and filters ids: the provider cannot list this site."
)
_ASK_FOR_LESS = gettext_noop("From now on pages of {records} are asked for, unless the connection sets page_size.")

MAY_LIST = Question(
    name="may_list",
    title=gettext_noop("Right to list"),
    text=gettext_noop("May the user list the records?"),
    provider=gettext_noop("It never takes a no for an empty list: without a list nothing is written."),
    readings={
        "yes": Reading(gettext_noop("Yes, under the documented path.")),
        "no": Reading(
            gettext_noop("No. {words}"),
            gettext_noop("Give the user the right to list these records in the Ödüyo panel."),
        ),
        "bare_no": Reading(
            gettext_noop("A bare no ({words}): the site holds no record yet, or the user may not list."),
            gettext_noop(
                "Look in the Ödüyo panel whether there are records. If so, give the user the right to list them."
            ),
        ),
        "empty": Reading(gettext_noop("Yes, and there is no record yet.")),
        "no_answer": Reading(
            gettext_noop("There is no usable answer to a list call. {words}"),
            gettext_noop("Mend what the answer names, then check again."),
        ),
    },
)

LIST_SHAPE = Question(
    name="list_shape",
    title=gettext_noop("Form of lists"),
    text=gettext_noop("Are records listed as documented?"),
    provider=gettext_noop(
        "It reads these forms, and takes numbers, null and fields that are left out for what they mean."
    ),
    readings={
        "documented": Reading(gettext_noop("Yes.")),
        "numbers": Reading(gettext_noop("Some values are numbers instead of texts: {names}.")),
        "nulls": Reading(gettext_noop("Empty fields come as null.")),
        "left_out": Reading(gettext_noop("Fields without a value are left out.")),
        "more_fields": Reading(gettext_noop("There are fields that are not documented: {names}.")),
        "zero_dates": Reading(gettext_noop("Empty dates come as 0000-00-00 00:00:00.")),
        "object": Reading(gettext_noop("One record comes by itself, not in a list.")),
        "other": Reading(gettext_noop("The records do not stand in a list: {words}.")),
        "no_keys": Reading(
            gettext_noop("No listed record has an integration_id."),
            gettext_noop(
                "Records without one match no row of the ERP. Read about look-alikes before the first run that writes."
            ),
        ),
    },
)

EMPTY_LIST = Question(
    name="empty_list",
    title=gettext_noop("Empty list"),
    text=gettext_noop("How is a list without a record answered?"),
    provider=gettext_noop("It takes an empty answer for the end of a list only where a second question confirms that."),
    readings={
        "documented": Reading(gettext_noop("With an empty list.")),
        "bare_no": Reading(gettext_noop("With a bare no (HTTP {status}).")),
        "words": Reading(gettext_noop("With words: {words}")),
        "nothing": Reading(gettext_noop("With {words}, which is read as nothing.")),
    },
)

PAGE_LIMIT = Question(
    name="page_limit",
    title=gettext_noop("Page limit"),
    text=gettext_noop("How many records does one page give?"),
    provider=gettext_noop(
        "It goes on behind the last record of a page, however long the page is, and halves a page that fails."
    ),
    readings={
        "honoured": Reading(gettext_noop("As many as asked for: {records}.")),
        "capped": Reading(gettext_noop("At most {records}, also when {asked} are asked for."), provider=_ASK_FOR_LESS),
        "fails": Reading(
            gettext_noop("Pages of {asked} fail ({words}); pages of {records} work."), provider=_ASK_FOR_LESS
        ),
        "too_few": Reading(gettext_noop("All {records} records fit into one page, so that a limit cannot be seen.")),
    },
)

ID_SORT = Question(
    name="id_sort",
    title=gettext_noop("Order of ids"),
    text=gettext_noop("Does the list sort ids as numbers or as text?"),
    provider=gettext_noop("It checks the order of each page, and works with both where the filter compares alike."),
    readings={
        "number": Reading(gettext_noop("As numbers.")),
        "text": Reading(gettext_noop("As text: 1000 comes before 999.")),
        "alike": Reading(
            gettext_noop("The ids so far are in the same order as numbers and as text, so that it cannot be told yet.")
        ),
        "none": Reading(gettext_noop("Neither: the order that was asked for is not followed."), _ASK_ORDER),
    },
)

ID_FILTER = Question(
    name="id_filter",
    title=gettext_noop("Comparison of ids"),
    text=gettext_noop("Does the filter compare ids as numbers or as text?"),
    provider=gettext_noop("Where ids compare as text it lists all records instead of the newest ones only."),
    readings={
        "number": Reading(gettext_noop("As numbers.")),
        "text": Reading(gettext_noop("As text: 999 counts as above 1000.")),
        "too_few": Reading(gettext_noop("There are too few records to tell it yet.")),
        "blocked": Reading(
            gettext_noop("Something before Ödüyo blocks calls with the signs < and >. {words}"),
            gettext_noop(
                "Ask who runs the site to let them through: without them the provider cannot list the newest records."
            ),
        ),
        "differs": Reading(
            gettext_noop("That is not how the list sorts them, so that pages leave records out."), _ASK_ORDER
        ),
        "ignored": Reading(gettext_noop("Not at all: the filter on ids is not followed."), _ASK_ORDER),
    },
)

VISIBLE_ORDER = Question(
    name="visible_order",
    title=gettext_noop("Late ids"),
    text=gettext_noop("Can a record become visible after records with higher ids?"),
    provider=gettext_noop("It looks for new records some hundred ids below the highest one that it has seen."),
    readings={
        "not_asked": Reading(gettext_noop("Not asked: it shows only under load. A late record is found all the same."))
    },
)

FILTER_ID = Question(
    name="filter_id",
    title=gettext_noop("Look-up by id"),
    text=gettext_noop("Does the filter id = … give exactly that record?"),
    provider=gettext_noop("It compares what comes with what was asked for."),
    readings={
        "exact": Reading(gettext_noop("Yes.")),
        "more": Reading(gettext_noop("It gives others too; they are left out.")),
        "blind": Reading(
            gettext_noop("No: a record that is there is not found."),
            gettext_noop("Ask Ödüyo's support why the filter does not find it: changes cannot be read back."),
        ),
    },
)

FILTER_KEY = Question(
    name="filter_key",
    title=gettext_noop("Look-up by key"),
    text=gettext_noop("Does the filter integration_id = … give exactly the record with that key?"),
    provider=gettext_noop("It compares keys itself, letter for letter, and goes by Ödüyo's id where it knows it."),
    readings={
        "exact": Reading(gettext_noop("Yes, letter for letter.")),
        "loose": Reading(
            gettext_noop("Also records whose key differs only in blanks, case or accents; they are left out.")
        ),
        "ignored": Reading(
            gettext_noop("The filter is not followed: other records come, too. Looking a key up takes a whole list.")
        ),
        "blind": Reading(
            gettext_noop("No: a record that is there is not found by its key."),
            gettext_noop(
                "Ask Ödüyo's support why the filter does not find it. A create whose answer is lost and that names no id may "
                "have to be settled by hand."
            ),
        ),
        "no_keys": Reading(gettext_noop("It could not be told: no listed record has an integration_id.")),
        "blind_to_signs": Reading(
            gettext_noop("A key with letters and signs ({key}) is not found."),
            gettext_noop("Ask Ödüyo's support why the filter does not find it, or make plain keys in the query."),
        ),
    },
)

OFFSET = Question(
    name="offset",
    title=gettext_noop("Offset"),
    text=gettext_noop("Is offset a number of rows to skip, or the id to start from?"),
    provider=gettext_noop("It does not use offset."),
    readings={
        "skip": Reading(gettext_noop("Rows to skip.")),
        "start_id": Reading(gettext_noop("The id to start from.")),
        "ignored": Reading(gettext_noop("It has no effect.")),
    },
)

IN_FILTER = Question(
    name="in_filter",
    title=gettext_noop("Filter IN"),
    text=gettext_noop("Which form of several values does the filter IN take?"),
    provider=gettext_noop("It does not use IN."),
    readings={
        "text": Reading(gettext_noop("A text with commas.")),
        "list": Reading(gettext_noop("A list.")),
        "both": Reading(gettext_noop("A text with commas, and a list.")),
        "none": Reading(gettext_noop("Neither a text with commas nor a list.")),
    },
)


LIST_QUESTIONS = (
    *(MAY_LIST, LIST_SHAPE, EMPTY_LIST, PAGE_LIMIT, ID_SORT, ID_FILTER, VISIBLE_ORDER, FILTER_ID, FILTER_KEY),
    *(OFFSET, IN_FILTER),
)

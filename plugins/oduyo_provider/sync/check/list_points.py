"""Questions about lists, and about how many calls the site takes."""

from __future__ import annotations

from oduyo_provider.sync.check.points import Question, Reading

_ASK_ORDER = "Ask Ödüyo's support how the list call sorts and filters ids: the provider cannot list this site."

MAY_LIST = Question(
    name="may_list",
    title="Right to list",
    text="May the user list the records?",
    provider="It never takes a no for an empty list: without a list nothing is written.",
    readings={
        "yes": Reading("Yes, under the documented path."),
        "no": Reading("No. {words}", "Give the user the right to list these records in the Ödüyo panel."),
        "bare_no": Reading(
            "A bare no ({words}): the site holds no record yet, or the user may not list.",
            "Look in the Ödüyo panel whether there are records. If so, give the user the right to list them.",
        ),
        "empty": Reading("Yes, and there is no record yet."),
        "no_answer": Reading(
            "There is no usable answer to a list call. {words}", "Mend what the answer names, then check again."
        ),
    },
)

LIST_SHAPE = Question(
    name="list_shape",
    title="Form of lists",
    text="Are records listed as documented?",
    provider="It reads these forms, and takes numbers, null and fields that are left out for what they mean.",
    readings={
        "documented": Reading("Yes."),
        "numbers": Reading("Some values are numbers instead of texts: {names}."),
        "nulls": Reading("Empty fields come as null."),
        "left_out": Reading("Fields without a value are left out."),
        "more_fields": Reading("There are fields that are not documented: {names}."),
        "zero_dates": Reading("Empty dates come as 0000-00-00 00:00:00."),
        "object": Reading("One record comes by itself, not in a list."),
        "other": Reading("The records do not stand in a list: {words}."),
        "no_keys": Reading(
            "No listed record has an integration_id.",
            "Records without one match no row of the ERP. Read about look-alikes before the first run that writes.",
        ),
    },
)

EMPTY_LIST = Question(
    name="empty_list",
    title="Empty list",
    text="How is a list without a record answered?",
    provider="It takes an empty answer for the end of a list only where a second question confirms that.",
    readings={
        "documented": Reading("With an empty list."),
        "bare_no": Reading("With a bare no (HTTP {status})."),
        "words": Reading("With words: {words}"),
        "nothing": Reading("With {words}, which is read as nothing."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

PAGE_LIMIT = Question(
    name="page_limit",
    title="Page limit",
    text="How many records does one page give?",
    provider="It goes on behind the last record of a page, however long the page is, and halves a page that fails.",
    readings={
        "honoured": Reading("As many as asked for: {records}."),
        "capped": Reading(
            "At most {records}, also when {asked} are asked for.",
            provider="From now on pages of {records} are asked for, unless the connection sets page_size.",
        ),
        "fails": Reading(
            "Pages of {asked} fail ({words}); pages of {records} work.",
            provider="From now on pages of {records} are asked for, unless the connection sets page_size.",
        ),
        "too_few": Reading("All {records} records fit into one page, so that a limit cannot be seen."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

ID_SORT = Question(
    name="id_sort",
    title="Order of ids",
    text="Does the list sort ids as numbers or as text?",
    provider="It checks the order of each page, and works with both where the filter compares alike.",
    readings={
        "number": Reading("As numbers."),
        "text": Reading("As text: 1000 comes before 999."),
        "alike": Reading("The ids so far are in the same order as numbers and as text, so that it cannot be told yet."),
        "none": Reading("Neither: the order that was asked for is not followed.", _ASK_ORDER),
    },
)

ID_FILTER = Question(
    name="id_filter",
    title="Comparison of ids",
    text="Does the filter compare ids as numbers or as text?",
    provider="Where ids compare as text it lists all records instead of the newest ones only.",
    readings={
        "number": Reading("As numbers."),
        "text": Reading("As text: 999 counts as above 1000."),
        "too_few": Reading("There are too few records to tell it yet."),
        "blocked": Reading(
            "Something before Ödüyo blocks calls with the signs < and >. {words}",
            "Ask who runs the site to let them through: without them the provider cannot list the newest records.",
        ),
        "differs": Reading("That is not how the list sorts them, so that pages leave records out.", _ASK_ORDER),
        "ignored": Reading("Not at all: the filter on ids is not followed.", _ASK_ORDER),
        "unknown": Reading("It could not be told: {words}"),
    },
)

VISIBLE_ORDER = Question(
    name="visible_order",
    title="Late ids",
    text="Can a record become visible after records with higher ids?",
    provider="It looks for new records some hundred ids below the highest one that it has seen.",
    readings={"not_asked": Reading("Not asked: it shows only under load. A late record is found all the same.")},
)

FILTER_ID = Question(
    name="filter_id",
    title="Look-up by id",
    text="Does the filter id = … give exactly that record?",
    provider="It compares what comes with what was asked for.",
    readings={
        "exact": Reading("Yes."),
        "more": Reading("It gives others too; they are left out."),
        "blind": Reading(
            "No: a record that is there is not found.",
            "Ask Ödüyo's support why the filter does not find it: changes cannot be read back.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

FILTER_KEY = Question(
    name="filter_key",
    title="Look-up by key",
    text="Does the filter integration_id = … give exactly the record with that key?",
    provider="It compares keys itself, letter for letter, and goes by Ödüyo's id where it knows it.",
    readings={
        "exact": Reading("Yes, letter for letter."),
        "loose": Reading("Also records whose key differs only in blanks, case or accents; they are left out."),
        "ignored": Reading("The filter is not followed: other records come, too. Looking a key up takes a whole list."),
        "blind": Reading(
            "No: a record that is there is not found by its key.",
            "Ask Ödüyo's support why the filter does not find it. A create whose answer is lost and that names no id may "
            "have to be settled by hand.",
        ),
        "no_keys": Reading("It could not be told: no listed record has an integration_id."),
        "blind_to_signs": Reading(
            "A key with letters and signs ({key}) is not found.",
            "Ask Ödüyo's support why the filter does not find it, or make plain keys in the query.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

OFFSET = Question(
    name="offset",
    title="Offset",
    text="Is offset a number of rows to skip, or the id to start from?",
    provider="It does not use offset.",
    readings={
        "skip": Reading("Rows to skip."),
        "start_id": Reading("The id to start from."),
        "ignored": Reading("It has no effect."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

IN_FILTER = Question(
    name="in_filter",
    title="Filter IN",
    text="Which form of several values does the filter IN take?",
    provider="It does not use IN.",
    readings={
        "text": Reading("A text with commas."),
        "list": Reading("A list."),
        "both": Reading("A text with commas, and a list."),
        "none": Reading("Neither a text with commas nor a list."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

PACE = Question(
    name="pace",
    title="Rate limit",
    text="Does the site limit how many calls it takes?",
    provider="It slows down by itself when the site answers 429 or 503, and waits as long as the site asks.",
    readings={
        "not_seen": Reading("Not within this check: {calls} calls, up to {at_once} at once."),
        "limited": Reading(
            "Yes: {count} of {calls} calls were put off with HTTP {status}{words}.",
            "Ask Ödüyo's support for the limit, and set the extra requests_per_second below it.",
        ),
    },
)

AT_ONCE = Question(
    name="at_once",
    title="Calls at once",
    text="Are several calls of one session served at once?",
    provider="It sends up to max_concurrency calls at once.",
    readings={
        "yes": Reading("Yes: {at_once} at once were {times} times as fast as one after the other."),
        "one_by_one": Reading(
            "No: {at_once} at once took as long as one after the other.",
            "Set the extra max_concurrency of the connection to 1 or 2: more of them only wait.",
        ),
        "one": Reading("Not asked: max_concurrency of the connection is 1."),
        "unknown": Reading("It could not be told: {words}"),
    },
)

SPEED = Question(
    name="speed",
    title="Speed",
    text="How long does a call take, and how long would a first load take?",
    provider="It is as fast as the site answers, up to max_concurrency at once.",
    readings={
        "measured": Reading(
            "A list of one record takes {list}{create}; about {rate} calls a second. A first load would take about "
            "{small} for 1,000 rows, {large} for 10,000{basis}."
        ),
        "limited": Reading(
            "A list of one record takes {list}{create}. How many calls a second the site takes could not be measured.",
            "Set the extra requests_per_second of the connection and check again, to see how long a first load takes.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

LIST_QUESTIONS = (
    *(MAY_LIST, LIST_SHAPE, EMPTY_LIST, PAGE_LIMIT, ID_SORT, ID_FILTER, VISIBLE_ORDER, FILTER_ID, FILTER_KEY),
    *(OFFSET, IN_FILTER, PACE, AT_ONCE, SPEED),
)

"""Questions about logins, sessions and what stands around the answers."""

from __future__ import annotations

from oduyo_provider.sync.check.points import Question, Reading

_OWN_USER = "Give this connection a user of its own in the Ödüyo panel, which no other program logs in with."

LOGIN = Question(
    name="login",
    title="Login",
    text="How is the login answered, and where does the session id stand?",
    provider="It looks for the session id in all likely places, or where session_id_path says.",
    readings={
        "found": Reading("With a session id under {path}, after {seconds} s."),
        "not_found": Reading(
            "With a yes, but no session id stands where the provider looks. {words}",
            "Set the extra session_id_path of the connection to where the session id stands. {hint}",
        ),
        "refused": Reading("With a no. {words}", "Correct what the answer names, then check again."),
        "no_answer": Reading("Not as the Ödüyo API answers. {words}", "Mend what the answer names, then check again."),
    },
)

WRONG_PASSWORD = Question(
    name="wrong_password",
    title="Wrong password",
    text="How is a wrong password or API key answered?",
    provider="It takes 401, 403 and any no as final and does not log in again, so that no account gets locked.",
    readings={
        "not_asked": Reading("Not asked: a login with a wrong password can lock the account."),
        "seen": Reading("As this check's own login was: {words}"),
    },
)

SECOND_LOGIN = Question(
    name="second_login",
    title="Second login",
    text="Does a second login of the same user end the first session?",
    provider="It logs in once for each task, and anew when a session has ended.",
    readings={
        "stays": Reading("No: both sessions work."),
        "ends": Reading(
            "Yes: the first session ended.",
            _OWN_USER,
            "It logs in anew when its session has ended, after a random wait, so that two tasks do not log each other out "
            "for ever.",
        ),
        "unknown": Reading("It could not be told: {words}"),
    },
)

DEAD_SESSION = Question(
    name="dead_session",
    title="Ended session",
    text="How is a call answered whose session has ended or is unknown?",
    provider="It logs in anew and sends the call again.",
    readings={
        "documented": Reading("With HTTP {status}. {words}"),
        "own_words": Reading(
            "With a no in words of its own. {words}",
            provider="It cannot tell these words from a refused row at once: after 3 refusals in a row it logs in anew, and "
            "sends all of them again.",
        ),
        "web_page": Reading(
            "With HTTP {status} and no answer of the API, as a firewall does.",
            provider="It asks for one record to see whether only this call is blocked, and logs in anew if not.",
        ),
        "accepted": Reading(
            "As if the session were good: it was not looked at.",
            "Tell Ödüyo's support: the site answers list calls without a valid session.",
        ),
        "no_answer": Reading("Without a usable answer. {words}"),
    },
)

SESSION_LIFE = Question(
    name="session_life",
    title="Session's life",
    text="Does a session last as long as it should (60 minutes)?",
    provider="It logs in anew after 55 minutes, or when a session has ended.",
    readings={
        "lasts": Reading("As long as this check: {calls} calls in {seconds} s."),
        "ended": Reading(
            "No: it ended {times} times within {calls} calls and {seconds} s.",
            f"Ask Ödüyo's support how long a session lasts and for how many calls. {_OWN_USER}",
        ),
    },
)

COOKIES = Question(
    name="cookies",
    title="Cookies",
    text="Do later calls need the cookies that the login sets?",
    provider="It keeps the cookies of the site, as a browser does.",
    readings={
        "none": Reading("The login sets none."),
        "not_needed": Reading("No: it sets {names}, and calls are answered without."),
        "needed": Reading("Yes: it sets {names}, and a call without is refused."),
        "unknown": Reading("It sets {names}; whether they are needed could not be told: {words}"),
    },
)

WIRE = Question(
    name="wire",
    title="Form of answers",
    text="Do the answers come as plain JSON?",
    provider="It reads all forms that PHP sites are known for.",
    readings={
        "plain": Reading("Yes."),
        "byte_order_marks": Reading("{count} byte order marks stand before the JSON; they are left out."),
        "text_around": Reading(
            "Other text stands before the JSON ({words}); the JSON is found behind it.",
            "Tell Ödüyo's support that the site shows PHP's messages in its answers.",
        ),
        "charset": Reading("They name the charset {names}, which is used where the text is not UTF-8."),
        "not_utf8": Reading(
            "Letters come in another charset than UTF-8, and no charset is named, so that they cannot be read.",
            "Ask Ödüyo's support to send UTF-8, or to name the charset.",
        ),
        "long_header": Reading("A header has {bytes} bytes; up to 64 KiB are read."),
        "closes": Reading(
            "Each answer closes its connection, so that each call opens a new one and takes longer.",
            "Ask who runs the site, or the proxy before it, to keep connections open.",
        ),
        "lost": Reading(
            "{count} of {calls} requests got no usable answer. {words}",
            "Ask who runs the site, or the proxy before it, to mend this.",
            "It sends a list call, an update and a deletion again; a lost create is looked for before it is sent again.",
        ),
    },
)

CLOCK = Question(
    name="clock",
    title="Clock",
    text="Do the clocks of the site and of this machine agree?",
    provider="No order rests on a clock. It counts how long to wait from the site's own time.",
    readings={
        "same": Reading("Yes, within {seconds} s."),
        "off": Reading(
            "No: the site's clock is {seconds} s {direction} of this machine's.",
            "Check this machine's clock (NTP). If it is right, tell Ödüyo's support.",
        ),
        "no_date": Reading("The site does not say what time it is."),
    },
)

LOGIN_QUESTIONS = (LOGIN, WRONG_PASSWORD, SECOND_LOGIN, DEAD_SESSION, SESSION_LIFE, COOKIES, WIRE, CLOCK)

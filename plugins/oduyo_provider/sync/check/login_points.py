"""Questions about logins, sessions and what stands around the answers."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading

_OWN_USER = gettext_noop(
    "Give this connection a user of its own in the Ödüyo panel, which no other program logs in with."
)

LOGIN = Question(
    name="login",
    title=gettext_noop("Login"),
    text=gettext_noop("How is the login answered, and where does the session id stand?"),
    provider=gettext_noop("It looks for the session id in all likely places, or where session_id_path says."),
    readings={
        "found": Reading(gettext_noop("With a session id under {path}, after {seconds} s.")),
        "not_found": Reading(
            gettext_noop("With a yes, but no session id stands where the provider looks. {words}"),
            gettext_noop("Set the extra session_id_path of the connection to where the session id stands. {hint}"),
        ),
        "refused": Reading(
            gettext_noop("With a no. {words}"), gettext_noop("Correct what the answer names, then check again.")
        ),
        "no_answer": Reading(
            gettext_noop("Not as the Ödüyo API answers. {words}"),
            gettext_noop("Mend what the answer names, then check again."),
        ),
    },
)

WRONG_PASSWORD = Question(
    name="wrong_password",
    title=gettext_noop("Wrong password"),
    text=gettext_noop("How is a wrong password or API key answered?"),
    provider=gettext_noop(
        "It takes 401, 403 and any no as final and does not log in again, so that no account gets locked."
    ),
    readings={
        "not_asked": Reading(gettext_noop("Not asked: a login with a wrong password can lock the account.")),
        "seen": Reading(gettext_noop("As this check's own login was: {words}")),
    },
)

SECOND_LOGIN = Question(
    name="second_login",
    title=gettext_noop("Second login"),
    text=gettext_noop("Does a second login of the same user end the first session?"),
    provider=gettext_noop("It logs in once for each task, and anew when a session has ended."),
    readings={
        "stays": Reading(gettext_noop("No: both sessions work.")),
        "ends": Reading(
            gettext_noop("Yes: the first session ended."),
            _OWN_USER,
            gettext_noop(
                "It logs in anew when its session has ended, after a random wait, so that two tasks do not log each other out "
                "for ever."
            ),
        ),
    },
)

DEAD_SESSION = Question(
    name="dead_session",
    title=gettext_noop("Ended session"),
    text=gettext_noop("How is a call answered whose session has ended or is unknown?"),
    provider=gettext_noop("It logs in anew and sends the call again."),
    readings={
        "documented": Reading(gettext_noop("With HTTP {status}. {words}")),
        "own_words": Reading(
            gettext_noop("With a no in words of its own. {words}"),
            provider=gettext_noop(
                "It cannot tell these words from a refused row at once: after 3 refusals in a row it logs in anew, and "
                "sends all of them again."
            ),
        ),
        "web_page": Reading(
            gettext_noop("With HTTP {status} and no answer of the API, as a firewall does."),
            provider=gettext_noop(
                "It asks for one record to see whether only this call is blocked, and logs in anew if not."
            ),
        ),
        "accepted": Reading(
            gettext_noop("As if the session were good: it was not looked at."),
            gettext_noop("Tell Ödüyo's support: the site answers list calls without a valid session."),
        ),
        "no_answer": Reading(gettext_noop("Without a usable answer. {words}")),
    },
)

SESSION_LIFE = Question(
    name="session_life",
    title=gettext_noop("Session's life"),
    text=gettext_noop("Does a session last as long as it should (60 minutes)?"),
    provider=gettext_noop("It logs in anew after 55 minutes, or when a session has ended."),
    readings={
        "lasts": Reading(gettext_noop("As long as this check: {calls} calls in {seconds} s.")),
        "ended": Reading(
            gettext_noop("No: it ended {times} times within {calls} calls and {seconds} s."),
            gettext_noop(
                "Ask Ödüyo's support how long a session lasts and for how many calls. Give this connection a user of its own in the "
                "Ödüyo panel, which no other program logs in with."
            ),
        ),
    },
)

COOKIES = Question(
    name="cookies",
    title=gettext_noop("Cookies"),
    text=gettext_noop("Do later calls need the cookies that the login sets?"),
    provider=gettext_noop("It keeps the cookies of the site, as a browser does."),
    readings={
        "none": Reading(gettext_noop("The login sets none.")),
        "not_needed": Reading(gettext_noop("No: it sets {names}, and calls are answered without.")),
        "needed": Reading(gettext_noop("Yes: it sets {names}, and a call without is refused.")),
        "unknown": Reading(gettext_noop("It sets {names}; whether they are needed could not be told: {words}")),
    },
)

WIRE = Question(
    name="wire",
    title=gettext_noop("Form of answers"),
    text=gettext_noop("Do the answers come as plain JSON?"),
    provider=gettext_noop("It reads all forms that PHP sites are known for."),
    readings={
        "plain": Reading(gettext_noop("Yes.")),
        "byte_order_marks": Reading(gettext_noop("{count} byte order marks stand before the JSON; they are left out.")),
        "text_around": Reading(
            gettext_noop("Other text stands before the JSON ({words}); the JSON is found behind it."),
            gettext_noop("Tell Ödüyo's support that the site shows PHP's messages in its answers."),
        ),
        "charset": Reading(gettext_noop("They name the charset {names}, which is used where the text is not UTF-8.")),
        "not_utf8": Reading(
            gettext_noop(
                "Letters come in another charset than UTF-8, and no charset is named, so that they cannot be read."
            ),
            gettext_noop("Ask Ödüyo's support to send UTF-8, or to name the charset."),
        ),
        "long_header": Reading(gettext_noop("A header has {bytes} bytes; up to 64 KiB are read.")),
        "closes": Reading(
            gettext_noop("Each answer closes its connection, so that each call opens a new one and takes longer."),
            gettext_noop("Ask who runs the site, or the proxy before it, to keep connections open."),
        ),
        "lost": Reading(
            gettext_noop("{count} of {calls} requests got no usable answer. {words}"),
            gettext_noop("Ask who runs the site, or the proxy before it, to mend this."),
            gettext_noop(
                "It sends a list call, an update and a deletion again; a lost create is looked for before it is sent again."
            ),
        ),
    },
)

CLOCK = Question(
    name="clock",
    title=gettext_noop("Clock"),
    text=gettext_noop("Do the clocks of the site and of this machine agree?"),
    provider=gettext_noop("No order rests on a clock. It counts how long to wait from the site's own time."),
    readings={
        "same": Reading(gettext_noop("Yes, within {seconds} s.")),
        "off": Reading(
            gettext_noop("No: the site's clock is {seconds} s {direction} of this machine's."),
            gettext_noop("Check this machine's clock (NTP). If it is right, tell Ödüyo's support."),
        ),
        "no_date": Reading(gettext_noop("The site does not say what time it is.")),
    },
)

LOGIN_QUESTIONS = (LOGIN, WRONG_PASSWORD, SECOND_LOGIN, DEAD_SESSION, SESSION_LIFE, COOKIES, WIRE, CLOCK)

"""The read-only questions about the login and sessions."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from oduyo_provider.api.login import Login
from oduyo_provider.api.meaning import Meaning, compute_reason
from oduyo_provider.api.probe import Probe, Seen
from oduyo_provider.core.errors import LoginRefusedError, NotThisApiError, OduyoError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.check.asker import Asker, read_listed
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.shapes import find_session_path, guess_session_paths

#: A session id that no site has given out.
UNKNOWN_SESSION = "oduyo-check-unknown-session"
#: How many calls are sent without cookies: behind a load balancer a single one may reach the right node by chance.
CALLS_WITHOUT_COOKIES = 3

_DEAD = (Meaning.SESSION, Meaning.REFUSED, Meaning.BLOCKED)


async def ask_login(asker: Asker) -> None:
    """Ask how a login is answered; the answer is added also if there is no session.

    :raises OduyoError: there is no session, so nothing else can be asked.
    """
    seen = await asker.send_login()
    try:
        login = asker.open_session(seen)
    except OduyoError as error:
        asker.found += explain_failed_login(seen, error)
        raise
    body = b"" if seen.answer is None else seen.answer.body
    path = find_session_path(body, login.session_id) or gettext("a place that is not shown")
    asker.found.append(Found.of("login", "found", path=neutralise(path, 80), seconds=format_number(seen.took_s, 2)))
    asker.found.append(Found.of("wrong_password", "not_asked"))


async def ask_sessions(asker: Asker, open_probe: Callable[[], Probe]) -> None:
    """Ask all other questions about sessions.

    :param open_probe: opens a probe that acts like another program, with its own connections and cookies.
    """
    # With a fresh session, as sessions may end after some calls and must not end within a question.
    asker.found.append(await _ask_cookies(asker, open_probe, await asker.log_in()))
    asker.found.append(await _ask_dead_session(asker))
    asker.found.append(await _ask_second_login(asker, open_probe))


def find_session_life(asker: Asker, began_at: float) -> Found:
    """Whether sessions lasted, judged by all calls so far."""
    details = {"calls": asker.calls, "seconds": round(max(1.0, asker.clock.now() - began_at))}
    if asker.sessions_ended:
        return Found.of("session_life", "ended", **details, times=asker.sessions_ended)
    return Found.of("session_life", "lasts", **details)


async def _ask_cookies(asker: Asker, open_probe: Callable[[], Probe], login: Login) -> Found:
    names = name_cookies(login.cookies)
    if not names:
        return Found.of("cookies", "none")
    async with open_probe() as stranger:
        seen = [await asker.send_list(probe=stranger) for _ in range(CALLS_WITHOUT_COOKIES)]
    if refused := [one for one in seen if one.meaning in _DEAD]:
        with_cookies = await asker.send_list()
        if with_cookies.meaning in _DEAD:
            return Found.of("cookies", "unknown", names=names, words=refused[0].classification.reason)
        return Found.of("cookies", "needed", names=names)
    if all(one.meaning is Meaning.DONE for one in seen):
        return Found.of("cookies", "not_needed", names=names)
    return Found.of("cookies", "unknown", names=names, words=seen[-1].classification.reason)


async def _ask_dead_session(asker: Asker) -> Found:
    seen = await asker.send_list(session=UNKNOWN_SESSION)
    words = seen.classification.reason
    if seen.answer is not None:
        words = compute_reason(seen.answer, asker.redact)
    reading = {
        Meaning.SESSION: "documented",
        Meaning.REFUSED: "own_words",
        Meaning.BLOCKED: "web_page",
        Meaning.DONE: "accepted" if read_listed(seen, asker.redact).records else "own_words",
    }.get(seen.meaning, "no_answer")
    return Found.of("dead_session", reading, status=str(seen.status), words=words)


async def _ask_second_login(asker: Asker, open_probe: Callable[[], Probe]) -> Found:
    """Log in as another program would, and see whether our own session still works."""
    await asker.log_in()
    before = await asker.send_list()
    async with open_probe() as stranger:
        try:
            await asker.log_in(stranger)
        except OduyoError as error:
            return Found.of("second_login", "unknown", words=str(error))
    after = await asker.send_list()
    if after.meaning in _DEAD:
        # If calls were refused before as well, this says nothing about the session.
        is_same = before.meaning is after.meaning
        await asker.log_in()
        return Found.of("second_login", "unknown" if is_same else "ends", words=after.classification.reason)
    if after.meaning is Meaning.DONE:
        return Found.of("second_login", "stays")
    return Found.of("second_login", "unknown", words=after.classification.reason)


def explain_failed_login(seen: Seen, error: OduyoError) -> list[Found]:
    """The answers if a login opened no session."""
    words = str(error)
    if isinstance(error, LoginRefusedError):
        return [Found.of("login", "refused", words=words), Found.of("wrong_password", "seen", words=words)]
    paths = []
    if isinstance(error, NotThisApiError) and seen.answer is not None and 200 <= seen.status < 300:
        paths = guess_session_paths(seen.answer.body)
    if paths:
        hint = gettext("It may be %(paths)s.", paths=" or ".join(neutralise(path, 60) for path in paths[:3]))
        return [Found.of("login", "not_found", words=words, hint=hint)]
    return [Found.of("login", "no_answer", words=words)]


def name_cookies(set_cookies: tuple[str, ...]) -> str:
    """The names of the cookies that an answer sets, never their values."""
    names: list[str] = []
    for header in set_cookies:
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(header)
        except CookieError:
            continue
        names += jar
    return ", ".join(neutralise(name, 40) for name in names)

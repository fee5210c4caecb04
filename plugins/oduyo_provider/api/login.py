"""The login call: one form, and what each answer to it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import msgspec

from oduyo_provider.api.backoff import compute_backoff
from oduyo_provider.api.body import is_cut
from oduyo_provider.api.cookies import find_cookie_secrets
from oduyo_provider.api.envelope import parse_envelope
from oduyo_provider.api.login_answer import parse_session_id
from oduyo_provider.api.meaning import compute_retry_after
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Answer, Transport
from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotSentError, NotThisApiError, RetryError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise

LOGIN_PATH = "ws/login"
#: Logins that are tried while the server gives no usable answer.
DEFAULT_LOGIN_TRIES = 4
#: Longest wait that a login accepts from ``Retry-After``, in seconds.
LONGEST_LOGIN_WAIT_S = 60.0

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


class Login(msgspec.Struct, frozen=True):
    """A login that Ödüyo accepted.

    :param cookies: the ``Set-Cookie`` headers of its answer.
    """

    session_id: str
    cookies: tuple[str, ...] = ()

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [self.session_id, *find_cookie_secrets(self.cookies)]

    def __repr__(self) -> str:
        return "Login(***)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("session_id", "***")]


async def log_in(settings: Settings, transport: Transport, *, redact: Callable[[str], str], runtime: Runtime) -> Login:
    """Log in. While the server cannot be reached or gives no usable answer, this is tried `DEFAULT_LOGIN_TRIES` times.

    An answer of the API itself is final, as repeated wrong passwords lock accounts. Only "slow down" is not: a 429, or an answer
    that names a time within a minute.

    :raises LoginRefusedError: Ödüyo refuses user, password, key or rights, or the account is locked.
    :raises NotThisApiError: something else answers at this address, or each answer was a 2xx that is cut or empty.
    :raises NotSentError: the server could not be reached at any try.
    :raises LostAnswerError: it could, but gave no usable answer.
    """
    lost: RetryError | None = None
    cuts = 0
    for attempt in range(1, DEFAULT_LOGIN_TRIES + 1):
        wait_s: float | None = None
        error: RetryError
        try:
            answer = await post_login(settings, transport)
        except (NotSentError, LostAnswerError) as cause:
            error = cause
        else:
            cuts += is_cut(answer.body) and 200 <= answer.status < 300
            if not _is_passing(answer) or cuts == DEFAULT_LOGIN_TRIES:
                return _read_login(settings, answer, redact)
            wait_s = compute_retry_after(answer)
            error = _make_passing_error(settings, answer, redact)
            is_put_off = answer.status == 429 or (wait_s is not None and wait_s <= LONGEST_LOGIN_WAIT_S)
            if not is_put_off and _find_message(answer):
                raise error
        lost = lost if isinstance(error, NotSentError) else error
        if attempt < DEFAULT_LOGIN_TRIES:
            await runtime.sleep(min(wait_s or compute_backoff(attempt, runtime.rng), LONGEST_LOGIN_WAIT_S))
    raise lost or error


async def post_login(settings: Settings, transport: Transport) -> Answer:
    """Send the login's form once; the answer as it comes.

    :raises NotSentError, LostAnswerError: as :meth:`.Transport.post`.
    """
    form = {"username": settings.username, "password": settings.password, "oduyo_api_key": settings.api_key}
    return await transport.post(LOGIN_PATH, urlencode(form).encode(), _HEADERS)


def read_login(settings: Settings, answer: Answer, redact: Callable[[str], str]) -> Login:
    """Read one answer to a login.

    :raises LoginRefusedError, NotThisApiError: as :func:`log_in`.
    :raises LostAnswerError: the same login may be answered otherwise later.
    """
    if _is_passing(answer):
        raise _make_passing_error(settings, answer, redact)
    return _read_login(settings, answer, redact)


def _is_passing(answer: Answer) -> bool:
    """Whether the same login may succeed later."""
    status = answer.status
    return status in (408, 429) or status >= 500 or (200 <= status < 300 and is_cut(answer.body))


def _make_passing_error(settings: Settings, answer: Answer, redact: Callable[[str], str]) -> LostAnswerError:
    return LostAnswerError(
        gettext(
            "%(site)s answered the login with HTTP %(said)s. It is overloaded or out of order, or something on "
            "the way cuts its answers. Start the task again later; if it stays so, ask Ödüyo's support.",
            site=settings.address,
            said=_describe(answer, redact),
        )
    )


def _read_login(settings: Settings, answer: Answer, redact: Callable[[str], str]) -> Login:
    envelope = parse_envelope(answer.body)
    status, said = answer.status, None if envelope is None else envelope.status
    is_bad_request = status == 400 and envelope is not None and said is None
    if status in (401, 403) or is_bad_request or (said is False and status < 500):
        raise LoginRefusedError(
            gettext(
                "Ödüyo refused the login of user '%(user)s' at %(site)s (HTTP %(said)s). Check login, password "
                "and api_key of the connection, and in the Ödüyo panel whether the user is active, not locked, and has "
                "the right to use the web service, then start the task again.",
                user=neutralise(redact(settings.username), 80),
                site=settings.address,
                said=_describe(answer, redact),
            )
        )
    is_list = bool(settings.session_id_path) and answer.body.lstrip()[:1] == b"["
    if 200 <= status < 300 and (envelope is not None or is_list):
        return Login(parse_session_id(answer.body, settings.session_id_path, redact), answer.cookies)
    kind = neutralise(answer.headers.get("content-type", "none"), 60)
    raise NotThisApiError(
        gettext(
            "%(url)s does not answer as the Ödüyo API does (HTTP %(status)s, content type "
            "%(kind)s). Check host, port and path of the connection; every Ödüyo customer has a host of its own.",
            url=f"{settings.base_url}/{LOGIN_PATH}",
            status=_describe_status(answer, redact),
            kind=kind,
        )
    )


def _describe_status(answer: Answer, redact: Callable[[str], str]) -> str:
    """The status, and of a redirect where it leads to, such as from http to https; without its query, and what else may be a key."""
    target = answer.headers.get("location", "") if 300 <= answer.status < 400 else ""
    shown = neutralise(redact(re.sub(r"[?#;].*|(?<=//)[^/]*@", "", target, flags=re.DOTALL)), 100)
    return f"{answer.status} → {shown}" if shown else str(answer.status)


def _describe(answer: Answer, redact: Callable[[str], str]) -> str:
    """Status and message. Nothing else of a login's answer is shown: nobody knows what it may hold."""
    message = neutralise(redact(_find_message(answer)), 200)
    return f"{answer.status}, message: {message}" if message else str(answer.status)


def _find_message(answer: Answer) -> str:
    """What the API says; empty for a page that is not the API's."""
    envelope = parse_envelope(answer.body)
    return "" if envelope is None or envelope.status is True else envelope.message

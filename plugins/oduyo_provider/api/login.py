"""The login call: one form, and what each answer to it means."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from oduyo_provider.api.backoff import compute_backoff
from oduyo_provider.api.envelope import is_cut, parse_envelope
from oduyo_provider.api.login_answer import parse_session_id
from oduyo_provider.api.meaning import compute_retry_after
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Answer, Transport
from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotSentError, NotThisApiError, RetryError
from oduyo_provider.core.redact import neutralise

LOGIN_PATH = "ws/login"
#: Logins that are tried while the server gives no usable answer.
DEFAULT_LOGIN_TRIES = 4
#: Longest wait that a login accepts from ``Retry-After``, in seconds.
LONGEST_LOGIN_WAIT_S = 60.0

_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_REFUSING = frozenset({200, 400, 404, 409, 422})


async def fetch_session_id(
    settings: Settings, transport: Transport, *, redact: Callable[[str], str], runtime: Runtime
) -> str:
    """Log in. While the server cannot be reached or gives no usable answer, this is tried `DEFAULT_LOGIN_TRIES` times.

    :raises LoginRefusedError: Ödüyo refuses user, password, key or rights; it is asked only once.
    :raises NotThisApiError: something else answers at this address, or each answer was a 2xx that is cut or empty.
    :raises NotSentError: the server could not be reached at any try.
    :raises LostAnswerError: it could, but gave no usable answer.
    """
    form = {"username": settings.username, "password": settings.password, "oduyo_api_key": settings.api_key}
    body = urlencode(form).encode()
    lost: RetryError | None = None
    cuts = 0
    for attempt in range(1, DEFAULT_LOGIN_TRIES + 1):
        wait_s: float | None = None
        error: RetryError
        try:
            answer = await transport.post(LOGIN_PATH, body, _HEADERS)
        except (NotSentError, LostAnswerError) as cause:
            error = cause
        else:
            cuts += is_cut(answer.body) and 200 <= answer.status < 300
            if not _is_passing(answer) or cuts == DEFAULT_LOGIN_TRIES:
                return _read_login(settings, answer, redact)
            wait_s = compute_retry_after(answer)
            error = LostAnswerError(
                f"{settings.site} answered the login with HTTP {answer.status}: it is overloaded or out of order, or "
                "something on the way cuts its answers. Start the task again later; if it stays so, ask Ödüyo's support."
            )
        lost = lost if isinstance(error, NotSentError) else error
        if attempt < DEFAULT_LOGIN_TRIES:
            await runtime.sleep(min(wait_s or compute_backoff(attempt, runtime.rng), LONGEST_LOGIN_WAIT_S))
    raise lost or error


def _is_passing(answer: Answer) -> bool:
    """Whether the same login may be answered otherwise in a moment."""
    status = answer.status
    return status in (408, 429) or status >= 500 or (200 <= status < 300 and is_cut(answer.body))


def _read_login(settings: Settings, answer: Answer, redact: Callable[[str], str]) -> str:
    envelope = parse_envelope(answer.body)
    status = answer.status
    said_no = envelope is not None and (envelope.status is False or (status == 400 and envelope.status is None))
    if status in (401, 403) or (status in _REFUSING and said_no):
        # Only the answer's message is shown: nobody knows what else a login's answer may hold.
        message = neutralise(redact(envelope.message), 200) if envelope else ""
        said = f"HTTP {status}, message: {message}" if message else f"HTTP {status}"
        raise LoginRefusedError(
            f"Ödüyo refused the login of user '{neutralise(redact(settings.username), 80)}' at {settings.site} "
            f"({said}). Check login, password and api_key of the connection, and in the Ödüyo panel whether the user "
            "is active and has the right to use the web service, then start the task again."
        )
    is_list = bool(settings.session_id_path) and answer.body.lstrip()[:1] == b"["
    if 200 <= status < 300 and (envelope is not None or is_list):
        return parse_session_id(answer.body, settings.session_id_path)
    kind = neutralise(answer.headers.get("content-type", "none"), 60)
    raise NotThisApiError(
        f"{settings.base_url}/{LOGIN_PATH} does not answer as the Ödüyo API does (HTTP {status}, content type {kind}). "
        "Check host, port and path of the connection; every Ödüyo customer has a host of its own."
    )

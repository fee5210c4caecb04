"""Makes single calls as they are, without retries or waits: for the site check, which asks how a site behaves.

Everything else uses :class:`.client.OduyoClient`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import final

import msgspec

from oduyo_provider.api.login import Login, post_login, read_login
from oduyo_provider.api.meaning import Classification, Meaning, classify
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Answer, BeforeSend, Transport
from oduyo_provider.core.errors import LostAnswerError, NotSentError
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import Redactor


class Seen(msgspec.Struct, frozen=True):
    """One request and what came of it.

    :param call: ``login``, ``list``, ``create``, ``update`` or ``delete``.
    :param took_s: from its sending to the last byte of its answer.
    :param classification: what the answer means; of a login only whether there was one.
    :param answer: None when no whole one came.
    """

    call: str
    took_s: float
    classification: Classification
    answer: Answer | None = None

    @property
    def meaning(self) -> Meaning:
        """What became of the request."""
        return self.classification.meaning

    @property
    def status(self) -> int:
        """The answer's HTTP status; 0 when none came."""
        return 0 if self.answer is None else self.answer.status


@final
class Probe:
    """Connections and cookies of its own, as another program's would be; an async context manager.

    :param redact: is told each session id; removes secrets from all words.
    :param on_secret: called with each session id before anything else gets it.
    :ivar requests: sent so far.
    """

    def __init__(
        self,
        settings: Settings,
        resource: Resource,
        *,
        redact: Redactor,
        on_secret: Callable[[str], None] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._settings = settings
        self._resource = resource
        self._redact = redact
        self._on_secret = on_secret
        self._clock = (runtime or Runtime()).clock
        self._transport = Transport(settings, redact)
        self.requests = 0

    async def __aenter__(self) -> Probe:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def log_in(self) -> Seen:
        """One login.

        :raises SettingsError: the proxy does not let it through.
        """
        began = self._clock()
        self.requests += 1
        try:
            answer = await post_login(self._settings, self._transport)
        except (NotSentError, LostAnswerError) as error:
            return self._lose("login", began, error)
        return Seen("login", self._clock() - began, Classification(Meaning.DONE), answer)

    def open_session(self, login: Seen) -> Login:
        """The session that a login was answered with.

        :raises OduyoError: there is none; see :func:`.login.log_in`.
        """
        if login.answer is None:
            error = NotSentError if login.meaning is Meaning.NOT_SENT else LostAnswerError
            raise error(login.classification.reason)
        opened = read_login(self._settings, login.answer, self._redact)
        for secret in opened.secrets:
            if self._on_secret is not None:
                self._on_secret(secret)
            self._redact.add(secret)
        return opened

    async def send(self, call: str, body: bytes, session: str, before_send: BeforeSend | None = None) -> Seen:
        """One call with a session, once.

        :param call: ``list``, ``create``, ``update`` or ``delete``.
        :param before_send: called right before the body leaves; what it raises is passed on, and nothing is sent.
        :raises SettingsError: the proxy does not let it through.
        """
        headers = {"Apikey": self._settings.api_key, "Authorization": session}
        began = self._clock()
        self.requests += 1
        try:
            answer = await self._transport.post(f"{self._resource.path}/{call}", body, headers, before_send=before_send)
        except (NotSentError, LostAnswerError) as error:
            return self._lose(call, began, error)
        return Seen(call, self._clock() - began, classify(answer, call=call, redact=self._redact), answer)

    def _lose(self, call: str, began: float, error: NotSentError | LostAnswerError) -> Seen:
        meaning = Meaning.NOT_SENT if isinstance(error, NotSentError) else Meaning.UNKNOWN
        return Seen(call, self._clock() - began, Classification(meaning, reason=str(error)))

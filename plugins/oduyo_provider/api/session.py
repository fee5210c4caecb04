"""The session that every call needs: taken at the first call, shared by all, renewed by one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from oduyo_provider.api.login import log_in
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.errors import LoginRefusedError, StopError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import Redactor, neutralise

#: A session lives 60 minutes. It is renewed earlier, so that requests under way can end.
DEFAULT_RENEW_AFTER_S = 55 * 60.0
#: Longest random wait before a session that Ödüyo refused is renewed, in seconds. Where an account has a single session,
#: workers that log in at the same moment would end each other's sessions for ever.
DEFAULT_FORCED_WAIT_S = 2.0
#: Give up after this many fresh sessions in a row were refused without one success between them.
DEFAULT_MAX_REFUSED_SESSIONS = 5
#: The same before any call has succeeded. Lower: a key or rights that never work must not cause many logins.
DEFAULT_MAX_FIRST_REFUSED_SESSIONS = 4


class SessionKeeper:
    """Holds the one session of a task. Belongs to one event loop.

    :param on_secret: called with each session id before anything else gets it.
    :param redact: is told each session id too; removes secrets from error texts.
    :ivar number: of the present session: 1 for the first login's.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        *,
        on_secret: Callable[[str], None] | None = None,
        redact: Redactor | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._on_secret = on_secret
        self._redact = redact or Redactor(settings.secrets)
        self._runtime = runtime or Runtime()
        self._headers: dict[str, str] = {}
        self.number = 0
        self._renew_at = 0.0
        self._refused_in_a_row = 0
        self._was_good = self._was_ever_good = False
        self._renewal: asyncio.Task[None] | None = None
        self._stop: StopError | None = None

    async def header(self) -> dict[str, str]:
        """``Apikey`` and ``Authorization`` for a call; logs in when there is no session, or an old one.

        Do not change the result; it is shared.

        :raises LoginRefusedError, NotThisApiError: from now on at every call, without another login.
        :raises NotSentError, LostAnswerError: the login failed this time; the next call tries again.
        """
        while not self._headers or self._runtime.clock() >= self._renew_at:
            await self._share_renewal(forced=False)
        return self._headers

    async def renew(self, refused: int, said: str = "") -> None:
        """Replace the session of the number `refused`, which Ödüyo did not accept; does nothing when it is replaced already.

        :param said: how Ödüyo refused it, for the error's text.
        :raises LoginRefusedError: also when too many fresh sessions in a row were refused without one success.
        """
        if self._headers and self.number == refused:
            self._headers = {}
            self._count_refused(said)
            await self._share_renewal(forced=True)
        elif self._renewal is not None:
            await self._share_renewal(forced=True)

    def succeeded(self) -> None:
        """Ödüyo accepted the present session."""
        self._was_good = self._was_ever_good = True

    async def close(self) -> None:
        """Stop a renewal that nobody waits for any more."""
        renewal = self._renewal
        if renewal is not None:
            renewal.cancel()
            await asyncio.wait([renewal])

    def _count_refused(self, said: str) -> None:
        self._refused_in_a_row = 0 if self._was_good else self._refused_in_a_row + 1
        allowed = DEFAULT_MAX_REFUSED_SESSIONS if self._was_ever_good else DEFAULT_MAX_FIRST_REFUSED_SESSIONS
        if self._refused_in_a_row >= allowed:
            account = neutralise(self._redact(self._settings.username), 80)
            self._stop = LoginRefusedError(
                gettext(
                    "Ödüyo accepted the login, but then refused %(count)s fresh sessions one after the other (the last time: "
                    "%(said)s). Either another program logs in with the same account ('%(account)s') and so ends our sessions, "
                    "or the API key or the user's rights do not cover this call, or a firewall blocks it. Give this connection "
                    "a user of its own and check its rights in the Ödüyo panel, then start the task again.",
                    count=self._refused_in_a_row,
                    said=said or gettext("no words"),
                    account=account,
                )
            )

    async def _share_renewal(self, *, forced: bool) -> None:
        """Join the renewal under way or start one. All who wait get its result, or its error."""
        if self._stop is not None:
            # A new object each time: many tasks raise it, and each would add its traceback to a shared one.
            raise type(self._stop)(*self._stop.args)
        renewal = self._renewal
        if renewal is None:
            renewal = self._renewal = asyncio.get_running_loop().create_task(self._renew(forced=forced))
            renewal.add_done_callback(self._finish)
        # `wait` and not `await renewal`: a caller that is cancelled must not cancel the login of the others.
        await asyncio.wait([renewal])
        renewal.result()

    def _finish(self, renewal: asyncio.Task[None]) -> None:
        self._renewal = None
        if not renewal.cancelled() and isinstance(error := renewal.exception(), StopError):
            self._stop = error

    async def _renew(self, *, forced: bool) -> None:
        if forced:
            await self._runtime.sleep(self._runtime.rng() * DEFAULT_FORCED_WAIT_S)
        login = await log_in(self._settings, self._transport, redact=self._redact, runtime=self._runtime)
        session = login.session_id
        for secret in login.secrets:
            if self._on_secret is not None:
                self._on_secret(secret)
            self._redact.add(secret)
        self._was_good = False
        self.number += 1
        self._headers = {"Apikey": self._settings.api_key, "Authorization": session}
        self._renew_at = self._runtime.clock() + DEFAULT_RENEW_AFTER_S

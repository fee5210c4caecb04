"""The session that every call needs: taken late, shared by all, renewed by one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from oduyo_provider.api.login import fetch_session_id
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.errors import LoginRefusedError, StopError
from oduyo_provider.core.redact import Redactor, neutralise

#: A session lives 60 minutes; it is renewed with time left for the requests under way.
DEFAULT_RENEW_AFTER_S = 55 * 60.0
#: Before a renewal that a refusal forced, wait up to this long: on an account with a single session, workers that
#: log in at the same moment end each other's sessions for ever.
DEFAULT_FORCED_WAIT_S = 2.0
#: Fresh sessions that may die in a row without one success.
DEFAULT_MAX_DEATHS = 5
#: The same before any call succeeded: a key or rights that never work must not hammer the login.
DEFAULT_MAX_FIRST_DEATHS = 4


class SessionKeeper:
    """Holds the one session of a task. Belongs to one event loop.

    :param on_secret: called with each session id before anything else sees it.
    :param redact: learns each session id as well; strikes secrets out of error texts.
    :param clock: seconds of a clock that never goes back.
    :param rng: gives a number from 0 up to 1.
    """

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        *,
        on_secret: Callable[[str], None] | None = None,
        redact: Redactor | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._on_secret = on_secret
        self._redact = redact or Redactor(settings.secrets)
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._headers: dict[str, str] = {}
        self._renew_at = 0.0
        self._deaths = 0
        self._was_good = self._was_ever_good = False
        self._renewal: asyncio.Task[None] | None = None
        self._stop: StopError | None = None

    @property
    def present(self) -> dict[str, str] | None:
        """As :meth:`header`, when no login is due; None when one is."""
        return self._headers if self._headers and self._clock() < self._renew_at else None

    async def header(self) -> dict[str, str]:
        """``Apikey`` and ``Authorization`` for a call; logs in when there is no session, or an old one.

        Do not change the result; it is shared.

        :raises LoginRefusedError, NotThisApiError: from now on at every call, without another login.
        :raises NotSentError, LostAnswerError: the login did not come through; the next call tries again.
        """
        while (headers := self.present) is None:
            await self._share_renewal(forced=False)
        return headers

    async def renew(self, dead: str) -> None:
        """Replace the session `dead`, which Ödüyo did not accept; does nothing when it is replaced already.

        :raises LoginRefusedError: also when so many fresh sessions in a row died without one success.
        """
        if self._headers.get("Authorization") == dead:
            self._headers = {}
            self._deaths = 0 if self._was_good else self._deaths + 1
            if self._deaths >= (DEFAULT_MAX_DEATHS if self._was_ever_good else DEFAULT_MAX_FIRST_DEATHS):
                account = neutralise(self._redact(self._settings.username), 80)
                self._stop = LoginRefusedError(
                    f"Ödüyo accepted the login, but then refused {self._deaths} fresh sessions one after the other. "
                    f"Either another program logs in with the same account ('{account}') and so ends "
                    "our sessions, or the API key or the user's rights do not cover this call. Give this connection "
                    "a user of its own and check its rights in the Ödüyo panel, then start the task again."
                )
            await self._share_renewal(forced=True)
        elif self._renewal is not None:
            await self._share_renewal(forced=True)

    def succeeded(self) -> None:
        """A call with the present session was accepted."""
        self._was_good = self._was_ever_good = True

    async def close(self) -> None:
        """Stop a renewal that nobody waits for any more."""
        renewal = self._renewal
        if renewal is not None:
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _share_renewal(self, *, forced: bool) -> None:
        """Join the renewal under way or start one; its outcome, good or bad, is everybody's."""
        if self._stop is not None:
            # A new object each time: many tasks raise it, and each would add its traceback to a shared one.
            raise type(self._stop)(*self._stop.args)
        renewal = self._renewal
        if renewal is None:
            renewal = self._renewal = asyncio.get_running_loop().create_task(self._renew(forced=forced))
            renewal.add_done_callback(self._finish)
        # Waited for, not awaited: a caller that is cancelled must not take the others' login with it.
        await asyncio.wait([renewal])
        renewal.result()

    def _finish(self, renewal: asyncio.Task[None]) -> None:
        self._renewal = None
        if not renewal.cancelled() and isinstance(error := renewal.exception(), StopError):
            self._stop = error

    async def _renew(self, *, forced: bool) -> None:
        if forced:
            await self._sleep(self._rng() * DEFAULT_FORCED_WAIT_S)
        session = await fetch_session_id(
            self._settings, self._transport, redact=self._redact, sleep=self._sleep, rng=self._rng
        )
        if self._on_secret is not None:
            self._on_secret(session)
        self._redact.add(session)
        self._was_good = False
        self._headers = {"Apikey": self._settings.api_key, "Authorization": session}
        self._renew_at = self._clock() + DEFAULT_RENEW_AFTER_S

"""The ``requests`` session of the hook, which reaches one site as the connection says."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from email.message import Message
from typing import Any

from requests import PreparedRequest, Request, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.cookies import MockRequest, MockResponse, RequestsCookieJar

from oduyo_provider.api.body import strip_marks, to_utf8
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.tls import load_tls
from oduyo_provider.api.transport import DEFAULT_MAX_BODY_BYTES
from oduyo_provider.core.errors import LostAnswerError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.redact import neutralise
from oduyo_provider.hooks.errors import airflow_errors

_CHUNK_BYTES = 64 * 1024


class SiteHttp(Session):
    """Takes the settings of one site, follows no redirect, and limits the size of an answer.

    :param cookies: the site's cookies; those that its answers set are added.
    :param redact: removes secrets from errors.
    """

    def __init__(self, settings: Settings, cookies: RequestsCookieJar, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact
        self.trust_env = False
        self.verify = settings.verify
        self.cookies = cookies
        if settings.proxy is not None:
            self.proxies = {"http": settings.proxy, "https": settings.proxy}

    def mount_own_ca(self) -> None:
        """If the connection names a CA, check certificates by it, as :func:`~oduyo_provider.api.tls.load_tls` does."""
        context = load_tls(self.verify or False) if isinstance(self.verify, str) else None
        if isinstance(context, ssl.SSLContext):
            self.mount("https://", _OwnCaAdapter(context))

    def get_redirect_target(self, resp: Response) -> None:
        """Return None, so that no redirect is followed: the API key must not go to another address.

        For another host, requests removes only the header Authorization.
        """

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        """Send, and read the answer up to the client's limit; its text becomes UTF-8 without byte order marks.

        :raises requests.RequestException: of one of requests' own classes, without secrets: a proxy's message
            may hold the password.
        """
        try:
            return self._send(request, **kwargs)
        except RequestException as error:
            # The error classes of a foreign adapter may take other arguments than a text.
            own = next(kind for kind in type(error).__mro__ if kind.__module__ == RequestException.__module__)
            failure = own(neutralise(self._redact(str(error))))
        raise failure

    def _send(self, request: PreparedRequest, **kwargs: Any) -> Response:
        response = super().send(request, **{**kwargs, "stream": True})
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            size += len(chunk)
            if size > DEFAULT_MAX_BODY_BYTES:
                response.close()
                with airflow_errors():
                    raise LostAnswerError(
                        gettext(
                            "Ödüyo answered %(path)s with more than %(limit)s bytes, which no page of records "
                            "has. Ask for fewer records at once, and check whether a proxy stands in between.",
                            path=request.path_url,
                            limit=format_number(DEFAULT_MAX_BODY_BYTES),
                        )
                    )
            chunks.append(chunk)
        body = strip_marks(to_utf8(b"".join(chunks), response.headers.get("Content-Type", "")))
        with suppress(UnicodeDecodeError):
            body.decode()
            response.encoding = "utf-8"
        response._content = body  # noqa: SLF001  requests has no other way to hand it over
        return response


class _OwnCaAdapter(HTTPAdapter):
    """Connects with a given TLS context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool with the context."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the proxy's pool with the context."""
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)


def store_cookies(jar: RequestsCookieJar, set_cookies: Iterable[str], url: str) -> None:
    """Put the ``Set-Cookie`` headers of an answer from `url` into a jar, by the rules of browsers."""
    headers = Message()
    for value in set_cookies:
        headers["Set-Cookie"] = value
    # requests made these two classes for this purpose; its type stubs do not show it.
    jar.extract_cookies(MockResponse(headers), MockRequest(Request("POST", url).prepare()))  # type: ignore[arg-type]

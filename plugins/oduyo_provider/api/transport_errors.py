"""Explains network failures: may the request have reached Ödüyo, and what is to be done?"""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import LostAnswerError, NotSentError, OduyoError, SettingsError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.redact import neutralise


def explain_failure(cause: BaseException, settings: Settings, redact: Callable[[str], str]) -> OduyoError:
    """The error for what aiohttp raised.

    What it raises while it opens a connection means "not sent". After anything else the request may have arrived.
    """
    text = neutralise(redact(str(cause) or type(cause).__name__), 300)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return explain_proxy_answer(cause.status, settings)
    if isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return NotSentError(_explain_connection(cause, settings, text))
    # A body that is not packed as its header says breaks off as a lost connection does; only the inner error tells them apart.
    inner = cause.__cause__ if isinstance(cause, aiohttp.ClientPayloadError) else cause
    if isinstance(inner, (aiohttp.ClientResponseError, ContentEncodingError)):
        broken = neutralise(redact(inner.message.partition("\n")[0].rstrip(":")), 200)
        return LostAnswerError(
            gettext(
                "The request to %(site)s was sent, but the answer breaks the rules of HTTP and cannot be read (%(cause)s). "
                "Ask who runs the site, or the proxy before it, to correct the headers of its answers.",
                site=settings.address,
                cause=broken,
            )
        )
    return LostAnswerError(
        gettext(
            "The request to %(site)s was sent, but no whole answer came back (%(kind)s: %(cause)s). Ask who runs "
            "the site whether it is up; where it is only slow, raise the extra timeout_s of the connection.",
            site=settings.address,
            kind=type(cause).__name__,
            cause=text,
        )
    )


def explain_long_answer(limit: int, settings: Settings) -> LostAnswerError:
    """The error for an answer of more bytes than the limit."""
    return LostAnswerError(
        gettext(
            "%(site)s sent an answer of more than %(limit)s bytes, which no page of records has. Check host and path of the "
            "connection, and whether a proxy stands in between.",
            site=settings.address,
            limit=format_number(limit),
        )
    )


def explain_proxy_answer(status: int, settings: Settings) -> OduyoError:
    """The error for a proxy that does not let a request through."""
    proxy = _name_proxy(settings)
    if status == 407:
        return SettingsError(
            gettext(
                "The proxy %(proxy)s asks for a user and password, or refuses those it was given (HTTP 407). Correct the "
                "extra proxy of the connection: http://user:password@host:port, each part percent-encoded.",
                proxy=proxy,
            )
        )
    return NotSentError(
        gettext(
            "The proxy %(proxy)s does not let the connection to %(site)s through (HTTP %(status)s). Ask who runs the "
            "proxy, or correct the extra proxy of the connection, then start the task again.",
            proxy=proxy,
            site=settings.address,
            status=status,
        )
    )


def _explain_connection(cause: BaseException, settings: Settings, text: str) -> str:
    site = settings.address
    proxy = URL(settings.proxy or "")
    if isinstance(cause, aiohttp.ClientConnectorError) and (cause.host, cause.port) == (proxy.host, proxy.port):
        return gettext(
            "The proxy %(proxy)s cannot be reached (%(text)s). Check the extra proxy of the connection and the "
            "network, then start the task again.",
            proxy=_name_proxy(settings),
            text=text,
        )
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        return _explain_certificate(settings, text)
    if isinstance(cause, aiohttp.ClientSSLError):
        return gettext(
            "No TLS connection to %(site)s could be made (%(text)s). Check that host and port of the connection are "
            "those of an https site; for a certificate of its own set the extra verify.",
            site=site,
            text=text,
        )
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return gettext(
            "%(site)s did not accept a connection in time (%(text)s). Check the network and the firewall, then start "
            "the task again.",
            site=site,
            text=text,
        )
    return gettext(
        "%(site)s cannot be reached (%(text)s). Check host and port of the connection, the network and the "
        "firewall, then start the task again.",
        site=site,
        text=text,
    )


def _explain_certificate(settings: Settings, text: str) -> str:
    if isinstance(settings.verify, str):
        return gettext(
            "The TLS certificate of %(site)s could not be verified (%(text)s). It does not fit the CA bundle that the extra "
            "verify names: check that file, and the host.",
            site=settings.address,
            text=text,
        )
    return gettext(
        "The TLS certificate of %(site)s could not be verified (%(text)s). If the site uses a certificate of its own, set "
        "the extra verify of the connection to the path of its CA bundle; otherwise check the host.",
        site=settings.address,
        text=text,
    )


def _name_proxy(settings: Settings) -> str:
    """Host and port of the proxy, without its user and password."""
    return URL(settings.proxy or "").raw_authority.rpartition("@")[2]

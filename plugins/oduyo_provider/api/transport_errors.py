"""What a failure of the network means: whether the request may have reached Ödüyo, and what to do."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp
from yarl import URL

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import LostAnswerError, NotSentError, OduyoError, SettingsError
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
    sent = f"The request to {settings.address} was sent, but "
    unknown = "Whether it took effect is not known until Ödüyo is looked up."
    if isinstance(cause, aiohttp.ClientResponseError):
        broken = neutralise(redact(cause.message.partition("\n")[0].rstrip(":")), 200)
        return LostAnswerError(
            f"{sent}the answer breaks the rules of HTTP and cannot be read ({broken}). {unknown} Ask who runs the site, or "
            "the proxy before it, to correct the headers of its answers."
        )
    return LostAnswerError(f"{sent}no whole answer came back ({type(cause).__name__}: {text}). {unknown}")


def explain_proxy_answer(status: int, settings: Settings) -> OduyoError:
    """The error for a proxy that does not let a request through."""
    proxy = _name_proxy(settings)
    if status == 407:
        return SettingsError(
            f"The proxy {proxy} asks for a user and password, or refuses those it was given (HTTP 407). Correct the extra "
            "proxy of the connection: http://user:password@host:port, each part percent-encoded."
        )
    return NotSentError(
        f"The proxy {proxy} does not let the connection to {settings.address} through (HTTP {status}). Ask who runs the "
        "proxy, or correct the extra proxy of the connection, then start the task again."
    )


def _explain_connection(cause: BaseException, settings: Settings, text: str) -> str:
    site = settings.address
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        return (
            f"The proxy {_name_proxy(settings)} cannot be reached ({text}). Check the extra proxy of the connection and the "
            "network, then start the task again."
        )
    if isinstance(cause, aiohttp.ClientConnectorCertificateError):
        own = (
            "It does not fit the CA bundle that the extra verify names: check that file, and the host."
            if isinstance(settings.verify, str)
            else "If the site uses a certificate of its own, set the extra verify of the connection to the path of its CA "
            "bundle; otherwise check the host."
        )
        return f"The TLS certificate of {site} could not be verified ({text}). {own}"
    if isinstance(cause, aiohttp.ClientSSLError):
        return (
            f"No TLS connection to {site} could be made ({text}). Check that host and port of the connection are those of "
            "an https site; for a certificate of its own set the extra verify."
        )
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return (
            f"{site} did not accept a connection in time ({text}). Check the network and the firewall, then start the task "
            "again."
        )
    return (
        f"{site} cannot be reached ({text}). Check host and port of the connection, the network and the firewall, then "
        "start the task again."
    )


def _name_proxy(settings: Settings) -> str:
    """Host and port of the proxy, without its user and password."""
    return URL(settings.proxy or "").raw_authority.rpartition("@")[2]

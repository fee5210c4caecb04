"""The settings of the connection to Ödüyo: read, checked, with their defaults.

Source of the names: the contract for the connection type ``oduyo`` (host, port, login, password and extras).
"""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import unquote

import msgspec
from yarl import URL

from oduyo_provider.api.base_url import API_PATH, DEFAULT_PORTS, parse_base_url
from oduyo_provider.api.extras import Extras
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext

#: Longest wait for one whole answer, from connecting to its last byte.
DEFAULT_TIMEOUT_S = 30.0
#: How long a create whose answer was lost may still take effect on Ödüyo's side.
DEFAULT_SETTLE_S = 60.0
#: Requests in flight at once.
DEFAULT_MAX_CONCURRENCY = 8
#: Records that one page of a listing asks for where nothing else is known, as in the vendor's examples.
DEFAULT_PAGE_SIZE = 1000
#: A larger page is no faster, and its answer may be too long.
LARGEST_PAGE_SIZE = 10_000
#: More than this many connections from one client looks like an attack to a site of one customer.
LARGEST_MAX_CONCURRENCY = 1000
#: A day: a longer wait is a typing error.
LARGEST_DURATION_S = 86_400.0


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is needed to talk to one Ödüyo site.

    :param base_url: ``scheme://host[:port][/prefix]/api/v1``, no slash at the end.
    :param username: the login's user name.
    :param password: the login's password.
    :param api_key: the API key as copied from the panel.
    :param session_id_path: dotted path of the session id in the login's answer; None looks in all documented places.
    :param timeout_s: longest wait for one whole answer.
    :param settle_s: how long a create whose answer was lost may still take effect.
    :param max_concurrency: requests in flight at once.
    :param requests_per_second: upper bound of the rate; None sets no bound.
    :param page_size: records that one page of a listing asks for; None leaves it to the client.
    :param verify: whether the TLS certificate is checked; a text is the path of a CA bundle to check it against.
    :param proxy: URL of the http proxy that all requests go through, with its user and password if it needs them.
    :param site_name: what this site is called, where two addresses lead to it.
    :param allow_plain_http: whether http to another machine is allowed (it shows password and key to the network).
    """

    base_url: str
    username: str
    password: str
    api_key: str
    session_id_path: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    settle_s: float = DEFAULT_SETTLE_S
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY
    requests_per_second: float | None = None
    page_size: int | None = None
    verify: bool | str = True
    proxy: str | None = None
    site_name: str | None = None
    allow_plain_http: bool = False

    @classmethod
    def from_connection(
        cls,
        *,
        host: str | None,
        port: int | None,
        login: str | None,
        password: str | None,
        extra: object,
        schema: str | None = None,
    ) -> Settings:
        """Read the fields of a connection; numbers and flags among the extras may come as text.

        :param host: with or without scheme, port, path; ``/api/v1`` is added when it is not there.
        :param extra: the extras, decoded: an object; anything else is a fault.
        :param schema: ``http`` or ``https`` for a host without a scheme; nothing means https.
        :raises SettingsError: with every fault of the connection at once.
        """
        faults: list[str] = []
        read = Extras(extra, set(cls.__struct_fields__) - {"base_url", "username", "password"}, faults)
        allow_plain_http = read.flag("allow_plain_http", default=False)
        settings = cls(
            base_url=parse_base_url(host, port, schema, faults, allow_plain_http=allow_plain_http),
            username=_parse_credential("login", login, faults),
            password=_parse_credential("password", password, faults),
            api_key=read.api_key(),
            session_id_path=read.session_id_path(),
            timeout_s=read.number("timeout_s", LARGEST_DURATION_S) or DEFAULT_TIMEOUT_S,
            settle_s=read.number("settle_s", LARGEST_DURATION_S) or DEFAULT_SETTLE_S,
            max_concurrency=read.whole_number("max_concurrency", LARGEST_MAX_CONCURRENCY) or DEFAULT_MAX_CONCURRENCY,
            requests_per_second=read.number("requests_per_second"),
            page_size=read.whole_number("page_size", LARGEST_PAGE_SIZE),
            verify=read.verify(),
            proxy=read.proxy(),
            site_name=read.site_name(),
            allow_plain_http=allow_plain_http,
        )
        _check(faults)
        return settings

    @property
    def address(self) -> str:
        """``host[:port][/prefix]`` in its one form: host in lower case without a trailing dot, the scheme's own port left out."""
        url = URL(self.base_url)
        host = (url.host or "").lower().rstrip(".")
        port = "" if url.port == DEFAULT_PORTS[url.scheme] else f":{url.port}"
        name = f"[{host}]" if ":" in host else host
        return f"{name}{port}{url.path.removesuffix(API_PATH)}"

    @property
    def site(self) -> str:
        """The name under which this site's state is kept: :attr:`site_name`, or else :attr:`address`."""
        return self.site_name or self.address

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        proxy_password = URL(self.proxy or "").raw_password or ""
        proxy = (proxy_password, unquote(proxy_password)) if proxy_password else ()
        return (self.password, self.api_key, *proxy)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Settings({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """As msgspec's own, which would show the secrets in rich tracebacks."""
        shown = msgspec.structs.asdict(self)
        shown |= {"password": "***", "api_key": "***"}
        if self.proxy is not None and "@" in self.proxy:
            shown["proxy"] = f"***@{self.proxy.rpartition('@')[2]}"
        return list(shown.items())


def _check(faults: list[str]) -> None:
    if faults:
        raise SettingsError(
            gettext(
                "The Ödüyo connection cannot be used: %(faults)s. Correct these fields in Airflow under Admin, Connections, and "
                "start the task again.",
                faults="; ".join(faults),
            )
        )


def _parse_credential(name: str, value: str | None, faults: list[str]) -> str:
    if value is None or not value.strip():
        faults.append(gettext("%(field)s is missing", field=name))
        return ""
    if fault := _find_unseen(name, value):
        faults.append(fault)
    return value


def _find_unseen(name: str, value: str) -> str:
    # Line breaks, and characters without a width, come along when a text is copied. No keyboard types them.
    unseen = {character for character in value if unicodedata.category(character) in ("Cc", "Cf")}
    if not unseen:
        return ""
    is_at_end = value.rstrip("".join(unseen)) != value
    if unseen & {"\n", "\r"}:
        if is_at_end:
            return gettext("%(field)s has a line break at its end that was copied along: type it again", field=name)
        return gettext("%(field)s has a line break that was copied along: type it again", field=name)
    if is_at_end:
        return gettext(
            "%(field)s has a character that cannot be seen at its end that was copied along: type it again", field=name
        )
    return gettext("%(field)s has a character that cannot be seen that was copied along: type it again", field=name)

"""How Ödüyo is reached: the connection's settings, checked, with their defaults.

Source of the names: the contract for the connection type ``oduyo`` (host, port, login, password and extras).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from oduyo_provider.api.base_url import parse_base_url
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.redact import neutralise

#: Longest wait for one whole answer, from connecting to its last byte.
DEFAULT_TIMEOUT_S = 30.0
#: How long a create whose answer was lost may still take effect on Ödüyo's side.
DEFAULT_SETTLE_S = 60.0
#: Requests in flight at once.
DEFAULT_MAX_CONCURRENCY = 8
#: Records that one page of a listing asks for, as in the vendor's examples.
DEFAULT_PAGE_SIZE = 1000
#: A larger page is no faster, and its answer may be too long.
LARGEST_PAGE_SIZE = 10_000
#: More than this many connections from one client looks like an attack to a site of one customer.
LARGEST_MAX_CONCURRENCY = 1000
#: A day: a longer wait is a typing error.
LARGEST_DURATION_S = 86_400.0

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


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
    :param page_size: records that one page of a listing asks for.
    :param verify: whether the TLS certificate is checked; a text is the path of a CA bundle to check it against.
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
    page_size: int = DEFAULT_PAGE_SIZE
    verify: bool | str = True
    allow_plain_http: bool = False

    @classmethod
    def from_connection(
        cls,
        *,
        host: str | None,
        port: int | None,
        login: str | None,
        password: str | None,
        extra: Mapping[str, object],
        schema: str | None = None,
    ) -> Settings:
        """Read the fields of a connection; numbers and flags among the extras may come as text.

        :param host: with or without scheme, port, path; ``/api/v1`` is added when it is not there.
        :param schema: ``http`` or ``https`` for a host without a scheme; nothing means https.
        :raises SettingsError: with every fault of the connection at once.
        """
        faults: list[str] = []
        read = _Extras(extra, faults)
        allow_plain_http = read.flag("allow_plain_http", default=False)
        base_url = parse_base_url(host, port, schema, faults, allow_plain_http=allow_plain_http)
        settings = cls(
            base_url=base_url,
            username=_parse_credential("login", login, faults),
            password=_parse_credential("password", password, faults),
            api_key=read.api_key(),
            session_id_path=read.session_id_path(),
            timeout_s=read.number("timeout_s", largest=LARGEST_DURATION_S) or DEFAULT_TIMEOUT_S,
            settle_s=read.number("settle_s", largest=LARGEST_DURATION_S) or DEFAULT_SETTLE_S,
            max_concurrency=read.whole_number("max_concurrency", largest=LARGEST_MAX_CONCURRENCY)
            or DEFAULT_MAX_CONCURRENCY,
            requests_per_second=read.number("requests_per_second"),
            page_size=read.whole_number("page_size", largest=LARGEST_PAGE_SIZE) or DEFAULT_PAGE_SIZE,
            verify=read.verify(),
            allow_plain_http=allow_plain_http,
        )
        if faults:
            raise SettingsError(
                f"The Ödüyo connection cannot be used: {'; '.join(faults)}. "
                "Correct these fields in Airflow under Admin, Connections, and start the task again."
            )
        return settings

    @property
    def site(self) -> str:
        """``host[:port]`` in lower case, the scheme's own port left out: the name of this site's state."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return (self.password, self.api_key)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Settings({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """As msgspec's own, which would show the secrets in rich tracebacks."""
        hidden = {"password", "api_key"}
        return [(name, "***" if name in hidden else getattr(self, name)) for name in self.__struct_fields__]


def _parse_credential(name: str, value: str | None, faults: list[str]) -> str:
    if value is None or not value.strip():
        faults.append(f"{name} is missing")
        return ""
    return value


class _Extras:
    """Reads the extras one by one and notes every fault."""

    def __init__(self, extra: Mapping[str, object], faults: list[str]) -> None:
        self._extra = extra
        self._faults = faults

    def _value(self, name: str) -> object:
        value = self._extra.get(name)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def _fault(self, name: str, expected: str) -> None:
        self._faults.append(f"extra {name} must be {expected}, not '{neutralise(str(self._extra[name]), 40)}'")

    def number(self, name: str, largest: float = math.inf) -> float | None:
        value = self._value(name)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            number = math.nan
        if 0 < number <= largest and math.isfinite(number):
            return number
        self._fault(name, "a number above 0" + (f" and up to {largest:g}" if math.isfinite(largest) else ""))
        return None

    def whole_number(self, name: str, largest: int) -> int | None:
        faults_before = len(self._faults)
        number = self.number(name, largest)
        if number is not None and number.is_integer():
            return int(number)
        if number is not None or len(self._faults) > faults_before:
            del self._faults[faults_before:]
            self._fault(name, f"a whole number from 1 to {largest}")
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value(name)
        text = str(value).lower()
        if value is None or text in _TRUE | _FALSE:
            return default if value is None else text in _TRUE
        self._fault(name, "true or false")
        return default

    def verify(self) -> bool | str:
        value = self._value("verify")
        if isinstance(value, str) and value.lower() not in _TRUE | _FALSE:
            return value
        return self.flag("verify", default=True)

    def api_key(self) -> str:
        value = self._value("api_key")
        # The value itself is a secret, so these messages do not show it.
        if value is None:
            self._faults.append("extra api_key is missing")
        elif isinstance(value, bool) or not isinstance(value, (str, int)):
            self._faults.append("extra api_key must be a text")
        elif not (str(value).isascii() and str(value).isprintable()):
            self._faults.append("extra api_key has characters that a key cannot have: copy it again from the panel")
        else:
            return str(value)
        return ""

    def session_id_path(self) -> str | None:
        value = self._value("session_id_path")
        if value is None:
            return None
        if isinstance(value, str) and all(part.strip() for part in value.split(".")):
            return value
        self._fault("session_id_path", "a dotted path such as data.session_id")
        return None

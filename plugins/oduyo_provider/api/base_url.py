"""Builds a site's address from a connection's host, port and schema."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from yarl import URL

from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise

API_PATH = "/api/v1"

DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = r"\w(?:[\w-]{0,61}\w)?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


class _Address(NamedTuple):
    """The parts of a host field."""

    scheme: str
    host: str
    port: int | None
    path: str


def parse_base_url(
    host: str | None, port: int | None, schema: str | None, faults: list[str], *, allow_plain_http: bool
) -> str:
    """Build ``scheme://host[:port][/prefix]/api/v1`` out of a connection's fields.

    :param faults: a fault is added here, and the result is empty.
    """
    try:
        address = _parse_address((host or "").strip(), (schema or "").strip().lower())
        final_port = _choose_port(address, port)
    except ValueError as fault:
        faults.append(str(fault))
        return ""
    if address.scheme == "http" and not (allow_plain_http or is_loopback(address.host)):
        faults.append(
            gettext(
                "host is asked for over plain http, which shows password and key to the network: use https, or set the "
                "extra allow_plain_http"
            )
        )
        return ""
    name = f"[{address.host}]" if ":" in address.host else address.host
    at_port = "" if final_port == DEFAULT_PORTS[address.scheme] else f":{final_port}"
    return f"{address.scheme}://{name}{at_port}{_with_api_path(address.path)}"


def _parse_address(host: str, schema: str) -> _Address:
    if not host:
        raise ValueError(gettext("host is missing"))
    if "://" not in host:
        if schema not in {"", *DEFAULT_PORTS}:
            raise ValueError(
                gettext("schema is neither http nor https but '%(schema)s'", schema=neutralise(schema, 40))
            )
        # An IPv6 address without brackets would be read as a host and a port.
        host = f"{schema or 'https'}://{f'[{host}]' if _is_ipv6(host) else host}"
    if "@" in host:
        raise ValueError(gettext("host holds a user or password: they belong into the fields login and password"))
    shown = neutralise(re.split("[?#]", host)[0], 100)  # what stands behind may be a key
    try:
        parts = urlsplit(host)
        found, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(
            gettext("host '%(shown)s' is no host name or address with a port of 1 to 65535", shown=shown)
        ) from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError(gettext("host '%(shown)s' has a scheme that is neither http nor https", shown=shown))
    if parts.query or parts.fragment or re.search(r"[\s\\]", host) or not host.isprintable():
        raise ValueError(
            gettext("host '%(shown)s' has blanks, a query or other characters that no base address has", shown=shown)
        )
    if not (_is_ipv6(found) if ":" in found else _is_host_name(found)):
        raise ValueError(gettext("host '%(shown)s' is no host name or address", shown=shown))
    return _Address(parts.scheme, found, port, parts.path)


def _choose_port(address: _Address, port: int | None) -> int:
    if port is not None and address.port is not None and port != address.port:
        raise ValueError(
            gettext(
                "port is %(port)s, but host says %(host_port)s: remove one of them", port=port, host_port=address.port
            )
        )
    chosen = address.port if port is None else port
    if chosen is None:
        return DEFAULT_PORTS[address.scheme]
    if not 1 <= chosen <= 65535:
        raise ValueError(gettext("port %(chosen)s is not between 1 and 65535", chosen=chosen))
    return chosen


def _with_api_path(path: str) -> str:
    trimmed = re.sub(r"/+", "/", path).rstrip("/")
    return trimmed if trimmed.endswith(API_PATH) else trimmed + API_PATH


def _is_host_name(host: str) -> bool:
    try:
        URL.build(scheme="https", host=host).host  # noqa: B018  raises where a name in other letters cannot be one
    except ValueError:
        return False
    return _HOST_NAME.fullmatch(host) is not None


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6 and "%" not in host
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine: ``localhost``, 127.0.0.0/8 or ``::1``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"

"""A connection's extras, read one by one with every fault noted.

Airflow's form stores numbers and flags as such or as text; an empty text counts as not set.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote, urlsplit

from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
_DIGITS = re.compile("[0-9]{1,9}")
_SITE_NAME = re.compile(r"(?!.*//)[\w\[][\w.:/\[\]-]{0,99}(?<!/)")


class Extras:
    """Reads extras; each fault is added to `faults`.

    :param extra: the connection's extras, decoded. Anything but an object is a fault.
    :param known: names that there are; any other is a fault.
    """

    def __init__(self, extra: object, known: Collection[str], faults: list[str]) -> None:
        self._faults = faults
        self._extra: Mapping[str, object] = extra if isinstance(extra, Mapping) else {}
        self._is_object = isinstance(extra, Mapping)
        if not self._is_object:
            faults.append(
                gettext(
                    "extra is not a JSON object but something else, such as a text that was encoded twice: write the object "
                    'itself, {"api_key": "…"}'
                )
            )
        for name, value in self._extra.items():
            if name not in known and value not in (None, ""):
                shown = neutralise(str(name), 40)
                faults.append(
                    gettext(
                        "extra %(shown)s is not known; the known ones are %(known)s",
                        shown=shown,
                        known=", ".join(sorted(known)),
                    )
                )

    def number(self, name: str, largest: float = math.inf) -> float | None:
        """A number above 0."""
        value = self._value(name)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            number = math.nan
        if 0 < number <= largest and math.isfinite(number):
            return number
        if math.isfinite(largest):
            self._fault(name, gettext("a number above 0 and up to %(largest)s", largest=f"{largest:g}"))
        else:
            self._fault(name, gettext("a number above 0"))
        return None

    def whole_number(self, name: str, largest: int) -> int | None:
        """A whole number from 1 on, in digits: nobody knows whether ``1.000`` means one or a thousand."""
        value = self._value(name)
        if value is None:
            return None
        if not isinstance(value, bool) and _DIGITS.fullmatch(str(value)) and 1 <= int(str(value)) <= largest:
            return int(str(value))
        self._fault(name, gettext("a whole number from 1 to %(largest)s", largest=largest))
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._value(name)
        text = str(value).lower()
        if value is None or text in _TRUE | _FALSE:
            return default if value is None else text in _TRUE
        self._fault(name, gettext("true or false"))
        return default

    def verify(self) -> bool | str:
        """True, false or the path of a CA bundle."""
        value = self._value("verify")
        if isinstance(value, str) and value.lower() not in _TRUE | _FALSE:
            return value
        return self.flag("verify", default=True)

    def api_key(self) -> str:
        """The key; its value is a secret, so that no fault shows it."""
        value = self._value("api_key")
        if value is None:
            if self._is_object:
                self._faults.append(gettext("extra api_key is missing"))
        elif isinstance(value, bool) or not isinstance(value, (str, int)):
            self._faults.append(gettext("extra api_key must be a text"))
        elif not (str(value).isascii() and str(value).isprintable()):
            self._faults.append(
                gettext("extra api_key has characters that a key cannot have: copy it again from the panel")
            )
        else:
            return str(value)
        return ""

    def session_id_path(self) -> str | None:
        """A dotted path."""
        value = self._value("session_id_path")
        if value is None:
            return None
        if isinstance(value, str) and all(part.strip() for part in value.split(".")):
            return value
        self._fault("session_id_path", gettext("a dotted path such as data.session_id"))
        return None

    def site_name(self) -> str | None:
        """A name, or the address of which the ledger is to be used."""
        value = self._value("site_name")
        if value is None:
            return None
        if isinstance(value, str) and _SITE_NAME.fullmatch(value):
            return value
        self._fault(
            "site_name", gettext("a name of up to 100 letters and digits, or an address such as erp.example:8443/firm")
        )
        return None

    def proxy(self) -> str | None:
        """A proxy's URL. It may hold a password, so that no fault shows it."""
        value = self._value("proxy")
        if value is None:
            return None
        url = str(value) if "://" in str(value) else f"http://{value}"
        try:
            parts = urlsplit(url)
            is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            is_good = is_good and parts.path in ("", "/") and not parts.query and not parts.fragment
            unquote(f"{parts.username}{parts.password}").encode("latin-1")  # as it is sent to the proxy
        except ValueError:  # of a port that is none, or of letters that cannot be sent
            is_good = False
        if is_good and isinstance(value, str) and url.isprintable() and " " not in url:
            return url.rstrip("/")
        self._faults.append(
            gettext(
                "extra proxy must be the address of an http proxy, such as http://proxy.example:8080 or "
                "http://user:password@proxy.example:8080, with both percent-encoded and without letters such as ş, which "
                "cannot be sent to a proxy"
            )
        )
        return None

    def _value(self, name: str) -> object:
        value = self._extra.get(name)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def _fault(self, name: str, expected: str) -> None:
        given = neutralise(str(self._extra[name]), 40)
        self._faults.append(
            gettext("extra %(name)s must be %(expected)s, not '%(given)s'", name=name, expected=expected, given=given)
        )

"""Raw row to payload: every value as Ödüyo is to store it, or every reason why the row cannot be sent.

Pure. Normalising a payload again changes nothing. A staged row gives the same result as before it was staged.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

import msgspec

from oduyo_provider.core.faults import SENTINEL, Fault, compute_absence, find_warnings
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.record import MOMENTS, Kind, Payload, Resource
from oduyo_provider.core.values.dates import parse_datetime
from oduyo_provider.core.values.decimals import ZERO, parse_decimal
from oduyo_provider.core.values.invalid import InvalidValueError
from oduyo_provider.core.values.status import parse_status
from oduyo_provider.core.values.text import parse_description, parse_id, parse_text

_KEY = "integration_id"

_Parser = Callable[[object], "str | None"]


#: The zone that Ödüyo's datetimes are in.
_ZONE = ZoneInfo("Europe/Istanbul")

#: In characters. Ödüyo documents no limit.
DEFAULT_MAX_TEXT_LENGTH = 255


class Normalised(msgspec.Struct, gc=False):
    """A normalised row, or why it is rejected.

    :param integration_id: the id, also of a row that is rejected for another reason; None when it is missing, empty,
        a sentinel or invalid.
    :param payload: None when the row is rejected.
    :param faults: why it is rejected: all reasons, in the order of the resource's fields.
    :param warnings: oddities; the row is sent all the same.
    """

    integration_id: str | None
    payload: Payload | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class Normaliser:
    """Applies the rules to the rows of one resource; keeps nothing from one row to the next.

    :param resource: whose fields are read; other keys of a row are ignored.
    :param max_text_length: in characters, of every text field after normalising. Longer rows are rejected, never cut.
    :param repair_windows_1254: the ERP's texts are windows-1254 read as latin-1 (``Þube`` for ``Şube``): repair them.
    """

    def __init__(
        self,
        resource: Resource,
        *,
        max_text_length: int = DEFAULT_MAX_TEXT_LENGTH,
        repair_windows_1254: bool = False,
    ) -> None:
        self.resource = resource
        parsers = _compute_parsers(resource, repair=repair_windows_1254)
        self._fields = tuple(
            (field.name, field.required, parsers[field.kind], _compute_limit(field.kind, max_text_length))
            for field in resource.fields
        )
        self._parsers = {field.name: parsers[field.kind] for field in resource.fields}
        # Ödüyo's values are not repaired: a garbled text there must differ from the repaired one, so that it is updated.
        stored = _compute_parsers(resource, repair=False)
        self._stored_parsers = {field.name: stored[field.kind] for field in resource.fields}
        self._parse_id, self._parse_text = parsers[Kind.ID], parsers[Kind.TEXT]

    def row(self, raw: Mapping[str, object]) -> Normalised:
        """Normalise one row.

        :param raw: API field name to raw value; a field that is not there is not in the payload either.
        """
        payload: Payload = {}
        faults: list[Fault] = []
        for name, required, parse, limit in self._fields:
            if name not in raw:
                if required:
                    faults.append(Fault(name, "empty", gettext("the row has no such column")))
                continue
            try:
                text = parse(raw[name])
            except InvalidValueError as error:
                faults.append(Fault(name, error.reason, error.detail))
                continue
            if required and not (text and text.strip(SENTINEL)):
                faults.append(compute_absence(name, text))
            elif text is not None:
                if len(text) > limit:
                    detail = gettext(
                        "%(count)s characters, allowed are %(limit)s",
                        count=format_number(len(text)),
                        limit=format_number(limit),
                    )
                    faults.append(Fault(name, "too_long", detail))
                payload[name] = text
        warnings = tuple(find_warnings(payload, self.resource.date_field))
        return Normalised(payload.get(_KEY), None if faults else payload, tuple(faults), warnings)

    def integration_id(self, value: object) -> str | None:
        """The id as text, or None when it is empty, a sentinel or invalid."""
        try:
            found = self._parse_id(value)
        except InvalidValueError:
            return None
        return found if found and found.strip(SENTINEL) else None

    def texts(self, values: Iterable[object]) -> list[str] | None:
        """The values of text fields such as ``key1``, ``""`` for NULL; None when one is invalid."""
        try:
            return [self._parse_text(value) or "" for value in values]
        except InvalidValueError:
            return None

    def value(self, field: str, value: object) -> str | None:
        """The value of one of the resource's fields as a row would have it, or None when it is invalid."""
        try:
            return self._parsers[field](value)
        except InvalidValueError:
            return None

    def same(self, field: str, remote_value: str | None, payload_value: str) -> bool:
        """Whether Ödüyo's value, normalised, equals the payload's; an amount that is not there is none.

        :param field: one of the resource's.
        :param payload_value: from :meth:`row`, thus normalised.
        """
        if remote_value == payload_value:
            return True
        if payload_value == ZERO and self.resource.kinds[field] is Kind.DECIMAL and not (remote_value or "").strip():
            return True
        return _parse_stored(self._stored_parsers[field], remote_value) == payload_value


def _compute_parsers(resource: Resource, *, repair: bool) -> dict[Kind, _Parser]:
    # Without partial where nothing is repaired: it costs half as much again, for every value of every row.
    parse = {Kind.ID: parse_id, Kind.TEXT: parse_text, Kind.DESCRIPTION: parse_description}
    texts = {kind: partial(read, repair=True) for kind, read in parse.items()} if repair else parse
    return {
        **texts,
        Kind.STATUS: partial(parse_status, active=resource.active, passive=resource.passive or "", repair=repair),
        **dict.fromkeys(MOMENTS, partial(parse_datetime, zone=_ZONE)),
        Kind.DECIMAL: parse_decimal,
    }


def _compute_limit(kind: Kind, max_text_length: int) -> int:
    is_short = kind in {*MOMENTS, Kind.STATUS, Kind.DECIMAL}  # by their own rules
    return sys.maxsize if is_short else max_text_length


def _parse_stored(parse: _Parser, value: str | None) -> str:
    if value is None or not value.strip():  # null equals "", for a status too
        return ""
    try:
        return parse(value) or ""
    except InvalidValueError:
        return value

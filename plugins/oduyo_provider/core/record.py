"""What a record is made of: the fields that the API documents, and how each is read.

Source: the API's own description of ``erp_special_code``. Field names are the API's; a query returns them as column
aliases. Another resource of the same API is another :class:`Resource` value: see :mod:`oduyo_provider.core.resources`.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property

import msgspec

from oduyo_provider.core.values.status import means_passive

#: A record as the API takes it: field name to text. A field that is not there is neither sent nor compared.
Payload = dict[str, str]

#: A record as the API lists it: every field, ``null`` allowed.
Remote = dict[str, str | None]


class Kind(str, Enum):
    """How a field's raw value is read."""

    ID = "id"
    TEXT = "text"
    DESCRIPTION = "description"  # as TEXT, and inner blanks are collapsed
    STATUS = "status"
    DATETIME = "datetime"  # what the ERP says, such as the day on which a cheque is due
    STAMP = "stamp"  # when something was made or changed: Ödüyo may set it by itself
    DECIMAL = "decimal"


class Field(msgspec.Struct, frozen=True):
    """One field of a resource.

    :param name: the API's name.
    :param kind: how its raw value is read.
    :param required: a row without a value here is rejected.
    :param is_shared: Ödüyo may change it by itself, so a query should select it only where the ERP is its master.
    """

    name: str
    kind: Kind
    required: bool = False
    is_shared: bool = False


class Resource(msgspec.Struct, frozen=True, dict=True):
    """A kind of record that Ödüyo keeps, with the fields it takes.

    :param name: the API's name, e.g. ``erp_special_code``; also names this resource's state in staging.
    :param path: path of its calls below ``/api/v1/``, without the call's name.
    :param fields: what ``create`` and ``update`` take, ``id`` left out.
    :param natural_key: the fields by which people tell records apart; none where nothing is known.
    :param active: the status of a record in use.
    :param passive: the status of one that is not; None where the resource has no such word.
    :param plural: what several are called, e.g. ``special_codes``: in the names of DAGs, assets, folders and variables.
    """

    name: str
    path: str
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...] = ()
    active: str = "1"
    passive: str | None = "0"
    plural: str = ""

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """How each field is read, by name."""
        return {field.name: field.kind for field in self.fields}

    @cached_property
    def date_field(self) -> str | None:
        """The field that says when the ERP changed the row last; None where there is none."""
        return next((field.name for field in self.fields if field.name.endswith("_updated_in")), None)

    @property
    def code_field(self) -> str:
        """The field that people call a record's code: the last of its natural key."""
        return self.natural_key[-1] if self.natural_key else "code"

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of :attr:`fields`, in order."""
        return tuple(field.name for field in self.fields)


def is_passive(record: Remote, resource: Resource) -> bool:
    """Whether a record is not in use, in whatever word Ödüyo holds that: ``P`` and ``0`` mean the same."""
    return resource.passive is not None and means_passive(record.get("status"))


SPACES = tuple(Field(f"space{number}", Kind.TEXT) for number in range(1, 6))
#: Kinds that hold a moment.
MOMENTS = frozenset({Kind.DATETIME, Kind.STAMP})
STAMPS = (Field("created_in", Kind.STAMP), Field("updated_in", Kind.STAMP))

SPECIAL_CODE = Resource(
    name="erp_special_code",
    path="erp/erp_special_code",
    fields=(
        Field("integration_id", Kind.ID, required=True),
        Field("code", Kind.TEXT, required=True),
        Field("status", Kind.STATUS),
        Field("key1", Kind.TEXT),
        Field("key2", Kind.TEXT),
        Field("typecode", Kind.TEXT),
        Field("description", Kind.DESCRIPTION),
        *SPACES,
        Field("special_created_in", Kind.STAMP),
        Field("special_updated_in", Kind.STAMP),
        *STAMPS,
    ),
    natural_key=("key1", "typecode", "code"),
    plural="special_codes",
)

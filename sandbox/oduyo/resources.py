"""The kinds of record that the sandbox keeps. Another resource of the API is another entry of :data:`RESOURCES`."""

from __future__ import annotations

import msgspec

#: Kept by the server itself in every resource.
STAMPS = ("created_in", "updated_in")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its fields and the texts of its answers.

    :param name: the API's name; its calls are at ``/api/v1/erp/<name>/<call>``.
    :param fields: what ``create`` and ``update`` take, in the order in which ``list`` returns them.
    :param datetimes: those of ``fields`` that must look like ``YYYY-MM-DD HH:MM:SS``.
    :param created: text of a create's answer, quotes included; ``{id}`` is the new id.
    :param updated: text of an update's answer.
    :param deleted: text of a delete's answer.
    """

    name: str
    fields: tuple[str, ...]
    datetimes: tuple[str, ...] = STAMPS
    created: str
    updated: str = "Guncelleme islemi Basarili"
    deleted: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that ``list`` returns and filters by."""
        return ("id", *self.fields, "note")


SPECIAL_CODE = Resource(
    name="erp_special_code",
    fields=(
        "integration_id",
        "code",
        "status",
        "key1",
        "key2",
        "typecode",
        "description",
        "space1",
        "space2",
        "space3",
        "space4",
        "space5",
        "special_created_in",
        "special_updated_in",
        *STAMPS,
    ),
    datetimes=("special_created_in", "special_updated_in", *STAMPS),
    created='"Erp Special Code successfully added id <{id}>"',
    deleted="Erp Special Code Silme Islemi Basarili",
)

PROJECT_CODE = Resource(
    name="erp_project_code",
    fields=(
        "integration_id",
        "status",
        "key1",
        "key2",
        "description",
        "space1",
        "space2",
        "space3",
        "space4",
        "space5",
        "project_created_in",
        "project_updated_in",
        *STAMPS,
    ),
    datetimes=("project_created_in", "project_updated_in", *STAMPS),
    created='"Erp Project Code Ekleme successfully added id <{id}>"',
    deleted="Erp Project Code Silme Islemi Basarili",
)

RESOURCES: tuple[Resource, ...] = (SPECIAL_CODE, PROJECT_CODE)

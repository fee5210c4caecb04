"""The kinds of record that the sandbox keeps: the eight ERP resources of the API, as documented.

Another resource of the API is another entry of :data:`RESOURCES`.
"""

from __future__ import annotations

import msgspec

#: Kept by the server itself in every resource.
STAMPS = ("created_in", "updated_in")
SPACES = ("space1", "space2", "space3", "space4", "space5")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its fields and the texts of its answers.

    :param name: the API's name; its calls are at ``/api/v1/erp/<name>/<call>``.
    :param fields: what ``create`` takes, in the documented order.
    :param datetimes: those of ``fields`` that must look like ``YYYY-MM-DD HH:MM:SS``.
    :param in_use: the status of a record in use.
    :param passive: the status of a passive record.
    :param created: text of a create's answer, quotes included; ``{id}`` is the new id. One text does not name it.
    :param updated: text of an update's answer.
    :param deleted: text of a delete's answer.
    """

    name: str
    fields: tuple[str, ...]
    datetimes: tuple[str, ...] = STAMPS
    in_use: str = "1"
    passive: str = "0"
    created: str
    updated: str = "Guncelleme islemi Basarili"
    deleted: str

    @property
    def stored(self) -> tuple[str, ...]:
        """Every column but ``id``: what ``update`` takes, since it may send back a record as it was listed."""
        return (*self.fields, *(name for name in (*STAMPS, "note") if name not in self.fields))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that ``list`` returns and filters by."""
        return ("id", *self.stored)

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns that hold text: neither an id of Ödüyo's nor a date."""
        return tuple(name for name in self.stored if name not in (*self.datetimes, *STAMPS))


SPECIAL_CODE = Resource(
    name="erp_special_code",
    fields=(
        *("integration_id", "code", "status", "key1", "key2", "typecode", "description", *SPACES),
        *("special_created_in", "special_updated_in", *STAMPS),
    ),
    datetimes=("special_created_in", "special_updated_in", *STAMPS),
    created='"Erp Special Code successfully added id <{id}>"',
    deleted="Erp Special Code Silme Islemi Basarili",
)

BANK_ACCOUNT = Resource(
    name="erp_bank_account",
    fields=(
        *("integration_id", "status", "currency", "account_no", "iban", "account_name", "account_code"),
        *("account_branch", "banka_key", *SPACES, "note", "hhs_code", "hhs_code_desc"),
        *("tckn_area", "name", "phone_area", "email_area"),
    ),
    created="Erp Bank Account successfully added id",  # the documented text: no number follows
    deleted="Erp Banka Silme Islemi Basarili",
)

CHEQUE = Resource(
    name="erp_cek_senet",
    fields=(
        *("integration_id", "currency", "currency_key", "bordro_key", "customer_code", "portfoy_no", "status", "type"),
        *("amount", "bank_key", "account_no", "account_name", "iban", "account_code", "account_branch"),
        *("customer_key", "firmname", *SPACES, "bordro_info", "note", "vade", *STAMPS),
    ),
    datetimes=("vade", *STAMPS),
    created="Çek & Senet successfully added id <{id}>",
    deleted="Cek Senet Silme Islemi Basarili",
)

SERVICE = Resource(
    name="erp_services",
    fields=(
        *("integration_id", "status", "key1", "key2", "description", "muh_description", *SPACES),
        *("services_created_in", "services_updated_in", *STAMPS),
    ),
    datetimes=("services_created_in", "services_updated_in", *STAMPS),
    in_use="A",
    passive="P",
    created="Erp Service successfully added id <{id}>",
    deleted="Erp Service Silme Islemi Basarili",
)

CASH_CARD = Resource(
    name="erp_kasa_fisi",
    fields=(
        *("integration_id", "status", "key1", "key2", "note", "price", "price1", "price2"),
        *("balance", "balance1", "balance2", "description", *SPACES[1:]),
        *("kasafisi_created_in", "kasafisi_updated_in"),
    ),
    datetimes=("kasafisi_created_in", "kasafisi_updated_in", *STAMPS),
    created="Erp Kasa Fisi successfully added id <{id}>",
    deleted="Kasa Kartı Silme Islemi Basarili",
)

COST_CENTRE = Resource(
    name="erp_masraf",
    fields=(
        *("integration_id", "status", "key1", "key2", "budget", "calcbudget", "currency_budget", "description"),
        *(*SPACES, "masraf_created_in", "masraf_updated_in"),
    ),
    datetimes=("masraf_created_in", "masraf_updated_in", *STAMPS),
    created="Erp Masraf successfully added id <{id}>",
    deleted="Erp Masraf Silme Islemi Basarili",
)

PROJECT_CODE = Resource(
    name="erp_project_code",
    fields=(
        *("integration_id", "status", "key1", "key2", "description", *SPACES),
        *("project_created_in", "project_updated_in"),
    ),
    datetimes=("project_created_in", "project_updated_in", *STAMPS),
    created="Erp Project Code Ekleme successfully added id <{id}>",
    deleted="Erp Project Code Silme Islemi Basarili",
)

LEDGER_ACCOUNT = Resource(
    name="erp_muhCode",
    fields=(
        *("integration_id", "code", "status", "key1", "key2", "type", "description", "description2", *SPACES),
        *("muhkod_created_in", "muhkod_updated_in", *STAMPS),
    ),
    datetimes=("muhkod_created_in", "muhkod_updated_in", *STAMPS),
    created='"Erp Muhasebe code successfully added id <{id}>"',
    deleted="Erp Muhasebe Code Silme Islemi Basarili",
)

RESOURCES: tuple[Resource, ...] = (
    SPECIAL_CODE,
    BANK_ACCOUNT,
    CHEQUE,
    SERVICE,
    CASH_CARD,
    COST_CENTRE,
    PROJECT_CODE,
    LEDGER_ACCOUNT,
)

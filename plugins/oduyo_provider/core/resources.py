"""The ERP resources of the API, as values.

Source: the API's own description of each; fields in the order of its ``create`` bodies, without ``id``. The status of
each is that of its table. Which fields people tell records apart by is inferred from their meaning.
"""

from __future__ import annotations

from collections.abc import Iterator

from oduyo_provider.core.record import SPACES, SPECIAL_CODE, STAMPS, Field, Kind, Resource

_ID = Field("integration_id", Kind.ID, required=True)
_STATUS = Field("status", Kind.STATUS)
_KEYS = (Field("key1", Kind.TEXT), Field("key2", Kind.TEXT))
_DESCRIPTION = Field("description", Kind.DESCRIPTION)


def _texts(names: str) -> Iterator[Field]:
    return (Field(name, Kind.TEXT) for name in names.split())


def _amounts(names: str) -> Iterator[Field]:
    """Amounts, of which nothing says whether Ödüyo changes them by itself."""
    return (Field(name, Kind.DECIMAL, is_shared=True) for name in names.split())


def _stamps(names: str) -> Iterator[Field]:
    return (Field(name, Kind.STAMP) for name in names.split())


BANK_ACCOUNT = Resource(
    name="erp_bank_account",
    path="erp/erp_bank_account",
    fields=(
        *(_ID, _STATUS),
        *_texts("currency account_no iban account_name account_code account_branch banka_key"),
        *SPACES,
        *_texts("note hhs_code hhs_code_desc tckn_area name phone_area email_area"),
    ),
    natural_key=("iban",),
    plural="bank_accounts",
)

#: Cheques and notes. The status is where one is in its life, such as ``PRTF`` (in the portfolio): no word means passive.
CHEQUE = Resource(
    name="erp_cek_senet",
    path="erp/erp_cek_senet",
    fields=(
        _ID,
        *_texts("currency currency_key bordro_key customer_code portfoy_no status type"),
        *_amounts("amount"),
        *_texts("bank_key account_no account_name iban account_code account_branch customer_key firmname"),
        *SPACES,
        *_texts("bordro_info note"),
        Field("vade", Kind.DATETIME),
        *STAMPS,
    ),
    natural_key=("type", "portfoy_no"),
    passive=None,
    plural="cheques",
)

#: Service and expense items; ``space1`` is the kind, ``space2`` the code.
SERVICE = Resource(
    name="erp_services",
    path="erp/erp_services",
    fields=(
        *(_ID, _STATUS, *_KEYS, _DESCRIPTION, Field("muh_description", Kind.DESCRIPTION)),
        *SPACES,
        *_stamps("services_created_in services_updated_in"),
        *STAMPS,
    ),
    natural_key=("key1", "space1", "space2"),
    active="A",
    passive="P",
    plural="services",
)

CASH_CARD = Resource(
    name="erp_kasa_fisi",
    path="erp/erp_kasa_fisi",
    fields=(
        *(_ID, _STATUS, *_KEYS, *_texts("note")),
        *_amounts("price price1 price2 balance balance1 balance2"),
        *(_DESCRIPTION, *SPACES[1:]),
        *_stamps("kasafisi_created_in kasafisi_updated_in"),
    ),
    natural_key=("key1", "description"),
    plural="cash_cards",
)

COST_CENTRE = Resource(
    name="erp_masraf",
    path="erp/erp_masraf",
    fields=(
        *(_ID, _STATUS, *_KEYS),
        *_amounts("budget calcbudget currency_budget"),
        *(_DESCRIPTION, *SPACES),
        *_stamps("masraf_created_in masraf_updated_in"),
    ),
    natural_key=("key1", "description"),
    plural="cost_centres",
)

PROJECT_CODE = Resource(
    name="erp_project_code",
    path="erp/erp_project_code",
    fields=(
        *(_ID, _STATUS, *_KEYS, _DESCRIPTION, *SPACES),
        *_stamps("project_created_in project_updated_in"),
    ),
    natural_key=("key1", "description"),
    plural="project_codes",
)

LEDGER_ACCOUNT = Resource(
    name="erp_muhCode",
    path="erp/erp_muhCode",
    fields=(
        *(_ID, Field("code", Kind.TEXT, required=True), _STATUS, *_KEYS, *_texts("type")),
        *(_DESCRIPTION, Field("description2", Kind.DESCRIPTION), *SPACES),
        *_stamps("muhkod_created_in muhkod_updated_in"),
        *STAMPS,
    ),
    natural_key=("key1", "code"),
    plural="ledger_accounts",
)

#: All of them, special codes first.
RESOURCES = (
    SPECIAL_CODE,
    BANK_ACCOUNT,
    CHEQUE,
    SERVICE,
    CASH_CARD,
    COST_CENTRE,
    PROJECT_CODE,
    LEDGER_ACCOUNT,
)

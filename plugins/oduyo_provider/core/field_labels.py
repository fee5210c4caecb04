"""People's names of the API's fields, shown beside its own on the page, in the workbook and in the reference.

No staged file holds them, so that each reader sees them in their language, for old runs too. Source: the
API's own description; key1, key2 and typecode as the ERPs' standard queries fill them.
"""

from __future__ import annotations

from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.record import Resource

#: Name of a field → what people call it, in English. A field that means something else everywhere has none.
_LABELS = {
    "integration_id": gettext_noop("ERP id"),
    "id": gettext_noop("Ödüyo id"),
    "code": gettext_noop("code"),
    "status": gettext_noop("status"),
    "key1": gettext_noop("firm"),
    "key2": gettext_noop("period"),
    "typecode": gettext_noop("type"),
    "type": gettext_noop("type"),
    "description": gettext_noop("description"),
    "description2": gettext_noop("second description"),
    "muh_description": gettext_noop("accounting description"),
    "note": gettext_noop("note"),
    "name": gettext_noop("name"),
    "currency": gettext_noop("currency"),
    "currency_key": gettext_noop("currency's ERP id"),
    "amount": gettext_noop("amount"),
    "price": gettext_noop("amount"),
    "balance": gettext_noop("balance"),
    "budget": gettext_noop("budget"),
    "calcbudget": gettext_noop("calculated budget"),
    "currency_budget": gettext_noop("budget in currency"),
    "account_no": gettext_noop("account number"),
    "account_name": gettext_noop("account name"),
    "account_code": gettext_noop("account code"),
    "account_branch": gettext_noop("branch"),
    "bank_key": gettext_noop("bank's ERP id"),
    "banka_key": gettext_noop("bank's ERP id"),
    "tckn_area": gettext_noop("national identity number"),
    "phone_area": gettext_noop("phone"),
    "email_area": gettext_noop("e-mail"),
    "hhs_code": gettext_noop("account provider's code"),
    "hhs_code_desc": gettext_noop("account provider"),
    "bordro_key": gettext_noop("slip's ERP id"),
    "bordro_info": gettext_noop("slip"),
    "customer_code": gettext_noop("customer code"),
    "customer_key": gettext_noop("customer's ERP id"),
    "firmname": gettext_noop("company"),
    "portfoy_no": gettext_noop("portfolio number"),
    "vade": gettext_noop("due date"),
    "created_in": gettext_noop("stored in Ödüyo"),
    "updated_in": gettext_noop("changed in Ödüyo"),
}

#: The same, where a resource means something else by a name.
_OF_RESOURCE = {
    "erp_services": {"space1": gettext_noop("type"), "space2": gettext_noop("code")},
}

#: The dates of the ERP, which begin with the resource's own word.
_CREATED, _UPDATED = gettext_noop("created in the ERP"), gettext_noop("changed in the ERP")


def label_field(resource: Resource, name: str) -> str:
    """What people call a field, in the reader's language; empty where nothing more is known than the API's name."""
    text = _OF_RESOURCE.get(resource.name, {}).get(name) or _LABELS.get(name) or _find_date(name)
    label = gettext(text)
    return "" if label.casefold() == name.casefold() else label


def name_field(resource: Resource, name: str) -> str:
    """The API's name of a field with people's beside it, such as ``key1 · firm``."""
    label = label_field(resource, name)
    return f"{name} · {label}" if label else name


def label_fields(resource: Resource) -> dict[str, str]:
    """The fields that people call something else than the API does."""
    labels = {name: label_field(resource, name) for name in ("id", *resource.field_names)}
    return {name: label for name, label in labels.items() if label}


def _find_date(name: str) -> str:
    if name.endswith("_created_in"):
        return _CREATED
    return _UPDATED if name.endswith("_updated_in") else ""

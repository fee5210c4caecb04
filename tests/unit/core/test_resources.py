"""The eight resources have the fields that the API documents, and what the product knows of each."""

from __future__ import annotations

import pytest

from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Kind, Resource
from oduyo_provider.core.resources import (
    BANK_ACCOUNT,
    CASH_CARD,
    CHEQUE,
    COST_CENTRE,
    LEDGER_ACCOUNT,
    PROJECT_CODE,
    RESOURCES,
    SERVICE,
)

SPACES = "space1 space2 space3 space4 space5"

#: As in the API's description of each create body, integration_id and id left out.
DOCUMENTED = {
    BANK_ACCOUNT: "status currency account_no iban account_name account_code account_branch banka_key "
    f"{SPACES} note hhs_code hhs_code_desc tckn_area name phone_area email_area",
    CHEQUE: "currency currency_key bordro_key customer_code portfoy_no status type amount bank_key account_no "
    f"account_name iban account_code account_branch customer_key firmname {SPACES} bordro_info note vade "
    "created_in updated_in",
    SERVICE: f"status key1 key2 description muh_description {SPACES} services_created_in services_updated_in "
    "created_in updated_in",
    CASH_CARD: "status key1 key2 note price price1 price2 balance balance1 balance2 description space2 space3 space4 "
    "space5 kasafisi_created_in kasafisi_updated_in",
    COST_CENTRE: f"status key1 key2 budget calcbudget currency_budget description {SPACES} "
    "masraf_created_in masraf_updated_in",
    PROJECT_CODE: f"status key1 key2 description {SPACES} project_created_in project_updated_in",
    LEDGER_ACCOUNT: f"code status key1 key2 type description description2 {SPACES} muhkod_created_in muhkod_updated_in "
    "created_in updated_in",
}

by_name = pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.plural)


def test_there_are_eight_of_them_with_names_of_their_own() -> None:
    assert len({resource.name for resource in RESOURCES}) == len({resource.plural for resource in RESOURCES}) == 8


@pytest.mark.parametrize("resource", DOCUMENTED, ids=lambda resource: resource.plural)
def test_its_fields_are_those_of_the_documented_create_in_their_order(resource: Resource) -> None:
    assert resource.field_names == ("integration_id", *DOCUMENTED[resource].split())


@by_name
def test_no_body_holds_an_id_of_oduyo_s(resource: Resource) -> None:
    assert "id" not in resource.field_names
    assert resource.path == f"erp/{resource.name}"


@by_name
def test_every_date_and_amount_is_read_as_one(resource: Resource) -> None:
    stamps = {field.name for field in resource.fields if field.kind is Kind.STAMP}
    assert stamps == {name for name in resource.field_names if name.endswith("_in")}
    dates = {field.name for field in resource.fields if field.kind is Kind.DATETIME}
    assert dates == {"vade"} & {*resource.field_names}
    amounts = {field.name for field in resource.fields if field.kind is Kind.DECIMAL}
    words = ("amount", "price", "balance", "budget")
    assert amounts == {name for name in resource.field_names if any(word in name for word in words)}
    assert all(field.is_shared == (field.kind is Kind.DECIMAL) for field in resource.fields)


@by_name
def test_people_tell_its_records_apart_by_fields_that_it_has(resource: Resource) -> None:
    assert resource.natural_key
    assert set(resource.natural_key) <= set(resource.field_names)


@pytest.mark.parametrize(
    ("resource", "in_use", "passive"),
    [(resource, "1", "0") for resource in RESOURCES if resource not in (SERVICE, CHEQUE)] + [(SERVICE, "A", "P")],
    ids=lambda value: value.plural if isinstance(value, Resource) else "",
)
def test_a_status_is_sent_in_the_resource_s_words(resource: Resource, in_use: str, passive: str) -> None:
    normaliser = Normaliser(resource)
    for raw, expected in (
        (True, in_use),
        ("A", in_use),
        ("1", in_use),
        (None, in_use),
        ("pasif", passive),
        (0, passive),
    ):
        payload = normaliser.row({"integration_id": 1, "code": "K", "status": raw}).payload
        assert payload is not None
        assert payload["status"] == expected
    assert (resource.active, resource.passive) == (in_use, passive)


def test_a_cheque_s_status_is_its_state_and_no_state_is_passive() -> None:
    payload = Normaliser(CHEQUE).row({"integration_id": 1, "status": "PRTF"}).payload
    assert payload is not None
    assert (payload["status"], CHEQUE.passive) == ("PRTF", None)


def test_an_amount_is_compared_as_a_number() -> None:
    normaliser = Normaliser(CHEQUE)
    for stored in ("140000", "140000.0", "140000.0000000", " 140000.00 "):
        assert normaliser.same("amount", stored, "140000.0000")
    assert not normaliser.same("amount", "140000.01", "140000.0000")
    assert not normaliser.same("amount", "", "1.0000")
    for nothing in (None, "", " "):
        assert normaliser.same("amount", nothing, "0.0000")


def test_a_row_that_was_changed_before_it_was_made_is_reported_whatever_the_resource() -> None:
    dates = {"services_created_in": "2025-02-01 00:00:00", "services_updated_in": "2025-01-01 00:00:00"}
    normalised = Normaliser(SERVICE).row({"integration_id": 1, **dates})
    assert [warning.code for warning in normalised.warnings] == ["services_updated_in: before_created"]
    assert normalised.payload is not None

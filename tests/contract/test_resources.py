"""All eight resources: paths, fields and texts as documented."""

from __future__ import annotations

import pytest

from sandbox.oduyo.resources import BANK_ACCOUNT, RESOURCES, Resource
from tests.contract.calls import Caller

MOMENT = "2024-02-29 23:59:59"
#: Resource → (a create's text, a delete's text) for the id 1.
TEXTS = {
    "erp_special_code": (
        '"Erp Special Code successfully added id <1>"',
        "Erp Special Code Silme Islemi Basarili",
    ),
    "erp_bank_account": ("Erp Bank Account successfully added id", "Erp Banka Silme Islemi Basarili"),
    "erp_cek_senet": ("Çek & Senet successfully added id <1>", "Cek Senet Silme Islemi Basarili"),
    "erp_services": ("Erp Service successfully added id <1>", "Erp Service Silme Islemi Basarili"),
    "erp_kasa_fisi": ("Erp Kasa Fisi successfully added id <1>", "Kasa Kartı Silme Islemi Basarili"),
    "erp_masraf": ("Erp Masraf successfully added id <1>", "Erp Masraf Silme Islemi Basarili"),
    "erp_project_code": (
        "Erp Project Code Ekleme successfully added id <1>",
        "Erp Project Code Silme Islemi Basarili",
    ),
    "erp_muhCode": ('"Erp Muhasebe code successfully added id <1>"', "Erp Muhasebe Code Silme Islemi Basarili"),
}
FIELDS = {
    "erp_special_code": "integration_id code status key1 key2 typecode description space1 space2 space3 space4 space5 "
    "special_created_in special_updated_in created_in updated_in",
    "erp_bank_account": "integration_id status currency account_no iban account_name account_code account_branch "
    "banka_key space1 space2 space3 space4 space5 note hhs_code hhs_code_desc tckn_area name phone_area email_area",
    "erp_cek_senet": "integration_id currency currency_key bordro_key customer_code portfoy_no status type amount "
    "bank_key account_no account_name iban account_code account_branch customer_key firmname space1 space2 space3 space4 "
    "space5 bordro_info note vade created_in updated_in",
    "erp_services": "integration_id status key1 key2 description muh_description space1 space2 space3 space4 space5 "
    "services_created_in services_updated_in created_in updated_in",
    "erp_kasa_fisi": "integration_id status key1 key2 note price price1 price2 balance balance1 balance2 description "
    "space2 space3 space4 space5 kasafisi_created_in kasafisi_updated_in",
    "erp_masraf": "integration_id status key1 key2 budget calcbudget currency_budget description space1 space2 space3 "
    "space4 space5 masraf_created_in masraf_updated_in",
    "erp_project_code": "integration_id status key1 key2 description space1 space2 space3 space4 space5 "
    "project_created_in project_updated_in",
    "erp_muhCode": "integration_id code status key1 key2 type description description2 space1 space2 space3 space4 "
    "space5 muhkod_created_in muhkod_updated_in created_in updated_in",
}


@pytest.fixture(params=RESOURCES, ids=lambda resource: resource.name)
def resource(request: pytest.FixtureRequest) -> Resource:
    found: Resource = request.param
    return found


@pytest.fixture
def clerk(caller: Caller, resource: Resource) -> Caller:
    """Speaks of one resource."""
    caller.resource = resource.name
    return caller


def make_column(name: str) -> dict[str, str]:
    dates = ("_created_in", "_updated_in")
    return {
        field: MOMENT if field.endswith(dates) or field in ("vade", "created_in", "updated_in") else f"{field}-ı"
        for field in FIELDS[name].split()
    }


def test_there_are_eight() -> None:
    assert [resource.name for resource in RESOURCES] == list(TEXTS) == list(FIELDS)


def test_every_call_takes_the_documented_fields_and_gives_the_documented_text(
    clerk: Caller, resource: Resource
) -> None:
    created, deleted = TEXTS[resource.name]
    column = make_column(resource.name)
    assert clerk.post("create", {"column": column}).json() == {"status": True, "data": created}
    (record,) = clerk.list_records().json()["data"]
    assert {name: record[name] for name in column} == column
    assert record.keys() == {*column, "id", "note", "created_in", "updated_in"}
    changed = {**{name: value for name, value in record.items() if value is not None}, "note": "elle"}
    answer = clerk.post("update", {"column": changed})
    assert answer.json() == {"status": True, "data": "Guncelleme islemi Basarili"}
    assert clerk.sandbox.records(resource.name)[0]["note"] == "elle"
    assert clerk.delete("1").json() == {"status": True, "data": deleted}
    assert clerk.sandbox.records(resource.name) == []


def test_a_create_takes_no_field_that_is_not_documented(clerk: Caller, resource: Resource) -> None:
    for field in ("id", "space6", *({"note", "created_in", "updated_in"} - {*FIELDS[resource.name].split()})):
        value = MOMENT if field.endswith("_in") else "1"
        assert clerk.post("create", {"column": {"integration_id": "1", field: value}}).status_code == 400, field
    assert clerk.sandbox.records(resource.name) == []


def test_a_records_dates_must_look_like_dates(clerk: Caller, resource: Resource) -> None:
    for field in resource.datetimes:
        if field in resource.fields:
            assert clerk.post("create", {"column": {"integration_id": "1", field: "dün"}}).status_code == 400, field


def test_resources_are_apart_from_each_other(caller: Caller) -> None:
    for number, resource in enumerate(RESOURCES, 1):
        caller.resource = resource.name
        for _ in range(number):
            assert caller.post("create", {"column": {"integration_id": "1"}}).status_code == 200
    counts = {name: len(records) for name, records in caller.sandbox.dump().items()}
    assert counts == {resource.name: number for number, resource in enumerate(RESOURCES, 1)}


def test_the_answer_to_a_bank_account_names_no_id_and_the_list_does(caller: Caller) -> None:
    caller.resource = BANK_ACCOUNT.name
    caller.post("create", {"column": {"integration_id": "7"}})
    assert [(record["id"], record["integration_id"]) for record in caller.list_records().json()["data"]] == [("1", "7")]


def test_services_have_status_words_of_their_own() -> None:
    words = {(resource.in_use, resource.passive) for resource in RESOURCES if resource.name != "erp_services"}
    assert words == {("1", "0")}
    assert [(r.in_use, r.passive) for r in RESOURCES if r.name == "erp_services"] == [("A", "P")]

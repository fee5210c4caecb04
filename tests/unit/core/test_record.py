"""The special code has the fields that the API documents."""

from __future__ import annotations

from oduyo_provider.core.record import SPECIAL_CODE, Field, Kind, Resource
from oduyo_provider.core.resources import BANK_ACCOUNT, SERVICE


def test_a_special_code_has_the_documented_fields_in_order() -> None:
    assert SPECIAL_CODE.field_names == (
        *("integration_id", "code", "status", "key1", "key2", "typecode", "description"),
        *("space1", "space2", "space3", "space4", "space5"),
        *("special_created_in", "special_updated_in", "created_in", "updated_in"),
    )
    assert (SPECIAL_CODE.name, SPECIAL_CODE.path) == ("erp_special_code", "erp/erp_special_code")


def test_a_special_code_needs_an_id_and_a_code() -> None:
    assert [field.name for field in SPECIAL_CODE.fields if field.required] == ["integration_id", "code"]


def test_only_the_fields_named_in_are_stamps() -> None:
    stamps = {field.name for field in SPECIAL_CODE.fields if field.kind is Kind.STAMP}
    assert stamps == {name for name in SPECIAL_CODE.field_names if name.endswith("_in")}


def test_the_code_is_the_last_of_what_people_tell_records_apart_by() -> None:
    assert [resource.code_field for resource in (SPECIAL_CODE, SERVICE, BANK_ACCOUNT)] == ["code", "space2", "iban"]
    assert Resource("x", "x", ()).code_field == "code"


def test_another_resource_is_another_value() -> None:
    resource = Resource(
        "erp_services", "erp/erp_services", (Field("integration_id", Kind.ID), Field("name", Kind.TEXT))
    )
    assert resource.field_names == ("integration_id", "name")
    assert hash(resource) != hash(SPECIAL_CODE)

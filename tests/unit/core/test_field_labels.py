"""People's names of the API's fields, beside the API's own."""

from __future__ import annotations

import pytest

from oduyo_provider.core.field_labels import label_field, label_fields, name_field
from oduyo_provider.core.language import use_language
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.resources import RESOURCES, SERVICE


@pytest.mark.parametrize(("language", "shown"), [("en", "key1 · firm"), ("tr", "key1 · firma")])
def test_a_field_is_named_as_the_api_and_as_people_do(language: str, shown: str) -> None:
    with use_language(language):
        assert name_field(SPECIAL_CODE, "key1") == shown


@pytest.mark.parametrize(("name", "shown"), [("code", "code"), ("space1", "space1"), ("unknown", "unknown")])
def test_a_field_whose_name_says_it_or_of_which_nothing_is_known_stands_alone(name: str, shown: str) -> None:
    assert name_field(SPECIAL_CODE, name) == shown


def test_a_resource_may_mean_something_else_by_a_name() -> None:
    assert (label_field(SERVICE, "space2"), label_field(SPECIAL_CODE, "space2")) == ("code", "")


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.plural)
def test_every_date_of_the_erp_is_told_from_oduyo_s(resource: Resource) -> None:
    labels = label_fields(resource)
    dates = {
        name: label
        for name, label in labels.items()
        if name.endswith("_in") and name not in ("created_in", "updated_in")
    }
    assert set(dates.values()) <= {"created in the ERP", "changed in the ERP"}
    assert labels["integration_id"] == "ERP id"

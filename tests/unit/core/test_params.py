"""Params as forms, JSON and Python give them."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.brakes import Brakes
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.normalise import Rules
from oduyo_provider.core.params import PARAM_NAMES, PARAMS, OnUnsafe, RunParams, parse_params
from oduyo_provider.core.plan import OnMissing, PlanRules, SyncMode


def test_nothing_given_means_the_documented_defaults() -> None:
    assert parse_params({}) == RunParams(
        erp_query="dia_postgres",
        sync_mode=SyncMode.UPSERT,
        on_missing=OnMissing.KEEP,
        dry_run=False,
        max_missing_ratio=0.1,
        max_update_ratio=0.5,
        max_rejected_ratio=0.05,
        on_unsafe=OnUnsafe.FAIL,
        allow_unsafe=False,
        repair_windows_1254=False,
        max_text_length=255,
    )


def test_the_defaults_of_params_are_those_of_the_rules() -> None:
    params = parse_params({})
    assert (params.plan_rules, params.brakes, params.rules) == (PlanRules(), Brakes(), Rules())


def test_params_become_rules_and_brakes() -> None:
    params = parse_params(
        {
            "sync_mode": "create",
            "on_missing": "delete",
            "allow_unsafe": True,
            "max_missing_ratio": 0.2,
            "max_update_ratio": 0.3,
            "max_rejected_ratio": 0.4,
            "repair_windows_1254": True,
            "max_text_length": 50,
        }
    )
    assert params.plan_rules == PlanRules(SyncMode.CREATE, OnMissing.DELETE, allow_unsafe=True)
    assert params.brakes == Brakes(max_missing_ratio=0.2, max_update_ratio=0.3, max_rejected_ratio=0.4)
    assert params.rules == Rules(max_text_length=50, repair_windows_1254=True)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("dry_run", "true", True),
        ("dry_run", "False", False),
        ("dry_run", 1, True),
        ("max_missing_ratio", "0.25", 0.25),
        ("max_missing_ratio", 1, 1.0),
        ("max_update_ratio", "0", 0.0),
        ("max_text_length", "40", 40),
        ("max_text_length", 40.0, 40),
        ("max_text_length", 1, 1),
        ("max_text_length", 1_000_000, 1_000_000),
        ("on_missing", "deactivate", OnMissing.DEACTIVATE),
        ("sync_mode", SyncMode.CREATE, SyncMode.CREATE),
        ("on_unsafe", "ask", OnUnsafe.ASK),
        ("erp_query", "logo_mssql-2", "logo_mssql-2"),
    ],
)
def test_a_form_may_give_values_as_text(name: str, given: object, read: object) -> None:
    found = getattr(parse_params({name: given}), name)
    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("name", "given", "takes"),
    [
        ("dry_run", "evet", "true or false"),
        ("dry_run", None, "true or false"),
        ("dry_run", 2, "true or false"),
        ("max_missing_ratio", "0,1", "a number from 0 to 1"),
        ("max_missing_ratio", True, "a number from 0 to 1"),
        ("max_missing_ratio", 1.01, "a number from 0 to 1"),
        ("max_update_ratio", "-0.1", "a number from 0 to 1"),
        ("max_rejected_ratio", "nan", "a number from 0 to 1"),
        ("max_rejected_ratio", "inf", "a number from 0 to 1"),
        ("max_text_length", 2.5, "a whole number from 1 to 1000000"),
        ("max_text_length", 0, "a whole number from 1 to 1000000"),
        ("max_text_length", 1_000_001, "a whole number from 1 to 1000000"),
        ("sync_mode", "UPSERT", "upsert or create"),
        ("on_missing", "drop", "keep or deactivate or delete"),
        ("on_unsafe", [], "fail or ask"),
        ("erp_query", 5, "a text"),
    ],
)
def test_a_wrong_value_is_named_with_what_the_param_takes(name: str, given: object, takes: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({name: given})
    assert f"{name} cannot be " in str(caught.value)
    assert f"; it takes {takes}. Correct" in str(caught.value)


def test_all_faults_are_reported_together() -> None:
    wrong = {
        "on_mising": "keep",
        "sync_mode": "x",
        "max_update_ratio": 2,
        "max_text_length": 0,
        "erp_query": 5,
        "dry_run": "?",
    }
    with pytest.raises(SettingsError) as caught:
        parse_params(wrong)
    assert all(name in str(caught.value) for name in wrong)
    assert "on_mising is not a param (is on_missing meant?)" in str(caught.value)
    assert str(caught.value).count(";") == 2 * len(wrong) - 2


def test_every_param_can_be_given() -> None:
    params = parse_params({})
    assert parse_params({name: getattr(params, name) for name in PARAM_NAMES}) == params


def test_a_wrong_value_is_shown_short_and_on_one_line() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({"sync_mode": "x\n" * 500})
    assert (len(str(caught.value)) < 300, "\n" in str(caught.value)) == (True, False)


def test_the_declarations_are_all_that_a_reference_page_needs() -> None:
    by_name = {param.name: param for param in PARAMS}
    assert tuple(by_name) == PARAM_NAMES
    assert all(param.title and param.description.endswith(".") for param in PARAMS)
    assert {name: param.default for name, param in by_name.items()} == msgspec.to_builtins(RunParams())
    limits = [name for name, param in by_name.items() if param.is_brake]
    assert limits == ["max_missing_ratio", "max_update_ratio", "max_rejected_ratio"]
    assert by_name["on_missing"].takes == "keep or deactivate or delete"
    assert set(by_name["on_missing"].choices) == {member.value for member in OnMissing}


def test_the_choices_of_a_param_are_those_of_its_type() -> None:
    for kind in (SyncMode, OnMissing, OnUnsafe):
        (param,) = [param for param in PARAMS if isinstance(getattr(RunParams(), param.name), kind)]
        assert list(param.choices) == [member.value for member in kind]

"""Params as forms, JSON and Python give them."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.params import PARAM_NAMES, PARAMS, RunParams, parse_params
from oduyo_provider.core.plan import OnMissing, SyncMode
from oduyo_provider.core.release import BRAKE_NAMES, OnUnsafe

PERCENT = "a whole number of percent from 0 to 100, such as 20 for a fifth"


def test_nothing_given_means_the_documented_defaults() -> None:
    assert parse_params({}) == RunParams(
        erp_query="dia_postgres",
        sync_mode=SyncMode.UPSERT,
        on_missing=OnMissing.KEEP,
        dry_run=False,
        missing_runs=2,
        adopt=False,
        resend_refused=False,
        source=None,
        max_missing_percent=10,
        max_update_percent=50,
        max_rejected_percent=5,
        on_unsafe=OnUnsafe.FAIL,
        release={},
        repair_windows_1254=False,
        max_text_length=255,
    )


def test_params_become_limits_and_rules() -> None:
    params = parse_params(
        {
            "release": ["other_firm:3"],
            "max_missing_percent": 20,
            "max_update_percent": 30,
            "max_rejected_percent": 40,
            "repair_windows_1254": True,
            "max_text_length": 50,
        }
    )
    assert (params.max_missing_percent, params.max_update_percent, params.max_rejected_percent) == (20, 30, 40)
    assert params.release == {"other_firm": 3}
    assert (params.max_text_length, params.repair_windows_1254) == (50, True)
    assert (parse_params({}).max_text_length, parse_params({}).repair_windows_1254) == (255, False)


@pytest.mark.parametrize(
    ("name", "given", "read"),
    [
        ("dry_run", "true", True),
        ("dry_run", "False", False),
        ("dry_run", 1, True),
        ("max_missing_percent", "25", 25),
        ("max_missing_percent", 100.0, 100),
        ("max_update_percent", "0", 0),
        ("missing_runs", "1", 1),
        ("source", " muhasebe ", "muhasebe"),
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
        ("max_missing_percent", True, PERCENT),
        ("max_missing_percent", 101, PERCENT),
        ("max_update_percent", "-1", PERCENT),
        ("max_rejected_percent", "nan", PERCENT),
        ("max_rejected_percent", None, PERCENT),
        ("missing_runs", 0, "a whole number from 1 to 100"),
        ("source", "a\nb", "a name of at most 250 characters"),
        ("source", "None", "a name of at most 250 characters"),
        ("source", " null", "a name of at most 250 characters"),
        ("source", "a" * 251, "a name of at most 250 characters"),
        ("max_text_length", 2.5, "a whole number from 1 to 1000000"),
        ("max_text_length", 0, "a whole number from 1 to 1000000"),
        ("max_text_length", 1_000_001, "a whole number from 1 to 1000000"),
        ("sync_mode", "UPSERT", "one of upsert, create"),
        ("on_missing", "drop", "one of keep, deactivate, delete"),
        ("on_unsafe", [], "one of fail, ask"),
        ("erp_query", 5, "a text"),
    ],
)
def test_a_wrong_value_is_named_with_what_the_param_takes(name: str, given: object, takes: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({name: given})
    assert f"{name} cannot be " in str(caught.value)
    assert f"; it takes {takes}. Correct" in str(caught.value)


@pytest.mark.parametrize("name", ["max_missing_percent", "max_update_percent", "max_rejected_percent"])
@pytest.mark.parametrize("ratio", [0.2, "0.2", "0,2", "20%", "%20", "20 %"])
def test_d3_a_ratio_or_a_percent_sign_is_refused_with_what_to_write_instead(name: str, ratio: object) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({name: ratio})
    assert f"{name} cannot be {ratio!r}; it takes {PERCENT}." in str(caught.value)
    assert getattr(parse_params({name: 20}), name) == 20


def test_released_brakes_are_read_with_their_limits() -> None:
    assert parse_params({"release": ["retired:149", "look_alikes"]}).release == {
        "retired": 149,
        "look_alikes": None,
    }


def test_an_unknown_brake_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({"release": ["retired", "no_scope"]})
    assert "release cannot be ['retired', 'no_scope'] ('no_scope' is no brake); it takes a list" in str(caught.value)
    assert all(name in str(caught.value) for name in BRAKE_NAMES)


def test_a_param_of_the_first_version_is_named_with_the_one_that_took_its_place() -> None:
    with pytest.raises(SettingsError, match=r"max_update_ratio is not a param \(is max_update_percent meant\?\)"):
        parse_params({"max_update_ratio": 0.2})


def test_a_param_that_is_like_no_other_is_named_alone() -> None:
    with pytest.raises(SettingsError, match=r"xyz is not a param(?! \()"):
        parse_params({"xyz": 1})


def test_params_are_the_same_after_a_manifest_held_them() -> None:
    params = parse_params({"release": ["retired:3", "updates"], "source": "muhasebe", "missing_runs": 1})
    assert msgspec.json.decode(msgspec.json.encode(params), type=RunParams) == params


def test_all_faults_are_reported_together() -> None:
    wrong = {
        "on_mising": "keep",
        "sync_mode": "x",
        "max_update_percent": 200,
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
    assert parse_params({name: param.default for name, param in by_name.items()}) == RunParams()
    limits = [name for name, param in by_name.items() if param.is_brake]
    assert limits == ["max_missing_percent", "max_update_percent", "max_rejected_percent"]
    assert by_name["on_missing"].translated().takes == "one of keep, deactivate, delete"
    assert by_name["release"].translated().description.endswith(f"The brakes are {', '.join(BRAKE_NAMES)}.")
    assert set(by_name["on_missing"].choices) == {member.value for member in OnMissing}


def test_the_choices_of_a_param_are_those_of_its_type() -> None:
    for kind in (SyncMode, OnMissing, OnUnsafe):
        (param,) = [param for param in PARAMS if isinstance(getattr(RunParams(), param.name), kind)]
        assert list(param.choices) == [member.value for member in kind]

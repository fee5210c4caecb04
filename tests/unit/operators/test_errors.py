"""What a task that failed says: when Airflow tries it again, and nothing of that on the last try."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from oduyo_provider.core.errors import NotSentError, SettingsError
from oduyo_provider.dag.build import DELAYS
from oduyo_provider.observability.alert import ERROR_KEY
from oduyo_provider.operators.errors import LINE_WIDTH, describe_next_try, explain, noting_errors


class Try:
    """A try of a task, as much of Airflow's task instance as is asked here."""

    def __init__(self, number: int, *, retries: int = 3) -> None:
        self.try_number = number
        self.max_tries = retries
        self.noted: dict[str, str] = {}

    def xcom_push(self, key: str, value: str) -> None:
        self.noted[key] = value


def make_context(number: int, *, retries: int = 3, **delays: Any) -> dict[str, Any]:
    settings = {**DELAYS, **delays}
    return {"ti": Try(number, retries=retries), "task": SimpleNamespace(**settings)}


@pytest.mark.parametrize(("number", "minutes"), [(1, 2), (2, 4), (3, 8), (4, 15), (40, 15), (100, 15)])
def test_the_next_try_comes_within_twice_the_delay_and_never_later_than_the_longest(number: int, minutes: int) -> None:
    said = describe_next_try(make_context(number, retries=200))
    assert said.startswith(f"Airflow tries this again by itself within {minutes} min (try {number + 1} of 201): act")


@pytest.mark.parametrize(("growth", "minutes"), [(True, 8), (5, 50), (1.0, 1)])
def test_the_delay_grows_as_the_task_says(growth: float, minutes: int) -> None:
    said = describe_next_try(make_context(3, retry_exponential_backoff=growth, max_retry_delay=None))
    assert f"within {minutes} min" in said


def test_a_delay_without_a_bound_is_a_day_at_most() -> None:
    said = describe_next_try(make_context(20, retries=20, max_retry_delay=None, retry_delay=timedelta(hours=9)))
    assert "within 1440 min" in said


def test_a_delay_that_does_not_grow_is_said_as_it_is() -> None:
    said = describe_next_try(make_context(3, retry_exponential_backoff=0, retry_delay=timedelta(minutes=5)))
    assert "within 5 min (try 4 of 4)" in said


def test_a_delay_of_less_than_a_minute_is_a_minute() -> None:
    assert "within 1 min" in describe_next_try(make_context(1, retry_exponential_backoff=0, retry_delay=timedelta(0)))


@pytest.mark.parametrize(("number", "retries"), [(1, 0), (4, 3)])
def test_the_last_try_promises_no_other(number: int, retries: int) -> None:
    assert describe_next_try(make_context(number, retries=retries)) == ""


def test_an_error_that_another_try_may_mend_says_so_in_the_log_and_not_in_the_alert() -> None:
    context = make_context(1)
    with (
        pytest.raises(AirflowException, match=r"^Not reached\. Airflow tries this again") as caught,
        noting_errors(context),
    ):
        raise NotSentError("Not reached.")
    assert not isinstance(caught.value, AirflowFailException)
    assert context["ti"].noted == {ERROR_KEY: "Not reached."}


def test_an_error_that_only_a_person_can_mend_promises_nothing() -> None:
    with pytest.raises(AirflowFailException, match=r"^Wrong\.$"), noting_errors(make_context(1)):
        raise SettingsError("Wrong.")


def test_an_explanation_has_a_line_for_each_sentence_and_none_is_longer_than_100_characters(
    caplog: pytest.LogCaptureFixture,
) -> None:
    explain("Ödüyo erişilemiyor (HTTP 503, bakım). İkinci cümle! Üçüncüsü " + "uzun " * 30 + "biter. see 1.5 there.")
    told = [record.getMessage() for record in caplog.records]
    assert told[:2] == ["Ödüyo erişilemiyor (HTTP 503, bakım).", "İkinci cümle!"]
    assert told[2].startswith("Üçüncüsü uzun uzun")
    assert told[-1].endswith("biter. see 1.5 there.")
    assert [len(line) <= LINE_WIDTH for line in told] == [True] * 4


def test_an_address_is_not_broken_where_a_line_is_full(caplog: pytest.LogCaptureFixture) -> None:
    address = "https://erp.example.com/" + "a-b/" * 30
    explain(f"Look at {address} first.")
    assert [record.getMessage() for record in caplog.records] == ["Look at", address, "first."]


def test_what_is_raised_carries_no_cause_that_airflow_would_log() -> None:
    with pytest.raises(AirflowFailException) as caught, noting_errors(make_context(1)):
        raise SettingsError("Wrong.") from KeyError("cause")
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)

"""The connection: its form, and what the Test button answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.demo.stage import API_KEY, PASSWORD, USERNAME, Stage
from tests.browser.forms import click_test, fill_by_label, open_connection_form, open_section

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


@pytest.fixture
def port(stage: Stage) -> str:
    """The local Ödüyo's."""
    return stage.sandbox_url.rpartition(":")[2]


def test_the_form_shows_what_is_needed_and_nothing_else(page: Any) -> None:
    form = open_connection_form(page, "oduyo_form")
    text = form.inner_text()
    for label in ("Description", "Site address", "User", "Password", "Port (443; Test needs one)"):
        assert label in text
    assert "Schema" not in text
    assert form.get_by_placeholder("https://yourcompany.oduyo.com.tr").is_visible()
    open_section(form, "Extra Fields")
    form.get_by_text("Requests at once").wait_for()
    shown = form.inner_text()
    for label in ("API key", "Requests per second", "Timeout (seconds)", "Settling time (seconds)", "Allow plain http"):
        assert label in shown
    values = {
        name: form.locator(f"[name=element_{name}]").input_value() for name in ("timeout_s", "settle_s", "verify")
    }
    assert values == {"timeout_s": "30", "settle_s": "60", "verify": "true"}
    assert form.locator("[name=element_api_key]").get_attribute("type") == "password"


def test_a_connection_made_in_the_form_works_when_it_is_tested(
    page: Any, stage: Stage, port: str, take_picture: Callable[[str], None]
) -> None:
    form = open_connection_form(page, "oduyo_default")
    site = {"Site address": "http://127.0.0.1", "User": USERNAME, "Password": PASSWORD}
    fill_by_label(form, {**site, "Port (443; Test needs one)": port})
    assert form.get_by_role("button", name="Save").is_disabled()  # the key is missing, and its section is marked
    take_picture("connection")
    open_section(form, "Extra Fields")
    form.locator("[name=element_api_key]").fill(API_KEY)
    form.get_by_text("Settling time").scroll_into_view_if_needed()
    take_picture("connection-settings")
    form.get_by_role("button", name="Save").click()
    form.wait_for(state="detached")
    assert stage.api
    stored = stage.api.call("GET", "connections/oduyo_default")
    assert (stored["conn_type"], stored["port"], stored["password"]) == ("oduyo", int(port), "***")
    assert API_KEY not in stored["extra"]

    said, shown = click_test(page, "oduyo_default")
    assert (said["status"], shown) == (True, "")
    assert f"127.0.0.1:{port} accepted the login and a list call" in said["message"]


HOSTILE = [
    pytest.param({"password": "yanlış"}, "Wrong user, password or API key: Ödüyo refused the login of user", id="password"),
    pytest.param({"login": "kimse"}, "Wrong user, password or API key: Ödüyo refused the login of user 'kimse'", id="user"),
    pytest.param({"extra": '{"api_key": "yanlis"}'}, "Wrong user, password or API key: ", id="key"),
    pytest.param({"extra": "{}"}, "The Ödüyo connection cannot be used: extra api_key is missing", id="no_key"),
    pytest.param({"port": 1}, "Wrong site address or port, or no way through the network: 127.0.0.1:1 cannot", id="port"),
    pytest.param({"host": "http://erp.example"}, "host is asked for over plain http", id="plain_http"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "sentence"), HOSTILE)
def test_a_wrong_connection_is_answered_in_a_sentence(
    page: Any, stage: Stage, take_picture: Callable[[str], None], change: dict[str, Any], sentence: str
) -> None:
    assert stage.api
    stage.api.save_connection("oduyo_wrong", {**stage.connections["oduyo_default"], **change})
    said, shown = click_test(page, "oduyo_wrong")
    assert said["status"] is False
    assert sentence in shown
    assert PASSWORD not in shown
    assert API_KEY not in shown
    if "password" in change:
        take_picture("connection-test")


def test_without_a_port_airflow_refuses_to_test_as_the_form_says(page: Any, stage: Stage) -> None:
    """Until Airflow takes an empty port for an empty port; then the form's label and the README need not say so."""
    assert stage.api
    stage.api.save_connection(
        "oduyo_portless", {**stage.connections["oduyo_default"], "host": stage.sandbox_url, "port": None}
    )
    said, shown = click_test(page, "oduyo_portless")
    assert "port to test differs" in said["detail"]
    assert "Test Connection Failed" in shown

"""The hook: Airflow's HttpHook, logged in to Ödüyo; and the provider info that makes Airflow find it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.provider_info import get_provider_info
from sandbox.oduyo.server import Sandbox
from tests.integration.dag.conftest import make_records

LIST = {"filters": "", "params": "", "limit": "10", "offset": "0", "sorting": ""}
SetOduyo = Callable[..., None]


def count_logins(oduyo: Sandbox) -> int:
    return int(oduyo.log()["counters"]["login"])


def test_any_endpoint_can_be_called_with_run(oduyo: Sandbox) -> None:
    from airflow.providers.http.hooks.http import HttpHook

    oduyo.seed(make_records(2))
    hook = OduyoHook()
    assert isinstance(hook, HttpHook)
    found = hook.run("erp/erp_special_code/list", json=LIST).json()
    assert [record["code"] for record in found["data"]] == ["K.1", "K.2"]
    made = hook.run("erp/erp_special_code/create", json={"column": {"integration_id": "3", "code": "K.3"}}).json()
    assert "<3>" in made["data"]
    assert count_logins(oduyo) == 1


def test_further_headers_and_options_go_along(oduyo: Sandbox) -> None:
    seen: list[Any] = []
    hook = OduyoHook()
    session = hook.get_conn({"X-Iz": "7"})
    session.hooks["response"].append(lambda response, **_: seen.append(response.request.headers))
    session.post(f"{oduyo.url}/api/v1/erp/erp_special_code/list", json=LIST)
    assert (seen[0]["X-Iz"], seen[0]["Apikey"]) == ("7", oduyo.account.api_key)
    assert seen[0]["Authorization"] in oduyo.log()["sessions"]


def test_a_session_that_died_is_renewed_once(oduyo: Sandbox) -> None:
    hook = OduyoHook()
    hook.run("erp/erp_special_code/list", json=LIST)
    oduyo.expire()
    assert hook.run("erp/erp_special_code/list", json=LIST).json()["status"] is True
    assert count_logins(oduyo) == 2


@pytest.mark.parametrize("answer", [401, 403, 200])
def test_a_session_that_dies_again_is_not_renewed_for_ever(oduyo: Sandbox, answer: int) -> None:
    from airflow.sdk.exceptions import AirflowException

    oduyo.set_readings(session_dead_answer=answer)
    oduyo.set_faults({"call": "list", "kind": "kill_session"})
    with pytest.raises(AirflowException, match="Yetkisiz erişim"):
        OduyoHook().run("erp/erp_special_code/list", json=LIST)
    assert count_logins(oduyo) == 2


def test_a_redirect_is_not_followed_so_that_the_headers_stay_here(oduyo: Sandbox) -> None:
    from airflow.sdk.exceptions import AirflowException

    with Sandbox() as elsewhere:
        target = f"{elsewhere.url}/api/v1/erp/erp_special_code/list"
        oduyo.set_faults({"call": "list", "kind": "status", "status": 307, "headers": {"Location": target}, "body": ""})
        with pytest.raises(AirflowException, match="HTTP 307"):
            OduyoHook().run("erp/erp_special_code/list", json=LIST)
        assert elsewhere.log()["counters"]["requests"] == 0


def test_a_refusal_is_raised_with_what_oduyo_said_and_without_secrets(oduyo: Sandbox) -> None:
    from airflow.sdk.exceptions import AirflowException

    hook = OduyoHook()
    hook.run("erp/erp_special_code/list", json=LIST)
    (session,) = oduyo.log()["sessions"]
    body = json.dumps({"status": False, "message": f"kayıt yok {session} {oduyo.account.api_key}"}, ensure_ascii=False)
    oduyo.set_faults({"call": "list", "kind": "status_false", "body": body})
    with pytest.raises(AirflowException, match=r"HTTP 404: .*kayıt yok \*\*\* \*\*\*"):
        hook.run("erp/erp_special_code/list", json=LIST)
    response = hook.run("erp/erp_special_code/list", json=LIST, extra_options={"check_response": False})
    assert response.status_code == 404


@pytest.mark.parametrize("kind", ["status_false", "html"])
def test_an_ok_that_is_none_is_raised_too(oduyo: Sandbox, kind: str) -> None:
    from airflow.sdk.exceptions import AirflowException

    oduyo.set_faults({"call": "list", "kind": kind, "status": 200})
    with pytest.raises(AirflowException, match="list with HTTP 200: "):
        OduyoHook().run("erp/erp_special_code/list", json=LIST)


def test_an_answer_without_a_status_is_left_to_the_caller(oduyo: Sandbox) -> None:
    oduyo.set_faults(
        {"call": "list", "kind": "status", "status": 200, "body": "{}", "content_type": "application/json"}
    )
    assert OduyoHook().run("erp/erp_special_code/list", json=LIST).json() == {}


def test_a_refused_login_is_not_tried_again(oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    set_oduyo(password="yanlış")
    with pytest.raises(AirflowFailException, match="refused the login of user 'muhasebe'"):
        OduyoHook().run("erp/erp_special_code/list", json=LIST)
    assert count_logins(oduyo) == 1


def test_the_hook_works_where_an_event_loop_runs_already(oduyo: Sandbox) -> None:
    async def call() -> Any:
        return OduyoHook().run("erp/erp_special_code/list", json=LIST).json()

    assert asyncio.run(call())["status"] is True


def test_another_timeout_may_be_given(oduyo: Sandbox) -> None:
    from requests.exceptions import RequestException

    oduyo.set_readings(latency_s=0.5)
    with pytest.raises(RequestException):
        OduyoHook().run("erp/erp_special_code/list", json=LIST, extra_options={"timeout": 0.05})


class TestTheTestButton:
    def test_it_says_what_it_found(self, oduyo: Sandbox) -> None:
        oduyo.seed(make_records(2))
        is_good, text = OduyoHook().test_connection()
        assert is_good, text
        assert oduyo.url.removeprefix("http://") in text
        assert count_logins(oduyo) == 1

    @pytest.mark.parametrize(
        ("changes", "fault", "fact"),
        [
            ({"password": "yanlış"}, "Wrong user, password or API key: ", "refused the login of user 'muhasebe'"),
            ({"login": "yanlış"}, "Wrong user, password or API key: ", "refused the login of user 'yanlış'"),
            ({"api_key": "yanlis"}, "Wrong user, password or API key: ", "refused the login of user 'muhasebe'"),
            ({"host": "https://127.0.0.1:1"}, "Wrong site address or port, or no way", "127.0.0.1:1 cannot be reached"),
            ({"host": "http://erp.example"}, "The Ödüyo connection cannot be used: ", "plain http"),
            ({"login": ""}, "The Ödüyo connection cannot be used: ", "login is missing"),
            ({"verify": "/yok.pem"}, "", "/yok.pem"),
        ],
    )
    def test_it_says_what_is_wrong(
        self, oduyo: Sandbox, set_oduyo: SetOduyo, changes: dict[str, Any], fault: str, fact: str
    ) -> None:
        set_oduyo(**changes)
        is_good, text = OduyoHook().test_connection()
        assert not is_good
        assert text.startswith(fault)
        assert fact in text
        assert "\n" not in text
        assert "the task" not in text

    def test_a_path_that_is_not_the_api(self, oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
        set_oduyo(host=f"{oduyo.url}/panel")
        is_good, text = OduyoHook().test_connection()
        assert (is_good, "does not answer as the Ödüyo API does" in text) == (False, True)
        assert text.startswith("Wrong site address: ")

    @pytest.mark.parametrize(
        ("fault", "fact"),
        [
            ({"kind": "kill_session"}, "then refused"),
            ({"kind": "status_false", "body": '{"status": false, "message": "Yetkiniz yok"}'}, "Yetkiniz yok"),
            ({"kind": "status_false", "status": 400, "body": '{"status": false}'}, "did not carry out a list call"),
        ],
    )
    def test_a_user_who_may_log_in_but_not_list(self, oduyo: Sandbox, fault: dict[str, Any], fact: str) -> None:
        oduyo.seed(make_records(2))
        oduyo.set_faults({"call": "list", **fault})
        is_good, text = OduyoHook().test_connection()
        assert (is_good, fact in text) == (False, True), text
        assert text.startswith("Missing rights: ")

    def test_a_site_without_a_record_is_no_fault_when_it_says_so(self, oduyo: Sandbox) -> None:
        is_good, text = OduyoHook().test_connection()
        assert (is_good, "there is no erp_special_code yet" in text) == (True, True)

    def test_a_site_that_is_out_of_order(self, oduyo: Sandbox) -> None:
        oduyo.set_faults({"call": "list", "kind": "status", "status": 500})
        is_good, text = OduyoHook().test_connection()
        assert (is_good, text.partition(":")[0]) == (False, "No usable answer")

    def test_a_connection_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        is_good, text = OduyoHook("yok").test_connection()
        assert (is_good, "There is no connection 'yok'" in text) == (False, True)


class TestProviderInfo:
    def test_it_fits_airflow_s_schema(self) -> None:
        import airflow
        import jsonschema

        schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(get_provider_info(), schema)

    def test_the_entry_point_leads_to_it(self) -> None:
        found = [point for point in entry_points(group="apache_airflow_provider") if point.value.startswith("oduyo_")]
        assert [point.load() for point in found] == [get_provider_info]

    def test_every_module_and_class_that_it_names_is_there(self) -> None:
        from airflow.sdk._shared.module_loading import import_string

        info = get_provider_info()
        modules = [name for kind in ("hooks", "operators") for part in info[kind] for name in part["python-modules"]]
        for module in modules:
            assert __import__(module, fromlist=["x"]).__name__ == module
        (connection_type,) = info["connection-types"]
        hook = import_string(connection_type["hook-class-name"])
        assert (hook.conn_type, hook.hook_name) == (connection_type["connection-type"], connection_type["hook-name"])

    def test_airflow_finds_the_hook_by_the_connection_s_type(self) -> None:
        from airflow.sdk import Connection
        from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

        assert "oduyo" in ProvidersManagerTaskRuntime().hooks
        hook = Connection(conn_id="oduyo_default", conn_type="oduyo").get_hook()
        assert (type(hook), hook.oduyo_conn_id) == (OduyoHook, "oduyo_default")

    def test_the_form_s_fields_are_those_that_settings_reads(self) -> None:
        from oduyo_provider.api.settings import Settings

        (connection_type,) = get_provider_info()["connection-types"]
        fields = connection_type["conn-fields"]
        not_extras = {"base_url", "username", "password"}
        assert set(fields) == set(Settings.__struct_fields__) - not_extras
        made = Settings.from_connection(host="h", port=None, login="a", password="b", extra={"api_key": "c"})
        for name, field in fields.items():
            default = field["schema"].get("default")
            told = default == "true" if name == "verify" else default
            assert name == "api_key" or getattr(made, name) == told, name

    def test_the_form_asks_for_the_key_explains_every_field_and_shows_nothing_else(self) -> None:
        (connection_type,) = get_provider_info()["connection-types"]
        fields = connection_type["conn-fields"]
        optional = [name for name, field in fields.items() if "null" in field["schema"]["type"]]
        assert set(fields) - set(optional) == {"api_key"}
        assert (next(iter(fields)), fields["api_key"]["schema"]["format"]) == ("api_key", "password")
        for name, field in fields.items():
            default = field["schema"].get("default")
            told = {None: ("mpty", "Required"), False: ("Off by default",)}.get(default, (str(default),))
            assert any(word in field["description"] for word in told), name
        behaviour = connection_type["ui-field-behaviour"]
        assert behaviour["hidden-fields"] == ["schema"]
        # Without a port Airflow answers a test with 400 and never asks the hook.
        assert "Test" in behaviour["relabeling"]["port"]

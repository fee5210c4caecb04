"""The hook: Airflow's HttpHook, logged in to Ödüyo; and the provider info that makes Airflow find it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import urllib3.connection

from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.provider_info import get_provider_info
from sandbox.oduyo.server import Sandbox
from tests.integration.dag.conftest import make_records
from tests.unit.api.conftest import PlainCa, certificate, plain_ca, server_tls
from tests.unit.api.proxy import Proxy
from tests.unit.api.wire import API_KEY, PASSWORD, SESSION, Handler, Site, answer

__all__ = ["certificate", "plain_ca", "server_tls"]

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


def test_a_create_that_a_page_answers_is_not_sent_again(oduyo: Sandbox) -> None:
    from airflow.sdk.exceptions import AirflowException

    oduyo.set_faults({"call": "create", "where": "after", "kind": "html", "status": 403})
    row = {"integration_id": "1", "code": "KOD.1"}
    with pytest.raises(AirflowException, match="create with HTTP 403"):
        OduyoHook().run("erp/erp_special_code/create", json={"column": row})
    assert (len(oduyo.records()), count_logins(oduyo)) == (1, 1)


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


def run_hook(monkeypatch: pytest.MonkeyPatch, site: Site, times: int = 1, **extra: object) -> list[Any]:
    """The answers of so many ``OduyoHook().run``, in a thread of their own as in a task."""

    def call() -> list[Any]:
        hook = OduyoHook()
        return [hook.run("erp/erp_special_code/list", json=LIST).json() for _ in range(times)]

    async def run() -> list[Any]:
        async with site:
            host = f"{'http' if site.tls is None else 'https'}://localhost:{site.port}"
            fields = {"conn_type": "oduyo", "host": host, "login": "ayse", "password": PASSWORD}
            given = json.dumps({"api_key": API_KEY, "timeout_s": 5, **extra})
            monkeypatch.setenv("AIRFLOW_CONN_ODUYO_DEFAULT", json.dumps({**fields, "extra": given}))
            return await asyncio.to_thread(call)

    return asyncio.run(run())


def closing(content: bytes = b'{"status": true, "data": []}', status: int = 200, **headers: str) -> Handler:
    """An answer after which nothing is left open: requests keeps connections until the server closes them."""
    return answer(status, content, Connection="close", **headers)


class TestTheSameRulesAsTheClient:
    """What the connection says, and what the field sends, is the same for single calls."""

    def test_b10_cookies_of_the_login_and_of_later_answers_are_sent_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        login = answer(200, {"session_id": SESSION}, Set_Cookie="ci_session=a%3A1; Path=/; HttpOnly")
        lists = [closing(Set_Cookie="ci_session=b==; Path=/"), closing(Set_Cookie="SRV=n1; Path=/"), closing()]
        site = Site(login=login, list=lists)
        run_hook(monkeypatch, site, times=3)
        sent = [set(seen.headers["Cookie"].split("; ")) for seen in site.calls("list")]
        assert sent == [{"ci_session=a%3A1"}, {"ci_session=b=="}, {"ci_session=b==", "SRV=n1"}]

    def test_b10_a_new_login_brings_its_cookies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        logins = [answer(200, {"session_id": f"S{n}"}, Set_Cookie=f"ci_session={n}; Path=/") for n in (1, 2)]
        site = Site(login=logins, list=[closing(b'{"status": false}', 401), closing()])
        run_hook(monkeypatch, site)
        sent = [(seen.headers["Authorization"], seen.headers["Cookie"]) for seen in site.calls("list")]
        assert sent == [("S1", "ci_session=1"), ("S2", "ci_session=2")]

    def test_b12_login_and_calls_go_through_the_proxy(
        self, monkeypatch: pytest.MonkeyPatch, server_tls: ssl.SSLContext, certificate: Path
    ) -> None:
        async def through(proxy: Proxy) -> list[Any]:
            async with proxy:
                url = f"http://firma:p%40ss@127.0.0.1:{proxy.port}"
                work = partial(run_hook, monkeypatch, site, proxy=url, verify=str(certificate))
                return await asyncio.to_thread(work)

        site = Site(list=closing())
        site.tls = server_tls
        proxy = Proxy("firma:p@ss")
        assert asyncio.run(through(proxy)) == [{"status": True, "data": []}]
        assert [line.split()[0] for line in proxy.asked] == ["CONNECT", "CONNECT"]

    def test_b13_a_ca_of_one_s_own_need_not_be_strict(self, monkeypatch: pytest.MonkeyPatch, plain_ca: PlainCa) -> None:
        # Contexts as Python 3.13 makes them, for aiohttp and for requests.
        def make_strict(make: Callable[..., ssl.SSLContext], *args: Any, **kwargs: Any) -> ssl.SSLContext:
            context = make(*args, **kwargs)
            context.verify_flags |= ssl.VERIFY_X509_STRICT
            return context

        for owner, name in ((ssl, "create_default_context"), (urllib3.connection, "create_urllib3_context")):
            monkeypatch.setattr(owner, name, partial(make_strict, getattr(owner, name)))
        site = Site(list=closing())
        site.tls = plain_ca.server_tls
        assert run_hook(monkeypatch, site, verify=str(plain_ca.bundle)) == [{"status": True, "data": []}]

    @pytest.mark.parametrize("codec", ["cp1254", "utf-8"])
    def test_b8_the_charset_that_an_answer_names_is_used(self, monkeypatch: pytest.MonkeyPatch, codec: str) -> None:
        body = '{"status": true, "data": [{"id": "1", "code": "ŞİŞLİ"}]}'.encode(codec)
        site = Site(list=closing(body, Content_Type="application/json; charset=windows-1254"))
        assert run_hook(monkeypatch, site)[0]["data"][0]["code"] == "ŞİŞLİ"

    def test_b7_byte_order_marks_are_dropped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        site = Site(list=closing(b"\xef\xbb\xbf" * 2 + b'{"status": true, "data": []}'))
        assert run_hook(monkeypatch, site) == [{"status": True, "data": []}]

    def test_b3_a_page_with_403_is_sent_once_more_with_a_new_session_and_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from airflow.sdk.exceptions import AirflowException

        site = Site(list=closing(b"<h1>Forbidden</h1>", 403, Content_Type="text/html"))
        with pytest.raises(AirflowException, match=r"HTTP 403: .*Forbidden"):
            run_hook(monkeypatch, site)
        assert [seen.call for seen in site.seen] == ["login", "list", "login", "list"]

    @pytest.mark.parametrize("extra", ['"{\\"api_key\\": \\"gizli\\"}"', "api_key=gizli", "[]"])
    def test_b15_extras_that_are_no_object_are_said_in_one_sentence(
        self, monkeypatch: pytest.MonkeyPatch, extra: str
    ) -> None:
        from airflow.sdk.exceptions import AirflowFailException

        fields = {"conn_type": "oduyo", "host": "firma", "login": "ayse", "password": PASSWORD, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_ODUYO_DEFAULT", json.dumps(fields))
        with pytest.raises(AirflowFailException, match="extra is not a JSON object") as caught:
            OduyoHook().get_conn()
        assert "gizli" not in str(caught.value)

    def test_b12_an_unknown_extra_is_named(self, oduyo: Sandbox, set_oduyo: SetOduyo) -> None:
        set_oduyo(proxi="http://127.0.0.1:1")
        is_good, text = OduyoHook().test_connection()
        assert (is_good, "extra proxi is not known" in text) == (False, True)


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
            (
                {"session_id_path": "a.b"},
                "Session id not found: The login was answered, ",
                "Set session_id_path to where",
            ),
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

    def test_the_form_s_bounds_are_those_of_settings(self) -> None:
        from oduyo_provider.api.settings import Settings
        from oduyo_provider.core.errors import SettingsError

        def take(name: str, value: float) -> object:
            extra = {"api_key": "c", name: value}
            return getattr(Settings.from_connection(host="h", port=None, login="a", password="b", extra=extra), name)

        (connection_type,) = get_provider_info()["connection-types"]
        schemas = {name: field["schema"] for name, field in connection_type["conn-fields"].items()}
        numbers = {name: schema for name, schema in schemas.items() if {"integer", "number"} & {*schema["type"]}}
        assert len(numbers) == 5
        for name, schema in numbers.items():
            highest = schema.get("maximum", 1e300)
            assert take(name, highest) == highest
            for wrong in (0, *([highest + 1] if "maximum" in schema else [])):
                with pytest.raises(SettingsError, match=f"extra {name} must be"):
                    take(name, wrong)

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

"""The hook: turns a Connection into clients that log in to Ödüyo."""

from __future__ import annotations

import time
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.log import mask_secret
from requests import PreparedRequest, Response, Session
from requests.cookies import RequestsCookieJar

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.cookies import compute_secrets
from oduyo_provider.api.envelope import parse_json
from oduyo_provider.api.login import Login, log_in
from oduyo_provider.api.meaning import Meaning, classify, compute_text
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.session import DEFAULT_RENEW_AFTER_S
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Answer, Transport
from oduyo_provider.core import variables
from oduyo_provider.core.errors import (
    ListingError,
    ListingRefusedError,
    LoginRefusedError,
    LostAnswerError,
    NoSessionIdError,
    NotSentError,
    NotThisApiError,
    OduyoError,
)
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.redact import Redactor
from oduyo_provider.hooks.connection import decode_extra, fetch_connection
from oduyo_provider.hooks.errors import airflow_errors
from oduyo_provider.hooks.site_http import SiteHttp, store_cookies
from oduyo_provider.sync.runtime.event_loop import call_apart, run_async

if TYPE_CHECKING:
    from oduyo_provider.sync.site.state import SiteCheck

#: Meanings of a 2xx that is no success. UNKNOWN, an answer without a status, may be normal for other endpoints.
_NO_SUCCESS = (Meaning.REFUSED, Meaning.SESSION)

#: Error → what is wrong, with which the text of a failed connection test begins: at the login, then at the list.
_LOGIN_FAULTS = {
    LoginRefusedError: gettext_noop("Wrong user, password or API key"),
    NoSessionIdError: gettext_noop("Session id not found"),
    NotThisApiError: gettext_noop("Wrong site address"),
    NotSentError: gettext_noop("Wrong site address or port, or no way through the network"),
    LostAnswerError: gettext_noop("No usable answer"),
}
_LISTING_FAULTS = {
    LoginRefusedError: gettext_noop("Missing rights"),
    ListingRefusedError: gettext_noop("Missing rights"),
    ListingError: gettext_noop("Missing rights"),
    LostAnswerError: gettext_noop("No usable answer"),
}


class OduyoHook(HttpHook):
    """Calls Ödüyo, logged in.

    ``run("erp/erp_project_code/list", json={...})`` calls any endpoint below ``/api/v1/`` with ``requests``. It
    sets both headers and renews an expired session once. For many records use :meth:`client`, which sends many
    calls at a time.

    :param oduyo_conn_id: a connection of the type ``oduyo``.
    """

    conn_name_attr = "oduyo_conn_id"
    default_conn_name = variables.ODUYO_CONN_ID.default
    conn_type = "oduyo"
    hook_name = "Ödüyo"

    def __init__(self, oduyo_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(method="POST", http_conn_id=oduyo_conn_id, **kwargs)
        self.oduyo_conn_id = oduyo_conn_id
        self._session_id: str | None = None
        self._session_taken_at = 0.0
        self._cookies = RequestsCookieJar()

    @cached_property
    def settings(self) -> Settings:
        """The connection's settings, checked. Reading them masks their secrets in all logs."""
        connection = fetch_connection(self.oduyo_conn_id, gettext("the Ödüyo site, its user and its API key"))
        settings = Settings.from_connection(
            host=connection.host,
            port=connection.port,
            login=connection.login,
            password=connection.password,
            schema=connection.schema,
            extra=decode_extra(connection),
        )
        for secret in settings.secrets:
            mask_secret(secret)
        return settings

    @cached_property
    def _redact(self) -> Redactor:
        return Redactor(self.settings.secrets)

    def client(self, resource: Resource = SPECIAL_CODE) -> OduyoClient:
        """A client for one resource, for use in ``async with``. It logs in at its first call."""
        return OduyoClient(self.settings, resource, on_secret=mask_secret)

    def check_site(self, write: bool = False, resource: Resource = SPECIAL_CODE) -> SiteCheck:
        """Find out how the site handles what the API's documentation leaves open. The log shows all answers.

        This takes a minute, and waits for a load that writes to the site. The answers are kept in staging,
        where later runs use them.

        :param write: also make a passive test record, change it and delete it again.
        :raises AirflowException: nothing more could be asked, or a test record could not be deleted.
        """
        from oduyo_provider.sync.staging.folder import staging_root
        from oduyo_provider.sync.steps.site_check import check_site

        with airflow_errors():
            work = check_site(staging_root(), self.settings, resource, write=write, on_secret=mask_secret)
            return call_apart(partial(run_async, work))

    def get_conn(self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None) -> Session:
        """A ``requests`` session with the API key and a valid session id.

        :param headers: further headers.
        :param extra_options: as in :class:`HttpHook`; ``timeout`` defaults to the connection's ``timeout_s``.
        :raises AirflowFailException: wrong settings or a refused login.
        :raises AirflowException: Ödüyo could not be reached, or gave the login no usable answer.
        """
        with airflow_errors():
            self.base_url = self.settings.base_url
            self._base_url_initialized = True
            if self._session_id is None or time.monotonic() - self._session_taken_at > DEFAULT_RENEW_AFTER_S:
                self._log_in()
        self.merged_extra = {
            "timeout": self.settings.timeout_s,
            "allow_redirects": False,
            "check_response": True,
            **(extra_options or {}),
        }
        http = SiteHttp(self.settings, self._cookies, self._redact)
        self._configure_session_from_mount_adapters(http)
        http.mount_own_ca()
        http.headers.update({"Apikey": self.settings.api_key, "Authorization": str(self._session_id)})
        http.headers.update(headers or {})
        return http

    def _log_in(self) -> None:
        login = call_apart(partial(run_async, self._fetch_login()))
        self._session_id, self._session_taken_at = login.session_id, time.monotonic()
        for secret in login.secrets:
            mask_secret(secret)
            self._redact.add(secret)
        store_cookies(self._cookies, login.cookies, self.settings.base_url)

    async def _fetch_login(self) -> Login:
        async with Transport(self.settings, self._redact) as transport:
            return await log_in(self.settings, transport, redact=self._redact, runtime=Runtime())

    def run_and_check(self, session: Session, prepped_request: PreparedRequest, extra_options: dict[Any, Any]) -> Any:
        """Send a request; if the answer means that the session has expired, log in and send it once more.

        If a web page answers instead of Ödüyo, only list calls are sent again: any other call may have been
        carried out.
        """
        unchecked = {**extra_options, "check_response": False}
        response = super().run_and_check(session, prepped_request, unchecked)
        meaning, is_list = _find_meaning(response), str(prepped_request.url).endswith("/list")
        if meaning is Meaning.SESSION or (meaning is Meaning.BLOCKED and is_list):
            with airflow_errors():
                self._log_in()
            prepped_request.headers["Authorization"] = str(self._session_id)
            _renew_cookies(prepped_request, session)
            response = super().run_and_check(session, prepped_request, unchecked)
        if extra_options.get("check_response", True):
            self.check_response(response)
        return response

    def check_response(self, response: Response) -> None:
        """Raise if an answer is no 2xx, is no JSON, or says ``status: false``. An empty 2xx is fine.

        :raises AirflowException: its text shows what Ödüyo said, without secrets and control characters.
        """
        is_json = not response.content or parse_json(response.content) is not None
        if 200 <= response.status_code < 300 and is_json and _find_meaning(response) not in _NO_SUCCESS:
            return
        for value in compute_secrets(cookie.value or "" for cookie in self._cookies):
            self._redact.add_passing(value)
        said = compute_text(Answer(response.status_code, {}, response.content), self._redact)
        with airflow_errors():
            raise OduyoError(
                gettext(
                    "Ödüyo answered %(path)s with HTTP %(status)s: %(said)s",
                    path=response.request.path_url,
                    status=response.status_code,
                    said=said,
                )
            )

    def test_connection(self) -> tuple[bool, str]:
        """Log in and list one record, as the Test button does. The text of a failure begins with what is wrong."""
        try:
            return call_apart(partial(run_async, self._probe()))
        except OduyoError as error:
            return False, _word_for_test(str(error))

    async def _probe(self) -> tuple[bool, str]:
        async with self.client() as client:
            faults = _LOGIN_FAULTS
            try:
                await client.log_in()
                faults = _LISTING_FAULTS
                return True, await client.probe()
            except tuple(faults) as error:
                fault = next(words for kind, words in faults.items() if isinstance(error, kind))
                return False, _word_for_test(f"{gettext(fault)}: {error}")


def _find_meaning(response: Response) -> Meaning:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return classify(Answer(response.status_code, headers, response.content), call="list").meaning


def _renew_cookies(request: PreparedRequest, session: Session) -> None:
    """Replace the cookies in a prepared request, which date from when it was made."""
    request.headers.pop("Cookie", None)
    request.prepare_cookies(session.cookies)


def _word_for_test(text: str) -> str:
    """Reword a message that is written for a task's log: a connection test has no task to start again."""
    text = text.replace(gettext("start the task again"), gettext("test again"))
    return text.replace(gettext("Start the task again"), gettext("Test again"))

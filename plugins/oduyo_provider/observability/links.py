"""Links on a task's page in Airflow: to the run's page, and to the Ödüyo site."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import attrs
from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.language import gettext
from oduyo_provider.hooks.environment import open_oduyo

#: Route of the plugin's tab on a run.
RUN_ROUTE = "oduyo-run"


def compute_run_url(dag_id: str, run_id: str) -> str:
    """The address of the run's page; relative if Airflow's ``[api] base_url`` is not set."""
    base = str(conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return f"{base}/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}/plugin/{RUN_ROUTE}"


@attrs.define()
class RunPageLink(BaseOperatorLink):
    """Links to the run's totals, reasons and changes."""

    @property
    def name(self) -> str:
        """The button's text."""
        return gettext("Run page")

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  Airflow's signature
        """The address. Airflow asks for it when a try ends, in whatever way, and keeps it as an XCom."""
        return compute_run_url(ti_key.dag_id, ti_key.run_id)


@attrs.define()
class OduyoLink(BaseOperatorLink):
    """Links to the Ödüyo site of the connection."""

    @property
    def name(self) -> str:
        """The button's text."""
        return "Ödüyo"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002  Airflow's signature
        """Scheme, host and port; empty, so that no link is shown, if the connection cannot be used."""
        try:
            site = urlsplit(open_oduyo(getattr(operator, "oduyo_conn_id", None)).settings.base_url)
        except OduyoError:
            return ""  # the task's own error says what is wrong
        return f"{site.scheme}://{site.netloc}/"


LINKS = (RunPageLink(), OduyoLink())

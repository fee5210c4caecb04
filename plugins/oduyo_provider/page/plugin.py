"""Registers the run page with Airflow: its routes, a tab on DAGs and runs, an entry in the menu."""

from __future__ import annotations

from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin

#: Below Airflow's own address.
PREFIX = "/oduyo"
#: Relative: Airflow's page resolves it against its own base, which may have a path of its own.
_PAGE = f"{PREFIX[1:]}/page"


@cache
def load_app() -> Any:
    """Make the application at the first call; later calls return the same one."""
    from oduyo_provider.page.routes import make_app

    return make_app()


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request.

    The application is made at the first one: schedulers and workers load plugins too, but serve no pages.
    """
    await load_app()(scope, receive, send)


class OduyoPlugin(AirflowPlugin):
    """A tab on every DAG and run, and an entry in the navigation."""

    name = "oduyo"
    fastapi_apps = [{"app": answer, "url_prefix": PREFIX, "name": "Ödüyo"}]  # noqa: RUF012  as Airflow declares it
    external_views = [  # noqa: RUF012  as Airflow declares it
        {"name": "Ödüyo", "href": _PAGE, "destination": "nav", "category": "browse", "url_route": "oduyo"},
        {
            "name": "Ödüyo",
            "href": f"{_PAGE}?dag_id={{DAG_ID}}",
            "destination": "dag",
            "url_route": "oduyo-dag",
        },
        {
            "name": "Ödüyo",
            "href": f"{_PAGE}?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "oduyo-run",
        },
    ]

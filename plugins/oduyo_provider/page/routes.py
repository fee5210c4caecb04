"""The page's routes. Each needs a login. Data is sent as JSON, CSV or a workbook, never as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from oduyo_provider.core import variables
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.language import gettext, read_language, use_language
from oduyo_provider.page.access import MAX_ID_LENGTH, DagId, User, list_readable_dags
from oduyo_provider.page.csv_export import write_csv
from oduyo_provider.page.record_view import compute_record_view
from oduyo_provider.page.service import PageService
from oduyo_provider.page.table_view import compute_table_view
from oduyo_provider.page.texts import compute_texts
from oduyo_provider.page.wanted import Wanted, WantedLines
from oduyo_provider.page.xlsx_export import MEDIA_TYPE, read_zone, write_xlsx
from oduyo_provider.sync.staging.left_out import LEFT_OUT

STATIC = Path(__file__).parent / "static"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

#: Only the page's own scripts, styles and pictures are allowed, and only Airflow's frame around it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_FOREIGN = re.compile(r"[^A-Za-z0-9._-]+")

RunId = Annotated[str, Query(min_length=1, max_length=MAX_ID_LENGTH)]
#: The requested run; empty: the latest one that has read both sides.
MaybeRunId = Annotated[str, Query(max_length=MAX_ID_LENGTH)]
#: The task of a run in somebody else's DAG: its id and, if mapped, a slash and its map index.
TaskName = Annotated[str, Query(max_length=2 * MAX_ID_LENGTH)]
#: A code or an id as a person types it, or the address of a candidate. An id has at most max_text_length
#: characters, 255 by default. The bound is there because servers limit the length of an address.
Asked = Annotated[str, Query(max_length=4_000)]
Page = Annotated[int, Query(ge=1, le=10_000_000)]
#: The time zone that the page's script takes from Airflow's own pages.
ZoneName = Annotated[str, Query(max_length=64)]


def make_app() -> FastAPI:
    """Make the application. FastAPI's documentation pages are off, as nothing would protect them."""
    app = FastAPI(title="Ödüyo", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=4)
    _add_files(app)
    service = PageService()
    _add_views(app, service)
    _add_downloads(app, service)

    @app.middleware("http")
    async def protect(request: Request, call_next: Any) -> Response:
        # The script sends the language of Airflow's own pages; without one, the environment decides.
        with use_language(request.query_params.get("language") or read_language()):
            response: Response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(OduyoError)
    def explain(_request: Request, error: OduyoError) -> Response:
        text = gettext(
            "The staged files cannot be read by the api-server. %(cause)s The page reads what the workers write: "
            "%(variable)s must name the same place for both, and the api-server must have the right to read it.",
            cause=error,
            variable=variables.STAGING_PATH.name,
        )
        return _answer({"message": text}, status_code=503)

    return app


def _add_files(app: FastAPI) -> None:
    """Add one route for each static file. Other files have no address."""
    for path in sorted(STATIC.iterdir()):
        if path.suffix in _TYPES:
            name = "/page" if path.suffix == ".html" else f"/{path.name}"
            app.add_api_route(name, _make_file_route(path), methods=["GET"], include_in_schema=False)


def _make_file_route(path: Path) -> Any:
    content, media_type = path.read_bytes(), _TYPES[path.suffix]

    def send(_user: User) -> Response:
        return Response(content, media_type=media_type)

    return send


def _add_views(app: FastAPI, service: PageService) -> None:
    @app.get("/texts")
    def send_texts(_user: User) -> Response:
        return _answer(compute_texts())

    @app.get("/dags")
    def list_dags(user: User) -> Response:
        return _answer({"dags": service.fetch_dags(list_readable_dags(user))})

    @app.get("/dag")
    def show_dag(dag_id: DagId) -> Response:
        return _answer(_found(service.fetch_dag(dag_id)))

    @app.get("/run")
    def show_run(dag_id: DagId, run_id: RunId, task: TaskName = "") -> Response:
        return _answer(_found(service.fetch_run(dag_id, run_id, task)))

    @app.get("/record")
    def show_record(dag_id: DagId, record: Asked, run_id: MaybeRunId = "", task: TaskName = "") -> Response:
        return _answer(compute_record_view(service.find_places(dag_id, run_id, task), record, task))

    @app.get("/changes")
    def show_changes(
        dag_id: DagId, run_id: RunId, wanted: WantedLines, task: TaskName = "", page: Page = 1
    ) -> Response:
        return _answer(compute_table_view(_found(service.open(dag_id, run_id, task)), wanted, page))


def _add_downloads(app: FastAPI, service: PageService) -> None:
    @app.get("/changes.csv")
    def send_changes(dag_id: DagId, run_id: RunId, wanted: WantedLines, task: TaskName = "") -> Response:
        opened = _found(service.open(dag_id, run_id, task))
        lines = opened.index.read(opened.index.find(wanted))
        pieces = write_csv(lines, opened.resource)
        return _send(pieces, "text/csv; charset=utf-8", f"{dag_id}_{run_id}_{task}", "csv")

    @app.get("/changes.xlsx")
    def send_workbook(
        dag_id: DagId, run_id: RunId, wanted: WantedLines, zone: ZoneName = "UTC", task: TaskName = ""
    ) -> Response:
        opened = _found(service.open(dag_id, run_id, task))
        index = opened.index
        lines, to_mend = index.read(index.find(wanted)), index.read(index.find(Wanted(outcome=LEFT_OUT, of=["row"])))
        pieces = write_xlsx(lines, to_mend, opened.resource, read_zone(zone))
        return _send(pieces, MEDIA_TYPE, f"{dag_id}_{run_id}_{task}", "xlsx")


def _send(pieces: Iterator[bytes], media_type: str, name: str, ending: str) -> Response:
    """Send a file in pieces.

    The first is made before the answer begins, so that an unreadable file is answered with a message.
    """
    first = next(pieces)
    file = f"oduyo_{_FOREIGN.sub('_', name).strip('_')[:120]}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return StreamingResponse(chain([first], pieces), media_type=media_type, headers=headers)


def _found(view: Any) -> Any:
    if view is None:
        text = gettext(
            "There are no staged files for this. Either nothing is synced here (what oduyo_site_check answered stands in its log, "
            "and on the page of the DAG that syncs), or its files were removed (the last 30 runs of a DAG are kept), or the "
            "api-server does not reach what the workers write: see that %(variable)s names the same place for both.",
            variable=variables.STAGING_PATH.name,
        )
        raise HTTPException(404, text)
    return view


def _answer(view: Any, status_code: int = 200) -> Response:
    return Response(msgspec.json.encode(view), status_code=status_code, media_type="application/json")

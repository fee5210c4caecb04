"""The routes of one record's history."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Response

from oduyo_provider.page.access import MAX_ID_LENGTH, DagId
from oduyo_provider.page.record_view import compute_record_view
from oduyo_provider.page.service import PageService

#: A code or an id as a person types it.
Asked = Annotated[str, Query(max_length=200)]
#: The run that is asked about; empty for the latest one that has read both sides.
MaybeRunId = Annotated[str, Query(max_length=MAX_ID_LENGTH)]
TaskName = Annotated[str, Query(max_length=2 * MAX_ID_LENGTH)]


def add_record_views(app: FastAPI, service: PageService) -> None:
    """Add them."""

    @app.get("/record")
    def show_record(dag_id: DagId, record: Asked, run_id: MaybeRunId = "", task: TaskName = "") -> Response:
        view = compute_record_view(service.find_places(dag_id, run_id, task), record)
        return Response(msgspec.json.encode(view), media_type="application/json")

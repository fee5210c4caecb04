"""Rows or a plan in, records in Ödüyo out: what the operators of all resources share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, literal
from airflow.sdk.exceptions import AirflowSkipException

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.params import RunParams, parse_params
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.report import WRITES, Report
from oduyo_provider.hooks.environment import open_oduyo, read_buckets, read_run
from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.observability.asset import publish
from oduyo_provider.observability.lineage import compute_lineage
from oduyo_provider.observability.links import LINKS
from oduyo_provider.observability.metrics import count_report, counting
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.runtime.loop import run as run_loop
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.manifests import MANIFEST, PlanManifest, Reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.load import check_delivered, load
from oduyo_provider.sync.steps.one_task import sync_rows

#: Values of ``rows`` are data: they are never rendered as templates.
_Rows = Sequence[dict[str, Any]]


class OduyoResourceOperator(BaseOperator):
    """Turns extracted ERP rows into records of one resource in Ödüyo, each change exactly once.

    Not used by itself: a subclass names its ``resource``, such as
    :class:`~oduyo_provider.operators.special_code.OduyoSpecialCodeOperator`.

    In anybody's DAG, with ``rows``: normalises, compares with what Ödüyo holds, applies the differences, never touches
    records that no row has, and returns the report (see :class:`~oduyo_provider.core.report.Report`) as XCom. It fails,
    and is tried again as its DAG says, when rows failed or stayed doubtful; rejected and refused rows are in the
    report's ``reasons`` and in ``quarantine.jsonl`` below ``<staging>/<dag_id>/<run_id>/<task_id>/``.

    In this project's DAG, with ``plan``: applies a plan that was made before, and returns counts.

    :param rows: a list of rows, or an XCom of one (``other_task.output``); keys are the API's field names, without regard to
        case. ``integration_id`` is required, for special codes ``code`` too.
    :param plan: a reference to a plan; exactly one of ``rows`` and ``plan`` is given.
    :param oduyo_conn_id: a connection of the type ``oduyo``; None takes ``ODUYO_CONN_ID`` or ``oduyo_default``.
    :param sync_mode: ``upsert`` compares and sends differences; ``create`` sends every valid row to ``create``, so that a
        second run creates again.
    :param dry_run: compute and report the plan, send nothing.
    :param max_update_ratio: with ``rows``, 0 to 1: more updates than this share of the matched rows stop the task.
    :param max_rejected_ratio: with ``rows``, 0 to 1: more rejected rows than this share of all stop the task.
    :param max_missing_ratio: with ``rows``, 0 to 1: how far Ödüyo's records may have shrunk since the last run.
    :param allow_unsafe: go on although a brake trips.
    :param repair_windows_1254: mend texts that were read as latin-1 (``Þube`` for ``Şube``).
    :param max_text_length: longest text in characters; longer rows are rejected, never cut.
    :param source_query: path of the query file that the rows came from, on the connection that ``ERP_CONN_ID`` names:
        its tables are OpenLineage's inputs. None names none. It is not run.

    With ``rows`` it updates the resource's asset if the alias of it is among its ``outlets``, see
    :mod:`oduyo_provider.observability.asset`.
    """

    template_fields: Sequence[str] = ("rows", "plan", "oduyo_conn_id", "sync_mode", "source_query")
    operator_extra_links = LINKS
    ui_color = "#e8f4ec"
    resource: Resource

    def __init__(
        self,
        *,
        rows: _Rows | Any = None,
        plan: Reference | Any = None,
        oduyo_conn_id: str | None = None,
        sync_mode: str = "upsert",
        dry_run: bool = False,
        max_update_ratio: float = 0.5,
        max_rejected_ratio: float = 0.05,
        max_missing_ratio: float = 0.1,
        allow_unsafe: bool = False,
        repair_windows_1254: bool = False,
        max_text_length: int = 255,
        source_query: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rows = literal(rows) if isinstance(rows, (list, tuple)) else rows
        self.plan = plan
        self.oduyo_conn_id = oduyo_conn_id
        self.sync_mode = sync_mode
        self.is_dry_run = dry_run  # BaseOperator has a method dry_run
        self.max_update_ratio = max_update_ratio
        self.max_rejected_ratio = max_rejected_ratio
        self.max_missing_ratio = max_missing_ratio
        self.allow_unsafe = allow_unsafe
        self.repair_windows_1254 = repair_windows_1254
        self.max_text_length = max_text_length
        self.source_query = source_query
        self._written = 0

    def execute(self, context: Any) -> dict[str, Any]:
        """Apply; returns the report, or with ``plan`` the counts.

        :raises AirflowFailException: what only a person can mend; not tried again.
        :raises AirflowException: what another try may mend.
        """
        with noting_errors(context):
            if (self.rows is None) == (self.plan is None):
                raise SettingsError(f"{self.task_id} takes either rows or plan: give exactly one of them.")
            hook = open_oduyo(self.oduyo_conn_id)
            if self.plan is not None:
                return self._apply_plan(context, read_run(context), hook, self.plan)
            return self._sync_rows(context, read_run(context, has_task=True), hook)

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ARG002  OpenLineage's signature
        """From the query's tables to Ödüyo, with the number of records written; also for a try that failed."""
        return compute_lineage(self.source_query, self.oduyo_conn_id, self.resource, self._written)

    def _apply_plan(self, context: Any, run: Run, hook: OduyoHook, plan: Reference) -> Reference:
        params = read_manifest(Folder.open(plan["manifest"]), MANIFEST, PlanManifest).params
        if params.dry_run:
            raise AirflowSkipException("This is a dry run: the plan is in the log of guard, nothing is sent.")

        async def work() -> Reference:
            async with hook.client(self.resource) as client:
                with counting(client, context):
                    return await load(run, plan, client, hook.settings)

        reference = run_loop(work())
        self._written = sum(reference["figures"].get(name, 0) for name in WRITES)
        check_delivered(reference)
        return reference

    def _sync_rows(self, context: Any, run: Run, hook: OduyoHook) -> dict[str, Any]:
        client = hook.client(self.resource)
        work = sync_rows(
            run,
            _read_rows(self.rows),
            client,
            hook.settings,
            self._params(),
            self.resource,
            read_buckets(),
            on_report=lambda made: self._note(made, context),
        )
        with counting(client, context):
            made = run_loop(work)
        publish(made, context)
        return {name: getattr(made, name) for name in made.__struct_fields__}

    def _note(self, made: Report, context: Any) -> None:
        self._written = 0 if made.dry_run else made.writes
        count_report(made, context)

    def _params(self) -> RunParams:
        names = set(RunParams.__struct_fields__) & set(vars(self))
        return parse_params({"dry_run": self.is_dry_run, **{name: getattr(self, name) for name in names}})


def _read_rows(rows: object) -> list[dict[str, object]]:
    """Rows as a list; a rendered template gives them as a JSON text."""
    if isinstance(rows, str):
        try:
            rows = json.loads(rows)
        except ValueError as error:
            raise SettingsError(
                f"rows is a text that is no JSON ({error}): pass other_task.output, or a list of rows."
            ) from error
    if not isinstance(rows, Sequence):
        raise SettingsError(f"rows is a {type(rows).__name__}: it takes a list of rows, each a dict by field name.")
    for number, row in enumerate(rows, 1):
        if not (isinstance(row, dict) and all(isinstance(name, str) for name in row)):
            raise SettingsError(
                f"Row {number} of rows is {neutralise(repr(row), 80)}: each row is a dict whose keys are field names."
            )
    return list(rows)

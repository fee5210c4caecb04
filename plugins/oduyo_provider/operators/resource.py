"""The base of all resources' operators: turns rows or a plan into records in Ödüyo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, literal

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.record import Resource
from oduyo_provider.observability.links import LINKS
from oduyo_provider.operators.arguments import take_params, takes_params
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.staging.manifests import Reference


class OduyoResourceOperator(BaseOperator):
    """Turns extracted ERP rows into records of one resource in Ödüyo, each change exactly once.

    Use a subclass, which names its ``resource``, such as
    :class:`~oduyo_provider.operators.special_code.OduyoSpecialCodeOperator`.

    With ``rows``, in anybody's DAG: it normalises the rows, compares them with what Ödüyo holds, applies the
    differences, and returns the report (see :class:`~oduyo_provider.core.report.Report`) as XCom. Records
    without a row stay as they are unless ``on_missing`` says otherwise.

    It fails for good if a brake trips, or if only a person can mend the cause. It fails, and is tried again as
    its DAG says, if the run is not in step: see the report's ``is_red``. Rejected and refused rows alone fail it
    only above ``max_rejected_percent``; they are in the report's ``reasons`` and in ``quarantine.jsonl`` below
    ``<staging>/<dag_id>/<run_id>/<task_id>/``. A failed task returns nothing; its report is ``report.json``
    beside that file.

    With ``plan``, in this project's DAG: it applies a plan that was made before, and returns counts.

    Besides the arguments below it takes params of a run, such as ``dry_run`` and ``max_update_percent``:
    ``help(OduyoResourceOperator.__init__)`` and the reference of the params explain each. All can be templates.

    :param rows: a list of rows, or an XCom of one (``other_task.output``). Keys are the API's field names in any
        case. ``integration_id`` is required, for special codes also ``code``. A list is not rendered as a template.
        Rows can also be tuples, as ``SQLExecuteQueryOperator`` returns them; then ``columns`` names their fields.
    :param columns: the field names of rows that are tuples, in their order.
    :param plan: a reference to a plan; exactly one of ``rows`` and ``plan`` is given.
    :param oduyo_conn_id: a connection of the type ``oduyo``; None: ``ODUYO_CONN_ID``, else ``oduyo_default``.
    :param source_query: path of the query file, a ``.sql``, that gave the rows on the connection ``ERP_CONN_ID``.
        OpenLineage shows its tables as inputs; None: no inputs. It is not run.

    With ``rows`` it updates the resource's asset if the asset's alias is among its ``outlets``, see
    :mod:`oduyo_provider.observability.asset`.
    """

    template_fields: Sequence[str] = ("rows", "plan", "oduyo_conn_id", "run_params", "source_query", "columns")
    operator_extra_links = LINKS
    ui_color = "#e8f4ec"
    resource: Resource

    @takes_params
    def __init__(
        self,
        *,
        rows: Sequence[dict[str, Any]] | Any = None,
        columns: Sequence[str] | Any = None,
        plan: Reference | Any = None,
        oduyo_conn_id: str | None = None,
        source_query: str | None = None,
        **kwargs: Any,
    ) -> None:
        run_params = take_params(kwargs)
        super().__init__(**kwargs)
        self.run_params = run_params
        self.rows = literal(rows) if isinstance(rows, (list, tuple)) else rows
        self.columns = columns
        self.plan = plan
        self._takes_plan = plan is not None and rows is None
        self.oduyo_conn_id = oduyo_conn_id
        self.source_query = source_query
        self._written = 0

    def execute(self, context: Any) -> dict[str, Any]:
        """Apply; returns the report, or with ``plan`` the counts.

        :raises AirflowFailException: only a person can mend the cause; it is not tried again.
        :raises AirflowException: another try may mend it.
        """
        with noting_errors(context):
            if self._takes_plan and self.plan is None:
                from oduyo_provider.sync.steps.chain import miss

                raise miss("guard")
            if (self.rows is None) == (self.plan is None):
                raise SettingsError(
                    gettext("%(task)s takes either rows or plan: give exactly one of them.", task=self.task_id)
                )
            from oduyo_provider.operators.execution import apply_plan, read_rows, sync_given_rows

            if self.plan is not None:
                return apply_plan(self.resource, self.plan, self.oduyo_conn_id, context, self._note_written)
            params, rows = parse_params(self.run_params), read_rows(self.rows, self.columns)
            return sync_given_rows(self.resource, rows, params, self.oduyo_conn_id, context, self._note_written)

    def _note_written(self, count: int) -> None:
        self._written = count

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ARG002  OpenLineage's signature
        """The flow from the query's tables to Ödüyo, with the number of records written; also of a failed try."""
        from oduyo_provider.observability.lineage import compute_lineage

        return compute_lineage(self.source_query, self.oduyo_conn_id, self.resource, self._written)

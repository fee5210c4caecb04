"""Tells OpenLineage about the flow from the ERP's tables to Ödüyo.

Its provider is optional, so it is imported only when it asks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Resource
from oduyo_provider.erp.query_files import read_query
from oduyo_provider.hooks.connection import fetch_connection
from oduyo_provider.hooks.environment import name_erp, open_erp, open_oduyo


def compute_lineage(query: str | None, oduyo_conn_id: str | None, resource: Resource, written: int) -> Any:
    """An ``OperatorLineage``: the query's tables in, Ödüyo's records out.

    :param query: path of the query file, a ``.sql``; None: no inputs.
    :param written: records created, updated, deactivated or deleted.
    """
    from airflow.providers.common.compat.openlineage.facet import OutputDataset, OutputStatisticsOutputDatasetFacet
    from airflow.providers.openlineage.extractors import OperatorLineage

    inputs, job_facets = _find_inputs(Path(query)) if query else ([], {})
    try:
        site = open_oduyo(oduyo_conn_id).settings.site
    except OduyoError:
        return OperatorLineage(inputs=inputs, job_facets=job_facets)  # the task's own error says what is wrong
    statistics: dict[str, Any] = {"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=written)}
    output = OutputDataset(namespace=f"oduyo://{site}", name=resource.name, outputFacets=statistics)
    return OperatorLineage(inputs=inputs, outputs=[output], job_facets=job_facets)


def _find_inputs(query: Path) -> tuple[list[Any], dict[str, Any]]:
    """The tables that the query names, and the query as a facet; the ERP itself is not asked.

    If the hook does not support OpenLineage, or the parser finds no table, one input has the query's name.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.sqlparser import SQLParser

    try:
        hook: Any = open_erp()
        connection = fetch_connection(name_erp(), gettext("the ERP's database"))
        text = read_query(query.parent, query.stem)
    except (OduyoError, OSError):
        return [], {}  # then the task extract has failed, and says why
    describe = getattr(hook, "get_openlineage_database_info", None)
    if describe is not None and (database := describe(connection)) is not None:
        parser = SQLParser(dialect=hook.get_openlineage_database_dialect(connection))
        found = parser.generate_openlineage_metadata_from_sql(text, hook, database, use_connection=False)
        if found.inputs:
            return list(found.inputs), dict(found.job_facets)
    port = f":{connection.port}" if connection.port else ""
    return [Dataset(namespace=f"{connection.conn_type}://{connection.host or ''}{port}", name=query.stem)], {}

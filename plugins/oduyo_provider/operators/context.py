"""From Airflow's context to a run: where its files lie, what its params are, how its connections open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from oduyo_provider.core.params import RunParams, parse_params
from oduyo_provider.erp.read import check_hook
from oduyo_provider.erp.session import DatabaseHook
from oduyo_provider.hooks.connection import open_hook
from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.sync.run import Run, name_attempt
from oduyo_provider.sync.side import BUCKETS_VARIABLE, compute_buckets
from oduyo_provider.sync.staging import staging_root

#: Environment variables that name the connections.
ODUYO_CONN_VARIABLE = "ODUYO_CONN_ID"
ERP_CONN_VARIABLE = "ERP_CONN_ID"


def read_run(context: Mapping[str, Any], *, has_task: bool = False) -> Run:
    """The run that a task belongs to.

    :param has_task: the task is a run of its own, in somebody else's DAG.
    """
    ti = context["ti"]
    task: tuple[str, ...] = ()
    if has_task:
        task = (ti.task_id,) if ti.map_index is None or ti.map_index < 0 else (ti.task_id, str(ti.map_index))
    return Run(staging_root(), ti.dag_id, ti.run_id, name_attempt(ti.try_number), task)


def read_params(context: Mapping[str, Any]) -> RunParams:
    """The run's params, checked."""
    return parse_params(dict(context["params"]))


def read_buckets() -> int:
    """Partitions of a large side."""
    return compute_buckets(os.environ.get(BUCKETS_VARIABLE))


def open_oduyo(conn_id: str | None = None) -> OduyoHook:
    """The hook of the connection that is named, or that the environment names."""
    return OduyoHook(conn_id or os.environ.get(ODUYO_CONN_VARIABLE) or OduyoHook.default_conn_name)


def open_erp() -> DatabaseHook:
    """The hook of the ERP's database; SettingsError when there is no such connection."""
    conn_id = os.environ.get(ERP_CONN_VARIABLE) or "erp_default"
    hook: DatabaseHook = open_hook(conn_id, "the ERP's database (Postgres, Microsoft SQL Server, Oracle, …)")
    check_hook(hook, conn_id)
    return hook

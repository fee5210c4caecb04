"""Who may see what: Airflow's own permissions.

These names of Airflow are no documented interface: nothing else of the page imports them. Airflow does not protect the
routes of a sub-application, so every route here depends on :data:`User` or :data:`DagId`.
"""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, Query, Request

#: Airflow's own bound for ids.
MAX_ID_LENGTH = 250

#: A user who is logged in; anybody else gets a 401.
User = Annotated[BaseUser, Depends(get_user)]


def check_dag(
    request: Request, user: User, dag_id: Annotated[str, Query(min_length=1, max_length=MAX_ID_LENGTH)]
) -> str:
    """The DAG that is asked for, once it is clear that this user may read its runs; else a 403.

    The id that is checked is the id that is used: a second ``dag_id`` in the address changes nothing.
    """
    requires_access_dag("GET", DagAccessEntity.RUN, dag_id)(request, user)
    return dag_id


#: The id of a DAG whose runs the user may read.
DagId = Annotated[str, Depends(check_dag)]


def list_readable_dags(user: BaseUser) -> set[str]:
    """The ids of all DAGs that a user may read."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))

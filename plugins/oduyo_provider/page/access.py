"""Checks who may see what, by Airflow's own permissions.

Airflow does not document ``airflow.api_fastapi`` as an interface, so only this module imports it. Nor does
it protect the routes of a sub-application, so every route of the page depends on :data:`User` or
:data:`DagId`.
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
    """Return the requested DAG's id if this user may read its runs; else answer 403.

    The checked id is also the id that is used: a second ``dag_id`` in the address changes nothing.
    """
    requires_access_dag("GET", DagAccessEntity.RUN, dag_id)(request, user)
    return dag_id


#: The id of a DAG whose runs the user may read.
DagId = Annotated[str, Depends(check_dag)]


def list_readable_dags(user: BaseUser) -> set[str]:
    """The ids of all DAGs that a user may read."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))

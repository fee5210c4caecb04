"""What all tests share: an Airflow of their own, a local Ödüyo, and an ERP on a real PostgreSQL."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Airflow reads its settings when it is first imported, so they are set before anything imports it.
_HOME = Path(tempfile.mkdtemp(prefix=f"oduyo-airflow-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"))
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "ODUYO_", "ERP_CONN"))]:
    del os.environ[_name]
os.environ.update(
    AIRFLOW_HOME=str(_HOME),
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_HOME / "plugins"),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
)
(_HOME / "plugins").mkdir()

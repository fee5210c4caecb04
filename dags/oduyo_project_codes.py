"""Keep the ERP's project codes (proje kodu) and Ödüyo's in step.

Runs only when somebody triggers it, until `ODUYO_PROJECT_CODES_SCHEDULE` is set.
"""

import os
from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_dag
from oduyo_provider.operators.project_code import OduyoProjectCodeOperator

dag: DAG = build_dag(
    "oduyo_project_codes",
    OduyoProjectCodeOperator,
    Path(__file__).parent / "sql" / "project_codes",
    schedule=os.environ.get("ODUYO_PROJECT_CODES_SCHEDULE"),
    params_variable="ODUYO_PROJECT_CODES_PARAMS",
    doc=__doc__,
)

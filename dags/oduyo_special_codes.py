"""Keep the ERP's special codes (özel kod) and Ödüyo's in step."""

import os
from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_dag
from oduyo_provider.hooks.environment import read_resources
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator

if "special_codes" in read_resources():
    dag: DAG = build_dag(
        "oduyo_special_codes",
        OduyoSpecialCodeOperator,
        Path(__file__).parent / "sql",
        schedule=os.environ.get("ODUYO_SCHEDULE", "@daily"),
        doc=__doc__,
    )

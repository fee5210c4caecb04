"""Keep the ERP's special codes (özel kod) and Ödüyo's in step."""

from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_dag, is_named

if is_named("special_codes"):  # as long as the environment variable ODUYO_RESOURCES does not say otherwise
    dag: DAG = build_dag("special_codes", Path(__file__).parent / "sql", schedule="@daily")  # or as ODUYO_SCHEDULE says

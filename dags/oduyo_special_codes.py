"""Keeps the ERP's special codes (özel kod) and Ödüyo's in step."""

from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_dag, is_named

if is_named("special_codes"):  # the default of the environment variable ODUYO_RESOURCES
    dag: DAG = build_dag("special_codes", Path(__file__).parent / "sql", schedule="@daily")  # or ODUYO_SCHEDULE

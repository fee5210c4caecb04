"""Ask your Ödüyo site how it reads what its documentation leaves open."""

from airflow.sdk import DAG

from oduyo_provider.dag.site_check import build_site_check

dag: DAG = build_site_check()

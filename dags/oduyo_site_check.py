"""Finds out how your Ödüyo site handles what the API's documentation leaves open."""

from airflow.sdk import DAG

from oduyo_provider.dag.site_check import build_site_check

dag: DAG = build_site_check()

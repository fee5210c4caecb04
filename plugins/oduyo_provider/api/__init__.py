"""Ödüyo over HTTP; knows nothing of Airflow."""

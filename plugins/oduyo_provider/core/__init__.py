"""Pure rules: no clock, no network, no files, no Airflow."""

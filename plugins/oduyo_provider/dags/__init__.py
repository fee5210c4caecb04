"""Copies this project's DAGs and queries into Airflow's DAG folder, and removes them again.

The wheel has them in ``files/``. A checkout has them in ``dags/`` at its top, and the build takes them from there.
"""

"""This project's DAGs and queries as files: copied into Airflow's DAG folder, and taken out of it again.

In the wheel they lie in ``files/``; in a checkout in ``dags/`` at its top, from where the build takes them.
"""

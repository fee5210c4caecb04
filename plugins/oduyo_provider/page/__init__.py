"""The run page: what a run did, for people, within Airflow's own pages."""

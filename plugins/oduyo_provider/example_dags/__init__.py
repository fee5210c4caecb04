"""DAGs to copy from. They run only by hand: an operator in your own DAG writes as soon as it runs."""

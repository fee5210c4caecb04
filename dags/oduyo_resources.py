"""The DAGs of the further resources that `ODUYO_RESOURCES` names, such as `bank_accounts,ledger_accounts`.

By default there are none. Each has its own queries and variables. For example, `oduyo_bank_accounts` uses the
queries in `sql/bank_accounts/`, runs only by hand until `ODUYO_SCHEDULE_BANK_ACCOUNTS` is set, and takes defaults
of its params from `ODUYO_PARAMS_BANK_ACCOUNTS`.
"""

from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_further_dags

#: Airflow takes each DAG that is made while it reads this file.
dags: list[DAG] = build_further_dags(Path(__file__).parent / "sql")

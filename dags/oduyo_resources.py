"""The DAGs of the further resources that `ODUYO_RESOURCES` names, such as `bank_accounts,ledger_accounts`; none by default.

`oduyo_bank_accounts` reads with a query of `sql/bank_accounts/`, runs only by hand until `ODUYO_SCHEDULE_BANK_ACCOUNTS` is
set, and takes other defaults of its params from `ODUYO_PARAMS_BANK_ACCOUNTS`. So it is with each of them.
"""

from pathlib import Path

from airflow.sdk import DAG

from oduyo_provider.dag.build import build_further_dags

#: Airflow finds each DAG that is made while it reads this file.
dags: list[DAG] = build_further_dags(Path(__file__).parent / "sql")

"""Rows of a query become special codes in Ödüyo, in a DAG of your own."""

from datetime import datetime, timedelta

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import dag

from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator


@dag(schedule=None, start_date=datetime(2025, 1, 1), catchup=False, max_active_runs=1)  # "@daily", once it is right
def customer_codes() -> None:
    read = SQLExecuteQueryOperator(
        task_id="read",
        conn_id="erp_default",
        sql="SELECT _key, kod, durum, aciklama FROM erp.sis_ozelkod WHERE turkodu = 'HK1'",
    )
    OduyoSpecialCodeOperator(
        task_id="save",
        rows=read.output,
        columns=["integration_id", "code", "status", "description"],
        retries=3,
        retry_delay=timedelta(minutes=1),
    )


customer_codes()

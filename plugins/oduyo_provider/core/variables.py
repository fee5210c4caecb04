"""All environment variables of this project. They must be the same on all machines of an Airflow."""

from __future__ import annotations

from typing import NamedTuple

from oduyo_provider.core.language import DEFAULT_LANGUAGE, LANGUAGE_VARIABLE
from oduyo_provider.sync.staging.layout import STAGING_VARIABLE


class Variable(NamedTuple):
    """An environment variable: its name, what it sets, and what holds if it is not set."""

    name: str
    description: str
    default: str


VARIABLES = (
    Variable(
        STAGING_VARIABLE,
        "Where staged files lie: the absolute path of a folder, or s3://<connection>@<bucket>/<prefix> and the like. With several "
        "machines one place that all of them reach.",
        "oduyo_staging in AIRFLOW_HOME",
    ),
    Variable("ODUYO_CONN_ID", "The connection to Ödüyo.", "oduyo_default"),
    Variable("ERP_CONN_ID", "The connection to the ERP's database.", "erp_default"),
    Variable(
        "ODUYO_SCHEDULE",
        "The schedule of oduyo_special_codes, a cron line or preset, in Airflow's default time zone. Empty: only by hand.",
        "@daily",
    ),
    Variable(
        "ODUYO_PARAMS", "Other defaults of the params, as a JSON object; scheduled runs take theirs from here.", "{}"
    ),
    Variable(
        "ODUYO_RETRIES",
        "How often a task is tried again that another try may help, 0 to 100: after 1, 2, 4, 8 minutes, then every 15. 3 last 7 "
        "to 14 minutes, 10 two hours, 28 six hours.",
        "3",
    ),
    Variable("ODUYO_BUCKETS", "Parts of a side of more than 20,000 rows, 1 to 1000.", "64"),
    Variable(
        "ODUYO_RESOURCES",
        "The resources that have a DAG, separated by commas. The DAGs of the further ones run by hand until "
        "ODUYO_SCHEDULE_<RESOURCE> is set; ODUYO_PARAMS_<RESOURCE> sets their params.",
        "special_codes",
    ),
    Variable("ODUYO_NOTIFIER", "The Airflow notifier that alerts, as a JSON object with class and kwargs.", "none"),
    Variable(
        LANGUAGE_VARIABLE,
        "The language of forms, documents, logs, errors and alerts: en or tr. The page follows the language of Airflow's UI.",
        DEFAULT_LANGUAGE,
    ),
)

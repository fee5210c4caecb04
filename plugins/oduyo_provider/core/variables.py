"""All environment variables of this project. They must be the same on all machines of an Airflow."""

from __future__ import annotations

import os
from typing import NamedTuple

from oduyo_provider.core.partition import DEFAULT_BUCKETS


class Variable(NamedTuple):
    """An environment variable.

    :param description: what it sets.
    :param default: its value if it is not set, or empty.
    """

    name: str
    description: str
    default: str = ""

    def read(self) -> str:
        """Its value without blanks around it, or the default."""
        return os.environ.get(self.name, "").strip() or self.default

    def of(self, resource: str) -> Variable:
        """The variable for a resource's DAG, by its plural name: all but the first resource's have names of their own."""
        return self if resource == RESOURCES.default else self._replace(name=f"{self.name}_{resource.upper()}")


STAGING_PATH = Variable(
    "ODUYO_STAGING_PATH",
    "Where staged files lie: the absolute path of a folder, or s3://<connection>@<bucket>/<prefix> and the like. With several "
    "machines one place that all of them reach. If it is not set: oduyo_staging in AIRFLOW_HOME.",
)
ODUYO_CONN_ID = Variable("ODUYO_CONN_ID", "The connection to Ödüyo.", "oduyo_default")
ERP_CONN_ID = Variable("ERP_CONN_ID", "The connection to the ERP's database.", "erp_default")
SCHEDULE = Variable(
    "ODUYO_SCHEDULE",
    "The schedule of oduyo_special_codes, a cron line or preset, in Airflow's default time zone. Empty: only by hand.",
    "@daily",
)
PARAMS = Variable(
    "ODUYO_PARAMS", "Other defaults of the params, as a JSON object; scheduled runs take theirs from here.", "{}"
)
RETRIES = Variable(
    "ODUYO_RETRIES",
    "How often a task is tried again that another try may help, 0 to 100: after 1, 2, 4, 8 minutes, then every 15. 3 last 7 "
    "to 14 minutes, 10 two hours, 28 six hours.",
    "3",
)
BUCKETS = Variable("ODUYO_BUCKETS", "Parts of a side of more than 20,000 rows, 1 to 1000.", str(DEFAULT_BUCKETS))
RESOURCES = Variable(
    "ODUYO_RESOURCES",
    "The resources that have a DAG, separated by commas. The DAGs of the further ones run by hand until "
    "ODUYO_SCHEDULE_<RESOURCE> is set; ODUYO_PARAMS_<RESOURCE> sets their params.",
    "special_codes",
)
NOTIFIER = Variable("ODUYO_NOTIFIER", "The Airflow notifier that alerts, as a JSON object with class and kwargs.")
LANGUAGE = Variable(
    "ODUYO_LANGUAGE",
    "The language of forms, documents, logs, errors and alerts: en or tr. The page follows the language of Airflow's UI.",
    "en",
)

VARIABLES = (
    *(STAGING_PATH, ODUYO_CONN_ID, ERP_CONN_ID, SCHEDULE, PARAMS),
    *(RETRIES, BUCKETS, RESOURCES, NOTIFIER, LANGUAGE),
)

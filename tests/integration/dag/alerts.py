"""A notifier that writes into a file, and what it wrote."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from airflow.sdk import DAG, BaseNotifier
from airflow.sdk.exceptions import AirflowException

from oduyo_provider.observability.alert import announce_failure, announce_success, announce_waiting

#: Stands for what must never show: the address of a webhook.
TOKEN = "https://hooks.example/T0KEN-gizli"


class FileNotifier(BaseNotifier):
    """Writes each message as a line of JSON, unless a file ``broken`` lies beside it."""

    template_fields = ("text", "subject")

    def __init__(self, path: str, text: str, subject: str = "", url: str = "") -> None:
        super().__init__()
        self.path = Path(path)
        self.text = text
        self.subject = subject
        self.url = url

    def notify(self, context: Any) -> None:
        broken = self.path.with_name("broken")
        if broken.exists():
            raise ConnectionError(f"cannot reach\n{self.url}")
        line = json.dumps({"subject": self.subject, "text": self.text, "dag": context["dag"].dag_id})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Webhook(BaseNotifier):
    """Fails as HTTP clients do, whose errors show what stands behind an address's host, and its user."""

    template_fields = ("url",)

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def notify(self, context: Any) -> None:
        parts = urlsplit(self.url)
        password = unquote(parts.password or "")
        raise ConnectionError(f"cannot call {parts.path}?{parts.query} as {parts.username}:{password}")


class Box:
    """What was sent."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "alerts.jsonl"

    def break_notifier(self) -> None:
        self.path.with_name("broken").touch()

    def mend_notifier(self) -> None:
        self.path.with_name("broken").unlink()

    @property
    def alerts(self) -> list[dict[str, str]]:
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    @property
    def subjects(self) -> list[str]:
        return [alert["subject"].removeprefix("Ödüyo: oduyo_special_codes ") for alert in self.alerts]


class Task:
    """A task of a run, as much of Airflow's task instance as an alert asks."""

    dag_id = "oduyo_special_codes"
    task_id = "report"

    def __init__(self, run_id: str = "manual__1", left: str = "") -> None:
        self.run_id = run_id
        self.left = left

    def xcom_pull(self, *, task_ids: list[str], key: str) -> list[str]:
        return [self.left] * (self.task_id in task_ids and bool(self.left))


def end(*, is_bad: bool = False, cause: str = "The disk is full", left: str = "") -> None:
    """A run ends, and Airflow calls back.

    :param cause: what the last task raised, if Airflow hands it on.
    :param left: the error that the last task left before it ended.
    """
    dag = DAG(dag_id="oduyo_special_codes", schedule=None)
    error = AirflowException(cause) if cause else None
    context = {"dag": dag, "ti": Task(left=left), "params": {}, "exception": error}
    (announce_failure if is_bad else announce_success)(context)


def wait(run_id: str) -> None:
    """A run's plan waits for a person."""
    dag = DAG(dag_id="oduyo_special_codes", schedule=None)
    decision = {"actions": {"update": 20}, "figures": ["20 of 20 matched records would be updated"]}
    announce_waiting({"dag": dag, "ti": Task(run_id), "params": {}}, decision)


def set_notifier(monkeypatch: pytest.MonkeyPatch, **config: Any) -> None:
    monkeypatch.setenv("ODUYO_NOTIFIER", json.dumps(config))


def make_box(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A notifier that writes into a file, named by the environment."""
    module = types.ModuleType("oduyo_test_notifiers")
    module.FileNotifier = FileNotifier  # type: ignore[attr-defined]
    module.Webhook = Webhook  # type: ignore[attr-defined]
    module.Plain = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "oduyo_test_notifiers", module)
    made = Box(folder)
    set_notifier(
        monkeypatch,
        **{
            "class": "oduyo_test_notifiers.FileNotifier",
            "kwargs": {
                "path": str(made.path),
                "text": "{{ oduyo_message }}",
                "subject": "{{ oduyo_subject }}",
                "url": TOKEN,
            },
        },
    )
    return made

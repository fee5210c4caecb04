"""What is told of a run that ends, whatever becomes of the notifier and of the memory."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException

from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.report import Report
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.layout import REPORT
from tests.conftest import ROOT
from tests.integration.dag.alerts import TOKEN, Box, end, set_notifier


def test_an_argument_that_is_no_template_never_shows_wherever_it_stands(
    box: Box, staging: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kwargs = {"path": str(box.path), "text": "{{ oduyo_message }}", "url": [{"to": TOKEN}]}
    set_notifier(monkeypatch, **{"class": "oduyo_test_notifiers.FileNotifier", "kwargs": kwargs})
    box.break_notifier()
    end(is_bad=True)
    assert "cannot reach\\n[{'to': '***'}]" in caplog.text
    assert TOKEN not in caplog.text


def test_a_report_that_cannot_be_read_is_missing_in_the_alert_and_no_more(
    box: Box, staging: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = staging / "oduyo_special_codes" / "manual__1"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{", encoding="utf-8")
    end(is_bad=True)
    (alert,) = box.alerts
    assert alert["text"].startswith("The disk is full")
    assert "Totals: not known" in alert["text"]
    assert "or without the run's totals" in caplog.text


def test_a_report_of_a_try_before_the_run_was_cleared_is_not_told(box: Box, staging: Path) -> None:
    folder = staging / "oduyo_special_codes" / "manual__1"
    listed = folder / "existing" / "try1" / "manifest.json"
    listed.parent.mkdir(parents=True)
    listed.write_text("{}", encoding="utf-8")
    write_manifest(Folder.open(str(folder)), REPORT, Report(extracted=7, unchanged=7))
    end(is_bad=True)
    os.utime(listed, (4e9, 4e9))  # the run was cleared, and listed anew
    end()
    end(is_bad=True, cause="")
    told = [next(line for line in alert["text"].splitlines() if line.startswith("Totals: ")) for alert in box.alerts]
    assert told == ["Totals: extracted 7, unchanged 7", *["Totals: not known, as the run wrote no report."] * 2]


def test_a_run_that_recovers_before_anybody_could_be_told_is_not_told(box: Box, staging: Path) -> None:
    box.break_notifier()
    end(is_bad=True)
    box.mend_notifier()
    end()
    assert box.subjects == []
    end(is_bad=True)
    box.break_notifier()
    end()
    box.mend_notifier()
    end()
    assert box.subjects == ["has turned bad", "has recovered"]


def test_an_error_that_cannot_be_noted_is_raised_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    context = {"ti": SimpleNamespace(try_number=1, max_tries=0), "task": None}  # it has no XCom
    with pytest.raises(AirflowException, match=r"^The disk is full$"), noting_errors(context):
        raise StagingError("The disk is full")
    assert "could not be noted for the alert" in caplog.text


class MailHandler(socketserver.StreamRequestHandler):
    """Says yes to everything, and keeps what comes."""

    def handle(self) -> None:
        mails: list[bytes] = self.server.mails  # type: ignore[attr-defined]
        self.wfile.write(b"220 posta\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                mails.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"250 ok\r\n")
            if line.upper().startswith(b"QUIT"):
                return


@pytest.fixture
def mails(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What a mail server gets that the connection ``smtp_default`` names."""
    with socketserver.TCPServer(("127.0.0.1", 0), MailHandler) as server:
        server.mails = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        extra = {"disable_ssl": True, "disable_tls": True, "timeout": 5}
        where = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.server_address[1], "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(where))
        yield server.mails  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def test_the_documents_notifier_sends_mail_in_which_foreign_texts_are_text(
    staging: Path, mails: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"export ODUYO_NOTIFIER='(.*?)'", page, re.DOTALL)
    monkeypatch.setenv("ODUYO_NOTIFIER", text)
    end(is_bad=True, cause="Ödüyo said <b>hayır</b>\r\nBcc: x@example.com")
    (mail,) = [email.message_from_bytes(data, policy=email.policy.default) for data in mails]
    assert (mail["Subject"], mail["Bcc"]) == ("Ödüyo: oduyo_special_codes has turned bad", None)
    body = mail.get_body(("html",)).get_content()
    assert "Ödüyo said &lt;b&gt;hayır&lt;/b&gt;\\r\\nBcc" in body


def call_webhook(url: str) -> str:
    return json.dumps({"class": "oduyo_test_notifiers.Webhook", "kwargs": {"url": url}})


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("{", ["JSONDecodeError"]),
        ('{"klass": "x"}', ["KeyError: 'class'"]),
        ('["x"]', ["TypeError"]),
        ('{"class": "x", "kwargs": {}}', ["ModuleNotFoundError: No module named 'x'"]),
        ('{"class": "oduyo_yok.Notifier", "kwargs": {}}', ["ModuleNotFoundError"]),
        ('{"class": "oduyo_test_notifiers.Plain"}', ["not derived from Airflow's BaseNotifier"]),
        ('{"class": "oduyo_test_notifiers.FileNotifier", "kwargs": {"color": "T0KEN-gizli"}}', ["TypeError", "color"]),
        (call_webhook("https://hooks.invalid/T0KEN-gizli"), ["ConnectionError: cannot call ***? as None"]),
        (call_webhook("https://hooks.invalid/a?key=T0KEN-gizli&dag={{ dag.dag_id }}"), ["cannot call *** as None"]),
        (call_webhook("https://ayse:T0KEN-gizli@hooks.invalid/"), ["cannot call /? as ***"]),
        (call_webhook("https://ayse:%54" + "0KEN-gizli@hooks.invalid"), ["cannot call ? as ***."]),
        (call_webhook("https://hooks.invalid?key=T0KEN-gizli"), ["cannot call ***"]),
        ('{"class": "oduyo_test_notifiers.Yok"}', ["oduyo_test_notifiers"]),
    ],
)
def test_a_wrong_setting_is_one_error_in_the_log_that_shows_how_it_is_written(
    box: Box,
    staging: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    text: str,
    facts: list[str],
) -> None:
    good = str(os.environ["ODUYO_NOTIFIER"])
    monkeypatch.setenv("ODUYO_NOTIFIER", text)
    end(is_bad=True)
    (record,) = caplog.records
    assert (record.levelname, record.exc_info) == ("ERROR", None)
    told = ["The notifier does not work: ", 'ODUYO_NOTIFIER holds an object such as {"class": "package.module', *facts]
    assert all(fact in record.message for fact in told), record.message
    assert "T0KEN-gizli" not in caplog.text
    monkeypatch.setenv("ODUYO_NOTIFIER", good)
    end(is_bad=True)
    assert box.subjects == ["has turned bad"]


def test_an_alert_that_cannot_be_remembered_is_sent_all_the_same(
    box: Box, staging: Path, caplog: pytest.LogCaptureFixture
) -> None:
    staging.mkdir()
    (staging / "_alerts").write_text("in the way", encoding="utf-8")
    end(is_bad=True)
    assert box.subjects == ["has turned bad"]
    assert "This alert may come twice. Cannot write" in caplog.text


def test_what_was_told_last_may_be_unreadable(box: Box, staging: Path) -> None:
    end(is_bad=True)
    (staging / "_alerts" / "oduyo_special_codes" / "told.json").write_bytes(b"{")
    end(is_bad=True)
    end()
    assert box.subjects == ["has turned bad", "has turned bad", "has recovered"]


def test_a_staging_path_that_cannot_be_used_is_told_in_the_log(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", "yok://bucket/x")
    end(is_bad=True)
    assert "is told in its place. ODUYO_STAGING_PATH names yok://bucket/x" in caplog.text


def test_without_a_notifier_nothing_is_written_down(staging: Path) -> None:
    end(is_bad=True)
    assert not (staging / "_alerts").exists()

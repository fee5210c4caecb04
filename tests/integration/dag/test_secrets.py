"""No password, API key or session id stands anywhere that a run leaves behind; staged files are their owner's alone."""

from __future__ import annotations

import gzip
import json
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from oduyo_provider.core.change import Change
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.recorder import Recorder
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records

#: At DEBUG Airflow itself writes down what it is asked to mask; a worker's masker, which is left out here, masks that too.
AIRFLOWS_OWN = "msg=MaskSecret("


def find_secrets(oduyo: Sandbox, *more: str) -> list[str]:
    sessions = oduyo.log()["sessions"]
    account = oduyo.account
    plain = [account.password, account.api_key, *sessions, *more]
    return sorted({form for secret in plain for form in (secret, quote(secret, safe=""), quote_plus(secret))})


def read_staged(path: Path) -> str:
    """A staged file's text; what is shown of changes is compressed."""
    data = path.read_bytes()
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()


def assert_nothing_leaked(made: DagRunResult, staging: Path, secrets: list[str]) -> None:
    own_lines = [line for line in made.log.splitlines() if AIRFLOWS_OWN not in line]
    assert any("oduyo_provider" in line for line in own_lines), "the log was not captured"
    places = {
        "log": "\n".join(own_lines),
        "xcom": repr(made.xcoms),
        "errors": "\n".join("".join(traceback.format_exception(error)) + repr(error) for error in made.errors),
        **{str(path): read_staged(path) for path in staging.rglob("*") if path.is_file()},
    }
    found = [(name, secret) for name, text in places.items() for secret in secrets if secret in text]
    assert not found


def assert_private(staging: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in staging.rglob("*") if path.is_file()}
    assert "report.json" in modes
    assert set(modes.values()) == {0o600}, modes


def test_a_good_run_leaves_no_secret_and_private_files(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    oduyo.seed(make_records(20) + make_records(2, start=500))
    oduyo.set_faults(
        {"call": "create", "kind": "kill_session", "times": 1},
        {"call": "create", "kind": "drop", "where": "after", "times": 1},
        {"call": "update", "kind": "status_false", "body": '{"status": false, "message": "olmaz"}', "times": 1},
    )
    made = run_special_codes(
        {"on_missing": "deactivate", "release": ["look_alikes"]},
        query=make_query(20, start=11, columns=", n AS space1"),
    )
    assert made.state == "success", made.error
    assert len(oduyo.log()["sessions"]) >= 3
    assert_nothing_leaked(made, staging, find_secrets(oduyo))
    assert_private(staging)


def test_a_refused_login_shows_no_secret(
    erp: Erp, oduyo: Sandbox, set_oduyo: Callable[..., None], run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    echo = json.dumps(
        {"status": False, "message": f"hatali giris: muhasebe / yanlış-parola+1 / {oduyo.account.api_key}"}
    )
    oduyo.set_faults({"call": "login", "kind": "status_false", "status": 403, "body": echo})
    set_oduyo(password="yanlış-parola+1")
    made = run_special_codes()
    assert made.state == "failed"
    assert "hatali giris: muhasebe / *** / ***" in made.error
    assert_nothing_leaked(made, staging, find_secrets(oduyo, "yanlış-parola+1"))


def test_a_server_that_echoes_the_key_into_its_refusals_shows_none(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    body = json.dumps({"status": False, "message": f"Apikey {oduyo.account.api_key}"})
    oduyo.set_faults({"call": "create", "kind": "status_false", "body": body})
    made = run_special_codes(query=make_query(3))
    assert made.report["refused"] == 3
    assert_nothing_leaked(made, staging, find_secrets(oduyo))


def test_a_crash_shows_no_secret(
    erp: Erp,
    oduyo: Sandbox,
    run_special_codes: RunSpecialCodes,
    staging: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send = Applier.apply

    async def crash(self: Applier, recorder: Recorder, changes: Sequence[Change]) -> None:
        await send(self, recorder, changes[:3])
        raise RuntimeError("a defect of our own")

    monkeypatch.setattr(Applier, "apply", crash)
    made = run_special_codes(query=make_query(5))
    assert made.state == "failed"
    assert "a defect of our own" in made.error
    assert len(oduyo.records()) == 3
    assert_nothing_leaked(made, staging, find_secrets(oduyo))
    assert_private(staging)


def test_the_erp_s_password_stands_in_no_error(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = "postgresql://okuyan:erp-parola-77@127.0.0.1:1/erp"
    monkeypatch.setenv("AIRFLOW_CONN_ERP_DEFAULT", connection)
    made = run_special_codes()
    assert "cannot be opened" in made.error
    assert_nothing_leaked(made, staging, [*find_secrets(oduyo), "erp-parola-77"])

"""Metrics, as a StatsD server gets them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records

pytestmark = pytest.mark.usefixtures("erp")


class Metrics:
    """A StatsD server on this machine."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server

    def read(self) -> dict[str, float]:
        """What has come: counters by name, added up, and the last value of each timer."""
        found: dict[str, float] = {}
        while True:
            try:
                packet = self._server.recv(65_536).decode()
            except BlockingIOError:
                return found
            for line in packet.splitlines():
                match = re.fullmatch(r"airflow\.(oduyo\.[\w.]+):([\d.]+)\|(c|ms)", line)
                if match:
                    found[match[1]] = float(match[2]) + (found.get(match[1], 0) if match[3] == "c" else 0)


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    """Airflow's metrics, switched on as a task process does, and where they go."""
    from airflow.sdk._shared.observability.metrics import stats
    from airflow.sdk.observability.metrics import stats_utils

    # Before Airflow 3.3 a class holds what the module holds since.
    is_class = not hasattr(stats, "initialize")
    holder = stats.Stats if is_class else stats
    names = ("factory", "instance") if is_class else ("_factory", "_backend", "_export_legacy_names")
    given, options = ((holder,), {}) if is_class else ((), {"export_legacy_names": False})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_ON", "True")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__METRICS__STATSD_PORT", str(server.getsockname()[1]))
        for name in names:
            monkeypatch.setattr(holder, name, getattr(holder, name))
        holder.initialize(factory=stats_utils.get_stats_factory(*given), **options)
        yield Metrics(server)
        (stats.Stats.instance if is_class else stats._get_backend()).statsd.close()  # noqa: SLF001  Airflow has no other way


def test_a_run_counts_its_records_its_requests_its_retries_and_its_seconds(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, metrics: Metrics
) -> None:
    oduyo.seed(make_records(1) + make_records(1, start=2, code="ESKİ"))
    oduyo.set_faults(
        {"call": "create", "kind": "status", "status": 429, "times": 2},
        {"call": "create", "kind": "status_false", "body": '{"status": false}', "match": {"integration_id": "5"}},
    )
    made = run_special_codes(query=make_query(5))
    assert made.state == "success", made.error
    found = metrics.read()
    assert {name: value for name, value in found.items() if ".records." in name} == {
        "oduyo.records.unchanged": 1,
        "oduyo.records.updated": 1,
        "oduyo.records.created": 2,
        "oduyo.records.refused": 1,
    }
    counters = oduyo.log()["counters"]
    assert found["oduyo.requests"] == sum(counters[name] for name in ("list", "create", "update", "delete"))
    assert found["oduyo.retries"] == 2
    assert found["oduyo.run"] >= 0


def test_a_dry_run_counts_only_its_requests(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, metrics: Metrics
) -> None:
    assert run_special_codes({"dry_run": True}, query=make_query(5)).state == "success"
    assert set(metrics.read()) == {"oduyo.requests"}


def test_a_step_that_fails_counts_its_requests_too(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, metrics: Metrics
) -> None:
    oduyo.set_faults({"call": "list", "kind": "status", "status": 500})
    assert run_special_codes(query=make_query(1)).state == "failed"
    found = metrics.read()
    assert found["oduyo.requests"] == oduyo.log()["counters"]["list"] > found["oduyo.retries"] > 0

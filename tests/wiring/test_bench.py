"""The measurements run, and their last line is what their readers and scripts take: one JSON object."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.conftest import ROOT


def bench(name: str, *arguments: object) -> dict[str, Any]:
    """What ``python -m bench.<name>`` prints last."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{name}", *map(str, arguments)],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def name_account(site: Sandbox) -> tuple[str, ...]:
    account = site.account
    named = {"url": site.url, "user": account.username, "password": account.password, "api-key": account.api_key}
    return tuple(f"--{name}={value}" for name, value in named.items())


def test_compute_measures_every_step() -> None:
    figures = bench("compute", "--rows", 500)
    assert {"cpu_s", "wall_s", "peak_mb"} <= figures.keys()
    (size,) = figures["sizes"]
    assert list(size["steps"]) == ["ledger", "snapshot", "extract", "normalise", "transform", "guard"]
    assert all(bound["holds"] for bound in figures["bounds"])


def test_noop_writes_nothing() -> None:
    figures = bench("noop", "--rows", 500)
    assert (figures["unchanged"], figures["writes"]) == (500, 0)


def test_apply_creates_its_rows_on_any_server(oduyo: Sandbox) -> None:
    figures = bench("apply", *name_account(oduyo), "--rows", 40, "--concurrency", 4)
    assert figures["created"] == 40
    assert figures["rows_s"] > 0
    assert figures["cpu_s_per_1000"] > 0
    assert len(oduyo.records()) == 40


@pytest.mark.parametrize("contender", ["provider", "bare"])
def test_the_others_do_the_same_work(contender: str, oduyo: Sandbox) -> None:
    figures = bench("contenders", contender, *name_account(oduyo), "--rows", 30, "--concurrency", 4)
    assert figures["created"] == len(oduyo.records()) == 30

"""``python -m sandbox.demo run|ui|stop``: the whole way from an ERP to Ödüyo on this machine."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
import time
from pathlib import Path

import requests

from sandbox.demo.airflow import CHECK_DAG_ID, DAG_ID, AirflowApi
from sandbox.demo.follow import Follower
from sandbox.demo.place import FIRST_UI_PORT, ROOT, DemoError, Place, as_typed, find_port, find_ports
from sandbox.demo.show import compute_meaning, compute_table
from sandbox.demo.stage import Interrupted, Stage, clear, open_stage
from sandbox.erp.server import stop_server

_STOP_TIMEOUT_S = 60.0
_CHECK_TIMEOUT_S = 120.0
_LOOK_EVERY_S = 1.0


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.demo",
        description="A demo ERP, a local Ödüyo and a real Airflow. With a database in ERP_DSN, that one is the ERP.",
    )
    parser.add_argument("command", choices=("run", "ui", "stop"), help="run once; keep the UI up; stop what is left")
    parser.add_argument("--state", type=Path, default=ROOT / ".run", help="folder of everything that is written")
    parser.add_argument("--params", type=parse_params, default={}, help="run: the DAG's params, as JSON")
    parser.add_argument("--remove", action="store_true", help="stop: also remove everything that was written")
    return parser


def parse_params(text: str) -> dict[str, object]:
    """A JSON object; nothing is an empty one."""
    try:
        params = json.loads(text or "{}")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON ({error})") from error
    if not isinstance(params, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return params


def say(text: str) -> None:
    """A line on the terminal, at once."""
    print(text, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = build_parser().parse_args(arguments)
    place = Place(options.state.resolve())
    try:
        if options.command == "stop":
            return stop(place, is_removed=options.remove)
        with open_stage(place, say) as stage:
            if options.command == "ui":
                return serve_ui(stage)
            return run(stage, options.params)
    except Interrupted as stopped:
        return 0 if options.command == "ui" else 128 + stopped.number
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    except requests.RequestException as error:
        print(
            f"Airflow does not answer any more ({error}). {place.logs / 'airflow.log'} says why; then start again.",
            file=sys.stderr,
        )
        return 1


def run(stage: Stage, params: dict[str, object]) -> int:
    """One run from the start to its report; 1 when it failed."""
    started_at = time.monotonic()
    stage.start_erp()
    stage.start_sandbox()
    api = stage.start_airflow(find_ports(1)[0], has_connections=True)
    code = run_once(stage, api, params)
    say(f"  {time.monotonic() - started_at:.0f} s in all, without stopping")
    return code


def run_once(stage: Stage, api: AirflowApi, params: dict[str, object]) -> int:
    """One run on what is up, followed and shown; 1 when it failed."""
    run_id = api.trigger(params)
    say(f"Run {run_id} of the DAG {DAG_ID}")
    follower = Follower(api, run_id, tasks_log=stage.place.logs / "tasks", say=say, check=stage.check)
    state = follower.follow()
    report = api.fetch_report(run_id)
    say("")
    if report is not None and (report["extracted"] or state == "success"):
        say(compute_table(report) + "\n")
    failure = follower.find_failure() if state != "success" else None
    if failure:
        print(f"The run failed at {failure[0]}: {failure[1]}", file=sys.stderr, flush=True)
    elif report is not None:
        say(compute_meaning(report))
    show_whereabouts(stage, run_id)
    if state == "success":
        say(f"  {'Site check':<14} {check_site(stage, api)}")
    return 0 if state == "success" else 1


def check_site(stage: Stage, api: AirflowApi) -> str:
    """Ask the local Ödüyo how it reads what its documentation leaves open; returns one line."""
    run_id = api.trigger({}, CHECK_DAG_ID)
    deadline = time.monotonic() + _CHECK_TIMEOUT_S
    while (state := api.fetch_run_state(run_id, CHECK_DAG_ID)) not in ("success", "failed"):
        stage.check()
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_EVERY_S / 4)
    made = api.fetch_site_check(run_id)
    if state != "success" or made is None:
        return f"it did not come to its end; the logs in {as_typed(stage.place.logs / 'tasks')} say why"
    return str(made["summary"])


def show_whereabouts(stage: Stage, run_id: str) -> None:
    """Where to look, and what to do next."""
    place = stage.place
    rows = {
        "Report": place.staging / DAG_ID / run_id / "report.json",
        "Rejected rows": place.staging / DAG_ID / run_id / "quarantine.jsonl",
        "Logs": place.logs,
    }
    say("")
    for name, path in rows.items():
        if path.exists():
            say(f"  {name:<14} {shlex.quote(as_typed(path))}")
    say(f"  {'See it':<14} {place.compute_make('ui')}")
    if not os.environ.get("ERP_DSN"):
        say(f"  {'Edit the ERP':<14} {_compute_edit(place)}")
    say(f"  {'Run again':<14} {place.compute_make('run')}")


def serve_ui(stage: Stage) -> int:
    """Stay until somebody stops it."""
    stage.start_erp()
    stage.start_sandbox()
    api = stage.start_airflow(find_port(FIRST_UI_PORT), has_connections=False)
    for name, connection in stage.connections.items():
        api.save_connection(name, connection)
    say("")
    say(f"  Airflow   {api.address}/dags/{DAG_ID}   (no login; only this machine reaches it)")
    say(f"  Ödüyo     {stage.sandbox_url}/   (the codes it holds)")
    say("")
    say("  Open the first address and click Trigger, then Trigger again in the form: the run's tasks turn green within")
    say("  seconds. The task report has the figures in its log, the second address shows the codes.")
    say("  Admin, Connections holds erp_default and oduyo_default; the Test button tries them.")
    if not os.environ.get("ERP_DSN"):
        say(f"  To see a difference: {_compute_edit(stage.place)}, then trigger again.")
    say("  Ctrl-C stops everything.")
    while True:
        stage.check()
        time.sleep(_LOOK_EVERY_S)


def stop(place: Place, *, is_removed: bool) -> int:
    """Stop the demo that holds this folder, or end what a killed one left.

    :param is_removed: remove the folder as well.
    """
    if not place.folder.exists():
        return 0
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    if holder := place.find_holder():
        say(f"Stopping the demo (process {holder})")
        os.kill(holder, signal.SIGTERM)
        while place.find_holder() is not None:
            if time.monotonic() > deadline:
                raise DemoError(
                    f"The demo (process {holder}) does not stop. End it with `kill -9 {holder}`, then try again."
                )
            time.sleep(_LOOK_EVERY_S / 4)
    with place.lock():
        clear(place, say)
        stop_server(place.erp)
        if is_removed:
            place.remove()
    return 0


def _compute_edit(place: Place) -> str:
    return shlex.join([as_typed(Path(sys.executable)), "-m", "sandbox.erp", "edit", "--data", as_typed(place.erp)])


if __name__ == "__main__":
    sys.exit(main())

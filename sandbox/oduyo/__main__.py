"""``python -m sandbox.oduyo``: serve a local Ödüyo until told to stop."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from sandbox.oduyo.habits.table import describe_habits, parse_habits
from sandbox.oduyo.readings import parse_argument, parse_readings
from sandbox.oduyo.server import Sandbox
from sandbox.oduyo.state import ACCOUNT, Account


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.oduyo",
        description="A local Ödüyo to try things on. Its control plane under /_sandbox/ has no password.",
        epilog=f"habits, as --habit NAME, --habit NAME=VALUE or --habit 'NAME={{\"field\": value, ...}}'; fields that each takes are "
        f"call, resource, ids, keys, text, share, probability, seed, skip and times.\n\n{describe_habits()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8600, help="0 takes a free port (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="other than loopback only inside a container")
    parser.add_argument("--db", metavar="FILE", help="SQLite file that keeps everything; default: gone at the end")
    parser.add_argument("--username", default=ACCOUNT.username, help="default: %(default)s")
    parser.add_argument("--password", default=ACCOUNT.password, help="default: %(default)s")
    parser.add_argument("--api-key", default=ACCOUNT.api_key, help="default: %(default)s")
    parser.add_argument(
        "--reading",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="how an open point of the API is read, e.g. --reading id_compare=text; may be repeated",
    )
    parser.add_argument(
        "--habit",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="how this site treats what it is sent, e.g. --habit cut=20; may be repeated; listed below",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        readings = parse_readings(dict(map(parse_argument, options.reading)))
    except ValueError as error:
        parser.error(f"--reading: {error}")
    try:
        habits = parse_habits(options.habit)
    except ValueError as error:
        parser.error(f"--habit: {error}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    sandbox = Sandbox(
        port=options.port,
        host=options.host,
        db=options.db,
        account=Account(options.username, options.password, options.api_key),
        readings=readings,
        habits=habits,
    )
    try:
        sandbox.start()
    except OSError as error:
        print(f"The sandbox cannot serve at port {options.port}: {error}", file=sys.stderr)
        return 1
    print(f"Ödüyo sandbox at {sandbox.url} (codes at /, API under /api/v1/, control under /_sandbox/)", flush=True)
    try:
        stop.wait()
    finally:
        sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

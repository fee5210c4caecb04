"""Copies this project's DAGs and queries into Airflow's DAG folder, or takes them out of it.

python -m oduyo_provider.dags copy "$AIRFLOW_HOME/dags"
python -m oduyo_provider.dags remove "$AIRFLOW_HOME/dags"
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from oduyo_provider.dags.copies import Became, Outcomes, copy_files, find_source, list_files, remove_files

#: Files with these outcomes are named; the others are only counted.
SHOWN = (Became.REPLACED, Became.KEPT)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code: 1 if a file was kept, or the folder cannot be used."""
    options = _build_parser().parse_args(arguments)
    source = find_source()
    if source is None:
        print("The DAGs are not beside this package: copy them from the checkout that it came from.", file=sys.stderr)
        return 1
    if options.folder.resolve() == source.resolve():
        print(f"{options.folder} is where the DAGs come from: name Airflow's DAG folder.", file=sys.stderr)
        return 1
    try:
        if options.action == "copy":
            done = copy_files(list_files(source), options.folder, replace=options.replace)
        else:
            done = remove_files(list_files(source), options.folder)
    except OSError as error:
        print(
            f"{error.filename or options.folder}: {error.strerror}. Mend that, then run the same again.",
            file=sys.stderr,
        )
        return 1
    return _tell(done, options.action, options.folder)


def _tell(done: Outcomes, action: str, folder: Path) -> int:
    for name, became in done.items():
        if became in SHOWN:
            print(f"{name}: {became.value}")
    counts = Counter(became.value.partition(",")[0] for became in done.values())
    print(f"{folder}: " + (", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing there"))
    if Became.KEPT not in done.values():
        return 0
    if action == "copy":
        print(
            "What was kept is not this version's. Take your changes out of it, a query under a name of its own, and run the "
            "same with --replace: what was there is then kept as <name>.old.",
            file=sys.stderr,
        )
    else:
        print("What was kept holds changes of yours. Delete it when nobody needs it.", file=sys.stderr)
    return 1


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m oduyo_provider.dags", description=(__doc__ or "").partition("\n")[0]
    )
    actions = parser.add_subparsers(dest="action", required=True)
    copy = actions.add_parser("copy", help="copy them; what somebody has edited there is kept, and named")
    copy.add_argument("--replace", action="store_true", help="replace that too; it is kept as <name>.old")
    remove = actions.add_parser("remove", help="remove them; what somebody has edited there is kept, and named")
    for action in (copy, remove):
        action.add_argument("folder", type=Path, help="Airflow's DAG folder")
    return parser


if __name__ == "__main__":
    sys.exit(run())

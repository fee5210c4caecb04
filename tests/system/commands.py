"""The commands of all documents: how they are found, and in which order a script runs them.

One that stands in a page and not here fails a test; see :mod:`tests.system.documents`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_PROGRAMS = r"make|airflow|pip|python -m oduyo_provider\.dags|docker|git|pre-commit|\.venv/bin/python|docker/make-env\.sh|tests/system/\w+\.sh"
_INLINE = re.compile(rf"`((?:{_PROGRAMS})(?: [^`]+)?)`")

#: What reads like a command and is a name: of a process, of what an accident does, of what is refused.
MENTIONED = {
    "airflow",
    "airflow api-server",
    "airflow db migrate",
    "airflow standalone",
    "python -m oduyo_provider.dags",
    "python -m oduyo_provider.dags copy",
    "python -m oduyo_provider.dags copy --replace",
    'python -m oduyo_provider.dags copy --replace "$AIRFLOW_HOME/dags"',
    "docker kill",
    "docker compose up",
    ".venv/bin/python",
}

#: In the clone, one after the other.
CHECKOUT = (
    "make help",
    "make setup",
    "git pull",
    "make run",
    ".venv/bin/python -m sandbox.erp edit --data .run/erp",
    'make run PARAMS=\'{"on_missing": "deactivate", "missing_runs": 1}\'',
    "make ui",
    ".venv/bin/python -m sandbox.oduyo",
    ".venv/bin/python -m sandbox.oduyo --reading id_compare=text --habit cut=20",
    ".venv/bin/python docs/screenshots.py",
    "make lint",
    "make unit",
    "make docs",
    "make messages",
    "make lock",
    "make dist",
    "make sbom",
    "pre-commit install",
    'make test ARGS="tests/unit -k guard"',
    'make test ARGS="tests/wiring/test_documents.py"',
)
LONG = ("make documents", "make test", "make test-wheel", "make matrix", "make chaos", "make bench")
LAST = ("make clean",)
#: Command → what it prints once it is up; it stays until it is interrupted.
STAYS = {
    "make ui": "Ctrl-C",
    ".venv/bin/python -m sandbox.oduyo": "127.0.0.1",
    ".venv/bin/python -m sandbox.oduyo --reading id_compare=text --habit cut=20": "127.0.0.1",
}
#: Command → the program that it needs beside what the README names.
NEEDS = {"make lock": "uv", "make sbom": "uv", "make matrix": "uv", "pre-commit install": "pre-commit"}

#: Where Airflow's constraints come from.
CONSTRAINTS = "https://raw.githubusercontent.com/apache/airflow/constraints-"
_PINNED = (
    '. "apache-airflow==$(airflow version | tail -n 1)" --constraint "'
    + CONSTRAINTS
    + "$(airflow version | tail -n 1)/constraints-"
    """$(python -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")').txt\""""
)
NOTE = 'pip list --format=freeze | cut -d= -f1 > "$AIRFLOW_HOME/before-oduyo.txt"'
COPY = 'python -m oduyo_provider.dags copy "$AIRFLOW_HOME/dags"'
HOME = 'export AIRFLOW_HOME="${AIRFLOW_HOME:-$HOME/airflow}"'
#: In an integrator's environment, in one shell, beside an Airflow that runs: …
INSTALL = (
    HOME,
    NOTE,
    f"pip install {_PINNED}",
    COPY,
    'export ODUYO_PARAMS=\'{"erp_query": "dia_postgres"}\'',
    'export AIRFLOW_CONN_ODUYO_DEFAULT="$(cat oduyo_default.json)"',
)
#: … after a restart, the connection, …
TEST = "airflow connections test oduyo_default"
#: … questions to the site, …
CHECK = (
    "airflow dags list-import-errors",
    "airflow dags unpause oduyo_site_check",
    "airflow dags trigger oduyo_site_check",
)
#: … a dry run, …
DRY_RUN = (
    "airflow dags unpause oduyo_special_codes",
    """airflow dags trigger oduyo_special_codes --conf '{"dry_run": true}'""",
)
#: … the first sync, and once more, …
SYNC = ("airflow dags trigger oduyo_special_codes",)
_PLACES = (
    HOME,
    'export ODUYO_STAGING_PATH="${ODUYO_STAGING_PATH:-$AIRFLOW_HOME/oduyo_staging}"',
)
#: … a backup, …
BACKUP = (
    "airflow dags pause oduyo_special_codes",
    *_PLACES,
    'tar --create --gzip --file "$AIRFLOW_HOME/oduyo-staging.tar.gz" --directory "$ODUYO_STAGING_PATH" .',
)
#: … while Airflow is stopped, …
RESTORE = (
    *_PLACES,
    'mv "$ODUYO_STAGING_PATH" "$ODUYO_STAGING_PATH.before-restore"',
    'mkdir --mode=700 "$ODUYO_STAGING_PATH"',
    'tar --extract --gzip --file "$AIRFLOW_HOME/oduyo-staging.tar.gz" --directory "$ODUYO_STAGING_PATH"',
    "airflow db clean --clean-before-timestamp \"$(date --date '90 days ago' --iso-8601=seconds)\" --skip-archive --yes",
    'find "$AIRFLOW_HOME/logs" -type f -mtime +90 -delete',
)
#: … an upgrade, …
UPGRADE = (
    HOME,
    f"pip install --upgrade {_PINNED}",
    COPY,
    "airflow dags list-import-errors",
    "airflow dags unpause oduyo_special_codes",
)
#: … tight brakes, which somebody sets before the first sync in the longer way of docs/oduyo.md, …
GO_LIVE = (
    "export ODUYO_SCHEDULE=",
    "export ODUYO_PARAMS='"
    '{"erp_query": "dia_postgres", "on_unsafe": "ask", "max_update_percent": 5, "max_rejected_percent": 2}'
    "'",
    "airflow dags list-import-errors",
)
#: … and when it is to go.
LEAVE = (
    HOME,
    "airflow dags pause oduyo_special_codes",
    'python -m oduyo_provider.dags remove "$AIRFLOW_HOME/dags"',
    "airflow dags delete oduyo_special_codes --yes",
    "airflow dags delete oduyo_site_check --yes",
    "airflow connections delete oduyo_default",
    "airflow connections delete erp_default",
    """find "$AIRFLOW_HOME/logs" -maxdepth 1 -name 'dag_id=oduyo_*' -exec rm -r {} +""",
    'pip list --format=freeze | cut -d= -f1 | grep -vxFf "$AIRFLOW_HOME/before-oduyo.txt"'
    ' > "$AIRFLOW_HOME/oduyo-packages.txt"',
    'pip uninstall --yes --requirement "$AIRFLOW_HOME/oduyo-packages.txt"',
    'rm "$AIRFLOW_HOME/before-oduyo.txt" "$AIRFLOW_HOME/oduyo-packages.txt"',
)

#: Where a Docker engine runs, in the clone, one after the other; commands in lower case are prepared by the upper ones.
DOCKER = (
    "docker buildx imagetools inspect --format '{{.Manifest.Digest}}' apache/airflow:3.3.2-python3.12",
    "docker/make-env.sh",
    "docker compose --profile demo up -d --build",
    "docker compose ps",
    "docker compose up -d --no-recreate --scale airflow-worker=3",
    "docker compose exec -T postgres pg_dump -U airflow --format=custom airflow > airflow.dump",
    'docker run --rm --volume oduyo_staging:/staging:ro --volume "$PWD":/backup postgres:17'
    " tar -czf /backup/staging.tar.gz -C /staging .",
    "docker compose exec airflow-scheduler bash -c 'airflow db clean --clean-before-timestamp"
    ' "$(date --date "90 days ago" --iso-8601=seconds)" --skip-archive --yes\'',
    "docker compose exec airflow-scheduler find /opt/airflow/logs -type f -mtime +90 -delete",
    "docker compose build",
    "docker compose stop",
    "docker compose up -d postgres",
    "docker compose exec -T postgres pg_restore -U airflow --clean --if-exists --dbname airflow < airflow.dump",
    'docker run --rm --volume oduyo_staging:/staging --volume "$PWD":/backup:ro postgres:17 bash -c'
    " 'find /staging -mindepth 1 -delete; tar -xzf /backup/staging.tar.gz -C /staging'",
    "docker compose up -d",
    "docker compose --profile demo down -v",
    "docker compose up -d --build",
    "docker/make-env.sh trial.env",
    "docker compose -p trial --env-file trial.env --profile demo up -d",
)
DOCKER_LONG = (
    "docker build --build-arg EXTRA_PACKAGES='apache-airflow-providers-amazon[s3fs]' --tag"
    ' "registry.example.com/airflow-provider-oduyo:0.2.0-airflow3.3.2-$(git rev-parse --short HEAD)" .',
    "tests/system/compose.sh",
)
INTEGRATOR = {*INSTALL, TEST, *CHECK, *DRY_RUN, *SYNC, *BACKUP, *RESTORE, *UPGRADE, *GO_LIVE, *LEAVE}
KNOWN = {*CHECKOUT, *LONG, *LAST, *INTEGRATOR, *DOCKER, *DOCKER_LONG}


def list_pages() -> list[Path]:
    """All documents."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def find_commands(page: Path) -> Iterator[str]:
    """The commands of a page's shell blocks, and those in its text, each on one line."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield from split_commands(re.sub(rf"^{match[1]}", "", match[2], flags=re.MULTILINE))
    for found in _INLINE.findall(_FENCE.sub("", text)):
        yield " ".join(found.split())


def split_commands(block: str) -> Iterator[str]:
    """The commands of a shell block, comments left out; a quotation, or a command, may go over several lines."""
    pending = ""
    for line in re.sub(r" \\\n *", " ", block).splitlines():
        pending += ("\n" if pending else "") + re.sub(r"(^|\s+)#\s.*$", "", line)
        if pending.replace('\\"', "").count("'") % 2:
            continue
        if pending.strip():
            yield pending.strip()
        pending = ""
    assert not pending.strip(), pending


def is_notifier(command: str) -> bool:
    """The setting for a notifier, whose kwargs are the reader's own: run as an assignment."""
    return command.startswith("export ODUYO_NOTIFIER=")


def find_all() -> dict[str, Path]:
    """Command → a page that has it, for all documents; what is only mentioned left out."""
    found = {command: page for page in list_pages() for command in find_commands(page)}
    return {command: page for command, page in found.items() if command not in MENTIONED}


def find_unknown() -> dict[str, Path]:
    """Those that no step runs."""
    return {command: page for command, page in find_all().items() if command not in KNOWN and not is_notifier(command)}

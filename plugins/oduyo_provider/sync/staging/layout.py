"""The name of every staged file and folder. No other file writes one.

::

    <staging>/<dag_id>/<run_id>/        one run; below it the task's name for an operator in somebody else's DAG
        existing/<try>/                 Ödüyo's records, as listed
        desired/<try>/                  the ERP's rows, as read, and the codes that several have
        plan/<try>/<partition>/         what is to be done
        plan/<try>/                     what guard decided
        results/<partition>-<digest>/   what was about to be sent, and what became of it
        change_table/<try>/             what is shown of the changes, as load and report bring it up to date
        change_table.json               names the files of the change table
        quarantine.jsonl, report.json
    <staging>/_sites/<site>/<resource>/ what is kept between runs
        ledger.json, ledger/<buckets>/  what is remembered of each key
        sources/<source>/               plan numbers, whether the source is opened, what runs released
        open_plans/                     plans whose outcomes are not in the ledger yet
        claims/                         who may write
        check.json, check.txt           what the site check found, and the same for Ödüyo's support
    <staging>/_history/<dag_id>/<bucket>/  what every applied run did to each key
    <staging>/_alerts/<dag_id>/         what was last told of a DAG
"""

from __future__ import annotations

import hashlib
import re

# A run's folders, in the order of its steps.
EXISTING, DESIRED, PLAN, RESULTS = "existing", "desired", "plan", "results"
STEP_FOLDERS = (EXISTING, DESIRED, PLAN, RESULTS)

MANIFEST = "manifest.json"
SHARED_CODES = "shared_codes.jsonl"
REPORT = "report.json"
QUARANTINE = "quarantine.jsonl"

# What is shown of a run's changes: the table, its files, and the one that transform writes beside a plan.
TABLE, TABLE_FILES, PLANNED_LINES = "change_table.json", "change_table", "lines.jsonl.gz"

# What guard decided, beside the lists of a plan.
DECISION = "decision.json"

# Files of a journal.
INTENTS, OUTCOMES = "intents", "outcomes"

# What is kept of a site.
SITES = "_sites"
LEDGER, LEDGER_INDEX = "ledger", "ledger.json"
SOURCES, OPEN_PLANS, CLAIMS = "sources", "open_plans", "claims"
TURN, RELEASED = "turn.json", "released.json"
SITE_CHECK, SUPPORT_TEXT = "check.json", "check.txt"
OPENED, APPLIED, KNOWN_REJECTED = "opened.json", "applied.json", "rejected.json"
DRAWN, PASSED, SPENT = "drawn", "passed", "spent"

# What is kept of a DAG's alerts.
ALERTS, TOLD = "_alerts", "told.json"

# What is kept of a DAG's runs for years.
HISTORY = "_history"

# What 0.1.0 kept of a site.
LEGACY_ALTERED, LEGACY_APPLIED = "altered.jsonl", "applied.json"

_PLAIN = re.compile(r"[A-Za-z0-9.-]+").fullmatch


def name_site(site: str) -> str:
    """The folder of a site: its address, readable, and different for different addresses."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", site)
    host, colon, port = site.partition(":")
    if _PLAIN(host) and (not colon or port.isdecimal()):
        return plain
    return _mark(plain, site)


def name_source(source: str) -> str:
    """The folder of a source: ``<dag_id>/<task_id>`` as ``<dag_id>~<task_id>``, and different for different sources."""
    plain = source.replace("/", "~")
    return _mark(plain, source) if "~" in source else plain


def _mark(plain: str, name: str) -> str:
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def name_bucket(bucket: int, buckets: int) -> str:
    """The file of one bucket of a side or of the ledger."""
    return "all.jsonl" if buckets == 1 else f"bucket-{bucket:04d}.jsonl"


def name_partition(partition: int) -> str:
    """The folder of one partition's plan."""
    return f"{partition:04d}"


def name_list(name: str) -> str:
    """The file of one of a plan's lists, such as its changes."""
    return f"{name}.jsonl"


def name_journal(partition: int, number: int, digest: str) -> str:
    """The folder of the journal of one partition's plan.

    :param number: of the plan: a later one may ask for the very same changes, as others have written meanwhile.
    :param digest: what the plan is called.
    """
    return f"{name_partition(partition)}-{number}-{digest[:16]}"


def name_entries(attempt: str, kind: str, part: int | None = None) -> str:
    """The file of a try's intents or outcomes; with a part's number one of its objects, in a store that cannot append."""
    return f"{attempt}.{kind}.jsonl" if part is None else f"{attempt}.{kind}.{part:06d}.jsonl"


def name_segment(partition: int, version: int) -> str:
    """The file of one partition's lines of the change table; a newer version is another file."""
    return f"{name_partition(partition)}-{version:06d}.jsonl.gz"


def name_past(until: float, name: str) -> str:
    """The file of what a run did to the keys of one bucket.

    :param until: the time of its last change, seconds since 1970.
    """
    return f"{int(until):012d}-{name}.jsonl"


def name_claim(attempt: str) -> str:
    """The file of a try's claim on the lease."""
    return f"{attempt}.json"


def name_number(number: int, attempt: str) -> str:
    """The file of a plan number; see :func:`read_number`."""
    return f"{number:010d}-{attempt}.json"


def read_number(name: str) -> int:
    """The plan number that a file stands for; 0 for other files."""
    number = name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def name_digest(text: str) -> str:
    """A file's name for a text that may be no name."""
    return hashlib.sha256(text.encode()).hexdigest()[:32] + ".json"


def name_look_alikes(partition: int) -> str:
    """What guard decided of the rows of one partition that look like a record."""
    return f"look_alikes-{name_partition(partition)}.jsonl"

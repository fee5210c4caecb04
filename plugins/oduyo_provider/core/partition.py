"""Which partition a row or record belongs to: the same on both sides, so that they meet."""

from __future__ import annotations

from zlib import crc32

#: A side of at most this many rows is one partition.
SINGLE_PARTITION_ROWS = 20_000

#: Partitions of a larger side, unless the environment variable ``ODUYO_BUCKETS`` says otherwise.
DEFAULT_BUCKETS = 64

#: The most partitions: Airflow maps a task over at most 1,024 items.
MAX_BUCKETS = 1_000


def compute_bucket(integration_id: str | None, buckets: int) -> int:
    """The bucket of a normalised integration_id, from 0; ids that cannot be read go to bucket 0."""
    if integration_id is None or buckets == 1:
        return 0
    return crc32(integration_id.encode()) % buckets

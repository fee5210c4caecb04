"""Finds rows that share firm, period, type and code with another row: legitimate in an ERP, but worth a look.

Found over the whole table, before it is compared in partitions. Source: the normalisation rules, "same code under another id".
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from hashlib import blake2b
from itertools import pairwise

from oduyo_provider.core.faults import SENTINEL, Fault
from oduyo_provider.core.language import gettext
from oduyo_provider.core.values.invalid import show_value

#: ``read_texts(values)``: raw values as Ödüyo would get them; None if one of them cannot be sent.
ReadTexts = Callable[[Iterable[object]], "list[str] | None"]

_FIELDS = ("key1", "key2", "typecode", "code")

#: Rows up to which codes are compared with each other: 16 bytes each.
MAX_ROWS = 2_000_000


class SharedCodes:
    """Takes all rows, then says which codes several of them have.

    :param read_texts: the normaliser's.
    """

    def __init__(self, read_texts: ReadTexts) -> None:
        self._read_texts = read_texts
        self._digests = array("Q")
        self._keys = array("q")

    def add(self, row: Mapping[str, object], key: str | None) -> None:
        """Take a row.

        :param key: its match key: the same row once more shares nothing. None where its id cannot be read.
        """
        digest = compute_code_digest(row, self._read_texts)
        if digest is not None and len(self._digests) < MAX_ROWS:
            self._digests.append(digest)
            self._keys.append(hash(key) if key is not None else -len(self._keys))

    def find(self) -> dict[int, int]:
        """The digests of the codes that rows of different keys have, with how many keys; none where there are too many rows."""
        if len(self._digests) >= MAX_ROWS:
            return {}
        repeated = {digest for before, digest in pairwise(sorted(self._digests)) if before == digest}
        keys: dict[int, set[int]] = defaultdict(set)
        for digest, key in zip(self._digests, self._keys, strict=True):
            if digest in repeated:
                keys[digest].add(key)
        return {digest: len(found) for digest, found in keys.items() if len(found) > 1}


def compute_code_digest(row: Mapping[str, object], read_texts: ReadTexts) -> int | None:
    """A digest of a row's firm, period, type and code, as Ödüyo gets them.

    :returns: None for a row without a code, or that is rejected for one of these.
    """
    texts = read_texts([row.get(name) for name in _FIELDS])
    if texts is None or not texts[-1].strip(SENTINEL):
        return None
    return int.from_bytes(blake2b("\0".join(texts).encode(), digest_size=8).digest(), "big")


def find_shared_code(row: Mapping[str, object], shared: Collection[int], read_texts: ReadTexts) -> list[Fault]:
    """The warning of a row whose code is one of those that :meth:`SharedCodes.find` names."""
    # Most tables have none, and a digest takes time.
    if not shared or compute_code_digest(row, read_texts) not in shared:
        return []
    detail = gettext("another row has the same firm, period, type and code %(code)s", code=show_value(row["code"]))
    return [Fault("code", "shared_code", detail)]

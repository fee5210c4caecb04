"""Remarks on rows and records that are left as they are, but for a reason."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.language import gettext_noop

# What becomes of them.
REFUSED = "refused"  # Ödüyo refused the same before, and it is not sent again
MISSING_REFUSED = "missing_refused"  # the same of a record without a row, which was to be deactivated or deleted
DOUBTFUL = "doubtful"  # the ledger knows the record, and Ödüyo does not list it
KEPT = "kept"  # a record of this source without a row, left as it is
OUT_OF_SCOPE = "out_of_scope"  # the same, in a (key1, key2) pair of which this run has no row
WARNED = "warned"  # a row or record that is odd, and compared all the same

VANISHED = "vanished"
NEW_DUPLICATE = gettext_noop("new duplicate")

# Why a record without a row is kept.
KEEP = gettext_noop("on_missing is keep")
PASSIVE_ALREADY = gettext_noop("passive already")
WAITS = gettext_noop("not missing for long enough")
LOOKED_LIKE = gettext_noop("a rejected row has its codes, under another key")


class Remark(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One row or record.

    :param outcome: one of those above.
    :param reason: short, the same for the same cause.
    :param detail: for people.
    """

    outcome: str
    integration_id: str
    oduyo_id: str = ""
    code: str = ""
    reason: str = ""
    detail: str = ""

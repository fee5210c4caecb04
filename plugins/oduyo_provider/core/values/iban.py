"""IBANs as people and machines write them."""

from __future__ import annotations

import re

_IBAN = re.compile("[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{0,30}").fullmatch


def compute_iban(text: str) -> str:
    """An IBAN in capitals and without blanks, the beginning of one too; any other text as it is.

    Source: ISO 13616. On paper an IBAN is written in groups of four; neither blanks nor the case of its letters tell two apart.
    """
    joined = "".join(text.split())
    return joined.upper() if _IBAN(joined) else text

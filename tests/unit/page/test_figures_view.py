"""Why rows were left out, each reason with the filter that shows its rows."""

from __future__ import annotations

import pytest

from oduyo_provider.core.language import use_language
from oduyo_provider.page.figures_view import compute_reason


@pytest.mark.parametrize(
    ("reason", "text", "outcome", "words"),
    [
        ("stale: record is gone", "eskimiş: kayıt artık yok", "stale", "record is gone"),
        ("doubtful: vanished", "şüpheli: kaybolan", "doubtful", "vanished"),
        ("code: empty", "code: empty", "rejected", "code: empty"),
        ("refused: Kod zaten var", "reddedilen: Kod zaten var", "refused", "Kod zaten var"),
        ("other reasons", "öteki nedenler", "", ""),
        ("refused: other reasons", "reddedilen: öteki nedenler", "", ""),
    ],
)
def test_a_reason_is_in_the_reader_s_language_and_its_filter_in_the_table_s(
    reason: str, text: str, outcome: str, words: str
) -> None:
    with use_language("tr"):
        assert compute_reason(reason, 3) == {"text": text, "count": 3, "outcome": outcome, "reason": words}

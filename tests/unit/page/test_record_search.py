from __future__ import annotations

from oduyo_provider.page.record_search import Known
from oduyo_provider.sync.staging.past_changes import PastChange, PastOfKeys


def test_a_record_that_only_the_history_knows_is_called_as_it_was_last() -> None:
    past = [
        PastChange("abc ", 1.0, "run1", 1, "create", "created", code="OLD"),
        PastChange("ABC", 2.0, "run2", 2, "update", "updated", code="NEW"),
    ]
    known = Known("abc", "code", None, [], [], [], PastOfKeys(past))
    assert (known.integration_id, known.code) == ("ABC", "NEW")

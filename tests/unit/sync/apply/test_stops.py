"""What is said of a first change that was not as it should be: in Turkish, too, by Turkish words alone."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import use_language
from oduyo_provider.sync.apply import stops

DONE = Result("update:7", Outcome.DONE, oduyo_id="7")
WORDS = {Action.CREATE: "oluşturma", Action.UPDATE: "güncelleme", Action.DEACTIVATE: "pasife alma"}


@pytest.mark.parametrize("action", WORDS)
def test_what_was_done_is_said_in_turkish(action: Action) -> None:
    change = Change(action, "A-7", {"description": "Şube"}, oduyo_id="7")
    with use_language("tr"):
        told = [
            stops.explain_not_listed(change, DONE, 60.0),
            stops.explain_without_effect(change, 3, ["description"]),
            stops.explain_lost_fields(change, {"note": "not"}, ["note"], {}, is_restored=True),
            stops.explain_findings(change, [Finding("letters", "description", "Şube", "Sube")], DONE, "", {}),
        ]
    assert [text for text in told if WORDS[action] not in text or action.value in text] == []

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.samples import describe_change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change(Action.CREATE, "100", {"code": "A"}), "create 100: code 'A'"),
        (Change(Action.CREATE, "100", {}), "create 100: code ''"),
        (
            Change(Action.UPDATE, "100", {"code": "B", "note": "n"}, "7", {"code": "A"}, ("code", "note")),
            "update 100 (Ödüyo 7): code 'A' → 'B', note '' → 'n'",
        ),
        (
            Change(Action.UPDATE, "100", {"note": "x" * 90 + "new"}, "7", {"note": "x" * 90 + "old"}, ("note",)),
            "update 100 (Ödüyo 7): note '…xxxxxxxxxxold' → '…xxxxxxxxxxnew'",
        ),
        (
            Change(Action.UPDATE, "100", {"note": "y" * 90}, "7", {"note": "x\n"}, ("note",)),
            rf"update 100 (Ödüyo 7): note 'x\n' → '{'y' * 40}…'",
        ),
        (
            Change(Action.DEACTIVATE, "100", {"status": "0"}, "7", {"status": "1"}, ("status",)),
            "deactivate 100 (Ödüyo 7): status '1' → '0'",
        ),
        (Change(Action.DELETE, "100", {}, "7", {"code": "A"}), "delete 100 (Ödüyo 7): code 'A'"),
    ],
)
def test_a_change_is_told_in_one_line(change: Change, text: str) -> None:
    assert describe_change(change) == text

"""Lines of the change table: what each change and row looks like, and the byte that stands for it."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.normalise import Fault
from oduyo_provider.core.plan import Rejected
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.remarks import Remark
from oduyo_provider.core.resources import SERVICE
from oduyo_provider.sync.staging.change_lines import (
    ACTIONS,
    OUTCOMES,
    SENT,
    TAGS,
    ChangeLine,
    make_left_line,
    make_line,
    make_rejected_line,
    settle_line,
)

UPDATE = Change(
    Action.UPDATE, "7", {"integration_id": "7", "code": "K.7"}, "12", {"code": "ESKİ", "status": "1"}, ("code",)
)


@pytest.mark.parametrize(("outcome", "action", "is_known"), list(product((*OUTCOMES, SENT), ACTIONS, (False, True))))
def test_a_tag_says_what_its_line_says(outcome: str, action: str, is_known: bool) -> None:
    tag = ChangeLine(outcome, action, is_known=is_known).tag
    assert 0 <= tag <= 255
    assert (TAGS[tag].outcome, TAGS[tag].action, TAGS[tag].is_known) == (outcome, action, is_known)


def test_a_tag_is_the_same_number_in_each_version() -> None:
    lines = (ChangeLine("created", "create"), ChangeLine("refused", is_known=True), ChangeLine("kept", is_missing=True))
    assert [line.tag for line in lines] == [0x20, 0xD7, 0x6C]


def test_a_record_without_a_row_is_no_row_whether_something_is_done_to_it_or_not() -> None:
    lines = [ChangeLine("refused", action) for action in ACTIONS]
    assert [TAGS[line.tag].is_row for line in lines] == [False, False, True, True, True, True]
    left = [make_left_line(Remark(name, "1")) for name in ("kept", "out_of_scope", "missing_refused", "refused")]
    assert [line.outcome for line in left] == ["kept", "out_of_scope", "refused", "refused"]
    assert [(TAGS[line.tag].is_row, TAGS[line.tag].action) for line in left] == [(False, "")] * 3 + [(True, "")]


def test_an_update_shows_what_differs() -> None:
    line = make_line(UPDATE, SPECIAL_CODE)
    assert (line.outcome, line.action, line.oduyo_id, line.code) == ("waiting", "update", "12", "K.7")
    assert line.fields == [("code", "ESKİ", "K.7")]


def test_a_create_shows_all_that_is_filled_and_a_delete_all_that_was() -> None:
    create = make_line(Change(Action.CREATE, "1", {"integration_id": "1", "code": "K", "space1": ""}), SPECIAL_CODE)
    delete = make_line(
        Change(Action.DELETE, "1", {}, "9", {"integration_id": "1", "code": "K", "note": None}), SPECIAL_CODE
    )
    assert create.fields == [("code", None, "K")]
    assert (delete.fields, delete.code) == ([("code", "K", None)], "K")


def test_an_adoption_is_no_update() -> None:
    change = Change(Action.UPDATE, "7", {"integration_id": "7"}, "12", {}, ("integration_id",), is_adoption=True)
    assert make_line(change, SPECIAL_CODE).action == "adopt"


def test_a_result_is_put_into_its_line() -> None:
    refused = Result("update:12", Outcome.REFUSED, "12", "Kod zaten var", "Kod zaten var", at=5.0)
    line = settle_line(make_line(UPDATE, SPECIAL_CODE), UPDATE, refused)
    assert (line.outcome, line.reason, line.answer, line.at) == ("refused", "Kod zaten var", "", 5.0)
    done = settle_line(
        line, UPDATE, Result("update:12", Outcome.DONE, "12", stored={"code": "K"}, twins=("13",), at=6.0)
    )
    assert (done.outcome, done.reason, done.stored, done.twins) == ("updated", "", {"code": "K"}, ("13",))
    assert settle_line(make_line(UPDATE, SPECIAL_CODE), UPDATE, None, is_sent=True).outcome == SENT


def test_a_rejected_row_shows_its_values_and_all_that_is_wrong_with_it() -> None:
    faults = [Fault("code", "empty", "no value"), Fault("status", "unknown_status", "'X' means nothing")]
    row = {"integration_id": Decimal("4.50"), "code": None, "status": "X"}
    strange = {"space1": {"unsupported": "timedelta"}, "space2": {"bytes": "ff"}, "space3": True}
    line = make_rejected_line(Rejected(None, faults, {**row, **strange}, is_known=True), SPECIAL_CODE)
    assert (line.outcome, line.action, line.integration_id, line.is_known) == ("rejected", "", "4.50", True)
    shown = {"code": "", "status": "X", "space1": "a value of type timedelta", "space2": "0xff", "space3": "true"}
    assert line.fields == [(name, None, value) for name, value in shown.items()]
    assert line.answer == "no value; 'X' means nothing"


def test_a_line_s_code_is_what_people_call_the_code_of_its_resource() -> None:
    create = Change(Action.CREATE, "1", {"integration_id": "1", "space1": "4", "space2": "HZM.001"})
    delete = Change(Action.DELETE, "1", {}, "9", {"integration_id": "1", "space2": "HZM.002"})
    assert [make_line(change, SERVICE).code for change in (create, delete)] == ["HZM.001", "HZM.002"]
    rejected = Rejected("1", [Fault("status", "unknown_status", "?")], {"integration_id": 1, "space2": "HZM.003"})
    assert make_rejected_line(rejected, SERVICE).code == "HZM.003"

from __future__ import annotations

from email.utils import formatdate

import pytest

from oduyo_provider.api.probe import Seen
from oduyo_provider.core.redact import Redactor
from oduyo_provider.sync.check.wire import Wire
from tests.unit.sync.check.seen import lose, see

NOW = 1_700_000_000.0
FINE = {"status": True, "data": []}


def find(*seen: Seen) -> dict[str, dict[str, str]]:
    """Reading → details, of questions about the wire and the clock."""
    wire = Wire(Redactor(["gizli"]))
    for one in seen:
        wire.note(one, NOW)
    return {found.reading: found.details for found in wire.find()}


@pytest.mark.parametrize(
    ("seen", "readings"),
    [
        ([see(FINE)], ["plain", "no_date"]),
        ([see(b"\xef\xbb\xbf\xef\xbb\xbf{}")], ["byte_order_marks", "no_date"]),
        ([see(b'<b>Notice</b>: x {"status": true}')], ["text_around", "no_date"]),
        ([see(b"false")], ["plain", "no_date"]),
        ([see(b"<html><p>{}</p></html>")], ["plain", "no_date"]),
        ([see('{"data": "şube"}'.encode("windows-1254"))], ["not_utf8", "no_date"]),
        ([see(FINE, content_type="application/json; charset=windows-1254")], ["charset", "no_date"]),
        ([see(FINE, content_type="application/json; charset=UTF-8")], ["plain", "no_date"]),
        ([see(FINE, x_debug="x" * 9000)], ["long_header", "no_date"]),
        ([see(FINE, connection="close")] * 2, ["closes", "no_date"]),
        ([see(FINE, connection="close"), see(FINE)], ["plain", "no_date"]),
        ([see(FINE), lose()], ["lost", "no_date"]),
        ([see(b"\xef\xbb\xbf{}", x_debug="x" * 9000)], ["byte_order_marks", "long_header", "no_date"]),
    ],
)
def test_what_stands_around_the_answers_is_told(seen: list[Seen], readings: list[str]) -> None:
    assert list(find(*seen)) == readings


def test_a_message_before_the_json_is_shown_without_secrets() -> None:
    found = find(see(b'<b>Notice</b>: gizli in erp.php {"status": true}'))
    assert found["text_around"]["words"] == "HTTP 200: Notice : *** in erp.php"


@pytest.mark.parametrize(("ahead_s", "reading"), [(0, "same"), (9, "same"), (300, "off"), (-300, "off")])
def test_clocks_are_compared_by_the_middle_of_all_answers(ahead_s: float, reading: str) -> None:
    answers = [see(FINE, date=formatdate(NOW + ahead_s, usegmt=True))] * 3 + [
        see(FINE, date=formatdate(0, usegmt=True))
    ]
    details = find(*answers)[reading]
    if reading == "off":
        assert details == {"seconds": "300", "direction": "ahead" if ahead_s > 0 else "behind"}

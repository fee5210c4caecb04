"""The report as the log shows it."""

from __future__ import annotations

from oduyo_provider.core.report import Report
from oduyo_provider.sync.apply.readback import STILL_LISTED
from oduyo_provider.sync.steps.report import format_report


def test_a_reason_stands_below_the_figures_with_its_end_that_says_what_to_do() -> None:
    made = Report(
        extracted=1_200,
        unchanged=1_200,
        missing=1_001,
        missing_failed=1_001,
        reasons={f"failed: {STILL_LISTED}": 1_001},
    )
    *figures, reason = format_report(made).splitlines()
    assert reason == f"  1,001 × failed: {STILL_LISTED}"
    assert figures[-1].split() == ["missing_failed", "1,001"]

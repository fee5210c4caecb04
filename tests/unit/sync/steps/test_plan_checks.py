"""Whether a plan may be applied."""

from __future__ import annotations

import msgspec
import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.sync.staging.manifests import Decision
from oduyo_provider.sync.steps.plan_checks import check_decided

LET_THROUGH = Decision(
    generation="g", writes=True, asks=False, why_not="", trips=[], counts=PlanCounts(), look_alikes={}
)


def test_a_plan_that_guard_never_saw_is_no_plan_for_load() -> None:
    with pytest.raises(SettingsError, match=r"was not looked at by guard.*This try sent nothing"):
        check_decided(None)


def test_a_plan_that_guard_stopped_is_no_plan_for_load() -> None:
    stopped = msgspec.structs.replace(LET_THROUGH, writes=False, why_not="the run is dry")
    with pytest.raises(SettingsError, match=r"has not let this plan through \(the run is dry\)"):
        check_decided(stopped)


def test_a_plan_that_guard_let_through_is_applied_as_decided() -> None:
    assert check_decided(LET_THROUGH) is LET_THROUGH

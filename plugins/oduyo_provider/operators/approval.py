"""The task that asks a person when a brake tripped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException

from oduyo_provider.sync.manifest import Reference

#: Silence for this long is a no.
ANSWER_WITHIN = timedelta(days=1)


class UnsafePlanApproval(ApprovalOperator):
    """Waits in the Airflow UI for a person to approve an unsafe plan; is skipped when there is nothing to ask.

    :param verdict: what guard returned.
    """

    template_fields: Sequence[str] = (*ApprovalOperator.template_fields, "verdict")

    def __init__(self, *, verdict: Reference, **kwargs: Any) -> None:
        super().__init__(
            subject="Ödüyo: a brake stopped this run. Apply the plan?",
            defaults=self.REJECT,
            response_timeout=ANSWER_WITHIN,
            **kwargs,
        )
        self.verdict = verdict

    def execute(self, context: Any) -> Any:
        """Ask, or skip."""
        if not self.verdict["ask"]:
            raise AirflowSkipException("No brake tripped, or the params say not to ask: nothing to approve.")
        figures = "\n".join(f"- {figure}" for figure in self.verdict["figures"])
        sample = "\n".join(f"    {line}" for line in self.verdict["sample"])
        self.body = (
            f"The plan holds {self.verdict['changes']:,} changes.\n\n{figures}\n\nThe first changes:\n\n{sample}\n\n"
            "Approve: the plan is checked against Ödüyo once more and applied. Reject, or no answer within a day: "
            "nothing is written."
        )
        return super().execute(context)


def is_approval(answer: Mapping[str, Any]) -> bool:
    """Whether what :class:`UnsafePlanApproval` returned is a yes; after a no it returns nothing."""
    return UnsafePlanApproval.APPROVE in answer["chosen_options"]

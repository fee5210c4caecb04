"""The task that asks a person if a brake tripped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowRuntimeError, AirflowSkipException

from oduyo_provider.core.change import ACTION_LABELS
from oduyo_provider.core.language import format_number, gettext, gettext_noop
from oduyo_provider.observability.alert import announce_waiting
from oduyo_provider.observability.links import compute_run_url
from oduyo_provider.operators.errors import give_up, noting_errors
from oduyo_provider.sync.staging.manifests import Reference

#: No answer within this time counts as a no.
ANSWER_WITHIN = timedelta(days=1)

_ANSWERS = gettext_noop(
    "**Approve**: the plan is compared with Ödüyo once more and applied. **Reject**, or no answer within a day: nothing is "
    "written. The log of guard says where all changes are staged."
)


class UnsafePlanApproval(ApprovalOperator):
    """Waits in the Airflow UI for a person to approve an unsafe plan; is skipped if there is nothing to ask.

    :param decision: guard's decision on the plan, as guard returned it.
    """

    template_fields: Sequence[str] = (*ApprovalOperator.template_fields, "decision")

    def __init__(self, *, decision: Reference | None, **kwargs: Any) -> None:
        super().__init__(
            subject=gettext("Ödüyo: a brake stopped this run. Apply the plan?"),
            defaults=self.REJECT,
            response_timeout=ANSWER_WITHIN,
            **kwargs,
        )
        self.decision = decision

    def execute(self, context: Any) -> Any:
        """Send an alert and ask the person; or skip."""
        if self.decision is None:
            from oduyo_provider.sync.steps.chain import miss

            with noting_errors(context):
                raise miss("guard")
        if not self.decision["ask"]:
            raise AirflowSkipException(gettext("No brake tripped, or the params say not to ask: nothing to approve."))
        ti = context["ti"]
        address = compute_run_url(ti.dag_id, ti.run_id)
        page = gettext("[All changes of the plan](%(address)s) stand on the run's page.", address=address)
        self.body = "\n\n".join([*_describe_plan(self.decision), page, gettext(_ANSWERS)])
        announce_waiting(context, self.decision)
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Take the answer.

        If it is a no but Airflow cannot skip the tasks that follow, fail for good: another try would ask again.
        """
        is_no = event.get("chosen_options") == [self.REJECT]
        if is_no:  # Airflow skips what follows by an exception, and then keeps nothing of what is returned
            answer = {name: event.get(name) for name in ("chosen_options", "responded_by_user")}
            context["ti"].xcom_push("return_value", answer)
        try:
            return super().execute_complete(context, event)
        except AirflowRuntimeError:
            if not is_no:
                raise
            give_up(context, gettext("The plan was rejected: nothing is written."))


def _describe_plan(decision: Reference) -> list[str]:
    """Markdown paragraphs: counts by action, what cannot be undone first; the brakes; samples of changes."""
    actions = [
        f"- **{format_number(count)}** {gettext(ACTION_LABELS[name])}" for name, count in decision["actions"].items()
    ]
    told = {
        gettext("**What the plan would do**"): actions or ["- " + gettext("no change")],
        # Brakes quote keys and samples, so each is code. In a list, as Airflow joins the lines of a code block.
        gettext("**Why it stopped**"): [f"- {_quote(figure)}" for figure in decision["figures"]],
        gettext("**Some of the changes**"): [f"- {_quote(line)}" for line in decision["sample"]],
    }
    return [paragraph for title, lines in told.items() if lines for paragraph in (title, "\n".join(lines))]


def _quote(line: str) -> str:
    """Quote a line as Markdown code. Texts of the ERP or Ödüyo in it cannot end the code."""
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}"


def name_rejecter(answers: Sequence[Mapping[str, Any]]) -> str:
    """Who rejected the plan; empty if somebody approved it.

    :param answers: what :class:`UnsafePlanApproval` left. Without a user, Airflow answered after :data:`ANSWER_WITHIN`.
        Empty if the task was marked by hand.
    """
    if any(UnsafePlanApproval.APPROVE in answer["chosen_options"] for answer in answers):
        return ""
    users = [user for answer in answers if (user := (answer.get("responded_by_user") or {}).get("name"))]
    if answers and not users:
        return gettext("nobody answered within a day, which counts as a no; clear approve to be asked once more")
    return users[0] if users else gettext("by a person, or nobody answered in time")

"""The operator for project codes."""

from __future__ import annotations

from oduyo_provider.core.record import PROJECT_CODE
from oduyo_provider.operators.resource import OduyoResourceOperator


class OduyoProjectCodeOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into project codes in Ödüyo, each change exactly once.

    Takes ``rows`` in anybody's DAG, or ``plan`` in this project's; parameters, results and errors are those of
    :class:`~oduyo_provider.operators.resource.OduyoResourceOperator`. Rows need ``integration_id``.
    """

    resource = PROJECT_CODE

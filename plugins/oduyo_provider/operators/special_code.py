"""The operator for special codes."""

from __future__ import annotations

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.operators.resource import OduyoResourceOperator


class OduyoSpecialCodeOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into special codes in Ödüyo, each change exactly once.

    Takes ``rows`` in anybody's DAG, or ``plan`` in this project's; parameters, results and errors are those of
    :class:`~oduyo_provider.operators.resource.OduyoResourceOperator`. Rows need ``integration_id`` and ``code``.
    """

    resource = SPECIAL_CODE

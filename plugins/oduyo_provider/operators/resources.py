"""The operators of the further resources. They differ only in the resource.

Each takes ``rows`` in anybody's DAG, or ``plan`` in this project's; arguments, results and errors are those of
:class:`~oduyo_provider.operators.resource.OduyoResourceOperator`. Special codes have a module of their own.
"""

from __future__ import annotations

from oduyo_provider.core import resources
from oduyo_provider.operators.resource import OduyoResourceOperator
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator


class OduyoBankAccountOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into bank accounts (banka hesabı) in Ödüyo, each change exactly once."""

    resource = resources.BANK_ACCOUNT


class OduyoChequeOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into cheques and notes (çek, senet) in Ödüyo, each change exactly once."""

    resource = resources.CHEQUE


class OduyoServiceOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into service and expense items (hizmet, masraf) in Ödüyo, each change exactly once."""

    resource = resources.SERVICE


class OduyoCashCardOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into cash cards (kasa kartı) in Ödüyo, each change exactly once."""

    resource = resources.CASH_CARD


class OduyoCostCentreOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into cost centres (masraf merkezi) in Ödüyo, each change exactly once."""

    resource = resources.COST_CENTRE


class OduyoProjectCodeOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into project codes (proje kodu) in Ödüyo, each change exactly once."""

    resource = resources.PROJECT_CODE


class OduyoLedgerAccountOperator(OduyoResourceOperator):
    """Turns extracted ERP rows into ledger accounts (muhasebe hesabı) in Ödüyo, each change exactly once.

    Rows need ``integration_id`` and ``code``.
    """

    resource = resources.LEDGER_ACCOUNT


#: Plural name of a resource → its operator.
OPERATORS: dict[str, type[OduyoResourceOperator]] = {
    operator.resource.plural: operator
    for operator in (
        OduyoSpecialCodeOperator,
        OduyoBankAccountOperator,
        OduyoChequeOperator,
        OduyoServiceOperator,
        OduyoCashCardOperator,
        OduyoCostCentreOperator,
        OduyoProjectCodeOperator,
        OduyoLedgerAccountOperator,
    )
}

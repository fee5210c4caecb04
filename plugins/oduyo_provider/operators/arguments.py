"""Makes the params of a run arguments of an operator."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from oduyo_provider.core.params import PARAMS

#: The params that an operator with ``rows`` takes.
ARGUMENTS = tuple(param for param in PARAMS if not param.is_dag_only)
ARGUMENT_NAMES = frozenset(param.name for param in ARGUMENTS)

Init = TypeVar("Init", bound=Callable[..., None])


def takes_params(init: Init) -> Init:
    """Add the params to the signature and docstring of an ``__init__`` that takes them in its ``**kwargs``.

    Airflow reads the signature: ``partial()`` accepts only the names in it, and ``default_args`` sets only those.
    """
    signature = inspect.signature(init)
    *own, rest = signature.parameters.values()
    more = [inspect.Parameter(param.name, inspect.Parameter.KEYWORD_ONLY, default=param.default) for param in ARGUMENTS]
    init.__signature__ = signature.replace(parameters=[*own, *more, rest])  # type: ignore[attr-defined]
    init.__doc__ = "\n".join(f":param {param.name}: {param.description % param.values}" for param in ARGUMENTS)
    return init


def take_params(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Remove the params from the keyword arguments, and return them."""
    return {name: kwargs.pop(name) for name in list(kwargs) if name in ARGUMENT_NAMES}

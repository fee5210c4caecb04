"""How a param is declared: beside its field, once, for parser, form, operators and reference page alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.release import Release


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """A param as it is declared.

    :param kind: its Python type, with the bounds that msgspec checks.
    :param json_type: its type in JSON schema; several where it may be null.
    :param default: as JSON holds it.
    :param title: for people; likewise ``description``, in whole sentences.
    :param takes: what it takes, in words.
    :param section: of the trigger form; empty for the part that stands open.
    :param choices: value → what it does; empty where it takes any value of its type.
    :param minimum: the lowest number that it takes, None for anything else; likewise ``maximum``.
    :param parse: reads it, where msgspec alone cannot; raises ValueError.
    :param is_brake: it is the limit of a brake.
    :param is_dag_only: an operator with ``rows`` does not take it.
    :param is_for_one_run: it cannot be set as a default for all runs.
    """

    name: str
    kind: Any
    json_type: str | list[str]
    default: Any
    title: str
    description: str
    takes: str
    section: str
    choices: Mapping[str, str]
    minimum: float | None
    maximum: float | None
    parse: Callable[[object], Any] | None
    is_brake: bool
    is_dag_only: bool
    is_for_one_run: bool

    def read(self, given: object) -> Any:
        """Its value, as a form, a JSON text or Python gives it.

        :raises ValueError: it does not take it; the text says what it takes.
        """
        try:
            return self.parse(given) if self.parse else msgspec.convert(given, self.kind, strict=False)
        except ValueError as error:
            cause = f" ({neutralise(str(error), 80)})" if self.parse else ""
            raise ValueError(
                f"{self.name} cannot be {neutralise(repr(given), 80)}{cause}; it takes {self.takes}"
            ) from None


def param(  # noqa: PLR0913  its arguments are what a param can say of itself
    title: str,
    description: str,
    *,
    takes: str = "",
    section: str = "",
    choices: Mapping[str, str] | None = None,
    parse: Callable[[object], Any] | None = None,
    is_brake: bool = False,
    is_dag_only: bool = False,
    is_for_one_run: bool = False,
    **bounds: Any,
) -> msgspec.Meta:
    """Declares a param, in the annotation of its field; see :class:`Param`.

    :param takes: made from the type where it is empty.
    :param bounds: msgspec's own, such as ``ge`` and ``le``.
    """
    extra = {
        "takes": takes,
        "section": section,
        "choices": choices or {},
        "parse": parse,
        "is_brake": is_brake,
        "is_dag_only": is_dag_only,
        "is_for_one_run": is_for_one_run,
    }
    return msgspec.Meta(title=title, description=description, extra=extra, **bounds)


def read_declarations(struct: type[msgspec.Struct]) -> tuple[Param, ...]:
    """The params that the fields of a struct declare, in their order."""
    defaults = msgspec.to_builtins(struct())
    return tuple(_read_declaration(field, defaults[field.name]) for field in msgspec.structs.fields(struct))


def _read_declaration(field: msgspec.structs.FieldInfo, default: object) -> Param:
    meta: msgspec.Meta = field.type.__metadata__[0]
    told = dict(meta.extra or {})
    json_type = _JSON_TYPES.get(field.type.__origin__, "string")
    told["takes"] = told["takes"] or _describe(json_type, told["choices"], meta)
    return Param(
        name=field.name,
        kind=field.type,
        json_type=json_type,
        default=list(default) if isinstance(default, dict) else default,
        title=meta.title or "",
        description=meta.description or "",
        minimum=meta.ge,
        maximum=meta.le,
        **told,
    )


def _describe(json_type: str | list[str], choices: Mapping[str, str], meta: msgspec.Meta) -> str:
    if choices:
        return " or ".join(choices)
    if json_type == "integer":
        return f"a whole number from {meta.ge} to {meta.le}"
    return "true or false" if json_type == "boolean" else "a text"


#: By the type of the field; the form shows the first, and a run's conf may hold any of them.
_JSON_TYPES: dict[Any, str | list[str]] = {
    bool: "boolean",
    int: "integer",
    str | None: ["string", "null"],
    Release: ["array", "null"],
}

"""How a param is declared: beside its field, once, for parser, form, operators and reference page alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.release import Release


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """A param as it is declared: its texts in English, to be read by :meth:`translated`.

    :param kind: its Python type, with the bounds that msgspec checks.
    :param json_type: its type in JSON schema; several where it may be null.
    :param default: as JSON holds it.
    :param title: for people; likewise ``description``, in whole sentences.
    :param takes: what it takes, in words.
    :param section: of the trigger form; empty for the part that stands open.
    :param values: what stands for the ``%(name)s`` of its texts.
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
    values: Mapping[str, str]
    choices: Mapping[str, str]
    minimum: float | None
    maximum: float | None
    parse: Callable[[object], Any] | None
    is_brake: bool
    is_dag_only: bool
    is_for_one_run: bool

    def translated(self) -> Param:
        """Its texts in the reader's language, with their values."""
        return msgspec.structs.replace(
            self,
            title=gettext(self.title),
            description=gettext(self.description, **self.values),
            takes=gettext(self.takes, **self.values),
            section=gettext(self.section) if self.section else "",
            values={},
            choices={value: gettext(words) for value, words in self.choices.items()},
        )

    def read(self, given: object) -> Any:
        """Its value, as a form, a JSON text or Python gives it.

        :raises ValueError: it does not take it; the text says what it takes.
        """
        try:
            return self.parse(given) if self.parse else msgspec.convert(given, self.kind, strict=False)
        except ValueError as error:
            raise ValueError(self._explain(given, str(error))) from None

    def _explain(self, given: object, cause: str) -> str:
        told = {"name": self.name, "value": neutralise(repr(given), 80), "takes": self.translated().takes}
        if not self.parse:
            return gettext("%(name)s cannot be %(value)s; it takes %(takes)s", **told)
        return gettext(
            "%(name)s cannot be %(value)s (%(cause)s); it takes %(takes)s", cause=neutralise(cause, 80), **told
        )


def param(  # noqa: PLR0913  its arguments are what a param can say of itself
    title: str,
    description: str,
    *,
    takes: str = "",
    section: str = "",
    values: Mapping[str, str] | None = None,
    choices: Mapping[str, str] | None = None,
    parse: Callable[[object], Any] | None = None,
    is_brake: bool = False,
    is_dag_only: bool = False,
    is_for_one_run: bool = False,
    **bounds: Any,
) -> msgspec.Meta:
    """Declares a param, in the annotation of its field; see :class:`Param`. Its texts are marked with ``gettext_noop``.

    :param takes: made from the type where it is empty.
    :param bounds: msgspec's own, such as ``ge`` and ``le``.
    """
    extra = {
        "takes": takes,
        "section": section,
        "values": values or {},
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
    if not told["takes"]:
        told["takes"], told["values"] = _describe(json_type, told["choices"], meta)
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


def _describe(json_type: str | list[str], choices: Mapping[str, str], meta: msgspec.Meta) -> tuple[str, dict[str, str]]:
    """What a param takes, and the values of that text."""
    if choices:
        return gettext_noop("one of %(choices)s"), {"choices": ", ".join(choices)}
    if json_type == "integer":
        return gettext_noop("a whole number from %(low)s to %(high)s"), {"low": str(meta.ge), "high": str(meta.le)}
    return gettext_noop("true or false") if json_type == "boolean" else gettext_noop("a text"), {}


#: By the type of the field; the form shows the first, and a run's conf may hold any of them.
_JSON_TYPES: dict[Any, str | list[str]] = {
    bool: "boolean",
    int: "integer",
    str | None: ["string", "null"],
    Release: ["array", "null"],
}

"""How a param is declared: beside its field, once, for parser, form, operators and reference page alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import msgspec

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.release import Release
from oduyo_provider.core.values.invalid import show_value


class Param(msgspec.Struct, frozen=True):
    """A param as it is declared, in the annotation of its field: its texts in English, marked with ``gettext_noop``.

    :param title: for people; likewise ``description``, in whole sentences. Both are read by :meth:`translated`.
    :param takes: what it takes, in words; made from the type where it is empty.
    :param section: of the trigger form; empty for the part that stands open.
    :param values: what stands for the ``%(name)s`` of its texts.
    :param choices: value → what it does; empty where it takes any value of its type.
    :param parse: reads it, where msgspec alone cannot; raises ValueError.
    :param is_brake: it is the limit of a brake.
    :param is_dag_only: an operator with ``rows`` does not take it.
    :param is_for_one_run: it cannot be set as a default for all runs.

    Of the field, by :func:`read_declarations`:

    :param name: of the field.
    :param kind: its Python type, with the bounds that msgspec checks.
    :param json_type: its type in JSON schema; several where it may be null.
    :param default: as JSON holds it.
    :param minimum: the lowest number that it takes, None for anything else; likewise ``maximum``.
    """

    title: str
    description: str
    takes: str = ""
    section: str = ""
    values: Mapping[str, str] = {}
    choices: Mapping[str, str] = {}
    parse: Callable[[object], Any] | None = None
    is_brake: bool = False
    is_dag_only: bool = False
    is_for_one_run: bool = False
    name: str = ""
    kind: Any = None
    json_type: str | list[str] = "string"
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None

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


def read_declarations(struct: type[msgspec.Struct]) -> tuple[Param, ...]:
    """The params that the fields of a struct declare, in their order."""
    defaults = msgspec.to_builtins(struct())
    return tuple(_read_declaration(field, defaults[field.name]) for field in msgspec.structs.fields(struct))


def find_unknown(given: Iterable[object], known: Sequence[str]) -> list[str]:
    """Of each name that is none of the known params, what it may have been meant for."""
    return [_describe_unknown(name, known) for name in given if name not in known]


def refuse_faults(faults: Sequence[str]) -> None:
    """Stop a run whose params are wrong.

    :raises SettingsError: naming every fault, if there are any.
    """
    if faults:
        raise SettingsError(
            gettext(
                "The run's params are wrong: %(faults)s. Correct them and trigger the run again.",
                faults="; ".join(faults),
            )
        )


def _describe_unknown(name: object, known: Sequence[str]) -> str:
    near = get_close_matches(str(name), known, n=1)
    if not near:
        return gettext("%(name)s is not a param", name=show_value(name))
    return gettext("%(name)s is not a param (is %(near)s meant?)", name=show_value(name), near=near[0])


def _read_declaration(field: msgspec.structs.FieldInfo, default: object) -> Param:
    *bounds, declared = field.type.__metadata__
    minimum, maximum = (bounds[0].ge, bounds[0].le) if bounds else (None, None)
    json_type = _JSON_TYPES.get(field.type.__origin__, "string")
    read = msgspec.structs.replace(
        declared,
        name=field.name,
        kind=field.type,
        json_type=json_type,
        default=list(default) if isinstance(default, dict) else default,
        minimum=minimum,
        maximum=maximum,
    )
    return read if read.takes else _describe(read)


def _describe(read: Param) -> Param:
    """With what it takes, by its type."""
    takes, values = gettext_noop("a text"), {}
    if read.choices:
        takes, values = gettext_noop("one of %(choices)s"), {"choices": ", ".join(read.choices)}
    elif read.json_type == "integer":
        takes = gettext_noop("a whole number from %(low)s to %(high)s")
        values = {"low": str(read.minimum), "high": str(read.maximum)}
    elif read.json_type == "boolean":
        takes = gettext_noop("true or false")
    return msgspec.structs.replace(read, takes=takes, values=values)


#: By the type of the field; the form shows the first, and a run's conf may hold any of them.
_JSON_TYPES: dict[Any, str | list[str]] = {
    bool: "boolean",
    int: "integer",
    str | None: ["string", "null"],
    Release: ["array", "null"],
}

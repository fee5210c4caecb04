"""The params of a run. Each is declared once, in :class:`RunParams`.

The parser, the trigger form, the operators' arguments and the reference page are all made from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from oduyo_provider.core.brakes import Brakes
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.normalise import Rules
from oduyo_provider.core.plan import OnMissing, PlanRules, SyncMode
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.values.invalid import show_value

#: Sections of the trigger form. A named section is closed until somebody opens it; params without one stand open.
SAFETY = "Safety: when to stop before any write"
TEXTS = "What to read: texts"


class OnUnsafe(str, Enum):
    """What a tripped brake does: fail the run, or ask a person in the Airflow UI."""

    FAIL = "fail"
    ASK = "ask"


def _param(
    title: str,
    description: str,
    *,
    section: str = "",
    choices: Mapping[str, str] | None = None,
    is_brake: bool = False,
    is_dag_only: bool = False,
    **bounds: Any,
) -> Meta:
    """What a param is, for people; msgspec keeps it beside the field's type.

    :param section: of the trigger form.
    :param choices: value → what it does, of a param that takes one of a few values.
    :param is_brake: it is the limit of a brake.
    :param is_dag_only: an operator with ``rows`` does not take it.
    :param bounds: msgspec's own, such as ``ge`` and ``le``.
    """
    extra = {"section": section, "choices": choices or {}, "is_brake": is_brake, "is_dag_only": is_dag_only}
    return Meta(title=title, description=description, extra=extra, **bounds)


class RunParams(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do. The order is that of the trigger form."""

    erp_query: Annotated[
        str,
        _param(
            "What to read: ERP query",
            "A query of dags/sql, without .sql. It says which table is read, and which column is which field.",
            is_dag_only=True,
        ),
    ] = "dia_postgres"
    sync_mode: Annotated[
        SyncMode,
        _param(
            "What to do: mode",
            "upsert compares both sides and sends what differs. create compares nothing: a second run makes every code again.",
            choices={"upsert": "send what differs", "create": "send every row, in every run again"},
        ),
    ] = SyncMode.UPSERT
    on_missing: Annotated[
        OnMissing,
        _param(
            "What to do: records without an ERP row",
            "What happens to Ödüyo's records of the same key1 and key2 that no ERP row has any more.",
            choices={
                "keep": "leave them as they are",
                "deactivate": "set their status to 0",
                "delete": "remove them from Ödüyo",
            },
            is_dag_only=True,
        ),
    ] = OnMissing.KEEP
    dry_run: Annotated[bool, _param("What to do: dry run", "Show the plan in the log of guard and write nothing.")] = (
        False
    )
    max_missing_ratio: Annotated[
        float,
        _param(
            "Most records without a row",
            "0 to 1. Stop when more of Ödüyo's records in scope would be deactivated or deleted, or its list shrank by more.",
            section=SAFETY,
            is_brake=True,
            ge=0,
            le=1,
        ),
    ] = 0.1
    max_update_ratio: Annotated[
        float,
        _param(
            "Most updates",
            "0 to 1. Stop when more of the matched records would change, or that many are new while old ones match no row.",
            section=SAFETY,
            is_brake=True,
            ge=0,
            le=1,
        ),
    ] = 0.5
    max_rejected_ratio: Annotated[
        float,
        _param(
            "Most rejected rows",
            "0 to 1. Stop when more of the ERP's rows break a rule.",
            section=SAFETY,
            is_brake=True,
            ge=0,
            le=1,
        ),
    ] = 0.05
    on_unsafe: Annotated[
        OnUnsafe,
        _param(
            "When a brake trips",
            "fail ends the run without a write. ask waits in the task approve for a person; a day's silence is a no.",
            section=SAFETY,
            choices={"fail": "end the run", "ask": "wait for a person's approval"},
            is_dag_only=True,
        ),
    ] = OnUnsafe.FAIL
    allow_unsafe: Annotated[
        bool,
        _param(
            "Go on although a brake trips",
            "For one run that you have looked at; also lets an update change another firm's key1.",
            section=SAFETY,
        ),
    ] = False
    repair_windows_1254: Annotated[
        bool,
        _param(
            "Mend Turkish letters",
            "For texts that were read in the wrong encoding: Þube becomes Şube.",
            section=TEXTS,
        ),
    ] = False
    max_text_length: Annotated[
        int,
        _param(
            "Longest text",
            "In characters. Longer texts are rejected, never cut.",
            section=TEXTS,
            ge=1,
            le=1_000_000,
        ),
    ] = 255

    @property
    def plan_rules(self) -> PlanRules:
        """How differences become changes."""
        return PlanRules(self.sync_mode, self.on_missing, self.allow_unsafe)

    @property
    def brakes(self) -> Brakes:
        """When the run stops before its first write."""
        return Brakes(self.max_missing_ratio, self.max_update_ratio, self.max_rejected_ratio)

    @property
    def rules(self) -> Rules:
        """How raw values are read."""
        return Rules(max_text_length=self.max_text_length, repair_windows_1254=self.repair_windows_1254)


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """A param as it is declared.

    :param kind: its type, with choices and bounds, as msgspec reads them.
    :param default: as JSON holds it.
    :param choices: value → what it does; empty where it takes any value of its type.
    :param minimum: the lowest number that it takes, None for anything else; likewise ``maximum``.
    :param is_brake: it is the limit of a brake.
    :param is_dag_only: an operator with ``rows`` does not take it.
    """

    name: str
    kind: Any
    json_type: str
    default: Any
    title: str
    description: str
    section: str
    choices: dict[str, str]
    minimum: float | None
    maximum: float | None
    is_brake: bool
    is_dag_only: bool

    @property
    def takes(self) -> str:
        """What it takes, in words."""
        if self.choices:
            return " or ".join(self.choices)
        words = {"boolean": "true or false", "number": "a number", "integer": "a whole number"}.get(self.json_type)
        return "a text" if words is None else words + ("" if self.maximum is None else self._range)

    @property
    def _range(self) -> str:
        return f" from {self.minimum:g} to {self.maximum:.0f}"


def _declare() -> tuple[Param, ...]:
    """Read the declarations out of :class:`RunParams`."""
    json_types = {bool: "boolean", int: "integer", float: "number"}
    defaults = msgspec.to_builtins(RunParams())
    found = []
    for field in msgspec.structs.fields(RunParams):
        bare, meta = field.type.__origin__, field.type.__metadata__[0]
        param = Param(
            name=field.name,
            kind=field.type,
            json_type=json_types.get(bare, "string"),
            default=defaults[field.name],
            title=meta.title,
            description=meta.description,
            minimum=meta.ge,
            maximum=meta.le,
            **meta.extra,
        )
        found.append(param)
    return tuple(found)


#: Every param, in the order of the trigger form.
PARAMS = _declare()
PARAM_NAMES = tuple(param.name for param in PARAMS)


def parse_params(given: Mapping[str, object]) -> RunParams:
    """Check params, as a form, a JSON text or Python gives them; names that are no param are an error.

    :raises SettingsError: naming every fault.
    """
    faults = [_describe_unknown(name) for name in given if name not in PARAM_NAMES]
    values: dict[str, Any] = {}
    for param in PARAMS:
        if param.name in given:
            try:
                values[param.name] = msgspec.convert(given[param.name], param.kind, strict=False)
            except msgspec.ValidationError:
                faults.append(f"{param.name} cannot be {_show(given[param.name])}; it takes {param.takes}")
    if faults:
        raise SettingsError(f"The run's params are wrong: {'; '.join(faults)}. Correct them and trigger the run again.")
    return RunParams(**values)


def _show(value: object) -> str:
    return neutralise(repr(value), 80)


def _describe_unknown(name: object) -> str:
    near = get_close_matches(str(name), PARAM_NAMES, n=1)
    return f"{show_value(name)} is not a param" + (f" (is {near[0]} meant?)" if near else "")

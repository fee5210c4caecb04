"""The params of a run, as values: every default once, every fault reported together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

import msgspec

from oduyo_provider.core.brakes import Brakes
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.normalise import Rules
from oduyo_provider.core.plan import OnMissing, PlanRules, SyncMode
from oduyo_provider.core.values.invalid import show_value

_QUERY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


class OnUnsafe(str, Enum):
    """What a tripped brake does: fail the run, or ask a person in the Airflow UI."""

    FAIL = "fail"
    ASK = "ask"


class RunParams(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do.

    :param erp_query: name of a file in ``dags/sql/``, without ``.sql``.
    :param max_missing_ratio: 0 to 1, as every ratio here; see :class:`~oduyo_provider.core.brakes.Brakes`.
    :param allow_unsafe: go on although a brake trips.
    :param repair_windows_1254: mend texts that were read as latin-1.
    :param max_text_length: longest text, in characters.
    """

    erp_query: str = "dia_postgres"
    sync_mode: SyncMode = SyncMode.UPSERT
    on_missing: OnMissing = OnMissing.KEEP
    dry_run: bool = False
    max_missing_ratio: float = 0.1
    max_update_ratio: float = 0.5
    max_rejected_ratio: float = 0.05
    on_unsafe: OnUnsafe = OnUnsafe.FAIL
    allow_unsafe: bool = False
    repair_windows_1254: bool = False
    max_text_length: int = 255

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


PARAM_NAMES = RunParams.__struct_fields__


def parse_params(given: Mapping[str, object]) -> RunParams:
    """Check params, as a form, a JSON text or Python gives them; names that are no param are an error.

    :raises SettingsError: naming every fault.
    """
    faults = [f"{show_value(name)} is not a param" for name in given if name not in PARAM_NAMES]
    values: dict[str, object] = {}
    for name, value in given.items():
        if name in PARAM_NAMES:
            try:
                values[name] = msgspec.convert(value, _TYPES[name], strict=False)
            except msgspec.ValidationError:
                faults.append(f"{name} cannot be {value!r}; it takes {_describe(name)}")
    params = RunParams(**values)  # type: ignore[arg-type]  # each value was converted to its field's type
    faults += [
        f"{name} cannot be {getattr(params, name)!r}; it takes a number from 0 to 1"
        for name in ("max_missing_ratio", "max_update_ratio", "max_rejected_ratio")
        if not 0 <= getattr(params, name) <= 1  # NaN too
    ]
    if not 1 <= params.max_text_length <= 1_000_000:
        faults.append(f"max_text_length cannot be {params.max_text_length!r}; it takes a number from 1 to 1000000")
    if not _QUERY_NAME.fullmatch(params.erp_query):
        faults.append(
            f"erp_query cannot be {params.erp_query!r}; it takes the name of a file in dags/sql, without .sql"
        )
    if faults:
        raise SettingsError(f"The run's params are wrong: {'; '.join(faults)}. Correct them and trigger the run again.")
    return params


_TYPES = {field.name: field.type for field in msgspec.structs.fields(RunParams)}


def _describe(name: str) -> str:
    kind = _TYPES[name]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(str(member.value) for member in kind)
    return {bool: "true or false", float: "a number", int: "a whole number"}.get(kind, "a text")

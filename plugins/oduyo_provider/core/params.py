"""The params of a run. Each is declared once, here: see :mod:`oduyo_provider.core.declaration`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from oduyo_provider.core.declaration import Param, find_unknown, read_declarations, refuse_faults
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.normalise import DEFAULT_MAX_TEXT_LENGTH
from oduyo_provider.core.plan import OnMissing, SyncMode
from oduyo_provider.core.release import BRAKE_NAMES, OnUnsafe, Release, parse_release

#: Sections of the trigger form. A named section is closed until somebody opens it; params without one stand open.
SAFETY = gettext_noop("Safety: when to stop before any write")
RECORDS = gettext_noop("What to do: whose records")
TEXTS = gettext_noop("What to read: texts")

#: The longest name of a source, in characters.
MAX_SOURCE_LENGTH = 250


def _percent(title: str, description: str) -> Param:
    takes = gettext_noop("a whole number of percent from 0 to 100, such as 20 for a fifth")
    return Param(title, description, takes=takes, section=SAFETY, is_brake=True)


def _parse_source(given: object) -> str | None:
    name = "" if given is None else given
    if not (isinstance(name, str) and name.isprintable()):
        raise ValueError(gettext("it is no text on one line"))
    if name.strip().lower() in ("none", "null"):
        raise ValueError(gettext("a template has rendered nothing"))
    if len(name.strip()) > MAX_SOURCE_LENGTH:
        raise ValueError(gettext("it has %(length)s characters", length=len(name.strip())))
    return name.strip() or None


class RunParams(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is asked to do. The order is that of the trigger form."""

    erp_query: Annotated[
        str,
        Param(
            gettext_noop("What to read: ERP query"),
            gettext_noop(
                "A query of dags/sql, without .sql. It says which table is read, and which column is which field."
            ),
            is_dag_only=True,
        ),
    ] = "dia_postgres"
    sync_mode: Annotated[
        SyncMode,
        Param(
            gettext_noop("What to do: mode"),
            gettext_noop(
                "upsert compares both sides and sends what differs. create compares nothing: a second run makes every code again."
            ),
            choices={
                "upsert": gettext_noop("send what differs"),
                "create": gettext_noop("send every row, in every run again"),
            },
        ),
    ] = SyncMode.UPSERT
    on_missing: Annotated[
        OnMissing,
        Param(
            gettext_noop("What to do: records without an ERP row"),
            gettext_noop("What happens to this source's records that no ERP row has any more."),
            choices={
                "keep": gettext_noop("leave them as they are"),
                "deactivate": gettext_noop("set their status to passive"),
                "delete": gettext_noop("remove them from Ödüyo"),
            },
        ),
    ] = OnMissing.KEEP
    dry_run: Annotated[
        bool, Param(gettext_noop("What to do: dry run"), gettext_noop("Show the plan in the log and write nothing."))
    ] = False
    missing_runs: Annotated[
        int,
        msgspec.Meta(ge=1, le=100),
        Param(
            gettext_noop("Runs without a row"),
            gettext_noop(
                "A record is deactivated or deleted when no row has had it in so many applied runs, at least 12 hours from the first to the last. With 1, at once."
            ),
            section=RECORDS,
        ),
    ] = 2
    adopt: Annotated[
        bool,
        Param(
            gettext_noop("Adopt records that were typed by hand"),
            gettext_noop("A record without an integration_id gets that of the one row which has the same codes."),
            section=RECORDS,
        ),
    ] = False
    resend_refused: Annotated[
        bool,
        Param(
            gettext_noop("Send refused rows again"),
            gettext_noop("Also send what Ödüyo has refused before and has not changed since."),
            section=RECORDS,
        ),
    ] = False
    source: Annotated[
        str | None,
        Param(
            gettext_noop("Name of the source"),
            gettext_noop(
                "Who owns the records that this run writes. None takes the DAG's own name, an operator with rows the DAG's and the task's; two with one name are one source, and each finds the other's records missing."
            ),
            takes=gettext_noop("a name of at most %(length)s characters"),
            values={"length": str(MAX_SOURCE_LENGTH)},
            section=RECORDS,
            parse=_parse_source,
        ),
    ] = None
    max_missing_percent: Annotated[
        int,
        msgspec.Meta(ge=0, le=100),
        _percent(
            gettext_noop("Most records retired, in whole percent"),
            gettext_noop(
                "Stop when more than 10 of this source's records in use, and more than this share of them, would be deactivated, deleted or turned passive. The same holds for updates that empty a field or bring an older date. 20 means a fifth, 0 allows none; more than half of four or more that are retired stops whatever is given."
            ),
        ),
    ] = 10
    max_update_percent: Annotated[
        int,
        msgspec.Meta(ge=0, le=100),
        _percent(
            gettext_noop("Most updates, in whole percent"),
            gettext_noop(
                "Stop when more than 10 of the matched records, and more than this share of them, would be updated. 20 means a fifth, 0 allows none, 100 any."
            ),
        ),
    ] = 50
    max_rejected_percent: Annotated[
        int,
        msgspec.Meta(ge=0, le=100),
        _percent(
            gettext_noop("Most rejected rows, in whole percent"),
            gettext_noop(
                "Stop when more than 10 rows, and more than this share of the ERP's rows, are newly rejected; with those that Ödüyo newly refuses they make the run red. 20 means a fifth, 0 allows none; more than half of four or more stops whatever is given."
            ),
        ),
    ] = 5
    on_unsafe: Annotated[
        OnUnsafe,
        Param(
            gettext_noop("When a brake trips"),
            gettext_noop(
                "fail ends the run without a write. ask waits in the task approve for a person; a day's silence is a no."
            ),
            section=SAFETY,
            choices={"fail": gettext_noop("end the run"), "ask": gettext_noop("wait for a person's approval")},
            is_dag_only=True,
        ),
    ] = OnUnsafe.FAIL
    release: Annotated[
        Release,
        Param(
            gettext_noop("Brakes that may trip in this run"),
            gettext_noop(
                "For one run that you have looked at, one brake a line, each with the most that is allowed if you like, such as retired:149. The brakes are %(brakes)s."
            ),
            takes=gettext_noop(
                "a list of brakes, each with a limit if you like, such as retired:149; the brakes are %(brakes)s"
            ),
            values={"brakes": ", ".join(BRAKE_NAMES)},
            section=SAFETY,
            parse=parse_release,
            is_for_one_run=True,
        ),
    ] = {}
    repair_windows_1254: Annotated[
        bool,
        Param(
            gettext_noop("Mend Turkish letters"),
            gettext_noop("For texts that were read in the wrong encoding: Þube becomes Şube."),
            section=TEXTS,
        ),
    ] = False
    max_text_length: Annotated[
        int,
        msgspec.Meta(ge=1, le=1_000_000),
        Param(
            gettext_noop("Longest text"),
            gettext_noop("In characters. Longer texts are rejected, never cut."),
            section=TEXTS,
        ),
    ] = DEFAULT_MAX_TEXT_LENGTH

    def is_released(self, brake: str, count: int) -> bool:
        """Whether a person has released a brake for at least this count."""
        limit = self.release.get(brake, -1)
        return limit is None or count <= limit


#: Every param, in the order of the trigger form.
PARAMS = read_declarations(RunParams)
PARAM_NAMES = tuple(declared.name for declared in PARAMS)


def parse_params(given: Mapping[str, object]) -> RunParams:
    """Check params, as a form, a JSON text or Python gives them; names that are no param are an error.

    :raises SettingsError: naming every fault.
    """
    params, faults = read_given(given)
    refuse_faults(faults)
    return params


def read_given(given: Mapping[str, object]) -> tuple[RunParams, list[str]]:
    """What can be read of given params, and what is wrong with the others."""
    faults = find_unknown(given, PARAM_NAMES)
    values: dict[str, Any] = {}
    for declared in PARAMS:
        if declared.name in given:
            try:
                values[declared.name] = declared.read(given[declared.name])
            except ValueError as error:
                faults.append(str(error))
    return RunParams(**values), faults

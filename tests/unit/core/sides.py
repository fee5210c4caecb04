"""Two sides to compare: rows, records, entries of the ledger, and a model of Ödüyo that applies changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.ledger import Entry, Missing, Refused, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import OnMissing, Plan, PlanRules, SyncMode
from oduyo_provider.core.planner import compute_plan
from oduyo_provider.core.record import SPECIAL_CODE, Remote

NORMALISER = Normaliser(SPECIAL_CODE)
REPAIRING = Normaliser(SPECIAL_CODE, repair_windows_1254=True)

SOURCE, RUN = "dag", "run2"
HOUR, DAY = 3600.0, 86_400.0
NOW = 1_700_000_000.0
#: Without a row since a run long enough ago: one more run, and a record is retired.
ABSENT = Missing(NOW - DAY, NOW - DAY, 1, "run1")

Row = dict[str, object]


def make_row(integration_id: object = "100", **fields: object) -> Row:
    return {"integration_id": integration_id, "code": "K1", "status": "1", "key1": "21", "key2": "1", **fields}


def make_record(oduyo_id: str = "7", integration_id: str | None = "100", **fields: str | None) -> Remote:
    """A record that :func:`make_row` has nothing to change in."""
    record: Remote = dict.fromkeys(SPECIAL_CODE.field_names, "")
    record.update(
        id=oduyo_id,
        integration_id=integration_id,
        code="K1",
        status="1",
        key1="21",
        key2="1",
        note=None,
        created_in="2024-01-01 00:00:00",
        updated_in="2024-01-02 00:00:00",
    )
    return {**record, **fields}


def make_entry(integration_id: str = "100", oduyo_id: str | None = "7", source: str = SOURCE, **fields: Any) -> Entry:
    return Entry(integration_id, source, oduyo_id, **fields)


def make_rules(**rules: Any) -> PlanRules:
    usual = {"sync_mode": SyncMode.UPSERT, "on_missing": OnMissing.KEEP, "missing_runs": 2}
    return PlanRules(**{"source": SOURCE, "run": RUN, "now": NOW, **usual, **rules})


def plan_of(
    rows: Iterable[Row],
    records: Iterable[Remote],
    entries: Iterable[Entry] = (),
    *,
    normaliser: Normaliser = NORMALISER,
    known_rejected: Iterable[str] = (),
    read_all: Callable[[], Iterable[Remote]] = tuple,
    **rules: Any,
) -> Plan:
    return compute_plan(
        rows,
        records,
        entries,
        normaliser=normaliser,
        rules=make_rules(**rules),
        known_rejected=frozenset(known_rejected),
        read_all=read_all,
    )


def reasons_of(plan: Plan) -> list[list[str]]:
    return [[fault.code for fault in rejected.faults] for rejected in plan.rejected]


def notes_of(plan: Plan) -> dict[str, Entry]:
    """What is to be remembered, by key; fails when a key is there twice."""
    notes = {entry.integration_id: entry for entry in plan.notes}
    assert len(notes) == len(plan.notes)
    return notes


def apply_changes(
    site: Mapping[str, Remote], changes: Iterable[Change], entries: Iterable[Entry] = ()
) -> dict[str, Remote]:
    """What Ödüyo holds afterwards: id → record. An update replaces the record; fields left out of it become null.

    :param entries: of the ledger: a site gives no id twice.
    """
    given = [int(entry.oduyo_id) for entry in entries if entry.oduyo_id]
    after = {key: dict(record) for key, record in site.items()}
    for change in changes:
        body = change.compute_body()
        if change.action is Action.DELETE:
            assert body == {"id": change.oduyo_id}
            del after[str(change.oduyo_id)]
            continue
        oduyo_id = body.setdefault("id", str(max([*map(int, after), *given], default=0) + 1))
        assert (change.action is Action.CREATE) is (oduyo_id not in after)
        after[oduyo_id] = {**dict.fromkeys(("note", *SPECIAL_CODE.field_names)), **body}
    return after


UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"

ids = st.sampled_from(["1", "2", "3", "10", "Ş1", "Ý2", "a b", "007", UUID, UUID.upper()])
unreadable = st.sampled_from([None, "", "ÿ", True, Decimal("1.5"), {"unsupported": "list"}])
raw_ids = st.one_of(ids, ids, ids, st.sampled_from([" 1 ", "2.0", 3, Decimal("10.0"), f"{{{UUID}}}"]), unreadable)
dates = st.sampled_from([None, "", "0000-00-00 00:00:00", "2024-05-06 07:08:09", "1899-12-30", "2024-05-06T07:08:09Z"])
row_fields = {
    "code": st.sampled_from(["A", " A ", "B", "", None, "ÿ", "x" * 300, 1, True]),
    "status": st.sampled_from(["1", "0", None, "P", "A", 1, 0, True, "?"]),
    "key1": st.sampled_from(["21", "22", "", None, 21, Decimal("2.5")]),
    "key2": st.sampled_from(["1", "2", "", None]),
}
optional_row_fields = {
    "description": st.sampled_from(["d", "d  d", "Þube", None, "\u200b"]),
    "space1": st.sampled_from(["", "s", None]),
    "special_created_in": dates,
    "special_updated_in": dates,
}
columns = {"integration_id": raw_ids, **row_fields}


def _order(row: Row) -> Row:
    """The columns in the query's order, which is one for all rows."""
    return {name: row[name] for name in [*columns, *optional_row_fields] if name in row}


rows = st.lists(st.fixed_dictionaries(columns, optional=optional_row_fields).map(_order), max_size=8)
record_fields = {
    "integration_id": st.one_of(ids, ids, st.sampled_from([None, "", " 2 ", "ÿ", "1.0"])),
    "code": st.sampled_from(["A", "B", "", None, " A"]),
    "status": st.sampled_from(["1", "0", None, "P", "2", ""]),
    "key1": st.sampled_from(["21", "22", "", None, " "]),
    "key2": st.sampled_from(["1", "2", "", None]),
    "description": st.sampled_from(["d", "d d", "Þube", "Şube", "", None]),
    "note": st.sampled_from([None, "", "n"]),
    **dict.fromkeys(("special_created_in", "special_updated_in", "created_in", "updated_in"), dates),
}
NUMBERS = st.integers(1, 20)


@st.composite
def _make_sites(draw: st.DrawFn) -> dict[str, Remote]:
    found = draw(st.lists(st.fixed_dictionaries({}, optional=record_fields), max_size=8))
    numbers = draw(st.lists(NUMBERS, min_size=len(found), max_size=len(found), unique=True))
    return {str(number): {"id": str(number), **record} for number, record in zip(numbers, found, strict=True)}


sites = _make_sites()
moments = st.sampled_from([NOW - 9 * DAY, NOW - DAY, NOW - HOUR])
entry_fields = {
    "source": st.sampled_from([SOURCE, SOURCE, "other", ""]),
    "oduyo_id": st.none() | NUMBERS.map(str),
    "confirmed_at": st.none() | moments,
    "made_in": st.sampled_from(["", "", "run0", RUN]),
    "twins": st.lists(NUMBERS.map(str), max_size=2).map(tuple),
    "stored": st.dictionaries(
        st.sampled_from(["integration_id", "code"]),
        st.builds(Stored, st.sampled_from(["1", "A"]), st.sampled_from([None, "2", "1.0", "B", " A"])),
        max_size=2,
    ),
    "missing": st.none()
    | st.builds(Missing, moments, moments, st.integers(1, 2), st.sampled_from(["run0", "run1", RUN])),
    "refused": st.none() | st.builds(Refused, st.just("unknown"), st.just("no"), moments),
    "retired_at": st.none() | moments,
    "is_retirement_released": st.booleans(),
    "date_sent": st.none() | st.just("2024-05-06 07:08:09"),
    "sent_at": st.none() | moments,
}
entries = st.lists(
    st.builds(Entry, ids, **entry_fields), max_size=6, unique_by=lambda entry: entry.integration_id.lower()
)
rules = st.fixed_dictionaries(
    {
        "sync_mode": st.sampled_from([SyncMode.UPSERT, SyncMode.UPSERT, SyncMode.UPSERT, SyncMode.CREATE]),
        "on_missing": st.sampled_from(OnMissing),
        "missing_runs": st.integers(1, 3),
        "released": st.sets(st.sampled_from(["other_firm", "other_source", "vanished"])).map(frozenset),
        "resend_refused": st.booleans(),
        "is_first": st.booleans(),
        "settled_at": st.sampled_from([0.0, NOW - 2 * HOUR, NOW]),
    }
)
normalisers = st.sampled_from([NORMALISER, REPAIRING])


def read_table(rows: Iterable[Row], normaliser: Normaliser) -> dict[str, Any]:
    """What extract learns from the whole table: the pairs of its rows, and whether an id cannot be read."""
    rows = list(rows)
    pairs = {(normaliser.value("key1", row.get("key1")), normaliser.value("key2", row.get("key2"))) for row in rows}
    return {
        "pairs": frozenset((first, second) for first, second in pairs if first is not None and second is not None),
        "may_lack_rows": any(normaliser.integration_id(row["integration_id"]) is None for row in rows),
    }

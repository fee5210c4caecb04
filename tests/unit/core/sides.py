"""Two sides to compare: rows, records, and a model of Ödüyo that applies changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.normalise import Normaliser, Rules
from oduyo_provider.core.plan import Altered, OnMissing, Plan, PlanRules, Scope, SyncMode, compute_plan
from oduyo_provider.core.record import SPECIAL_CODE, Remote

NORMALISER = Normaliser(SPECIAL_CODE)
REPAIRING = Normaliser(SPECIAL_CODE, Rules(repair_windows_1254=True))
EVERYTHING = Scope()
FIRM = Scope(frozenset({("21", "1")}))

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


def plan_of(
    rows: Iterable[Row],
    records: Iterable[Remote],
    *,
    normaliser: Normaliser = NORMALISER,
    scope: Scope = FIRM,
    altered: Iterable[Altered] = (),
    **rules: Any,
) -> Plan:
    known = {(one.oduyo_id, one.field): one for one in altered}
    return compute_plan(rows, records, normaliser=normaliser, scope=scope, rules=PlanRules(**rules), altered=known)


def reasons_of(plan: Plan) -> list[list[str]]:
    return [[fault.code for fault in rejected.faults] for rejected in plan.rejected]


def apply_changes(site: Mapping[str, Remote], changes: Iterable[Change]) -> dict[str, Remote]:
    """What Ödüyo holds afterwards: id → record. An update replaces the record; fields left out of it become null."""
    after = {key: dict(record) for key, record in site.items()}
    for change in changes:
        if change.action is Action.DELETE:
            assert change.body() == {"id": change.oduyo_id}
            del after[str(change.oduyo_id)]
            continue
        body = change.body()
        oduyo_id = body.setdefault("id", str(max(map(int, after), default=0) + 1))
        assert (change.action is Action.CREATE) is (oduyo_id not in after)
        after[oduyo_id] = {**dict.fromkeys(("note", *SPECIAL_CODE.field_names)), **body}
    return after


ids = st.sampled_from(["1", "2", "3", "10", "Ş1", "Ý2", "a b", "007"])
raw_ids = st.one_of(ids, ids, ids, st.sampled_from([" 1 ", "2.0", 3, 10.0, None, "", "ÿ", True, 1.5, "\ud800"]))
dates = st.sampled_from([None, "", "0000-00-00 00:00:00", "2024-05-06 07:08:09", "1899-12-30", "2024-05-06T07:08:09Z"])
row_fields = {
    "code": st.sampled_from(["A", " A ", "B", "", None, "ÿ", "x" * 300]),
    "status": st.sampled_from(["1", "0", None, "P", "A", 1, 0, True, "?"]),
    "key1": st.sampled_from(["21", "22", "", None, 21, 2.5]),
    "key2": st.sampled_from(["1", "2", "", None]),
}
optional_row_fields = {
    "description": st.sampled_from(["d", "d  d", "Þube", None, "\u200b"]),
    "space1": st.sampled_from(["", "s", None]),
    "special_created_in": dates,
    "special_updated_in": dates,
}
rows = st.lists(
    st.fixed_dictionaries({"integration_id": raw_ids, **row_fields}, optional=optional_row_fields), max_size=8
)
record_fields = {
    "integration_id": st.one_of(ids, ids, st.sampled_from([None, "", " 2 ", "ÿ", "\ud800", "1.0"])),
    "code": st.sampled_from(["A", "B", "", None, " A"]),
    "status": st.sampled_from(["1", "0", None, "P", "2", ""]),
    "key1": st.sampled_from(["21", "22", "", None, " ", "\ud800"]),
    "key2": st.sampled_from(["1", "2", "", None]),
    "description": st.sampled_from(["d", "d d", "Þube", "Şube", "", None]),
    "note": st.sampled_from([None, "", "n"]),
    **dict.fromkeys(("special_created_in", "special_updated_in", "created_in", "updated_in"), dates),
}


@st.composite
def _make_sites(draw: st.DrawFn) -> dict[str, Remote]:
    found = draw(st.lists(st.fixed_dictionaries({}, optional=record_fields), max_size=8))
    numbers = draw(st.lists(st.integers(1, 2000), min_size=len(found), max_size=len(found), unique=True))
    return {str(number): {"id": str(number), **record} for number, record in zip(numbers, found, strict=True)}


sites = _make_sites()
rules = st.fixed_dictionaries(
    {
        "sync_mode": st.sampled_from([SyncMode.UPSERT, SyncMode.UPSERT, SyncMode.UPSERT, SyncMode.CREATE]),
        "on_missing": st.sampled_from(OnMissing),
        "allow_unsafe": st.booleans(),
    }
)
normalisers = st.sampled_from([NORMALISER, REPAIRING])


def compute_scope(rows: Iterable[Row], normaliser: Normaliser) -> Scope:
    """As extract does: the pairs of all rows that can be read."""
    pairs = {(normaliser.text(row.get("key1")), normaliser.text(row.get("key2"))) for row in rows}
    return Scope(frozenset((first, second) for first, second in pairs if first is not None and second is not None))

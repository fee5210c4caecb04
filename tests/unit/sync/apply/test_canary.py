"""The first change of each kind goes alone: what a site does shows on one record and not on three thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import pytest

from oduyo_provider.core.change import Action, Change, Outcome, compute_base
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.values.letters import Escaping
from oduyo_provider.sync.apply.canary import MAX_WITHOUT_EFFECT, is_canary
from oduyo_provider.sync.apply.canary_choice import choose_canaries, choose_place, find_able
from oduyo_provider.sync.apply.looker import Looker
from oduyo_provider.sync.apply.lookup import Lookup, Window
from oduyo_provider.sync.apply.readback import OPPOSITE_STATUS
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.sender import Sender
from oduyo_provider.sync.apply.work import Ready
from sandbox.oduyo.server import Sandbox
from tests.unit.sync.apply.loads import (
    SETTLE_S,
    Load,
    change_fields,
    check_nothing,
    count_outcomes,
    known,
    make_creates,
    make_updates,
    rekey,
    seed,
)

CALLS = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DEACTIVATE: "update",
    Action.DELETE: "delete",
}


def plan(site: Sandbox, action: Action, count: int = 10) -> list[Change]:
    """Changes of one kind."""
    wanted = make_creates(count)
    if action is Action.CREATE:
        return wanted
    seed(site, wanted, description="eski")
    return make_updates(site, wanted, action=action)


def plan_updates(site: Sandbox, count: int = 10, **fields: str) -> list[Change]:
    """Updates of the description; the records hold these fields besides."""
    wanted = make_creates(count)
    seed(site, wanted, description="eski", **fields)
    return make_updates(site, wanted)


def stop(load: Load, *changes: Change) -> str:
    """Why the canary stopped these changes."""
    with pytest.raises(CanaryError) as caught:
        load.apply(*changes)
    return str(caught.value)


def _make_lost(change: Change) -> Entry:
    """What the ledger remembers of a record of whose description nothing was kept."""
    pair = Stored(change.payload["description"], "", is_open=True)
    return Entry(change.integration_id, oduyo_id=change.oduyo_id, stored={"description": pair})


def choose(pending: Sequence[Change], *, partial: bool = False) -> tuple[list[Change], int]:
    """The order in which they may be the first, and how many show most."""
    return choose_canaries(pending, find_able(pending, {}, SPECIAL_CODE.kinds), partial=partial)


@pytest.mark.parametrize("action", Action)
def test_the_first_of_each_kind_is_read_back_before_the_second_is_sent(
    site: Sandbox, load: Load, action: Action
) -> None:
    changes = plan(site, action)
    assert count_outcomes(load.apply(*changes)) == {"done": 10}
    calls = [entry["call"] for entry in site.log()["requests"] if entry["call"] != "login"]
    first = calls.index(CALLS[action])
    assert calls[first + 1] == "list"
    assert calls.count(CALLS[action]) == 10


def test_each_kind_has_its_own(site: Sandbox, load: Load) -> None:
    updates = plan_updates(site, 3)
    site.set_habits("ignore=update")
    creates = make_creates(3, start=50)
    assert "of the kind update" in stop(load, *creates, *updates)
    assert set(load.sent("create")) == {"50", "51", "52"}


def test_one_is_enough_for_all_partitions_of_a_plan(site: Sandbox, load: Load) -> None:
    async def apply(load: Load) -> None:
        from oduyo_provider.sync.apply.applier import Applier

        applier = Applier(load.work, load.course, site_rows=0)
        for part in (make_creates(5), make_creates(5, start=20)):
            await applier.apply(load.recorder, part)
        await applier.finish()

    load.run(apply)
    calls = [entry["call"] for entry in site.log()["requests"]]
    assert calls[-7:-1].count("create") == 5, "the second partition sends its changes one right after the other"


def test_a_retry_needs_no_other_where_the_first_was_read_back(site: Sandbox, load: Load) -> None:
    creates = make_creates(6)
    site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
    assert count_outcomes(load.apply(*creates)) == {"done": 5, "doubtful": 1}
    site.set_faults()
    assert count_outcomes(load.retry(*creates, *make_creates(2, start=30))) == {"done": 7, "doubtful": 1}
    calls = [entry["call"] for entry in site.log(since=load.since)["requests"]]
    assert "create create" in " ".join(calls)


class TestPassesOn:
    """One that tells nothing passes the role on: to the last, then to any."""

    def test_another_night_takes_others(self) -> None:
        nights = [[choose_place(tried, 1000, now) for tried in range(5)] for now in (86_400.0, 86_400.9, 172_800.0)]
        assert [night[:2] for night in nights] == [[0, 999]] * 3
        assert nights[0] == nights[1]
        assert len({*nights[0], *nights[2]}) == 8

    def test_a_refused_one(self, site: Sandbox, load: Load) -> None:
        site.set_habits({"habit": "refuse", "keys": "1"}, {"habit": "cut", "length": 4, "field": "code"})
        assert count_outcomes(load.apply(*make_creates(9))) == {"refused": 1, "done": 8}
        log = [(entry["call"], entry.get("column")) for entry in site.log()["requests"]]
        first = next(
            place for place, (call, column) in enumerate(log) if call == "create" and column["code"] == "KOD.9"
        )
        assert log[first + 1][0] == "list"

    def test_a_stale_one(self, site: Sandbox, load: Load) -> None:
        changes = plan_updates(site)
        site.edit("1", description="taşındı")
        assert count_outcomes(load.apply(*changes)) == {"stale": 1, "done": 9}

    def test_one_without_effect(self, site: Sandbox, load: Load) -> None:
        changes = plan_updates(site)
        site.set_habits({"habit": "ignore", "call": "update", "ids": ["1", "2"]})
        results = load.apply(*changes)
        assert count_outcomes(results) == {"failed": 2, "done": 8}
        assert results["update:1"].reason == "no effect: Ödüyo said yes, and nothing changed"


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DEACTIVATE, Action.DELETE])
def test_three_without_effect_stop_the_run(site: Sandbox, load: Load, action: Action) -> None:
    changes = plan(site, action)
    site.set_habits({"habit": "ignore", "call": CALLS[action]})
    text = stop(load, *changes)
    if action is Action.DELETE:
        assert "Ödüyo confirmed 3 deletions, and still lists all of these records. The last was " in text
        assert "use on_missing deactivate" in text
    else:
        assert f"Ödüyo confirmed 3 changes of the kind {action.value}, and none of them was carried out whole" in text
    assert len(load.sent(CALLS[action])) == MAX_WITHOUT_EFFECT
    assert count_outcomes(load.read_journal().results) == {"failed": 3}
    assert sum(load.waits) > 2 * SETTLE_S, "an effect may come late, so each is waited for"


def test_adoptions_that_give_no_key_say_what_helps(site: Sandbox, make_load: Callable[..., Load]) -> None:
    wanted = make_creates(4)
    seed(site, wanted, integration_id="")
    adoptions = [
        Change(
            Action.UPDATE,
            create.integration_id,
            create.payload,
            record["id"],
            compute_base(record, SPECIAL_CODE),
            ("integration_id",),
            is_adoption=True,
        )
        for create, record in zip(wanted, site.records(), strict=True)
    ]
    site.set_habits({"habit": "ignore", "call": "update"})
    text = stop(make_load(), *adoptions)
    assert "Ödüyo confirmed 3 adoptions, and the records did not get their keys" in text
    assert 'run without adopt, or give one run release ["key_altered"]' in text
    released = make_load(released={"key_altered": None})
    assert count_outcomes(released.apply(*adoptions)) == {"done": 4}
    assert {(finding.name, finding.is_released) for finding in released.findings} == {("key_altered", True)}


def test_a_site_that_makes_every_record_passive_is_set_right_by_the_next_run(site: Sandbox, load: Load) -> None:
    edit = {"do": "edit", "id": "it", "fields": {"status": "0"}}
    site.set_script({"at": {"call": "create", "number": 1, "when": "after"}, "do": edit})
    results = load.apply(*make_creates(5))
    assert count_outcomes(results) == {"failed": 1, "done": 4}
    [failed] = [result for result in results.values() if result.outcome is Outcome.FAILED]
    assert failed.reason == OPPOSITE_STATUS
    assert failed.stored == {"status": "0"}


def test_a_create_that_is_confirmed_and_never_listed_stops_the_run(site: Sandbox, load: Load) -> None:
    seed(site, make_creates(2, start=90))
    site.set_habits({"habit": "hide", "keys": "1"})
    text = stop(load, *make_creates(5))
    assert text.startswith(
        "Ödüyo confirmed the first create (1, Ödüyo 3), but does not list it within 60 s. Nothing more"
    )
    assert load.sent() == ["1"]
    [result] = load.read_journal().results.values()
    assert (result.outcome, result.is_confirmed, result.oduyo_id) == (Outcome.DOUBTFUL, True, "3")


@pytest.mark.parametrize("by", [-1, 2])
def test_a_site_that_names_another_record_than_it_made_alters_no_key(site: Sandbox, load: Load, by: int) -> None:
    seed(site, make_creates(4, start=90))
    site.set_habits({"habit": "wrong_id", "by": by})
    results = load.apply(*make_creates(3))
    assert [(result.outcome, result.oduyo_id) for result in results.values()] == [
        (Outcome.DONE, "5"),
        (Outcome.DONE, "6"),
        (Outcome.DONE, "7"),
    ]
    assert load.findings == []


@pytest.mark.parametrize("off_s", [-3 * 3600, 3 * 3600])
def test_what_is_not_listed_is_waited_for_as_long_where_the_clock_is_set_right_meanwhile(
    site: Sandbox, load: Load, off_s: float
) -> None:
    load.off_s = off_s
    site.set_habits({"habit": "hide", "keys": "1"})
    assert "does not list it within 60 s" in stop(load, *make_creates(5))
    assert SETTLE_S - 20 < sum(load.waits) < SETTLE_S + 1


def test_a_first_record_that_shows_after_the_listing_is_read_with_its_twin(
    site: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_newest, listings = Lookup.fetch_newest, list[int]()

    async def list_late(self: Lookup, floors: Iterable[int] = ()) -> Window:
        window = await fetch_newest(self, floors)
        listings.append(len(window.records))
        is_first = sum(map(bool, listings)) == 1
        return Window([] if is_first else window.records, load.work)

    monkeypatch.setattr(Lookup, "fetch_newest", list_late)
    site.set_habits({"habit": "twice"})
    assert "is there more than once: Ödüyo 1, 2" in stop(load, *make_creates(3))


def test_what_is_listed_late_is_waited_for(site: Sandbox, load: Load) -> None:
    site.set_readings(list_lag_s=SETTLE_S - 5)
    assert count_outcomes(load.apply(*make_creates(5))) == {"done": 5}


class TestKeys:
    """A site that keeps keys otherwise than sent."""

    @pytest.mark.parametrize(
        ("habit", "stored"),
        [("cut=3", "000"), ("pad=12", "00001       "), ("number=int", "1"), ("number=float", "1.0")],
    )
    def test_it_is_found_on_one_record_and_stops_the_run(
        self, site: Sandbox, load: Load, habit: str, stored: str
    ) -> None:
        site.set_habits(habit)
        creates = [
            msgspec.structs.replace(create, integration_id=f"0000{create.integration_id}") for create in make_creates(5)
        ]
        creates = [
            msgspec.structs.replace(create, payload={**create.payload, "integration_id": create.integration_id})
            for create in creates
        ]
        text = stop(load, *creates)
        assert f"Ödüyo stores integration_id otherwise than it was sent: '00001' became '{stored}'" in text
        assert 'give one run release ["key_altered"]' in text
        assert load.sent() == ["00001"]
        [result] = load.read_journal().results.values()
        assert (result.outcome, result.oduyo_id, result.stored) == (Outcome.DONE, "1", {"integration_id": stored})
        [finding] = load.findings
        assert (finding.brake, finding.is_released) == ("key_altered", False)

    def test_released_it_is_remembered_and_the_rest_is_sent(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        site.set_habits("pad=12")
        load = make_load(released={"key_altered": None})
        results = load.apply(*make_creates(5))
        assert count_outcomes(results) == {"done": 5}
        assert all(result.stored["integration_id"] == result.key[7:].ljust(12) for result in results.values())
        assert {(finding.brake, finding.is_released) for finding in load.findings} == {("key_altered", True)}

    def test_known_and_not_released_nothing_is_sent(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        load = make_load(known_findings=known("key_altered"))
        assert "known to store otherwise what is sent (key_altered), and nobody has released that" in stop(
            load, *make_creates(5)
        )
        assert load.calls()["create"] == 0

    def test_known_and_not_released_no_record_gets_a_key_by_adoption(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan(site, Action.UPDATE)
        adoption = msgspec.structs.replace(changes[4], is_adoption=True)
        load = make_load(known_findings=known("key_altered"))
        assert "(key_altered)" in stop(load, *changes[:4], adoption)
        assert load.calls()["update"] == 0

    def test_known_and_not_released_updates_are_sent_all_the_same(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        load = make_load(known_findings=known("key_altered"))
        assert count_outcomes(load.apply(*plan_updates(site))) == {"done": 10}

    def test_where_two_records_got_one_key_no_further_one_gets_it(self, make_load: Callable[..., Load]) -> None:
        final = known("key_altered", sent="121", stored="12", is_final=True)
        load = make_load(known_findings=final)
        text = stop(load, *make_creates(3, start=120))
        assert "The key '121' would be cut to '12', as that of the row 120 is" in text
        assert load.calls()["create"] == 0
        # Ödüyo keeps keys whole by now, and a person says so.
        released = make_load(known_findings=final, released={"key_altered": None})
        assert count_outcomes(released.apply(*make_creates(3, start=120))) == {"done": 3}
        assert released.forgotten == ["key_altered"]

    def test_that_keys_are_cut_the_next_try_knows_from_what_the_one_before_read_back(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        site.set_habits("cut=2")
        load = make_load(released={"key_altered": None})
        first, *others = (change for key in (123, 4, 124) for change in make_creates(1, start=key))
        assert count_outcomes(load.apply(first, others[0])) == {"done": 2}
        load.entries = {"123": Entry("123", "dag", "1", stored={"integration_id": Stored("123", "12")})}
        with pytest.raises(CanaryError, match="The key '124' would be cut to '12', as that of the record of 123 is"):
            load.retry(first, *others)
        assert load.calls()["create"] == 0

    @pytest.mark.parametrize("is_final", [False, True])
    @pytest.mark.parametrize(("key", "forgotten"), [(12, []), (123, ["key_altered"])], ids=["short", "long"])
    def test_that_keys_are_cut_is_forgotten_once_one_that_would_be_is_kept_whole(
        self, make_load: Callable[..., Load], is_final: bool, key: int, forgotten: list[str]
    ) -> None:
        findings = known("key_altered", sent="888", stored="88", is_final=is_final, is_released=not is_final)
        load = make_load(known_findings=findings, released={"key_altered": None})
        assert count_outcomes(load.apply(*make_creates(1, start=key))) == {"done": 1}
        assert load.forgotten == forgotten

    def test_keys_that_are_known_to_be_cut_are_not_sent_where_two_become_one_though_that_was_released(
        self, make_load: Callable[..., Load]
    ) -> None:
        load = make_load(known_findings=known("key_altered", sent="888", stored="88", is_released=True))
        assert "The key '124' would be cut to '12', as that of the row 123 is" in stop(
            load, *make_creates(2, start=123)
        )
        assert load.calls()["create"] == 0

    @pytest.mark.parametrize("keys", [("123", "124"), ("123", "45", "456"), ("123", "1", "456", "457")])
    def test_of_keys_that_the_first_one_shows_to_be_cut_none_is_sent_that_another_would_be_cut_to(
        self, site: Sandbox, make_load: Callable[..., Load], keys: Sequence[str]
    ) -> None:
        site.set_habits("cut=2")
        creates = [change for key in keys for change in make_creates(1, start=int(key))]
        for is_final in (False, True):
            load = make_load(
                released={"key_altered": None},
                known_findings=known("key_altered", sent="888", stored="88", is_final=True) if is_final else {},
            )
            text = stop(load, *creates)
            assert f"The key '{keys[-1]}' would be cut to '{keys[-1][:2]}'" in text
            assert load.calls()["create"] == 1
            site.reset()
            site.set_habits("cut=2")

    @pytest.mark.parametrize("released", [{}, {"key_altered": None}], ids=["not released", "released"])
    def test_keys_that_the_site_keeps_apart_are_sent_once_a_person_says_so(
        self, make_load: Callable[..., Load], released: dict[str, None]
    ) -> None:
        final = known("key_altered", sent="121", stored="12", is_final=True)
        load = make_load(known_findings=final, released=released)
        if released:
            assert count_outcomes(load.apply(*make_creates(3))) == {"done": 3}
        else:
            text = stop(load, *make_creates(3))
            assert "known to keep two rows under one key" in text
            assert 'release ["key_altered"]' in text

    def test_a_field_of_which_nothing_was_kept_is_sent_again_only_where_a_person_says_so(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        final = known("letters", stored="", is_other=True, is_final=True)
        text = stop(make_load(known_findings=final), *make_creates(3))
        assert "kept nothing of 'ş', which was sent as description, so nothing of this kind is sent" in text
        assert site.records() == []
        empty = change_fields(make_creates(2, start=7), description="")
        assert count_outcomes(make_load(known_findings=final).apply(*empty)) == {"done": 2}
        released = make_load(known_findings=final, released={"letters": None})
        assert count_outcomes(released.apply(*make_creates(3))) == {"done": 3}
        assert released.forgotten == ["letters:description"]

    @pytest.mark.parametrize("is_known_before", [False, True])
    def test_a_released_key_that_is_another_row_s_stops_it_again(
        self, site: Sandbox, make_load: Callable[..., Load], is_known_before: bool
    ) -> None:
        site.set_habits({"habit": "cut", "length": 2, "keys": "123"})
        first = change_fields(make_creates(1, start=123), integration_id="123")
        load = make_load(
            known_findings=known("key_altered", is_released=True) if is_known_before else {},
            released={} if is_known_before else {"key_altered": None},
        )
        text = stop(load, *first, *make_creates(1, start=12))
        assert "The stored key is that of the row 12" in text or "The stored key is that of Ödüyo's record" in text
        assert "this cannot be released" in text

    @pytest.mark.parametrize(
        ("entry", "owner"),
        [
            (Entry("12", "other", "77"), "the record of 12"),
            (Entry("129", "other", "77", stored={"integration_id": Stored("129", "12")}), "the record of 129"),
        ],
        ids=["as it was sent", "as it is stored"],
    )
    def test_a_released_key_that_another_record_is_known_by_stops_it_again(
        self, site: Sandbox, make_load: Callable[..., Load], entry: Entry, owner: str
    ) -> None:
        site.set_habits("cut=2")
        load = make_load(released={"key_altered": None})
        load.entries = {entry.integration_id: entry}
        text = stop(load, *make_creates(1, start=123))
        assert f"The stored key is that of {owner}, so that two records could not be told apart" in text
        assert [finding.is_released for finding in load.findings] == [False]

    def test_a_released_key_that_a_record_of_the_site_holds_stops_it_again(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        seed(site, make_creates(700, start=1000), code="X")
        seed(site, make_creates(1, start=12), code="Y")
        seed(site, make_creates(700, start=2000), code="X")
        site.set_habits("cut=2")
        load = make_load(released={"key_altered": None})
        assert "The stored key is that of Ödüyo's record 701" in stop(load, *make_creates(1, start=123))

    def test_mending_a_key_s_form_is_no_canary(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(3)
        seed(site, wanted[:1], integration_id=" 1 ")
        seed(site, wanted[1:], description="eski")
        record = site.records()[0]
        mending = Change(
            Action.UPDATE, "1", wanted[0].payload, "1", compute_base(record, SPECIAL_CODE), ("integration_id",)
        )
        others = make_updates(site, wanted[1:])
        assert [is_canary(change, SPECIAL_CODE.kinds) for change in (mending, *others)] == [False, True, True]
        assert choose([mending, *others])[0] == [*others, mending]
        site.set_habits({"habit": "ignore", "call": "update", "ids": ["1"]})
        results = load.apply(mending, *others)
        assert count_outcomes(results) == {"done": 3}
        assert results["update:1"].stored == {"integration_id": " 1 "}
        assert load.sent("update")[0] == "2"


class TestWhichIsTheFirst:
    """The change that shows most of what a site may do."""

    def test_one_with_a_long_key(self, site: Sandbox, load: Load) -> None:
        site.set_habits({"habit": "cut", "length": 8})
        creates = make_creates(3) + [
            rekey(create, "CARİ-GRUBU-" + create.payload["code"]) for create in make_creates(3, start=4)
        ]
        assert "'CARİ-GRUBU-KOD.4' became 'CARİ-GRU'" in stop(load, *creates)
        assert len(site.records()) == 1

    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
    def test_one_with_many_letters(self, site: Sandbox, load: Load, action: Action) -> None:
        texts = ["MERKEZ", "MERKEZ", "ŞUBE ÇİĞLİ", "ŞUBE", "MERKEZ"]
        wanted = [
            change_fields([create], description=text)[0] for create, text in zip(make_creates(5), texts, strict=True)
        ]
        if action is Action.UPDATE:
            seed(site, wanted, description="eski")
            wanted = make_updates(site, wanted)
        site.set_habits({"habit": "letters", "to": "ascii", "field": "*"})
        assert "'ŞUBE ÇİĞLİ' became 'SUBE CIGLI'" in stop(load, *wanted)
        assert load.sent(CALLS[action]) == ["3"]

    def test_none_that_cannot_be_one(self) -> None:
        creates = make_creates(3)
        dates = Change(
            Action.UPDATE, "1" * 30, {"special_updated_in": "2030-01-01 00:00:00"}, "1", {}, ("special_updated_in",)
        )
        assert choose([dates, *creates]) == ([*creates, dates], 1)
        assert choose([dates]) == ([dates], 1)
        assert choose([]) == ([], 0)

    def test_three_where_none_has_the_most_letters_and_signs_and_the_longest_key(
        self, site: Sandbox, load: Load
    ) -> None:
        plain, long, lettered, odd = make_creates(4)
        plain, long, odd = change_fields([plain, long, odd], code="KOD", description="MERKEZ")
        long, odd = rekey(long, "CARI-0002"), change_fields([odd], description="<M.E.R.K.E.Z>&'-/+")[0]
        creates = [plain, long, lettered, odd]
        assert choose(creates) == ([lettered, odd, long, plain], 3)
        site.set_habits({"habit": "cut", "length": 6})
        assert "'CARI-0002' became 'CARI-0'" in stop(load, *creates)
        assert load.sent() == ["3", "4", "CARI-0002"]

    def test_one_with_signs_that_the_site_escapes(self, site: Sandbox, load: Load) -> None:
        creates = [*make_creates(3), *change_fields(make_creates(1, start=4), description="AR-GE & SATIS")]
        site.set_habits({"habit": "escape", "field": "*"})
        assert "'AR-GE & SATIS' became 'AR-GE &amp; SATIS'" in stop(load, *creates)
        assert load.sent() == ["1", "4"]

    def test_one_that_only_empties_a_text_goes_behind_the_others(self, site: Sandbox) -> None:
        emptied, changed = make_creates(2)
        seed(site, [emptied, changed], description="eski")
        wanted = [*change_fields([emptied], description=""), *change_fields([changed], description="yeni")]
        updates = make_updates(site, wanted)
        assert choose(updates)[0] == [updates[1], updates[0]]

    def test_of_an_update_that_leaves_fields_out_only_what_is_sent_counts(self, site: Sandbox) -> None:
        first, second = make_creates(2)
        seed(site, [first], description="eski", note="şüphe çöğ & <b>")
        seed(site, [second], description="eski")
        updates = make_updates(site, change_fields([first], description="a") + change_fields([second], description="ş"))
        assert choose(updates)[0][0] == updates[0]
        assert choose(updates, partial=True)[0][0] == updates[1]

    def test_one_with_values_in_fields_that_are_not_sent(self, site: Sandbox) -> None:
        creates = make_creates(3)
        seed(site, creates[:2], description="eski")
        seed(site, creates[2:], description="eski", space1="panelden", note="elle")
        updates = make_updates(site, creates)
        assert updates[2] in choose(updates, partial=True)[0][: choose(updates, partial=True)[1]]
        assert updates[2] not in choose(updates)[0][: choose(updates)[1]]


class TestTexts:
    """A site that keeps other letters than were sent, or only some of them."""

    @pytest.mark.parametrize(("letters", "stored"), [("ascii", "Aciklama 1"), ("question", "Aç?klama 1")])
    def test_other_letters_stop_the_run(self, site: Sandbox, load: Load, letters: str, stored: str) -> None:
        site.set_habits({"habit": "letters", "to": letters, "field": "*"})
        text = stop(load, *make_creates(5))
        assert f"Ödüyo stores description otherwise than it was sent: 'Açıklama 1' became '{stored}'" in text
        assert load.sent() == ["1"]
        assert [(finding.brake, finding.is_released) for finding in load.findings] == [("letters", False)]

    def test_released_they_are_remembered_and_the_rest_is_sent(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        site.set_habits({"habit": "letters", "field": "*"})
        load = make_load(released={"letters": None})
        results = load.apply(*make_creates(5))
        assert {result.stored["description"] for result in results.values()} == {f"Aciklama {n}" for n in range(1, 6)}
        assert load.findings[0].is_released

    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
    def test_known_and_not_released_neither_creates_nor_updates_are_sent(
        self, site: Sandbox, make_load: Callable[..., Load], action: Action
    ) -> None:
        changes = plan(site, action)
        load = make_load(known_findings=known("letters"))
        assert "(letters)" in stop(load, *changes)
        assert load.calls()[CALLS[action]] == 0

    @pytest.mark.parametrize(("field", "is_sent"), [("description", True), ("space5", False)])
    def test_another_value_that_is_known_of_a_field_stops_what_sends_that_field(
        self, site: Sandbox, make_load: Callable[..., Load], field: str, is_sent: bool
    ) -> None:
        load = make_load(known_findings=known("letters", field, is_other=True))
        if is_sent:
            assert f"(letters, {field})" in stop(load, *make_creates(2))
        else:
            load.apply(*make_creates(2))
        assert load.calls()["create"] == (0 if is_sent else 2)

    def test_released_another_value_of_a_field_an_update_that_is_ignored_has_no_effect_all_the_same(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site)
        site.set_habits({"habit": "ignore", "call": "update"})
        load = make_load(known_findings=known("letters", is_other=True, is_released=True))
        assert "none of them was carried out whole" in stop(load, *changes)
        assert count_outcomes(load.read_journal().results) == {"failed": 3}

    @pytest.mark.parametrize("lost_count", [2, 10])
    def test_a_record_of_which_nothing_was_kept_before_says_nothing_of_the_site(
        self, site: Sandbox, load: Load, lost_count: int
    ) -> None:
        changes = plan_updates(site)
        lost = changes[:lost_count]
        load.entries.update({change.integration_id: _make_lost(change) for change in lost})
        site.set_habits(
            {"habit": "cut", "length": 0, "field": "description", "ids": [change.oduyo_id for change in lost]}
        )
        assert count_outcomes(load.apply(*changes))["failed"] == lost_count
        assert load.findings == []
        keys = {change.integration_id for change in lost}
        assert (load.sent("update")[0] in keys) is (lost_count == len(changes))
        assert sum(load.waits) < 3 * SETTLE_S, "not each of them is waited for alone"

    def test_three_that_are_kept_as_they_were_kept_before_are_a_habit_that_a_person_may_release(
        self, site: Sandbox, load: Load
    ) -> None:
        changes = plan_updates(site)
        for change in changes:
            pair = Stored(change.payload["description"], change.base["description"], is_open=True)
            load.entries[change.integration_id] = Entry(
                change.integration_id, oduyo_id=change.oduyo_id, stored={"description": pair}
            )
        site.set_habits({"habit": "ignore", "call": "update"})
        assert 'give one run release ["letters"]' in stop(load, *changes)
        assert len(load.sent("update")) == MAX_WITHOUT_EFFECT
        assert [(finding.name, finding.is_released) for finding in load.findings] == [("letters:description", False)]

    def test_a_text_that_is_only_cut_stops_nothing(self, site: Sandbox, load: Load) -> None:
        site.set_readings(silently_cut={"description": 5})
        results = load.apply(*make_creates(5))
        assert {result.stored["description"] for result in results.values()} == {"Açıkl"}
        assert load.findings == []

    def test_released_a_text_that_the_site_makes_as_it_was_is_no_lack_of_effect(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        wanted = make_creates(4)
        seed(site, wanted, description="Aciklama")
        changes = make_updates(site, change_fields(wanted, description="Açıklama"))
        site.set_habits({"habit": "letters", "field": "*"})
        load = make_load(known_findings=known("letters", is_released=True))
        results = load.apply(*changes)
        assert {result.outcome for result in results.values()} == {Outcome.DONE}
        assert {result.stored["description"] for result in results.values()} == {"Aciklama"}

    def test_not_released_such_a_text_stops_the_run_by_its_name(self, site: Sandbox, load: Load) -> None:
        wanted = make_creates(4)
        seed(site, wanted, description="Aciklama")
        changes = make_updates(site, change_fields(wanted, description="Açıklama"))
        site.set_habits({"habit": "letters", "field": "*"})
        assert "'Açıklama' became 'Aciklama'" in stop(load, *changes)
        assert load.calls()["update"] == 1

    def test_behind_a_key_that_is_released_letters_stop_it_too(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        site.set_habits({"habit": "pad", "length": 12}, {"habit": "letters", "field": "description"})
        load = make_load(released={"key_altered": None, "updates": 30})
        text = stop(load, *make_creates(5))
        assert "'Açıklama 1' became 'Aciklama 1'" in text
        assert 'release ["letters", "key_altered", "updates:30"]' in text
        assert load.calls()["create"] == 1

    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
    def test_nothing_of_a_text_stops_it_whatever_was_released(
        self, site: Sandbox, make_load: Callable[..., Load], action: Action
    ) -> None:
        changes = plan(site, action)
        site.set_readings(silently_cut={"description": 0})
        load = make_load(known_findings=known("letters", is_released=True))
        text = stop(load, *changes)
        assert "became ''" in text
        assert "cannot be released. Mend the value in the ERP, leave description out of the query" in text
        assert load.calls()[CALLS[action]] == 1
        assert [(finding.brake, finding.is_released) for finding in load.findings] == [("letters", False)]

    @pytest.mark.parametrize(("how", "stored"), [("html", "A &amp; B"), ("slashes", "O\\'Brien")])
    def test_a_site_that_escapes_what_is_sent_back_is_found_by_the_first_update(
        self, site: Sandbox, load: Load, how: str, stored: str
    ) -> None:
        changes = plan_updates(site, note="A & B" if how == "html" else "O'Brien")
        site.set_habits({"habit": "escape", "how": how, "field": "note"})
        assert f"became '{stored}'" in stop(load, *changes)
        assert load.calls()["update"] == 1

    def test_released_it_is_sent_back_as_it_was_before(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        changes = plan_updates(site, note="O\\'Brien")
        site.set_habits({"habit": "escape", "how": "slashes", "field": "note"})
        load = make_load(known_findings=known("letters", is_released=True), escaping=Escaping.SLASHES)
        assert count_outcomes(load.apply(*changes)) == {"done": 10}
        assert {record["note"] for record in site.records()} == {"O\\'Brien"}


class TestLostFields:
    """An update that leaves fields out must not empty them."""

    def test_one_that_nobody_documents_stops_the_run_until_a_person_accepts_its_loss(
        self, site: Sandbox, load: Load, make_load: Callable[..., Load], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changes, look = plan_updates(site), Looker.look

        async def look_at_more(looker: Looker, recorder: Recorder, changes: list[Change], **how: bool) -> list[Ready]:
            found = await look(looker, recorder, changes, **how)
            return [msgspec.structs.replace(one, record={**(one.record or {}), "risk_group": "A-7"}) for one in found]

        monkeypatch.setattr(Looker, "look", look_at_more)
        text = stop(load, *changes)
        assert "did not keep them: risk_group ('A-7'). Nothing more is sent. Look at the record" in text
        assert 'give one run release ["letters"]' in text
        assert load.calls()["update"] == 1
        assert [(finding.name, finding.is_final) for finding in load.findings] == [("letters:risk_group", False)]
        [finding] = load.findings
        load = make_load(known_findings={finding.name: msgspec.structs.replace(finding, is_released=True)})
        assert count_outcomes(load.apply(*plan_updates(site, space2="b"))) == {"done": 10}

    def test_they_are_restored_and_the_finding_is_dropped(self, site: Sandbox, make_load: Callable[..., Load]) -> None:
        changes = plan_updates(site, space1="panelden", note="elle")
        site.set_readings(update_keeps_absent=False)
        load = make_load(partial_updates=True)
        text = stop(load, *changes)
        assert "left fields out, and Ödüyo did not keep them" in text
        assert "They were sent again, and from now on updates carry the whole record. Start a new run." in text
        [key] = load.sent("update")[:1]
        [record] = [record for record in site.records() if record["integration_id"] == key]
        others = [other for other in site.records() if other != record]
        assert (record["description"], record["space1"], record["note"]) == (f"Açıklama {key}", "panelden", "elle")
        assert record["code"] == f"KOD.{key}"
        assert {other["description"] for other in others} == {"eski"}
        assert [(finding.brake, finding.is_released) for finding in load.findings] == [("partial_updates", False)]

    def test_what_a_person_wrote_meanwhile_stays_where_others_are_restored(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site, space1="panelden", note="elle")
        site.set_readings(update_keeps_absent=False)
        edit = {"do": "edit", "id": "it", "fields": {"note": "başka"}}
        site.set_script({"at": {"call": "update", "number": 1, "when": "after"}, "do": edit})
        load = make_load(partial_updates=True)
        assert "space1 ('panelden')" in stop(load, *changes)
        [key] = {*load.sent("update")}
        [record] = [record for record in site.records() if record["integration_id"] == key]
        assert (record["space1"], record["note"], record["description"]) == ("panelden", "başka", f"Açıklama {key}")

    def test_over_another_value_which_a_person_may_have_written_nothing_is_sent(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site, note="elle")
        edit = {"do": "edit", "id": "it", "fields": {"note": "0"}}
        site.set_script({"at": {"call": "update", "number": 1}, "do": edit})
        load = make_load(partial_updates=True)
        text = stop(load, *changes)
        assert "note ('elle'). Nothing more is sent. Look at the record in the Ödüyo panel, then" in text
        assert load.calls()["update"] == 1
        assert [(finding.brake, finding.is_released) for finding in load.findings] == [("partial_updates", False)]

    def test_where_they_cannot_be_restored_a_person_is_told_what_they_were(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site, space1="panelden")
        site.set_readings(update_keeps_absent=False)
        site.set_faults({"call": "update", "kind": "status_false", "skip": 1})
        text = stop(make_load(partial_updates=True), *changes)
        assert "space1 ('panelden')" in text
        assert "Look at the record in the Ödüyo panel" in text

    def test_a_value_of_the_row_that_another_update_loses_has_failed_and_the_finding_is_dropped(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site)
        empty = {"do": "edit", "id": "it", "fields": {"code": ""}}
        site.set_script({"at": {"call": "update", "keys": "7", "when": "after"}, "do": empty})
        load = make_load(partial_updates=True)
        assert count_outcomes(load.apply(*changes)) == {"done": 9, "failed": 1}
        assert load.sent("update")[0] != "7"
        assert [(finding.brake, finding.field) for finding in load.findings] == [("partial_updates", "code")]

    def test_where_the_site_keeps_them_updates_send_what_differs_alone(
        self, site: Sandbox, make_load: Callable[..., Load]
    ) -> None:
        changes = plan_updates(site, space1="panelden", note="elle")
        load = make_load(partial_updates=True)
        assert count_outcomes(load.apply(*changes)) == {"done": 10}
        columns = [set(entry["column"]) for entry in site.log(call="update")["requests"]]
        assert columns == [{"id", "integration_id", "key1", "key2", "description"}] * 10
        assert {(record["space1"], record["note"]) for record in site.records()} == {("panelden", "elle")}

    def test_an_update_of_the_whole_record_loses_nothing(self, site: Sandbox, load: Load) -> None:
        changes = plan_updates(site, space1="panelden", note="elle")
        site.set_readings(update_keeps_absent=False)
        assert count_outcomes(load.apply(*changes)) == {"done": 10}
        assert {(record["space1"], record["note"]) for record in site.records()} == {("panelden", "elle")}


class TestLostAnswers:
    def test_a_create_whose_answer_was_lost_is_sought_and_then_judged(self, site: Sandbox, load: Load) -> None:
        site.set_habits("pad=12")
        site.set_faults({"call": "create", "kind": "drop", "where": "after", "times": 1})
        assert "'1' became '1           '" in stop(load, *make_creates(5))
        assert load.sent() == ["1"]

    def test_one_that_never_arrived_is_sent_once_more_and_judged(self, site: Sandbox, load: Load) -> None:
        site.set_habits("pad=12")
        site.set_faults({"call": "create", "kind": "drop", "times": 1})
        assert "'1' became '1           '" in stop(load, *make_creates(5))
        assert load.sent() == ["1", "1"]

    def test_rows_at_which_the_server_always_fails_do_not_keep_the_others_from_being_sent(
        self, site: Sandbox, load: Load
    ) -> None:
        creates = sorted(make_creates(20), key=lambda change: change.sort_key)
        assert [change.integration_id for change in creates[:4]] == ["1", "10", "11", "12"]
        site.set_habits({"habit": "row_fails", "keys": "1*"})
        assert count_outcomes(load.apply(*creates)) == {"refused": 11, "done": 9}

    def test_one_that_stays_lost_passes_the_role_on(self, site: Sandbox, load: Load) -> None:
        site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "1"}})
        assert count_outcomes(load.apply(*make_creates(5))) == {"doubtful": 1, "done": 4}


def test_create_mode_has_a_canary_too(site: Sandbox, make_load: Callable[..., Load]) -> None:
    site.set_habits("pad=12")
    load = make_load(is_create_mode=True)
    assert "'1' became '1           '" in stop(load, *make_creates(5))
    assert load.sent() == ["1"]


def test_what_a_try_that_died_sent_first_is_judged_before_the_next_one_sends_more(site: Sandbox, load: Load) -> None:
    creates = make_creates(5, description="AYNI")
    first = msgspec.structs.replace(creates[2], payload={**creates[2].payload, "description": "Açıklama"})
    site.set_habits({"habit": "letters", "to": "ascii", "field": "*"})

    async def die_before_the_read_back(load: Load) -> None:
        sender = Sender(load.work, load.course, look_again=_never, check_made=check_nothing)
        await sender.send_one(load.recorder, Ready(first, None, load.monotonic()))
        await load.recorder.flush()

    load.run(die_before_the_read_back)
    with pytest.raises(CanaryError, match="'Açıklama' became 'Aciklama'"):
        load.retry(*creates[:2], first, *creates[3:])
    assert load.sent() == []
    assert len(site.records()) == 1


async def _never(recorder: Recorder, change: Change) -> Ready | None:
    raise AssertionError(change)


def test_dates_alone_prove_nothing_where_a_site_ignores_updates(site: Sandbox, load: Load) -> None:
    wanted = make_creates(8, special_updated_in="2025-05-01 10:00:00")
    seed(site, wanted, special_updated_in="2024-05-01 10:00:00")
    changes = make_updates(site, [*wanted[:2], *change_fields(wanted[2:], description="yeni")])
    assert [is_canary(change, SPECIAL_CODE.kinds) for change in changes] == [False] * 2 + [True] * 6
    site.set_habits("ignore=update")
    assert "of the kind update" in stop(load, *changes)
    assert len(load.sent("update")) == MAX_WITHOUT_EFFECT


class TestDatesAlone:
    """Updates that only write dates: they prove no effect, and still show what the site does to a record."""

    @pytest.fixture
    def changes(self, site: Sandbox) -> list[Change]:
        wanted = make_creates(8, special_updated_in="2025-05-01 10:00:00")
        seed(site, wanted, special_updated_in="2024-05-01 10:00:00", space5="<b>")
        return make_updates(site, wanted)

    def test_the_first_goes_alone_and_proves_nothing(self, site: Sandbox, load: Load, changes: list[Change]) -> None:
        assert count_outcomes(load.apply(*changes)) == {"done": 8}
        calls = [entry["call"] for entry in site.log()["requests"] if entry["call"] != "login"]
        assert calls[calls.index("update") + 1] == "list"
        assert load.course.proven == set()

    @pytest.mark.parametrize(
        ("habit", "lost"),
        [
            ({"habit": "letters", "to": "ascii", "field": "*"}, "'Açıklama 1' became 'Aciklama 1'"),
            ({"habit": "escape", "how": "tags", "field": "space5"}, "'<b>' became ''"),
        ],
        ids=["letters", "emptied"],
    )
    def test_what_is_lost_is_lost_on_one_record(
        self, site: Sandbox, load: Load, changes: list[Change], habit: dict[str, str], lost: str
    ) -> None:
        site.set_habits(habit)
        assert lost in stop(load, *changes)
        assert load.sent("update") == ["1"]

    def test_one_that_is_refused_passes_the_role_on(self, site: Sandbox, load: Load, changes: list[Change]) -> None:
        site.set_habits({"habit": "refuse", "keys": "1"}, {"habit": "letters", "to": "ascii", "field": "*"})
        assert "became" in stop(load, *changes)
        assert len(load.sent("update")) == 2

    def test_it_comes_after_those_that_prove_an_effect(self, site: Sandbox, load: Load, changes: list[Change]) -> None:
        [able] = change_fields(changes[-1:], description="yeni")
        able = msgspec.structs.replace(able, differs=("description",))
        site.set_habits({"habit": "refuse", "keys": able.integration_id})
        assert count_outcomes(load.apply(*changes[:-1], able)) == {"done": 7, "refused": 1}
        assert load.sent("update")[0] == able.integration_id

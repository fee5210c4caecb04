"""Whether a record can be the result of a create, on a site that alters keys and letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.drift import find_stored_otherwise
from oduyo_provider.core.findings import can_be_letters
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import Matching, compute_natural_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.core.row_groups import RowGroup
from oduyo_provider.core.values.keys import can_be_key_of, fold_key, is_form_of_key
from oduyo_provider.core.values.letters import can_be_letters_of

_KEY = "integration_id"


def can_be_made_of(change: Change, record: Remote, normaliser: Normaliser, *, has_natural_key: bool) -> bool:
    """Whether a record can be the result of a create, on a site that stores keys otherwise.

    :param has_natural_key: the record has the row's natural key. Then its key may be any one, if the other fields are as sent, cut
        or in other letters.
    """
    if can_be_key_of(change.integration_id, record.get("integration_id")):
        return True
    stored = find_stored_otherwise(change, record, normaliser)
    return has_natural_key and all(
        name == _KEY
        or can_be_letters_of(change.payload[name], value or "")
        or can_be_letters(name, change.payload[name], value, normaliser)  # padded, or a number as a firm's
        for name, value in stored.items()
    )


def can_be_natural_key_of(sent: tuple[str, ...], stored: tuple[str, ...]) -> bool:
    """Whether a stored natural key may be a form of the one that was sent. Its last part, the code, is a text."""
    is_same = [*map(fold_key, stored[:-1])] == [*map(fold_key, sent[:-1])]  # it may keep numbers, as it does keys
    return is_same and can_be_letters_of(sent[-1], stored[-1])


def is_made_in_another_form(change: Change, record: Remote, normaliser: Normaliser) -> bool:
    """Whether a record is as a create asked for, with the whole key in another form."""
    stored = find_stored_otherwise(change, record, normaliser)
    return is_form_of_key(change.integration_id, record.get(_KEY)) and stored.keys() <= {_KEY}


def join_nameless(
    matching: Matching, groups: Mapping[str, RowGroup], normaliser: Normaliser, key_length: int | None = None
) -> None:
    """Match records that were made and not seen since, where Ödüyo stores their keys in another form.

    They come from confirmed creates, or from unanswered changes that give a record its key; or somebody made a record anew, whose
    key the ledger knows as it was stored before. A row gets a record if that is the only one with a form of its key, has the row's
    natural key uncut, and if no row and no entry has the record's own key or id. Without a natural key all other fields must be as
    sent. Records of other partitions are not seen.

    :param groups: the rows by match key.
    :param key_length: to how many characters Ödüyo is known to cut keys. A record that the answer named may have any beginning.
    """
    entries, matches = matching.entries, matching.matches
    unseen = {key for key, entry in entries.items() if _may_be_there(entry) or _KEY in entry.stored} - matches.keys()
    if not unseen:
        return
    found = _find_candidates(matching, unseen, groups, key_length)
    claims = Counter(held for candidates in found.values() for held in candidates)
    for key in unseen & groups.keys():
        [held, *others] = found[key] or [""]
        if held and not others and claims[held] == 1 and _can_be_of(groups[key], matches[held].record, normaliser):
            matching.move(held, key)


def _find_candidates(
    matching: Matching, unseen: Collection[str], groups: Mapping[str, RowGroup], key_length: int | None
) -> dict[str, list[str]]:
    """Key that was not seen → keys of free records that may be its: the key as it was stored before; a beginning of it if the
    answer named the record; else a form of it.
    """
    by_id, by_form = _index_free(matching, groups)
    found: dict[str, list[str]] = {}
    for key in unseen:
        entry = matching.entries[key]
        if not _may_be_there(entry):
            held = entry.stored[_KEY].stored
            found[key] = by_form.get(fold_key(held), []) if held else []
        elif entry.oduyo_id is not None and entry.is_made:
            named = by_id.get(entry.oduyo_id, "")
            found[key] = [named] if named and can_be_key_of(key, named) else []
        else:
            forms = {fold_key(key), fold_key(entry.integration_id[:key_length])}
            found[key] = [held for form in forms for held in by_form.get(form, ())]
    return found


def _index_free(
    matching: Matching, groups: Mapping[str, RowGroup]
) -> tuple[dict[str | None, str], dict[str, list[str]]]:
    """The keys of records whose key no row and no entry has: all of them by id, and by the key's form those whose id no entry has
    either.
    """
    entries, matches = matching.entries, matching.matches
    owned = {entry.oduyo_id for entry in entries.values() if entry.oduyo_id}
    by_id, by_form = dict[str | None, str](), dict[str, list[str]]()
    for held in matches.keys() - groups.keys() - entries.keys():
        if matches[held].twins:
            continue  # nobody knows which of the twins it is
        by_id[matches[held].record["id"]] = held
        if matches[held].record["id"] not in owned:
            by_form.setdefault(fold_key(held), []).append(held)
    return by_id, by_form


def _may_be_there(entry: Entry) -> bool:
    is_nameless = entry.oduyo_id is None or bool(entry.made_in)
    return is_nameless if entry.is_made else entry.sent_at is not None


def _can_be_of(group: RowGroup, record: Remote, normaliser: Normaliser) -> bool:
    row, names = group.normalised, normaliser.resource.natural_key
    if row.payload is None or len(group.rows) > 1:
        return False
    wanted, found = compute_natural_key(row.payload, names), compute_natural_key(record, names)
    if wanted is not None:
        return found is not None and can_be_natural_key_of(wanted, found) and len(found[-1]) >= len(wanted[-1])
    stored = find_stored_otherwise(Change(Action.CREATE, str(row.integration_id), row.payload), record, normaliser)
    return stored.keys() <= {_KEY}

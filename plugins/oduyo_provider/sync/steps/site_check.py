"""The site check: ask a site how it reads the open points of its documentation, and keep the answers beside the ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from oduyo_provider import __version__
from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.probe import Probe
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import IncompleteError, OduyoError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import Redactor
from oduyo_provider.core.site_check import Point, TrialRecords
from oduyo_provider.sync.check.answers import (
    format_points,
    format_support_text,
    format_time,
    make_points,
    merge_points,
    summarise,
)
from oduyo_provider.sync.check.asker import Asker
from oduyo_provider.sync.check.cleanup import Cleanup, judge_removal
from oduyo_provider.sync.check.list_questions import Facts, ListQuestions
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.record import make_digits_key, make_mark
from oduyo_provider.sync.check.session_questions import ask_login, ask_sessions, find_session_life
from oduyo_provider.sync.check.speed import Speed, judge_speed, measure_speed
from oduyo_provider.sync.check.trial import Trial, Tried
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.state import SiteCheck, SiteState
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.run_folder import name_attempt

log = logging.getLogger(__name__)

_WRITER = "the site check"


async def check_site(
    root: Folder,
    settings: Settings,
    resource: Resource,
    *,
    write: bool = False,
    on_secret: Callable[[str], None] | None = None,
    clock: Clock = Clock(),  # noqa: B008  frozen
) -> SiteCheck:
    """Ask a site every question, while no load writes to it.

    :param root: the staging path.
    :param write: also make a passive test record, change it and delete it again.
    :param on_secret: called with each session id before anything else gets it.
    :returns: the newest answer to each question, also of earlier checks.
    :raises IncompleteError: a test record could not be deleted; the text names it.
    :raises OduyoError: nothing more could be asked, such as after a refused login. What was answered is kept.
    """
    state = SiteState(root, settings.site, resource)
    lease = state.make_lease(_WRITER, name_attempt(1), log.info, clock)
    async with lease.hold():
        check = _Check(state, settings, resource, lease.check, on_secret, clock)
        return await check.run(write=write)


class _Check:
    """One check, while the lease is held."""

    def __init__(
        self,
        state: SiteState,
        settings: Settings,
        resource: Resource,
        check_lease: Callable[[], None],
        on_secret: Callable[[str], None] | None,
        clock: Clock,
    ) -> None:
        self._state = state
        self._settings = settings
        self._resource = resource
        self._check_lease = check_lease
        self._on_secret = on_secret
        self._clock = clock
        self._redact = Redactor(settings.secrets)
        self._began_at = clock.now()
        self._mark = make_mark(self._began_at)
        self._kept = state.read_check()
        self._found: list[Found] = []
        self._facts = Facts()
        self._tried = Tried()
        self._speed: Speed | None = None

    async def run(self, *, write: bool) -> SiteCheck:
        """Ask, remove what earlier checks left, try a record, and keep the answers whatever happens."""
        try:
            async with self._open_probe() as probe:
                asker = Asker(
                    probe,
                    self._settings,
                    self._redact,
                    self._clock,
                    check_lease=self._check_lease,
                    found=self._found,
                )
                await self._ask(asker)
                if self._kept.trial is not None:
                    await self._remove(self._kept.trial, is_earlier=True)
                if write and self._kept.trial is None:
                    await self._try_records(asker)
                self._found += judge_speed(self._speed, asker, self._tried.create_s)
        finally:
            self._show(self._keep())
        self._check_left()
        return self._kept

    def _open_probe(self) -> Probe:
        return Probe(self._settings, self._resource, redact=self._redact, on_secret=self._on_secret)

    async def _ask(self, asker: Asker) -> None:
        """The read-only questions."""
        await ask_login(asker)
        lists = ListQuestions(asker, self._settings, self._resource, f"{self._mark}-none")
        self._facts = lists.facts
        await lists.ask()
        self._found.append(find_session_life(asker, self._began_at))
        await ask_sessions(asker, self._open_probe)
        self._speed = await measure_speed(asker, self._settings.max_concurrency)
        self._found += asker.wire.find()

    async def _try_records(self, asker: Asker) -> None:
        """The questions that need a record; all that they make is removed again, however they end."""
        if (why_not := self._find_why_not()) is not None:
            self._found.append(Found.of("create", "not_asked", words=why_not))
            return
        async with self._open_client() as client:
            above_id = await client.fetch_highest_id()
        await asker.log_in()
        keys = (self._mark, make_digits_key(self._began_at))
        records = TrialRecords(mark=self._mark, keys=keys, above_id=above_id, last_create_at=self._clock.now())
        trial = Trial(asker, self._resource, records, note=self._note_trial, facts=self._facts)
        self._tried = trial.tried
        try:
            await trial.run()
        finally:
            if self._kept.trial is not None:
                await self._remove(self._kept.trial, is_earlier=False)

    def _find_why_not(self) -> str | None:
        """Why no test record can be made safely and found again; None when it can."""
        if self._resource.passive is None:
            return gettext(
                "%(resource)s has no word for passive, so that a test record would be in use.",
                resource=self._resource.name,
            )
        if not self._facts.is_listable:
            return gettext("not all records of this site can be listed, see the order and comparison of ids.")
        if not self._facts.may_list:
            return gettext(
                "without the right to list, a test record could not be found again. If there is no record yet, add one "
                "in the Ödüyo panel, then check again."
            )
        return None

    async def _note_trial(self, trial: TrialRecords) -> None:
        """Write down what is about to be made: from now on a later check removes it."""
        self._kept = msgspec.structs.replace(self._kept, trial=trial)
        await asyncio.to_thread(self._state.note_check, self._kept)

    def _open_client(self) -> OduyoClient:
        return OduyoClient(self._settings, self._resource, on_secret=self._on_secret)

    async def _remove(self, trial: TrialRecords, *, is_earlier: bool) -> None:
        """Delete test records. Those that cannot be deleted are kept in mind for the next check."""
        tried = Tried() if is_earlier else self._tried
        try:
            async with self._open_client() as client:
                cleanup = Cleanup(
                    client,
                    trial,
                    settle_s=self._settings.settle_s,
                    check_lease=self._check_lease,
                    say=log.info,
                    clock=self._clock,
                )
                left = await cleanup.run(is_settled=tried.is_settled and not is_earlier)
        except OduyoError as error:
            self._found.append(Found.of("test_records", "unknown", words=str(error), mark=trial.mark))
            raise
        is_unseen = tried.is_unseen and not cleanup.removed
        removed = len({*cleanup.removed, *tried.ids} - left.keys())
        self._found += judge_removal(trial, left, removed=removed, is_unseen=is_unseen, is_earlier=is_earlier)
        kept = msgspec.structs.replace(trial, not_removed=tuple(left)) if left or is_unseen else None
        self._kept = msgspec.structs.replace(self._kept, trial=kept)

    def _keep(self) -> list[Point]:
        """Write down what was answered; what was not asked this time stays."""
        points = make_points(self._found, asked_at=self._began_at)
        kept, tried = self._kept, self._tried
        self._kept = msgspec.structs.replace(
            kept,
            checked_at=self._began_at,
            page_size=kept.page_size if self._facts.page_size is None else self._facts.page_size,
            partial_updates=kept.partial_updates if tried.partial_updates is None else tried.partial_updates,
            answers=merge_points(kept.answers, points),
        )
        self._state.note_check(self._kept)
        return points

    def _check_left(self) -> None:
        trial = self._kept.trial
        if trial is not None and trial.not_removed:
            raise IncompleteError(
                gettext(
                    "Test records of a site check could not be deleted: Ödüyo %(ids)s. They are passive, and their "
                    "texts begin with %(mark)s. Delete them in the Ödüyo panel, or give the user the right to delete and "
                    "check again: the next check removes them.",
                    ids=", ".join(trial.not_removed),
                    mark=trial.mark,
                )
            )

    def _show(self, points: Sequence[Point]) -> None:
        """The table for the log, and the text for Ödüyo's support."""
        site, name = self._settings.site, self._resource.name
        facts = {
            "Site": site,
            "Records": name,
            "Checked": format_time(self._began_at),
            "By": f"airflow-provider-oduyo {__version__}",
        }
        place = self._state.note_support_text(format_support_text(points, facts))
        head = gettext("Site check of %(site)s, %(resource)s:", site=site, resource=name)
        log.info("%s\n%s", head, format_points(points))
        log.info(gettext("The same for Ödüyo's support, without secrets: %(place)s", place=place))
        log.info(gettext("Site check: %(summary)s", summary=summarise(points)))

"""What is kept of a source: its plan numbers, whether it is opened, and what its last applied run rejected.

A plan number orders the plans of one source; no order rests on two machines' clocks.
"""

from __future__ import annotations

import msgspec

from oduyo_provider.core.errors import OutdatedPlanError
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.site.files import StateFile, read_state, write_state
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder

#: Numbers that are kept; older ones say nothing any more.
KEPT_NUMBERS = 20


class Opened(StateFile, frozen=True, kw_only=True):
    """A person's run has passed guard: from now on scheduled runs write too."""

    run: str


class Applied(StateFile, frozen=True, kw_only=True):
    """The plan of this source that took the lease last.

    :param number: its plan number; ``generation`` its name.
    :param mapped: names the instances of a mapped task, which share the number; empty for other tasks.
    :param rows: where the ERP's rows are staged of which it was made.
    :param merged: the highest number whose outcomes are in the ledger from a load that came to its end.
    """

    number: int
    generation: str
    mapped: str = ""
    rows: str = ""
    merged: int = 0


class KnownRejected(StateFile, frozen=True, kw_only=True):
    """Digests of the rows that the last applied run rejected.

    :param before: those of the run before it, where instances of a mapped task share a number: the others' rows count as
        known until they have been merged too.
    """

    digests: list[str]
    before: list[str] = msgspec.field(default_factory=list)


class Numbered(StateFile, frozen=True, kw_only=True):
    """A plan number, and the run that has it; ``mapped`` as of :class:`Applied`."""

    run: str
    mapped: str = ""


class Spent(StateFile, frozen=True, kw_only=True):
    """A plan was let through in a run that releases brakes: these releases are for no other plan.

    :param number: of the plan; ``rows`` names the staged rows that it was made of.
    """

    run: str
    number: int
    rows: str


class SourceState:
    """One source on one site.

    :param folder: of the source.
    """

    def __init__(self, folder: Folder, source: str) -> None:
        self._folder = folder
        self.source = source

    def draw_number(self, run: str, attempt: str, mapped: str = "") -> int:
        """Draw the next plan number, above every known one: drawn, passed by guard, or applied.

        Two runs that draw at the same moment may get the same one; load refuses the second.

        :param mapped: instances of a mapped task share theirs, as long as nobody else has drawn since.
        """
        drawn = self._folder.child(layout.DRAWN)
        names = drawn.names()
        passed, applied = self._folder.child(layout.PASSED).names(), self.read_applied()
        number = max((layout.read_number(name) for name in (*names, *passed)), default=0)
        number = max(number, applied.number if applied is not None else 0)
        if not mapped or not self._is_shared(drawn, names, number, mapped):
            number += 1
        write_state(drawn, layout.name_number(number, attempt), Numbered(run=run, mapped=mapped))
        for name in names:
            if 0 < layout.read_number(name) <= number - KEPT_NUMBERS:
                drawn.delete(name)
        return number

    @staticmethod
    def _is_shared(drawn: Folder, names: list[str], number: int, mapped: str) -> bool:
        found = (read_state(drawn, name, Numbered) for name in names if layout.read_number(name) == number)
        return any(other is not None and other.mapped == mapped for other in found)

    def note_passed(self, number: int, run: str, attempt: str) -> None:
        """A plan has passed guard and may write: it outdates older ones."""
        passed = self._folder.child(layout.PASSED)
        names = passed.names()
        write_state(passed, layout.name_number(number, attempt), Numbered(run=run))
        for name in names:
            if layout.read_number(name) < number:
                passed.delete(name)

    def note_spent(self, run: str, number: int, rows: str) -> None:
        """A plan of a run that releases brakes was let through. Only such runs leave a file, and it stays."""
        spent = Spent(run=run, number=number, rows=rows)
        write_state(self._folder.child(layout.SPENT), layout.name_digest(run), spent)

    def read_spent(self, run: str) -> Spent | None:
        """What a run's releases were for; None where nothing of it was let through with them."""
        spent = read_state(self._folder.child(layout.SPENT), layout.name_digest(run), Spent)
        return spent if spent is not None and spent.run == run else None

    def check_order(self, number: int, generation: str, mapped: str = "") -> None:
        """Refuse a plan that is older than one that may write. Under the lease.

        :param mapped: of equal numbers the second is refused, unless both are of instances of one mapped task.
        :raises OutdatedPlanError: naming the other plan.
        """
        passed = self._folder.child(layout.PASSED)
        newest = max(passed.names(), key=layout.read_number, default="")
        applied = self.read_applied()
        other = ""
        if layout.read_number(newest) > number:
            state = read_state(passed, newest, Numbered)
            other = gettext(
                "plan %(number)s of %(run)s", number=layout.read_number(newest), run=state.run if state else self.source
            )
        elif applied is not None and (
            applied.number > number
            or (
                applied.number == number
                and applied.generation != generation
                and not (mapped and applied.mapped == mapped)
            )
        ):
            other = applied.generation
        if other:
            raise OutdatedPlanError(
                gettext(
                    "%(other)s has passed guard since this plan (%(plan)s) was made: applying the older plan would "
                    "write old values over new ones. This try sent nothing. Start a new run, which compares everything again.",
                    other=other,
                    plan=generation,
                )
            )

    def read_applied(self) -> Applied | None:
        """The plan that took the lease last; None when there was none."""
        return read_state(self._folder, layout.APPLIED, Applied)

    def check_rows(self, generation: str, rows: str) -> None:
        """Refuse rows that were read anew after a plan on the same listing began to write: the listing does not show its writes.

        :param rows: where they are staged.
        :raises OutdatedPlanError: saying from where to clear the run.
        """
        applied = self.read_applied()
        if applied is not None and applied.generation == generation and applied.rows != rows:
            raise OutdatedPlanError(
                gettext(
                    "This run has written to Ödüyo since it listed it, so that its listing no longer shows what is there: no other "
                    "rows can be compared with it. Clear the run from snapshot, or start a new run."
                )
            )

    def note_applied(self, number: int, generation: str, mapped: str = "", rows: str = "") -> None:
        """A plan begins to write. Under the lease."""
        before = self.read_applied()
        merged = 0 if before is None else before.merged
        applied = Applied(number=number, generation=generation, mapped=mapped, rows=rows, merged=merged)
        write_state(self._folder, layout.APPLIED, applied)

    def note_merged(self, number: int, digests: list[str]) -> None:
        """The outcomes of a plan whose load came to its end are in the ledger. Under the lease.

        :param digests: of the rows that it rejected.
        """
        before = self.read_applied()
        if before is None or before.merged > number:
            return
        earlier: list[str] = []
        known = read_state(self._folder, layout.KNOWN_REJECTED, KnownRejected) if before.mapped else None
        if known is not None and before.merged == number:
            digests, earlier = [*digests, *known.digests], known.before
        elif known is not None:
            earlier = known.digests
        write_state(self._folder, layout.APPLIED, msgspec.structs.replace(before, merged=number))
        rejected = KnownRejected(digests=sorted({*digests}), before=earlier)
        write_state(self._folder, layout.KNOWN_REJECTED, rejected)

    def read_known_rejected(self) -> frozenset[str]:
        """Digests of the rows that the last applied run rejected."""
        known = read_state(self._folder, layout.KNOWN_REJECTED, KnownRejected)
        return frozenset((*known.digests, *known.before) if known else ())

    @property
    def is_opened(self) -> bool:
        """Whether a person's run has passed guard on this site."""
        return self._folder.has(layout.OPENED)

    def open(self, run: str) -> None:
        """A person's run has passed guard."""
        write_state(self._folder, layout.OPENED, Opened(run=run))

"""Which run this is, and where its files lie."""

from __future__ import annotations

from uuid import uuid4

import msgspec

from oduyo_provider.sync.staging.folder import Folder


class Run(msgspec.Struct, frozen=True):
    """One run of a DAG, or one task of somebody else's DAG that synchronises rows.

    :param root: the staging path.
    :param dag_id: as in Airflow; likewise ``run_id``.
    :param attempt: names this try of a task; files of one try are never written by another.
    :param task: for an operator in somebody else's DAG: its task id and, if mapped, its map index.
    """

    root: Folder
    dag_id: str
    run_id: str
    attempt: str
    task: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The run's name in messages and states."""
        return "/".join((self.dag_id, self.run_id, *self.task))

    @property
    def mapped(self) -> str:
        """What all instances of a mapped task share in their names; empty for a task that is not mapped."""
        return "/".join((self.dag_id, self.run_id, self.task[0])) if len(self.task) > 1 else ""

    @property
    def folder(self) -> Folder:
        """``<staging>/<dag_id>/<run_id>/``, below which everything of this run lies."""
        return self.root.child(self.dag_id, self.run_id, *self.task)

    def step(self, name: str) -> Folder:
        """This try's own folder for a step."""
        return self.folder.child(name, self.attempt)


def name_attempt(number: int) -> str:
    """A name for the ``number``-th try of a task: unique, even when two processes believe to be the same try."""
    return f"try{number}-{uuid4().hex[:8]}"


def renumber_attempt(attempt: str, lowest: int) -> str:
    """The name of a try that comes after others, also where Airflow counts from one again, as in a run deleted and made anew.

    :param lowest: number that it may have.
    """
    return f"try{max(read_attempt_number(attempt), lowest)}-{attempt.partition('-')[2] or attempt}"


def read_attempt_number(attempt: str) -> int:
    """The number of a try, out of its name; 0 where the name has none."""
    number = attempt.removeprefix("try").partition("-")[0]
    return int(number) if number.isdecimal() else 0

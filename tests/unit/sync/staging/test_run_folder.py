"""Which run this is, and where its files lie."""

from __future__ import annotations

import pytest

from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.run_folder import Run, name_attempt


@pytest.mark.parametrize(
    ("task", "name", "mapped"),
    [((), "dag/run1", ""), (("save",), "dag/run1/save", ""), (("save", "3"), "dag/run1/save/3", "dag/run1/save")],
    ids=["DAG", "operator", "mapped operator"],
)
def test_a_run_s_name_and_folder_tell_it_from_others(task: tuple[str, ...], name: str, mapped: str) -> None:
    run = Run(Folder.open("/staging"), "dag", "run1", "try1-ab", task)
    assert run.name == name
    assert run.mapped == mapped
    assert run.folder.uri == f"/staging/{name}"
    assert run.step("plan").uri == f"/staging/{name}/plan/try1-ab"


def test_two_tries_never_have_the_same_name() -> None:
    names = {name_attempt(1) for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith("try1-") for name in names)

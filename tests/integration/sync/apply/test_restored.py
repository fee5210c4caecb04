"""Staging that is not as the last run left it: put back from a backup, damaged, of a newer version."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oduyo_provider.core.errors import StateError
from tests.integration.sync.apply.driver import Driver, make_rows

ROWS = make_rows(12)


def test_a_backup_that_is_put_back_makes_nothing_twice_and_sends_nothing_again(driver: Driver, tmp_path: Path) -> None:
    driver.sync(ROWS[:5])
    root, backup = Path(driver.root.uri), tmp_path / "backup"
    shutil.copytree(root, backup)
    changed = [{**ROWS[0], "description": "yeni"}, *ROWS[1:]]
    driver.sync(changed)
    writes = driver.calls("create"), driver.calls("update")
    shutil.rmtree(root)
    shutil.copytree(backup, root)
    for _ in range(2):
        made = driver.sync(changed)
        assert (made.unchanged, made.created, made.updated) == (12, 0, 0)
    assert (driver.calls("create"), driver.calls("update")) == writes == (12, 1)


@pytest.mark.parametrize("name", ["turn.json", "sources/dag/applied.json", "sources/dag/rejected.json"])
@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b'{"format":2,"nu', "is damaged .* Restore it from a backup, or remove it"),
        (b'{"format":9}', "a newer version of airflow-provider-oduyo wrote"),
    ],
    ids=["damaged", "of a newer version"],
)
def test_a_file_that_cannot_be_read_stops_the_run_and_without_it_the_next_one_goes_on(
    driver: Driver, name: str, content: bytes, advice: str
) -> None:
    driver.sync(ROWS)
    [path] = (Path(driver.root.uri) / "_sites").glob(f"*/*/{name}")
    path.write_bytes(content)
    with pytest.raises(StateError, match=f"{name}.*{advice}"):
        driver.sync(ROWS)
    path.unlink()
    made = driver.sync(ROWS)
    assert (made.unchanged, made.created, driver.calls("create")) == (12, 0, 12)

"""The demo's state folder may have any name, and whoever may not write to it is told what to do."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from sandbox.demo.place import ROOT, DemoError, Place

pytestmark = pytest.mark.system


def test_what_is_printed_can_be_typed_for_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    place = Place(tmp_path / "Müşteri's (deneme) & co; iki")
    place.make()
    subprocess.run(["sh", "-c", place.compute_command("stop", "--remove")], check=True, timeout=120)
    assert not place.folder.exists()
    target, state = shlex.split(place.compute_make("run"))[1:]
    assert (target, state) == ("run", f"STATE={place.folder}")


def test_the_checkout_s_own_folder_needs_not_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    place = Place(ROOT / ".run")
    assert place.compute_make("ui") == "make ui"
    assert place.compute_command("stop").endswith("-m sandbox.demo stop --state .run")


def test_who_may_not_write_there_is_told_to_name_another_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()  # also root can make no folder below a file
    with (
        pytest.raises(DemoError, match=r"cannot write to its state folder: .+ make run STATE="),
        Place(tmp_path / "file" / "state").lock(),
    ):
        pass

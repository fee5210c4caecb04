"""A browser, and a real Airflow for it to look at: the demo's, with the local Ödüyo and the demo ERP."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.airflow import AirflowApi
from sandbox.demo.place import Place, find_ports
from sandbox.demo.stage import Stage, open_stage
from tests.conftest import ROOT

#: Names of Chromium and of what is built from it, in the order in which they are tried.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = (
    "No Chromium was found, so no browser test ran. Install it (Debian: apt-get install chromium), or name its program in "
    "CHROMIUM, and run the tests again."
)
#: With a folder in it, the tests leave their pictures there: docs/screenshots.py sets it.
PICTURES_VARIABLE = "BROWSER_PICTURES"
#: Of a page as people see it, and of every picture.
WINDOW = {"width": 1280, "height": 1000}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Say loudly, and after everything else, what was left out."""
    yield
    if find_chromium() is None:
        terminalreporter.write_sep("!", "browser tests were skipped", red=True, bold=True)
        terminalreporter.write_line(NO_BROWSER, red=True)


def find_chromium() -> str | None:
    """The program of a browser of this machine; nothing is ever downloaded."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else BROWSERS)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A browser without a window.

    It ends with the last test of this package: while it runs, no other event loop can run in this thread.
    """
    from playwright.sync_api import sync_playwright

    program = find_chromium()
    if program is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium starts only without its own sandbox.
        arguments = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def stage(browser: Any) -> Iterator[Stage]:
    """Airflow, the demo ERP and an empty local Ödüyo; Airflow knows only the ERP's connection."""
    own_erp = os.environ.pop("ERP_DSN", None)
    # Not one of pytest's folders: with a longer path, temporary files go elsewhere.
    with tempfile.TemporaryDirectory(prefix="browser-") as folder:
        place = Place(Path(folder).resolve())
        try:
            with open_stage(place, print) as stage:
                stage.start_erp()
                stage.start_sandbox()
                api = stage.start_airflow(find_ports(1)[0], has_connections=False)
                api.save_connection("erp_default", stage.connections["erp_default"])
                yield stage
        finally:
            place.remove()
            if own_erp is not None:
                os.environ["ERP_DSN"] = own_erp


@pytest.fixture(scope="package")
def api(stage: Stage) -> AirflowApi:
    """Airflow's API, with the connection to the local Ödüyo in place, whether or not a test has made it by clicks."""
    assert stage.api
    stage.api.save_connection("oduyo_default", stage.connections["oduyo_default"])
    return stage.api


@pytest.fixture(scope="package")
def window(browser: Any, stage: Stage) -> Iterator[Any]:
    """One visitor, whose pages share a cache."""
    assert stage.api
    window = browser.new_context(viewport=WINDOW, base_url=stage.api.address, locale="en-GB", timezone_id="UTC")
    window.set_default_timeout(30_000)
    yield window
    window.close()


@pytest.fixture(scope="module")
def _close_tabs(window: Any) -> Iterator[None]:
    yield
    for tab in window.pages:
        tab.close()  # an open one asks on


@pytest.fixture
def page(window: Any, _close_tabs: None, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The tab of a file's tests."""
    with open_tab(window, request) as tab:
        tab.set_viewport_size(WINDOW)
        tab.emulate_media(color_scheme="light")
        yield tab


@contextmanager
def open_tab(window: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The one tab of a window: in another one all of Airflow's pages would be compiled anew, in a second of CPU.

    Of a test that fails a picture is left in .run/logs/browser, and the next one gets a new tab.
    """
    tab = window.pages[0] if window.pages else window.new_page()
    failed_before = request.session.testsfailed
    yield tab
    if request.session.testsfailed > failed_before:
        tab.screenshot(path=ROOT / ".run/logs/browser" / f"{request.node.name}.png")
        tab.close()


@pytest.fixture
def take_picture_of() -> Callable[[Any, str], None]:
    """``take_picture_of(page, name)`` leaves ``name.png`` for the README, when it is asked to."""

    def take(page: Any, name: str) -> None:
        if folder := os.environ.get(PICTURES_VARIABLE):
            page.wait_for_timeout(700)  # colours and panels glide
            page.screenshot(path=Path(folder) / f"{name}.png")

    return take


@pytest.fixture
def take_picture(page: Any, take_picture_of: Callable[[Any, str], None]) -> Callable[[str], None]:
    """As `take_picture_of`, of the test's own page."""
    return lambda name: take_picture_of(page, name)

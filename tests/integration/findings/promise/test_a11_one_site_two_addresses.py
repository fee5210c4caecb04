"""A11: one site under two addresses, and two sites under one host."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from oduyo_provider.api.settings import Settings
from oduyo_provider.sync.staging.layout import SITES
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 60


def make_rows(text: str = "x") -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


def make_dag(site: Sandbox, place: Path, host: str, source: str, **extra: object) -> Nights:
    """A DAG whose connection names the site so."""
    dag = Nights(site, place, source, settle_s=0.2)
    dag.settings = Settings.from_connection(
        host=host,
        port=None,
        login=site.account.username,
        password=site.account.password,
        extra={"api_key": site.account.api_key, "settle_s": 0.2, "timeout_s": 5, **extra},
    )
    return dag


def name_sites(place: Path) -> list[str]:
    return sorted(path.name for path in (place / SITES).iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@pytest.mark.parametrize(
    "spell",
    [
        lambda port: f"http://LOCALHOST:{port}",
        lambda port: f"localhost:{port}/api/v1/",
        lambda port: f"HTTP://LocalHost:{port}//api//v1",
    ],
)
def test_a11_one_address_is_one_site_however_it_is_spelt(
    site: Sandbox, place: Path, spell: Callable[[int], str]
) -> None:
    one = make_dag(site, place, f"http://localhost:{site.port}", "dag")
    host = spell(site.port)
    other = make_dag(site, place, host if "://" in host else f"http://{host}", "other")
    assert one.settings.site == other.settings.site
    night = one.night(make_rows(), before_load=lambda _: other.night(make_rows("y")))
    assert night.report.stale == COUNT
    assert len(site.records()) == COUNT
    assert len(name_sites(place)) == 1


def test_a11_a_site_name_makes_two_addresses_one_site(site: Sandbox, place: Path) -> None:
    one = make_dag(site, place, f"http://127.0.0.1:{site.port}", "dag", site_name="Merkez")
    other = make_dag(site, place, f"http://localhost:{site.port}", "other", site_name="Merkez")
    night = one.night(make_rows(), before_load=lambda _: other.night(make_rows("y")))
    assert night.report.stale == COUNT
    assert len(site.records()) == COUNT
    assert other.night(make_rows("y")).is_green
    assert len(name_sites(place)) == 1


def test_a11_two_addresses_without_a_name_make_one_twin_and_stop_red(site: Sandbox, place: Path) -> None:
    one = make_dag(site, place, f"http://127.0.0.1:{site.port}", "dag")
    other = make_dag(site, place, f"http://localhost:{site.port}", "other")
    night = one.night(make_rows(), before_load=lambda _: other.night(make_rows()))
    assert not night.is_green
    assert "site_name" in night.why
    assert night.report.new_duplicates == 1
    assert len(site.records()) == COUNT + 1
    assert not other.night(make_rows()).is_green
    assert len(site.records()) == COUNT + 1


@pytest.fixture
def firms() -> Iterator[tuple[str, dict[str, Sandbox]]]:
    """A host with two sites below it: its address, and path → site."""
    with Sandbox() as first, Sandbox() as second:
        sites = {"firma1": first, "firma2": second}
        loop, stop, address = asyncio.new_event_loop(), asyncio.Event(), Future[str]()
        thread = threading.Thread(target=lambda: loop.run_until_complete(serve(sites, address, stop)), daemon=True)
        thread.start()
        yield address.result(30), sites
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        loop.close()


async def serve(sites: dict[str, Sandbox], address: Future[str], stop: asyncio.Event) -> None:
    """Pass what comes for a path on to its site."""
    async with aiohttp.ClientSession() as http:

        async def forward(request: web.Request) -> web.Response:
            url = f"{sites[request.match_info['firm']].url}/api/{request.match_info['rest']}"
            headers = {name: value for name, value in request.headers.items() if name != "Host"}
            async with http.post(url, data=await request.read(), headers=headers) as answer:
                return web.Response(status=answer.status, body=await answer.read(), content_type="application/json")

        app = web.Application()
        app.router.add_post("/{firm}/api/{rest:.*}", forward)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address.set_result(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await stop.wait()
        await runner.cleanup()


def test_a11_two_paths_of_one_host_share_nothing(firms: tuple[str, dict[str, Sandbox]], place: Path) -> None:
    address, sites = firms
    one, other = (make_dag(site, place, f"{address}/{path}", "dag") for path, site in sites.items())
    night = one.night(make_rows(), before_load=lambda _: other.night(make_rows("y")))
    assert night.is_green, night.why
    for site, text in zip(sites.values(), ("x", "y"), strict=True):
        assert len(site.records()) == COUNT
        assert {record["description"] for record in site.records()} == {text}
    for dag, text in ((one, "x"), (other, "y")):
        assert dag.night(make_rows(text)).figures == {"extracted": COUNT, "unchanged": COUNT}
    assert len(name_sites(place)) == 2

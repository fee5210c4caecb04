"""A site check without Airflow: over real HTTP, staging in a temporary folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.state import SiteCheck, SiteState
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.steps.site_check import check_site
from sandbox.oduyo.server import Sandbox
from sandbox.oduyo.state import ACCOUNT

#: How long a change may take to show.
SETTLE_S = 1.0
#: Records of the site: more than nine, so that ids of different lengths are among them.
RECORDS = 12

Readings = dict[str, tuple[str, ...]]


def seed(site: Sandbox, **fields: str) -> None:
    """Records with every field that a record of a site has."""
    site.seed(
        {
            "integration_id": f"E{n}",
            "code": f"ŞUBE.{n}",
            "status": "1",
            "key1": "7",
            "key2": "3",
            "typecode": "HK1",
            "description": f"Açıklama {n}",
            **fields,
        }
        for n in range(1, RECORDS + 1)
    )


async def sleep_briefly(seconds: float) -> None:
    """A tenth of the wait."""
    await asyncio.sleep(seconds / 10)


class Checker:
    """Checks one site.

    :ivar error: what the last check raised.
    """

    def __init__(self, url: str, place: Path, **extra: object) -> None:
        self.root = Folder.open(str(place))
        self.settings = self.make_settings(url, **extra)
        self.clock = Clock(sleep=sleep_briefly)
        self.error: OduyoError | None = None

    @staticmethod
    def make_settings(url: str, *, password: str = ACCOUNT.password, **extra: object) -> Settings:
        return Settings.from_connection(
            host=url,
            port=None,
            login=ACCOUNT.username,
            password=password,
            extra={"api_key": ACCOUNT.api_key, "settle_s": SETTLE_S, "timeout_s": 5, **extra},
        )

    def use(self, **extra: Any) -> None:
        """Change the connection."""
        self.settings = self.make_settings(self.settings.base_url, **extra)

    def check(self, *, write: bool = False, resource: Resource = SPECIAL_CODE) -> SiteCheck:
        """One check; what it has kept, also where it raised."""
        self.error = None
        try:
            asyncio.run(check_site(self.root, self.settings, resource, write=write, clock=self.clock))
        except OduyoError as error:
            self.error = error
        return self.state(resource).read_check()

    def state(self, resource: Resource = SPECIAL_CODE) -> SiteState:
        """What is kept of the site."""
        return SiteState(self.root, self.settings.site, resource)


def read(check: SiteCheck) -> Readings:
    """Question → what was found."""
    return {point.name: point.readings for point in check.answers}

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.ledger import Result
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import FLUSH_AFTER_OUTCOMES, History, Journal

#: More than enough for a cancelled task to end; one that goes on takes for ever.
PATIENCE_S = 5.0


@pytest.mark.parametrize("turns", range(8))
def test_the_flusher_ends_when_it_is_cancelled_just_as_many_outcomes_wait(tmp_path: Path, turns: int) -> None:
    async def run() -> bool:
        journal = Journal(Folder.open(str(tmp_path)), attempt="try1", digest="d")
        recorder = Recorder(journal, History(), Progress(logging.getLogger(__name__)), {})
        flusher = asyncio.ensure_future(recorder.flush_regularly())
        await asyncio.sleep(0)
        for number in range(FLUSH_AFTER_OUTCOMES):
            recorder.correct(Result(f"create:{number}", Outcome.DONE))
        for _ in range(turns):  # of the event loop, between the event and the cancellation
            await asyncio.sleep(0)
        flusher.cancel()
        await asyncio.wait({flusher}, timeout=PATIENCE_S)
        has_ended = flusher.done()
        while not flusher.done():
            flusher.cancel()
            await asyncio.sleep(0.05)
        return has_ended

    assert asyncio.run(run())

"""Repeats work in the background."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from darkroom.domain.model.errors import DarkroomError, StorageFault

log = logging.getLogger(__name__)


@asynccontextmanager
async def kept_up(
    work: Callable[[], Awaitable[object]], every: float, *, pause_first: bool = False
) -> AsyncIterator[None]:
    """Within the block, call `work` every `every` seconds; errors are logged, and do not stop it.

    If `work` returns a true value there may be more to do, and it is called again at once. `pause_first`: wait before
    the first call too.
    """
    task = asyncio.create_task(_again_and_again(work, every, pause_first=pause_first))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _again_and_again(work: Callable[[], Awaitable[object]], every: float, *, pause_first: bool) -> None:
    if pause_first:
        await asyncio.sleep(every)
    while True:
        try:
            while await work():  # noqa: ASYNC110  # it works, it does not poll
                await asyncio.sleep(0)
        except (DarkroomError, StorageFault) as fault:
            log.warning("trying again in %.0f s: %s", every, fault)
        except Exception:
            log.exception("trying again in %.0f s", every)
        await asyncio.sleep(every)

"""What is done again and again beside something that is open."""

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
    """Work, pause for `every` seconds, and work again for as long as the block lasts, whatever goes wrong.

    Work that returns a number other than 0 says that there may be more to do at once. `pause_first`: it was done once
    already.
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
            while await work():  # noqa: ASYNC110  # it is work, not a wait
                await asyncio.sleep(0)
        except (DarkroomError, StorageFault) as fault:
            log.warning("trying again in %.0f s: %s", every, fault)
        except Exception:
            log.exception("trying again in %.0f s", every)
        await asyncio.sleep(every)

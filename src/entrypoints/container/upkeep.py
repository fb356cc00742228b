"""What is done again and again beside something that is open."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from darkroom.domain.model.errors import DarkroomError

log = logging.getLogger(__name__)


@asynccontextmanager
async def kept_up(work: Callable[[], Awaitable[object]], every: float) -> AsyncIterator[None]:
    """Work every so many seconds for as long as the block lasts, whatever goes wrong."""
    task = asyncio.create_task(_again_and_again(work, every))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _again_and_again(work: Callable[[], Awaitable[object]], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await work()
        except DarkroomError as fault:
            log.warning("trying again in %.0f s: %s", every, fault)
        except Exception:
            log.exception("trying again in %.0f s", every)

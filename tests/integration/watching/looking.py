"""Looking again until it holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds; the timeout of the test ends what never does."""
    while not await holds():  # noqa: ASYNC110  # what is looked at lives in another process
        await asyncio.sleep(0.1)

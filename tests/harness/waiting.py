"""Waiting for what nobody announces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

GLANCE: Final = 0.02
"""Seconds between two looks."""


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; the timeout of the test ends what never does."""
    while not holds():  # noqa: ASYNC110  # files and counters tell nobody that they change
        await asyncio.sleep(GLANCE)


async def until_seen(holds: Callable[[], Awaitable[bool]]) -> None:
    """As `until`, for what has to be asked of another process."""
    while not await holds():  # noqa: ASYNC110  # what is looked at lives in another process
        await asyncio.sleep(GLANCE)

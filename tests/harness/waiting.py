"""Waits for conditions by polling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

GLANCE: Final = 0.02
"""Seconds between two checks."""


async def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds` returns True; the only time limit is that of the test."""
    while not holds():  # noqa: ASYNC110  # files and counters do not announce changes
        await asyncio.sleep(GLANCE)


async def until_seen(holds: Callable[[], Awaitable[bool]]) -> None:
    """Like `until`, for a condition that is asked of another process."""
    while not await holds():  # noqa: ASYNC110  # the other process does not announce changes
        await asyncio.sleep(GLANCE)

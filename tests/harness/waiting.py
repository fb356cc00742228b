"""Waiting for what nobody announces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

GLANCE: Final = 0.02
"""Seconds between two looks."""


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds; the timeout of the test ends what never does."""
    while not holds():  # noqa: ASYNC110  # files and counters tell nobody that they change
        await asyncio.sleep(GLANCE)

"""Retries until a ledger answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from darkroom.domain.use_cases import patience

T = TypeVar("T")


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """Retry as the use cases do."""
    return await patience.patiently(attempt, "the ledger", timeout=5)

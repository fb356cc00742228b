"""What meters samples that are asked for one by one, so that they leave no faster than a quota allows."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

Meter = Callable[[float], Awaitable[None]]
"""Waits until one more image may leave for the provider, but not past a time of the event loop's clock.

Raises:
    GeneratorUnavailable: there is no room before that.
"""

METER: Final[ContextVar[Meter | None]] = ContextVar("METER", default=None)
"""The meter of the order that is being submitted, None if its provider has no quota. Tasks inherit it."""

"""Paces requests for single samples within a provider's quota."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Final

Meter = Callable[[float], Awaitable[None]]
"""Waits until the quota has room for one more image, at most until a time of the event loop's clock.

Raises:
    GeneratorUnavailable: there is no room before that time.
"""

METER: Final[ContextVar[Meter | None]] = ContextVar("METER", default=None)
"""The meter of the order that is being submitted; None if its provider has no quota. Tasks inherit it."""

"""A provider's quota, counted in images and not in requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW = 60.0
"""Seconds for which an image counts."""


class ImageQuota:
    """At most `images_per_minute` in any 60 seconds; None is unlimited. `clock` returns Unix seconds."""

    def __init__(self, images_per_minute: int | None, clock: Callable[[], float]) -> None:
        self._limit = images_per_minute
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self, images: int) -> bool:
        """Count `images` and return True if the quota has room for all of them; else return False."""
        if self._limit is None:
            return True
        now = self._clock()
        while self._taken and self._taken[0] <= now - WINDOW:
            self._taken.popleft()
        if len(self._taken) + images > self._limit:
            return False
        self._taken.extend([now] * images)
        return True

    def clear(self) -> None:
        self._taken.clear()

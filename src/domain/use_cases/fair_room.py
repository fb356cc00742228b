"""Room for a bounded number, in which one who floods leaves a place to the others."""

import asyncio
from collections import Counter
from typing import ClassVar


class FairRoom:
    """So many places. For a caller who was turned away and has none, the next one that is left is kept a while.

    One who is alone may have all of them. At most half of them are kept at once.
    """

    KEPT_FOR: ClassVar = 10.0
    """Seconds: longer than anybody who is turned away is told to wait."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._callers: dict[str, str] = {}
        self._held: Counter[str] = Counter()
        self._kept_until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._callers)

    def __contains__(self, name: object) -> bool:
        return name in self._callers

    def offers(self, caller: str) -> bool:
        """Whether there is a place for the caller; where not, and it has none, the next one is kept for it."""
        now = asyncio.get_running_loop().time()
        self._kept_until = {other: until for other, until in self._kept_until.items() if until > now}
        kept = 0 if caller in self._kept_until else min(len(self._kept_until), self._size // 2)
        if len(self._callers) + kept < self._size:
            return True
        if not self._held[caller]:
            self._kept_until[caller] = now + self.KEPT_FOR
        return False

    def take(self, caller: str, name: str) -> None:
        """Take a place under a name, once, whether or not there is one."""
        if name not in self._callers:
            self._callers[name] = caller
            self._held[caller] += 1
            self._kept_until.pop(caller, None)

    def leave(self, name: str) -> None:
        """Give the place of that name back, where there is one."""
        caller = self._callers.pop(name, None)
        if caller is not None:
            self._held -= Counter((caller,))

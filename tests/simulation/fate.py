"""Fate: decides from a seed where a call fails and where the process dies."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Crash(BaseException):
    """The process is dead from here on; no `except Exception` sees it, and nothing has effects any more."""


class Fate:
    """One life of a process: it ends when so many points were passed, or when it is killed.

    Points stand before and after everything that has effects outside the process. `trouble` is the share of calls
    that fail; whether a call fails before its effect or after it, so that only the answer is lost, is chance too.
    """

    def __init__(self, chance: random.Random, *, points: int | None = None, trouble: float = 0.0) -> None:
        self._chance, self._points, self.trouble = chance, points, trouble
        self.dead = asyncio.Event()

    def kill(self) -> None:
        self.dead.set()

    async def point(self) -> None:
        """Others may run here, and the process may die here."""
        if not self.dead.is_set():
            await asyncio.sleep(self._chance.choice((0, 0, 0, 0.001, 0.3)))
        if self._points is not None:
            self._points -= 1
            if self._points <= 0:
                self.kill()
        if self.dead.is_set():
            raise Crash

    def strikes(self) -> bool:
        return self._chance.random() < self.trouble

    @asynccontextmanager
    async def call(self, fault: Exception) -> AsyncIterator[None]:
        """Around one call with effects: it may fail before them, after them, or end the process at either place."""
        await self.point()
        if self.strikes():
            raise fault
        yield
        await self.point()
        if self.strikes():
            raise fault

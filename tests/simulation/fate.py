"""Fate decides, from a seed, where a call fails and where the process dies."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final


class Crash(BaseException):
    """The process is dead from here on; no `except Exception` catches it, and nothing has effects any more."""


class OfItsOwn(Exception):
    """An exception that is in none of our lists, and whose constructor takes more than a message."""

    def __init__(self, message: str, *more: object) -> None:
        super().__init__(message, *more)


UNFORESEEN: Final = (
    OfItsOwn,
    ValueError,
    KeyError,
    MemoryError,
    OSError,
    RuntimeError,
    AssertionError,
    asyncio.CancelledError,
)


class Fate:
    """One life of a process: it ends after a number of points, or when it is killed.

    Points are before and after everything that has effects outside the process. `trouble` is the share of calls that
    fail; a random choice decides whether a call fails before its effect, or after it so that only the answer is lost.
    """

    def __init__(self, chance: random.Random, *, points: int | None = None, trouble: float = 0.0) -> None:
        self._chance, self._points, self.trouble = chance, points, trouble
        self.dead = asyncio.Event()
        self.left: set[str] | None = None  # what the process had not finished when it ended by itself

    def kill(self) -> None:
        self.dead.set()

    async def point(self) -> None:
        """Other tasks may run here, and the process may die here."""
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
        """Wrap one call with effects: it may fail before or after them, hang, or end the process at either place.

        It raises the error that its port declares, or any other: no port can list what drivers and disks may raise.
        """
        await self.point()
        await self._strike(fault)
        yield
        await self.point()
        await self._strike(fault)

    async def _strike(self, fault: Exception) -> None:
        if not self.strikes():
            return
        match self._chance.random():
            case rare if rare < 0.1:
                await asyncio.sleep(self._chance.choice((30.0, 3000.0)))
                if self.dead.is_set():
                    raise Crash
            case odd if odd < 0.4:
                raise self._chance.choice(UNFORESEEN)("unforeseen")
            case _:
                raise fault

"""Kills processes at random moments, and watches that their work is recovered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.books import digests
from harness.caller import Caller
from harness.fleet import Seat

# Seconds.
LONGEST_LIFE: Final = 1.5
LONGEST_START: Final = 2.5
LONGEST_SETTLING: Final = 60.0

RETURN_TYPES: Final = ("url", "base64_string")
"""Images behind links, or in the paid answer itself; each start of a process uses one of them."""


@dataclass(slots=True)
class Deaths:
    """Kills the processes in the seats, one or several at once, even while they start, and starts them again.

    Attributes:
        count: The number of processes killed, together with their workers.
        settled: For each start, the seconds until all generations from before it had ended.
        spooled: Digests of images that waited in the spools of killed processes, by name.
    """

    seats: Sequence[Seat]
    caller: Caller
    chance: random.Random
    workers: bool = False
    count: int = 0
    settled: list[float] = field(default_factory=list)
    spooled: dict[str, str] = field(default_factory=dict)
    _all_final_up_to: str = ""

    async def happen(self, kills: int) -> None:
        """Kill until `count` is at least `kills`; on return, a process runs in every seat."""
        while self.count < kills:
            await asyncio.sleep(self.chance.uniform(0, LONGEST_LIFE))
            if self.workers and self.chance.random() < 0.5:
                await self._kill_a_worker()
            else:
                await self._kill_some()

    def life(self) -> Mapping[str, str]:
        """Return the settings of a process from its start to its death."""
        return {"DARKROOM_KARLO_RETURN_TYPE": self.chance.choice(RETURN_TYPES)}

    async def _kill_a_worker(self) -> None:
        seat = self.chance.choice(self.seats)
        seat.kill_a_worker(self.chance)
        self.count += 1
        await self.until_settled(seat)

    async def _kill_some(self) -> None:
        victims = self.chance.sample(self.seats, self.chance.randint(1, len(self.seats)))
        await asyncio.gather(*(self._kill(seat) for seat in victims))
        while self.chance.random() < 0.4:
            seat = self.chance.choice(victims)
            seat.launch(**self.life())
            await asyncio.sleep(self.chance.uniform(0, LONGEST_START))
            await self._kill(seat)
        died_at = time.time()
        if len(self.seats) > 1:
            # The other processes may take over its work, or begin to, before it is started again.
            await asyncio.sleep(self.chance.choice((0, 0, 1, 3)))
        await asyncio.gather(*(seat.start(**self.life()) for seat in victims))
        await self.until_settled(victims[0], died_at)

    async def _kill(self, seat: Seat) -> None:
        await seat.kill()
        self.spooled |= digests(seat.waiting())
        self.count += 1

    async def until_settled(self, seat: Seat, died_at: float | None = None) -> None:
        """Wait until all generations from before `died_at` (Unix time; None is now) have ended.

        Raises:
            AssertionError: it takes longer than `LONGEST_SETTLING`; the message shows what is unfinished, and the log.
        """
        begun = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_SETTLING):
                self._all_final_up_to = await self.caller.until_final(
                    seat.url, created_before=died_at or time.time(), after=self._all_final_up_to
                )
        except TimeoutError:
            left = [one for one in await self.caller.generations(seat.url) if not one.final]
            raise AssertionError(f"unfinished after {LONGEST_SETTLING} s: {left}\n{seat.said}") from None
        self.settled.append(time.monotonic() - begun)

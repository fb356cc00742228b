"""Clients that do what `docs/` asks of them: order under a key, and repeat until there is an answer that stays."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import aiohttp

from harness.caller import Answer, Caller
from harness.orders import Order

FOR_GOOD: Final = frozenset({"images", "outcome-unknown"})
"""Answers that stay, whatever happens afterwards."""

LONGEST_PAUSE: Final = 0.5
"""Seconds. A client may wait as long as `Retry-After` says; a test has better things to do."""


class Unexpected(Exception):
    """An answer that no client should get, whoever was killed."""


class Client:
    """Goes to any of the processes, and to the next where one is not there.

    Args:
        caller: Whom it orders for.
        urls: Where the processes listen.
        chance: Decides where it goes first, and how long it waits before it hangs up and asks again.
        patience: Seconds, from which chance chooses.
        content_with: Answers after which it does not ask again.
        waits: How often it waits, of all times; else it prefers to be told at once that its order will be drawn.
    """

    def __init__(
        self,
        caller: Caller,
        urls: Sequence[str],
        chance: random.Random,
        *,
        patience: Sequence[float] = (0.2, 2.0, 60.0, 60.0),
        content_with: Collection[str] = FOR_GOOD,
        waits: float = 1.0,
    ) -> None:
        self._caller, self._urls, self._chance = caller, urls, chance
        self._patience, self._content_with, self._waits = patience, content_with, waits
        self.seen: Counter[str] = Counter()
        """What it met, by name: `images`, problems, broken connections, its own impatience."""
        self.interim: list[Answer] = []
        """Answers after which it asked again."""
        self.promised: list[str] = []
        """Ids of generations of which it was told that they will be drawn."""

    async def order(self, order: Order) -> Answer:
        """Repeat until there is an answer to be content with.

        Raises:
            Unexpected: an answer is neither, nor one to be repeated.
        """
        where = self._chance.randrange(len(self._urls))
        while True:
            try:
                async with asyncio.timeout(self._chance.choice(self._patience)):
                    url, wait = self._urls[where % len(self._urls)], self._chance.random() < self._waits
                    answer = await self._caller.order(url, order, wait=wait)
            except TimeoutError:
                self.seen["hung up"] += 1
                continue
            except (aiohttp.ClientError, OSError) as broken:
                self.seen[type(broken).__name__] += 1
                where += 1
                await asyncio.sleep(self._chance.uniform(0.05, 0.2))
                continue
            self.seen[answer.kind] += 1
            if answer.kind in self._content_with:
                return answer
            if answer.status == 202:
                if "idempotency-replay" not in answer.headers:  # else somebody else's order is shown, as it stands
                    self.promised.append(answer.body["id"])
                continue
            if answer.status != 503 or "retry-after" not in answer.headers:
                raise Unexpected(f"{order.key}: {answer}")
            self.interim.append(answer)
            await asyncio.sleep(min(float(answer.headers["retry-after"]), self._chance.uniform(0.1, LONGEST_PAUSE)))

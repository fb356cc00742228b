"""Clients that behave as `docs/` asks: they order under a key, and repeat until the answer is final."""

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
"""Answers that are final and cannot change later."""

LONGEST_PAUSE: Final = 0.5
"""The longest pause between two tries, in seconds. A real client would wait as long as `Retry-After` says."""


class Unexpected(Exception):
    """An answer that no client should get, no matter which process was killed."""


class Client:
    """A client that orders from a random process, and from the next one if that cannot be reached.

    Args:
        caller: The caller for whom it orders.
        urls: The URLs of the processes.
        chance: Chooses the first process, and the time after which the client hangs up and asks again.
        patience: The times to choose from, in seconds.
        content_with: Kinds of answers after which it does not ask again.
        waits: The share of orders for which it waits; for the others it asks for a promise.
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
        """How often it met each kind of answer or broken connection, and `hung up`."""
        self.interim: list[Answer] = []
        """Answers after which it asked again."""
        self.promised: list[str] = []
        """Ids of generations that were promised to it."""

    async def order(self, order: Order) -> Answer:
        """Place an order, repeat it until the answer is in `content_with`, and return the answer.

        Raises:
            Unexpected: an answer may neither end the order nor be repeated.
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
                if "idempotency-replay" not in answer.headers:  # a replay may show an order that was not promised
                    self.promised.append(answer.body["id"])
                continue
            if answer.status != 503 or "retry-after" not in answer.headers:
                raise Unexpected(f"{order.key}: {answer}")
            self.interim.append(answer)
            await asyncio.sleep(min(float(answer.headers["retry-after"]), self._chance.uniform(0.1, LONGEST_PAUSE)))

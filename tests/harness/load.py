"""Several clients at once, each with one order after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from harness.caller import Answer
from harness.clients import Client
from harness.orders import Order
from harness.waiting import until


class Load:
    """Keeps every client busy with the next of `orders`.

    Attributes:
        answers: The final answers, by the order's key.
        ordered: The orders that were placed, by key.
        orders: The orders to come.
    """

    def __init__(self, clients: Sequence[Client], orders: Iterator[Order]) -> None:
        self.clients = clients
        self.orders = orders
        self.ordered: dict[str, Order] = {}
        self.answers: dict[str, Answer] = {}
        self._enough = asyncio.Event()

    async def until_answered(self, more: int) -> None:
        """Wait until `more` further orders have final answers."""
        enough = len(self.answers) + more
        await until(lambda: len(self.answers) >= enough)

    async def until_seen(self, name: str, times: int) -> None:
        """Wait until clients have met `name` at least `times` times."""
        await until(lambda: self.seen[name] >= times)

    @property
    def seen(self) -> Counter[str]:
        """How often all clients together met each kind of answer or failure."""
        return sum((client.seen for client in self.clients), Counter())

    @property
    def interim(self) -> list[Answer]:
        """The answers after which clients asked again."""
        return [answer for client in self.clients for answer in client.interim]

    @property
    def promised(self) -> set[str]:
        """Ids of generations that were promised to clients."""
        return {id_ for client in self.clients for id_ in client.promised}

    def told(self) -> Iterator[tuple[Order, Answer]]:
        """Yield each order with its answer."""
        return ((self.ordered[key], answer) for key, answer in self.answers.items())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Order within the block; after it, wait until each client has the answer to its last order."""
        async with asyncio.TaskGroup() as tasks:
            for client in self.clients:
                tasks.create_task(self._keep_busy(client))
            try:
                yield
            finally:
                self._enough.set()

    async def _keep_busy(self, client: Client) -> None:
        while not self._enough.is_set():
            order = next(self.orders)
            self.ordered[order.key] = order
            self.answers[order.key] = await client.order(order)

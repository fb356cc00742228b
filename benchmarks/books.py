"""`python -m benchmarks.books LEDGER_URL IN_FLIGHT SECONDS`: only records orders, and prints the rate."""

import asyncio
import sys
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.ledgers import postgres_ledger, sqlite_ledger
from conformance.generations import received, stored
from darkroom.domain.model.limits import Limits
from darkroom.domain.ports import GenerationLedger


async def main(url: str, in_flight: int, seconds: float) -> None:
    """Record orders for the given seconds, and print the orders per second."""
    async with _opened(url) as ledger:
        began = time.monotonic()
        done = await asyncio.gather(*(_written(ledger, began + seconds) for _ in range(in_flight)))
        print(sum(done) / (time.monotonic() - began))


def _opened(url: str) -> AbstractAsyncContextManager[GenerationLedger]:
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return sqlite_ledger(Path(rest))
    return postgres_ledger(url)


async def _written(ledger: GenerationLedger, end: float) -> int:
    """Return how many orders went from received to stored, one after the other."""
    orders = 0
    while time.monotonic() < end:
        order = received(at=datetime.now(UTC))
        await ledger.receive(order, Limits())
        for revision in stored(order):
            await ledger.record(revision)
        orders += 1
    return orders


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))

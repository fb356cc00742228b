"""`python -m benchmarks.growth`: the size and speed of ledgers as they grow; `--write` writes docs/growing.md.

A ledger is filled with rows like those of real orders, of a thousand callers over a month. At each size it is asked
what the service asks for every order, with 32 orders in flight.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from benchmarks.filled_ledgers import PostgresTable, SQLiteTable, Table
from benchmarks.ledgers import postgres_ledger, sqlite_ledger
from benchmarks.machine import conditions
from benchmarks.report import replace_between
from conformance.generations import received, stored
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import GenerationLedger
from servers.postgres import PostgresServer

_PAGE: Final = Path(__file__).parents[1] / "docs" / "growing.md"
_LIMITS: Final = Limits(images_per_day=1_000_000)
_CALLER: Final = "caller-0000"
_IN_FLIGHT: Final = 32
_ORDERS: Final = 640
_LOOKS: Final = 50


@dataclass(frozen=True, slots=True)
class Size:
    """A ledger of `rows` rows. Times are medians in milliseconds; `orders` are per second, with 32 in flight."""

    ledger: str
    rows: int
    bytes_per_row: float
    orders: float
    order_ms: float
    repeat_ms: float
    page_ms: float
    usage_ms: float


def main() -> int:
    """Measure and print; with `--write` also write the page. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--rows", default="1000,100000,1000000", help="sizes, comma-separated, growing")
    parser.add_argument("--write", action="store_true", help="write the table into docs/growing.md")
    arguments = parser.parse_args()
    sizes = [int(rows) for rows in arguments.rows.split(",")]
    table = "\n".join([*conditions(), "", *_table(asyncio.run(_measure(sizes))), ""])
    print(table)
    if arguments.write:
        replace_between(_PAGE, "make bench-growth", table)
    return 0


async def _measure(sizes: Sequence[int]) -> list[Size]:
    measured = []
    for open_table in (_sqlite, _postgres):
        async with open_table() as (table, ledger):
            for rows in sizes:
                await table.fill(rows, await _finished(ledger))
                size = await _size(table, ledger, rows)
                print(size, flush=True)
                measured.append(size)
    return measured


@asynccontextmanager
async def _sqlite() -> AsyncIterator[tuple[Table, GenerationLedger]]:
    with TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
        file = Path(folder, "ledger.sqlite")
        async with sqlite_ledger(file) as ledger:
            yield SQLiteTable(file), ledger


@asynccontextmanager
async def _postgres() -> AsyncIterator[tuple[Table, GenerationLedger]]:
    with PostgresServer(durable=True) as server, server.database() as url:
        async with postgres_ledger(url) as ledger:
            yield PostgresTable(url), ledger


async def _finished(ledger: GenerationLedger) -> Generation:
    """Record an order as the service does, from its receipt to its end."""
    order, *revisions = _revisions(_CALLER, uuid7())
    await ledger.receive(order, _LIMITS)
    for revision in revisions:
        await ledger.record(revision)
    return revisions[-1]


def _revisions(caller: str, key: str) -> Sequence[Generation]:
    order = received(caller=caller, key=key, cost="0.02 USD", at=datetime.now(UTC))
    return [order, *stored(order)]


async def _size(table: Table, ledger: GenerationLedger, rows: int) -> Size:
    taken = await table.size()
    callers = (f"caller-{number % 1000:04}" for number in count())
    keys = (f"{rows}-{number}" for number in count())

    async def order() -> None:
        one, *revisions = _revisions(next(callers), next(keys))
        await ledger.receive(one, _LIMITS)
        for revision in revisions:
            await ledger.record(revision)

    rate = await _rate(order)
    key = IdempotencyKey(f"{rows}-0")
    month = datetime.now(UTC) - timedelta(days=30)
    return Size(
        ledger=table.name,
        rows=rows,
        bytes_per_row=taken / rows,
        orders=rate,
        order_ms=await _median_ms(order),
        repeat_ms=await _median_ms(lambda: ledger.find_by_key(_CALLER, key)),
        page_ms=await _median_ms(lambda: ledger.page(_CALLER, limit=20)),
        usage_ms=await _median_ms(lambda: ledger.usage(month, _CALLER)),
    )


async def _rate(order: Callable[[], Awaitable[None]]) -> float:
    """Return the orders per second, with `_IN_FLIGHT` orders in flight."""
    left = iter(range(_ORDERS))

    async def one_after_the_other() -> None:
        for _ in left:
            await order()

    begun = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_IN_FLIGHT):
            tasks.create_task(one_after_the_other())
    return _ORDERS / (perf_counter() - begun)


async def _median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(_LOOKS):
        begun = perf_counter()
        await ask()
        taken.append(perf_counter() - begun)
    return median(taken) * 1000


def _table(sizes: Sequence[Size]) -> Iterator[str]:
    heads = ("orders/s, 32 in flight", "one alone", "its key again", "a page of 20", "usage of a month")
    yield f"| times in ms | rows | bytes a row | {' | '.join(heads)} |"
    yield f"|---|{'---:|' * 7}"
    for size in sizes:
        cells = (f"{size.rows:,}", f"{size.bytes_per_row:,.0f}", f"{size.orders:,.0f}")
        times = (f"{ms:.2f}" for ms in (size.order_ms, size.repeat_ms, size.page_ms, size.usage_ms))
        yield f"| {' | '.join((size.ledger, *cells, *times))} |"


if __name__ == "__main__":
    raise SystemExit(main())

"""A worker of a ledger, in a process of its own: `worker.py LEDGER COMMAND ...`.

LEDGER is a folder for SQLite, or the URL of a Postgres database. The worker prints `ready` and begins when it receives
SIGUSR1. It prints a line after each thing that it has done.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.generations import drawn, received, stored
from darkroom.domain.model.errors import QuotaExceeded
from darkroom.domain.model.generation import Generation
from darkroom.domain.model.identifiers import uuid7
from darkroom.domain.model.limits import Limits
from darkroom.domain.model.money import Money
from darkroom.domain.model.values import IdempotencyKey
from darkroom.domain.ports import Call, GenerationLedger


def now() -> datetime:
    return datetime.now(UTC)


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  # a test reads it


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[GenerationLedger]:
    if address.startswith("postgresql:"):
        from darkroom.adapters.ledgers.postgres import open_postgres_ledger  # noqa: PLC0415  # an extra
        from darkroom.adapters.postgres.address import PostgresAddress  # noqa: PLC0415
        from darkroom.adapters.postgres.database import open_postgres_database  # noqa: PLC0415

        with TemporaryDirectory() as workers:
            async with (
                open_postgres_database(PostgresAddress.parse(address)) as database,
                open_postgres_ledger(database, uuid7(), Path(workers)) as ledger,
            ):
                yield ledger
    else:
        from darkroom.adapters.ledgers.sqlite import open_sqlite_ledger  # noqa: PLC0415

        async with open_sqlite_ledger(Path(address, "ledger.db"), Path(address, "workers"), now) as ledger:
            yield ledger


async def hold(ledger: GenerationLedger, go: asyncio.Event) -> None:
    """Begin three orders, and finish them after the signal."""
    orders = [received() for _ in range(3)]
    begun: list[list[Generation]] = [[], drawn(orders[1])[:1], drawn(orders[2])[:2]]
    for order, revisions in zip(orders, begun, strict=True):
        await ledger.receive(order, Limits())
        for revision in revisions:
            await ledger.record(revision)
        say("holds", order.id)
    say("ready")
    await go.wait()
    for order, revisions in zip(orders, begun, strict=True):
        for revision in stored(order)[len(revisions) :]:
            await ledger.record(revision)
        say("finished", order.id)
    await asyncio.Event().wait()


async def storm(ledger: GenerationLedger, go: asyncio.Event) -> None:
    """Place orders and finish them, twenty at once, until killed."""

    async def one_after_the_other() -> None:
        while True:
            order = received()
            await ledger.receive(order, Limits())
            say("wrote", order.id, 0)
            for revision in stored(order):
                await ledger.record(revision)
                say("wrote", order.id, revision.revision)

    say("ready")
    await go.wait()
    await asyncio.gather(*(one_after_the_other() for _ in range(20)))


async def repeat(ledger: GenerationLedger, go: asyncio.Event, key: str) -> None:
    """Order thirty times with one key."""

    async def once() -> None:
        kept = await ledger.receive(received(key=key), Limits())
        say("got", kept.id)

    say("ready")
    await go.wait()
    await asyncio.gather(*(once() for _ in range(30)))
    say("done")


async def order(ledger: GenerationLedger, go: asyncio.Event, limit: str) -> None:
    """Order thirty images, one by one, under a limit."""

    async def once() -> None:
        try:
            await ledger.receive(received(), Limits(images_per_day=int(limit)))
            say("accepted")
        except QuotaExceeded:
            say("refused")

    say("ready")
    await go.wait()
    await asyncio.gather(*(once() for _ in range(30)))
    say("done")


async def spend(ledger: GenerationLedger, go: asyncio.Event, *budgets: str) -> None:
    """Order a hundred images for 0.01 USD each, for each caller in turn: `ada=0.07`."""
    callers = [
        (caller, Money.parse(f"{amount} USD")) for caller, _, amount in (text.partition("=") for text in budgets)
    ]

    async def once(caller: str, budget: Money) -> None:
        try:
            await ledger.receive(received(caller=caller, cost="0.01 USD"), Limits(spend_per_day_per_caller=budget))
            say("accepted", caller)
        except QuotaExceeded:
            say("refused", caller)

    say("ready")
    await go.wait()
    await asyncio.gather(*(once(*callers[number % len(callers)]) for number in range(100)))
    say("done")


async def call(ledger: GenerationLedger, go: asyncio.Event, *callers: str) -> None:
    """Begin a call without a key for each caller, and do not answer it."""
    for caller in callers:
        begun = Call(id=uuid7(), caller=caller, body="a fox", key=IdempotencyKey(uuid7()), repeats=True)
        say("began", caller, (await ledger.track(begun, timedelta(hours=24))).key.value)
    say("ready")
    await go.wait()


async def main(address: str, command: str, *arguments: str) -> None:
    go = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, go.set)
    commands: dict[str, Callable[..., Awaitable[None]]] = {
        "hold": hold,
        "storm": storm,
        "repeat": repeat,
        "order": order,
        "spend": spend,
        "call": call,
    }
    async with opened(address) as ledger:
        await commands[command](ledger, go, *arguments)


asyncio.run(main(*sys.argv[1:]))

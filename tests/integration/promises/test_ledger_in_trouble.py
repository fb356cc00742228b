"""The ledger fails in unforeseen ways while the provider draws: what was paid for is stored nevertheless."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeAlias

import asyncpg
import pytest

from harness.caller import LOOK_AGAIN, Answer, Caller
from harness.orders import Order, orders
from harness.workshop import OpenWorkshop
from servers.postgres import PostgresServer

IN_FLIGHT: Final = 6

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Trouble: TypeAlias = Callable[[Owner], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def locked(owner: Owner) -> AsyncIterator[None]:
    """VACUUM FULL and many migrations lock a table; our role waits only briefly for a lock."""
    async with owner.transaction():
        await owner.execute("LOCK TABLE generations")
        yield


@asynccontextmanager
async def without_rights(owner: Owner) -> AsyncIterator[None]:
    """An operator revokes the rights of our role and grants them again."""
    await owner.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM CURRENT_USER")
    yield
    await owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO CURRENT_USER")


@asynccontextmanager
async def renamed(owner: Owner) -> AsyncIterator[None]:
    """A tool that replaces a table renames it for a while."""
    await owner.execute("ALTER TABLE generations RENAME TO elsewhere")
    yield
    await owner.execute("ALTER TABLE elsewhere RENAME TO generations")


@asynccontextmanager
async def without_sessions(owner: Owner) -> AsyncIterator[None]:
    """All sessions end, and other clients have taken every connection that is allowed."""
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    yield
    await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")


@asynccontextmanager
async def refusing(owner: Owner) -> AsyncIterator[None]:
    """An operator adds a constraint that rejects every row."""
    await owner.execute("ALTER TABLE generations ADD CONSTRAINT never CHECK (false) NOT VALID")
    yield
    await owner.execute("ALTER TABLE generations DROP CONSTRAINT never")


EVERY: Final[Sequence[Trouble]] = [locked, without_rights, renamed, without_sessions, refusing]


@pytest.mark.timeout(300)
async def test_a_ledger_that_fails_while_the_provider_draws_costs_no_image(
    workshop_on: OpenWorkshop, chance: random.Random, postgres: PostgresServer, database_url: str
) -> None:
    await suffer([locked, without_rights], workshop_on, chance, postgres, database_url, seconds=1)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("return_type", ["url", "base64_string"])
async def test_a_ledger_that_fails_for_four_seconds_while_the_provider_draws_costs_no_image(
    return_type: str, workshop_on: OpenWorkshop, chance: random.Random, postgres: PostgresServer, database_url: str
) -> None:
    await suffer(EVERY, workshop_on, chance, postgres, database_url, seconds=4, return_type=return_type)


async def drawn_in_the_end(caller: Caller, url: str, order: Order) -> Answer:
    """Repeat an order that was placed while nothing could be recorded, until it is drawn."""
    while (answer := await caller.order(url, order)).status != 200:
        # 503 for an outage, 500 for what looks like our own error. The order may already be recorded under its key.
        assert answer.charged == {503: "unknown", 500: "no"}[answer.status], answer
        await asyncio.sleep(LOOK_AGAIN)
    return answer


@asynccontextmanager
async def owning(url: str) -> AsyncIterator[Owner]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        connection.terminate()


async def suffer(
    troubles: Sequence[Trouble],
    workshop_on: OpenWorkshop,
    chance: random.Random,
    postgres: PostgresServer,
    database_url: str,
    *,
    seconds: float,
    return_type: str = "url",
) -> None:
    """Let each trouble begin while the provider draws, and place one more order before it ends."""
    with postgres.role(database_url, owns=True) as url:
        async with owning(url) as owner:
            await owner.execute(f"ALTER ROLE CURRENT_USER SET lock_timeout = '{seconds / 8:.3f}s'")
            async with workshop_on(url, seconds_per_image=seconds / 8) as workshop:
                seat = workshop.seat({"DARKROOM_KARLO_RETURN_TYPE": return_type})
                await seat.start()
                coming = orders(chance)
                ordered, answers = [], []
                for trouble in troubles:
                    before, now = workshop.charged(), [next(coming) for _ in range(IN_FLIGHT)]
                    drawing = [asyncio.create_task(workshop.caller.order(seat.url, order)) for order in now]
                    await workshop.until_charged(before + IN_FLIGHT)
                    async with trouble(owner):
                        ends = time.monotonic() + seconds
                        meanwhile = next(coming)
                        late = asyncio.create_task(drawn_in_the_end(workshop.caller, seat.url, meanwhile))
                        await asyncio.sleep(ends - time.monotonic())
                    ordered += [*now, meanwhile]
                    answers += [*await asyncio.gather(*drawing), await late]
                    assert {answer.status for answer in answers} == {200}, trouble.__name__

                found = await workshop.books(answers=zip(ordered, answers, strict=True))
                assert not found.faults, found
                assert (found.charges, set(found.outcomes)) == (len(ordered), {"stored"})


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("return_type", ["url", "base64_string"])
@pytest.mark.parametrize(
    "gone", ["ledger.sqlite", "ledger.sqlite-wal", "spool", ""], ids=["file", "wal", "spool", "all"]
)
async def test_files_that_are_away_while_the_provider_draws_cost_no_image(
    gone: str, return_type: str, workshop_on: OpenWorkshop, chance: random.Random
) -> None:
    async with workshop_on(seconds_per_image=0.5) as workshop:
        seat = workshop.seat({"DARKROOM_KARLO_RETURN_TYPE": return_type, "DARKROOM_KEEP_TIMEOUT": "2"})
        await seat.start()
        ordered = [order for order, _ in zip(orders(chance), range(IN_FLIGHT), strict=False)]
        drawing = [asyncio.create_task(workshop.caller.order(seat.url, order)) for order in ordered]
        await workshop.until_charged(IN_FLIGHT)
        path, aside = seat.folder / ".darkroom" / gone, seat.folder / "aside"
        path.rename(aside)
        await asyncio.sleep(4)
        if path.is_dir():  # created again meanwhile
            path.rename(seat.folder / "made again")
        aside.rename(path)
        answers = await asyncio.gather(*drawing)
        assert {(answer.status, answer.charged) for answer in answers} == {(200, "yes")}

        found = await workshop.books(answers=zip(ordered, answers, strict=True))
        assert not found.faults, found
        assert (found.charges, set(found.outcomes)) == (len(ordered), {"stored"})

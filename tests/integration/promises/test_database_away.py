"""The database fails over, or is away for a while, with twenty orders in flight: nothing is paid twice or lost.

`OUTAGES=100 SEED=7 pytest -m long tests/integration/promises/test_database_away.py` sets the number of outages.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import pytest

from darkroom.adapters.postgres.address import PostgresAddress
from darkroom.adapters.postgres.database import open_postgres_database
from harness.caller import Caller
from harness.clients import Client
from harness.load import Load
from harness.orders import Order, orders
from harness.workshop import OpenWorkshop
from servers.postgres import PostgresServer
from servers.proxy import NO_FAULTS, Faults, Proxy

IN_FLIGHT = 20
SECONDS_PER_IMAGE = 0.5

pytestmark = [pytest.mark.long, pytest.mark.postgres, pytest.mark.timeout(0)]


@pytest.mark.parametrize("end", [PostgresServer.kill, PostgresServer.retire], ids=["dead primary", "read-only primary"])
async def test_after_a_promotion_orders_are_accepted_again_and_nothing_is_lost(
    end: Callable[[PostgresServer], None],
    workshop_on: OpenWorkshop,
    chance: random.Random,
    measured: Callable[..., None],
) -> None:
    with (
        PostgresServer() as primary,
        PostgresServer(of=primary) as standby,
        primary.database() as url,
    ):
        async with asyncio.timeout(30):
            while "asynchronous" not in await _remarks(url):  # noqa: ASYNC110  # until the standby follows
                await asyncio.sleep(0.1)
        await asyncio.to_thread(primary.commit_with_standby)
        assert "asynchronous" not in await _remarks(url)
        async with workshop_on(primary.url_with(standby, url), seconds_per_image=SECONDS_PER_IMAGE) as workshop:
            seats = [workshop.seat() for _ in range(2)]
            for seat in seats:
                await seat.start()
            clients = [Client(workshop.caller, [seat.url for seat in seats], chance) for _ in range(IN_FLIGHT)]
            load = Load(clients, orders(chance))
            async with load.running():
                await load.until_answered(2 * IN_FLIGHT)
                await asyncio.to_thread(end, primary)
                await asyncio.sleep(chance.uniform(1, 5))
                async with asyncio.timeout(30):
                    while await _is_ready(seats[0].url):  # noqa: ASYNC110  # it sets no event
                        await asyncio.sleep(0.1)
                await asyncio.to_thread(standby.promote)
                promoted_at, one = time.monotonic(), next(load.orders)
                accepted = await asyncio.gather(*(_accepted(workshop.caller, seat.url, one) for seat in seats))
                await load.until_answered(2 * IN_FLIGHT)
            await workshop.caller.until_final(seats[0].url, created_before=time.time())
            await workshop.tidy_up()

            found = await workshop.books(answers=load.told(), promised=load.promised)
            slowest = max(accepted) - promoted_at
            measured(
                orders=found.orders,
                charges=found.charges,
                unknown=found.outcomes["unknown"],
                accepted_after=f"{slowest:.1f} s",
                faults={promise: len(broken) for promise, broken in found.faults.items()} or "none",
            )
            assert not found.faults, found
            assert not found.outcomes["unknown"], "no process died, so what the provider answered is known"
            assert slowest < 15


async def test_processes_that_lose_their_database_for_a_while_lose_no_answer(
    workshop_on: OpenWorkshop,
    chance: random.Random,
    measured: Callable[..., None],
    postgres: PostgresServer,
    database_url: str,
) -> None:
    outages, lengths = int(os.environ.get("OUTAGES", "6")), []
    port = urlsplit(database_url).port
    assert port
    async with AsyncExitStack() as opened:
        proxies = [await opened.enter_async_context(Proxy(port)) for _ in range(2)]
        workshop = await opened.enter_async_context(workshop_on(database_url, seconds_per_image=SECONDS_PER_IMAGE))
        seats = []
        for number, proxy in enumerate(proxies):
            url = database_url.replace(f":{port}/", f":{proxy.port}/") + f"?application_name=seat-{number}"
            seats.append(workshop.seat({"DARKROOM_LEDGER_URL": url}))
            await seats[-1].start()
        clients = [Client(workshop.caller, [seat.url for seat in seats], chance) for _ in range(IN_FLIGHT)]
        load = Load(clients, orders(chance))

        async def lose(number: int) -> None:
            """Let the network swallow everything, or suspend the process; often the server also ends the sessions."""
            for _ in range(outages // 2):
                await asyncio.sleep(chance.uniform(0.5, 4))
                lengths.append(chance.uniform(4, 40))
                frozen = chance.random() < 0.3
                if frozen:
                    seats[number].freeze()
                else:
                    await proxies[number].switch(Faults(black_hole=True))
                if chance.random() < 0.7:
                    await _end_sessions(database_url, f"seat-{number}")
                await asyncio.sleep(lengths[-1])
                if frozen:
                    seats[number].thaw()
                else:
                    await proxies[number].switch(NO_FAULTS)

        async with load.running():
            await asyncio.gather(*(lose(number) for number in range(2)))
            await load.until_answered(2 * IN_FLIGHT)
        await workshop.caller.until_final(seats[0].url, created_before=time.time())
        await workshop.tidy_up()

        found = await workshop.books(answers=load.told(), promised=load.promised)
        measured(
            outages=len(lengths),
            longest=f"{max(lengths):.0f} s",
            orders=found.orders,
            charges=found.charges,
            unknown=found.outcomes["unknown"],
            faults={promise: len(broken) for promise, broken in found.faults.items()} or "none",
        )
        assert not found.faults, found
        assert not found.outcomes["unknown"], "no process died, so what the provider answered is known"


async def _is_ready(url: str) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/health/ready") as answer:
        return answer.status == 200


async def _accepted(caller: Caller, url: str, order: Order) -> float:
    """Repeat an order until it is accepted; return the time."""
    while True:
        answer = await caller.order(url, order, wait=False)
        if answer.status in (200, 202):
            return time.monotonic()
        await asyncio.sleep(0.1)


async def _remarks(url: str) -> str:
    """What `darkroom check` says of the database."""
    async with open_postgres_database(PostgresAddress.parse(url)) as database:
        return " ".join(database.remarks)


async def _end_sessions(database_url: str, name: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name)
    await connection.close()

"""After SIGTERM, everything that was begun is finished, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from collections import Counter
from collections.abc import Callable

import pytest

from harness.caller import calling
from harness.clients import Client
from harness.fleet import Seat
from harness.load import Load
from harness.orders import Order, orders
from harness.workshop import OpenWorkshop, Workshop

IN_FLIGHT = 200
CLIENTS = 12


@pytest.mark.thorough
async def test_a_stop_with_two_hundred_in_flight_loses_none(workshop_on: OpenWorkshop, chance: random.Random) -> None:
    ordered = list(itertools.islice(orders(chance), IN_FLIGHT))
    async with workshop_on(seconds_per_image=2.0) as workshop:
        seat = workshop.seat({"DARKROOM_MAX_IN_FLIGHT": str(2 * IN_FLIGHT)})
        await seat.start()
        requests = [asyncio.create_task(workshop.caller.order(seat.url, order)) for order in ordered]
        await workshop.until_charged(IN_FLIGHT)

        stopping = asyncio.create_task(seat.stop())
        accepted = await orders_until_one_is_refused(workshop, seat)
        answers = await asyncio.gather(*requests)

        assert {answer.status for answer in answers} == {200}
        assert await stopping == 0

        await seat.start()
        again = await asyncio.gather(*(workshop.caller.order(seat.url, order) for order in ordered))
        assert [answer.images for answer in again] == [answer.images for answer in answers]
        found = await workshop.books(answers=zip(ordered, answers, strict=True))
        assert not found.faults, found
        assert found.charges == IN_FLIGHT + accepted


async def orders_until_one_is_refused(workshop: Workshop, seat: Seat) -> int:
    """Place orders while the signal is on its way; return how many were accepted before it arrived."""
    for number in itertools.count():
        late = Order(key=f"late {number}", prompt=f"late order {number}")
        answer = await workshop.caller.order(seat.url, late, wait=False)
        if answer.status != 202:
            assert (answer.status, answer.kind, answer.charged) == (503, "overloaded", "no")
            assert int(answer.headers["retry-after"]) > 0
            return number
    raise AssertionError("counting never ends")


async def test_no_request_fails_in_a_rolling_restart_of_two_processes_on_sqlite(
    workshop_on: OpenWorkshop, chance: random.Random
) -> None:
    async with workshop_on() as workshop:
        first = workshop.seat()
        await roll(workshop, [first, workshop.seat(beside=first)], chance, rounds=1)


@pytest.mark.thorough
async def test_no_request_fails_in_a_rolling_restart_of_two_machines_on_postgres(
    workshop_on: OpenWorkshop, database_url: str, chance: random.Random
) -> None:
    async with workshop_on(database_url) as workshop:
        await roll(workshop, [workshop.seat(), workshop.seat()], chance, rounds=1)


@pytest.mark.long
@pytest.mark.timeout(0)
async def test_no_request_fails_in_many_rolling_restarts(
    workshop_on: OpenWorkshop, database_url: str, chance: random.Random, measured: Callable[..., None]
) -> None:
    async with workshop_on(database_url) as workshop:
        rounds = int(os.environ.get("ROUNDS", "25"))
        seen = await roll(workshop, [workshop.seat(), workshop.seat()], chance, rounds=rounds)
        measured(restarts=2 * rounds, requests=seen.total(), **seen)


async def roll(workshop: Workshop, seats: list[Seat], chance: random.Random, *, rounds: int) -> Counter[str]:
    """Stop and start one process after the other under load; count what the clients received meanwhile, by name."""
    await asyncio.gather(*(seat.start() for seat in seats))
    urls = [seat.url for seat in seats]
    async with calling(kept=True) as keeping:
        # Half of them keep connections open; one fails if a process closes it while a request is on its way.
        callers = itertools.islice(itertools.cycle((workshop.caller, keeping)), CLIENTS)
        load = Load([Client(caller, urls, chance, patience=(60,)) for caller in callers], orders(chance))
        async with load.running():
            for seat in seats * rounds:
                await load.until_answered(2 * CLIENTS)
                assert await seat.stop() == 0
                await load.until_answered(2 * CLIENTS)
                await seat.start()

    # A client that cannot connect to one process goes to the other. Every request that arrived is answered with images
    # or with 503; the type of that problem is about:blank if the server answers and not the application.
    assert load.seen.keys() <= {"images", "overloaded", "about:blank", "ClientConnectorError"}, load.seen
    found = await workshop.books(answers=load.told())
    assert not found.faults, found
    assert set(found.outcomes) == {"stored"}
    assert found.charges == len(load.answers)
    return load.seen

"""The storage is away while orders come in: drawn images wait, and are stored when the storage is back."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable

import pytest

from harness.clients import FOR_GOOD, Client
from harness.load import Load
from harness.orders import orders
from harness.workshop import OpenWorkshop
from servers.proxy import NO_FAULTS, Faults, Proxy
from servers.s3 import S3Server

AWAY = [
    pytest.param(Faults(refuse=True), id="refused"),
    pytest.param(Faults(black_hole=True), id="black-hole", marks=pytest.mark.thorough),
]
CLIENTS = 20
ROOM = 400_000
"""Bytes; room for a hundred small images."""


@pytest.mark.parametrize("away", AWAY)
async def test_drawn_images_are_stored_when_the_storage_is_back(
    away: Faults, workshop_on: OpenWorkshop, s3: S3Server, chance: random.Random, measured: Callable[..., None]
) -> None:
    await lose_storage(away, workshop_on, s3, chance, measured, seconds=0)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("away", AWAY)
async def test_drawn_images_are_stored_when_the_storage_is_back_after_minutes(
    away: Faults, workshop_on: OpenWorkshop, s3: S3Server, chance: random.Random, measured: Callable[..., None]
) -> None:
    await lose_storage(away, workshop_on, s3, chance, measured, seconds=int(os.environ.get("AWAY", "240")))


async def lose_storage(
    away: Faults,
    workshop_on: OpenWorkshop,
    s3: S3Server,
    chance: random.Random,
    measured: Callable[..., None],
    *,
    seconds: int,
) -> None:
    async with Proxy(s3.port) as proxy, workshop_on() as workshop:
        seat = workshop.seat(
            {
                **s3.settings(endpoint_url=proxy.url),
                "DARKROOM_STORE_TIMEOUT": "1",
                "DARKROOM_SPOOL_BYTES": str(ROOM),
            }
        )
        await seat.start()
        clients = [
            Client(workshop.caller, [seat.url], chance, content_with=FOR_GOOD | {"storage-unavailable"})
            for _ in range(CLIENTS)
        ]
        load = Load(clients, orders(chance))
        async with load.running():
            await load.until_answered(CLIENTS)
            await proxy.switch(away)
            begun = time.monotonic()
            await load.until_seen("overloaded", CLIENTS)
            await workshop.caller.until_drawn(seat.url)
            # Nothing is drawn for orders that are refused.
            charged, waiting = workshop.charged(), sum(map(len, seat.waiting().values()))
            await load.until_seen("overloaded", load.seen["overloaded"] + 2 * CLIENTS)
            assert workshop.charged() == charged

            # Waiting images also survive the process, and its successor knows that they fill the room.
            await seat.kill()
            await seat.start()
            await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))
            assert workshop.charged() == charged

            await proxy.switch(NO_FAULTS)
            back = time.monotonic()
            await workshop.caller.until_final(seat.url, created_before=time.time())
            took = time.monotonic() - back
            await load.until_answered(CLIENTS)

        told_to_wait = [order for order, answer in load.told() if answer.kind == "storage-unavailable"]
        for order in told_to_wait:
            promised = load.answers[order.key]
            assert (promised.status, promised.charged) == (503, "yes")
            assert int(promised.headers["retry-after"]) > 0
            load.answers[order.key] = kept = await workshop.caller.order(seat.url, order)
            assert promised.headers["location"] in kept.headers["link"]
        for refused in load.interim:
            assert (refused.status, refused.kind, refused.charged) == (503, "overloaded", "no")
        found = await workshop.books(answers=load.told())
        measured(
            away="a black hole" if away.black_hole else "connections refused",
            seconds=round(back - begun),
            orders=found.orders,
            charges=found.charges,
            waiting=f"{waiting:,} of {ROOM:,} bytes",
            **{
                "told to wait": len(told_to_wait),
                "turned away": load.seen["overloaded"],
                "stored after": f"{took:.1f} s",
            },
            faults=dict(found.faults) or "none",
        )
        assert not found.faults, found
        assert set(found.outcomes) == {"stored"}
        assert waiting >= ROOM * 4 / 5
        assert took <= 60


@pytest.mark.thorough
async def test_images_that_a_lost_machine_drew_are_stored_by_another(
    workshop_on: OpenWorkshop, database_url: str, s3: S3Server, chance: random.Random
) -> None:
    ordered = list(itertools.islice(orders(chance), CLIENTS))
    async with Proxy(s3.port) as proxy, workshop_on(database_url) as workshop:
        settings = {**s3.settings(endpoint_url=proxy.url), "DARKROOM_STORE_TIMEOUT": "1"}
        lost, other = workshop.seat(settings), workshop.seat(settings)
        await asyncio.gather(lost.start(), other.start())
        await proxy.switch(Faults(refuse=True))
        answers = await asyncio.gather(*(workshop.caller.order(lost.url, order) for order in ordered))
        assert {answer.kind for answer in answers} == {"storage-unavailable"}
        assert len(await workshop.secured()) == sum(order.samples for order in ordered)

        await lost.kill()
        shutil.rmtree(lost.folder)
        await proxy.switch(NO_FAULTS)
        await workshop.caller.until_final(other.url, created_before=time.time())

        kept = await asyncio.gather(*(workshop.caller.order(other.url, order) for order in ordered))
        found = await workshop.books(answers=zip(ordered, kept, strict=True), ask=other)
        assert not found.faults, found
        assert found.outcomes == {"stored": len(ordered)}

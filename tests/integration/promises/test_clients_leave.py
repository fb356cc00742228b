"""A client that disconnects changes nothing: its order is drawn, stored, and can be fetched by its key."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import socket
import struct
import time
from urllib.parse import urlsplit

import pytest

from harness.caller import Caller
from harness.orders import Order, orders
from harness.workshop import OpenWorkshop, Workshop

CLIENTS = 100


async def send(caller: Caller, url: str, order: Order) -> socket.socket:
    """Send the whole request on a new connection, and return the connection."""
    body = json.dumps(order.body).encode()
    head = (
        "POST /api/images HTTP/1.1\r\n"
        f"Host: {urlsplit(url).netloc}\r\n"
        f"Authorization: {caller.authorization}\r\n"
        f"Idempotency-Key: {order.key}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.socket()
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (urlsplit(url).hostname, urlsplit(url).port))
    await loop.sock_sendall(connection, head.encode() + body)
    return connection


def leave(connection: socket.socket, *, by_reset: bool) -> None:
    """Close the connection, with FIN or with RST."""
    if by_reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def fetched_by_their_keys(workshop: Workshop, url: str, ordered: list[Order]) -> None:
    """Check that every repeated order returns its images without another charge."""
    charged = workshop.charged()
    answers = await asyncio.gather(*(workshop.caller.order(url, order) for order in ordered))
    assert {answer.status for answer in answers} == {200}
    assert {answer.headers.get("idempotency-replay") for answer in answers} == {"true"}
    assert workshop.charged() == charged

    found = await workshop.books(answers=zip(ordered, answers, strict=True))
    assert not found.faults, found
    assert found.charges == len(ordered)


async def test_a_client_that_leaves_during_drawing_finds_its_images_under_its_key(
    workshop_on: OpenWorkshop, chance: random.Random
) -> None:
    ordered = list(itertools.islice(orders(chance), CLIENTS))
    async with workshop_on(seconds_per_image=1.0) as workshop:
        seat = workshop.seat({"DARKROOM_MAX_IN_FLIGHT": str(CLIENTS)})
        await seat.start()
        connections = [await send(workshop.caller, seat.url, order) for order in ordered]
        await workshop.until_charged(CLIENTS)
        for number, connection in enumerate(connections):
            leave(connection, by_reset=number % 2 == 0)

        await workshop.caller.until_final(seat.url, created_before=time.time())

        stored = await workshop.caller.generations(seat.url)
        assert [generation.state for generation in stored] == ["stored"] * CLIENTS
        await fetched_by_their_keys(workshop, seat.url, ordered)


@pytest.mark.thorough
async def test_a_client_that_leaves_at_any_moment_pays_once(workshop_on: OpenWorkshop, chance: random.Random) -> None:
    ordered = list(itertools.islice(orders(chance), CLIENTS))
    async with workshop_on(seconds_per_image=0.1) as workshop:
        seat = workshop.seat({"DARKROOM_MAX_IN_FLIGHT": str(CLIENTS)})
        await seat.start()

        async def order_and_leave(order: Order) -> None:
            connection = await send(workshop.caller, seat.url, order)
            await asyncio.sleep(chance.uniform(0, 0.3))
            leave(connection, by_reset=chance.random() < 0.5)

        for start in range(0, CLIENTS, 20):
            await asyncio.gather(*(order_and_leave(order) for order in ordered[start : start + 20]))
        # A request that did not arrive completely is not an order yet; the repetition places the order.
        answers = await asyncio.gather(*(workshop.caller.order(seat.url, order) for order in ordered))
        assert {answer.status for answer in answers} == {200}

        await fetched_by_their_keys(workshop, seat.url, ordered)

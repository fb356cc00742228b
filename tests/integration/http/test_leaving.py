"""A client that disconnects changes nothing: its order is drawn, stored, and returned when it is repeated."""

from __future__ import annotations

import json

from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from harness.waiting import until
from integration.http.generators import GatedGenerator
from integration.http.house import ORDER, open_house
from integration.http.raw import head, send

BODY = json.dumps(ORDER).encode()


async def test_orders_of_clients_that_left_are_drawn_stored_and_found_under_their_keys() -> None:
    generator, storage = GatedGenerator(), InMemoryImageStorage()
    async with open_house(generator=generator, storage=storage, max_in_flight=100) as house:
        for number in range(100):
            _, writer = await send(
                house,
                head(
                    "Content-Type: application/json", f"Content-Length: {len(BODY)}", f"Idempotency-Key: left-{number}"
                ),
                BODY,
            )
            await until(lambda asked=number + 1: len(generator.asked) == asked)  # type: ignore[misc]
            writer.transport.abort()
        generator.gate.set()
        await until(lambda: len(storage.kept) == 100)
        fetched = [await house.order({"Idempotency-Key": f"left-{number}"}) for number in range(100)]
    assert {answer.status_code for answer in fetched} == {200}
    assert {answer.headers["idempotency-replay"] for answer in fetched} == {"true"}
    assert {image["image"] for answer in fetched for image in answer.json()} == {
        f"memory:{key}" for key in storage.kept
    }
    assert len(generator.asked) == 100

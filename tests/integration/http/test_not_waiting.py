"""`Prefer: respond-async`: orders whose caller does not wait for the images."""

from __future__ import annotations

import asyncio

import pytest

from darkroom.domain.model.errors import OutcomeUnknown
from integration.http.generators import FailingGenerator, GatedGenerator
from integration.http.house import House, open_house

ASYNC = {"Prefer": "respond-async"}


async def test_a_caller_that_does_not_wait_gets_the_address_of_its_generation() -> None:
    generator = GatedGenerator()
    async with open_house(generator=generator) as house:
        answer = await house.order(ASYNC, seed=[5])
        address = answer.headers["location"]
        generator.gate.set()
        shown = await house.settled(address.rpartition("/")[2])
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["retry-after"] == "2"
    assert answer.headers["link"] == f'<{address}>; rel="describedby"'
    assert (answer.json()["id"], answer.json()["state"]) == (address.rpartition("/")[2], "received")
    assert (answer.json()["images"], answer.json()["finished_at"]) == ([], None)
    assert (shown["state"], shown["images"][0]["seed"]) == ("stored", 5)


@pytest.mark.parametrize(
    "preferences",
    [
        ["Respond-Async"],
        ["wait=10, respond-async"],
        ["respond-async; x=1"],
        ["handling=lenient", "respond-async"],
        ['foo="a, b", respond-async'],
    ],
    ids=str,
)
async def test_the_preference_is_found_among_others(house: House, preferences: list[str]) -> None:
    headers = [("Prefer", preference) for preference in preferences]
    answer = await house.client.post(
        "/api/images", json={"version": "memory", "prompt": "x", "width": 16, "height": 16}, headers=headers
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("preference", ["", "wait=10", 'foo="respond-async"', 'foo=", respond-async', "respond-async2"])
async def test_other_preferences_are_ignored(house: House, preference: str) -> None:
    answer = await house.order({"Prefer": preference})
    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers


async def test_a_finished_order_is_answered_at_once(house: House) -> None:
    key = {"Idempotency-Key": "k"}
    first, again = await house.order(key), await house.order(key | ASYNC)
    assert again.status_code == 200
    assert again.json() == first.json()
    assert "preference-applied" not in again.headers


async def test_a_failed_order_is_answered_with_its_problem() -> None:
    async with open_house(generator=FailingGenerator(OutcomeUnknown("cut off"))) as house:
        key = {"Idempotency-Key": "k"}
        await house.order(key)
        again = await house.order(key | ASYNC)
    assert again.status_code == 502


async def test_many_concurrent_orders_are_all_drawn() -> None:
    async with open_house(max_queued=200) as house:
        answers = await asyncio.gather(*(house.order(ASYNC) for _ in range(100)))
        shown = [await house.settled(answer.json()["id"]) for answer in answers]
    assert {one["state"] for one in shown} == {"stored"}

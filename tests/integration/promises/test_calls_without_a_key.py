"""Calls of OpenAI's clients without a key are paid once if they are cut off and repeated, at any process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from harness.caller import LOOK_AGAIN
from harness.fleet import Seat
from harness.workshop import OpenWorkshop, Workshop

ASKED: dict[str, Any] = {"model": "v2.0", "prompt": "a lighthouse in the fog", "size": "384x384"}


async def call(workshop: Workshop, seat: Seat, *, tries: int = 0) -> httpx.Response:
    headers = {"Authorization": workshop.caller.authorization, "x-stainless-retry-count": str(tries)}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        return await client.post(f"{seat.url}/v1/images/generations", json=ASKED, headers=headers)


async def cut_off(workshop: Workshop, seat: Seat) -> None:
    """Make a call whose client gives up while it is being drawn."""
    calling = asyncio.create_task(call(workshop, seat))
    await workshop.until_charged(1)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def stored(workshop: Workshop, seat: Seat) -> list[dict[str, Any]]:
    """The caller's generations, as soon as there are some and all have ended."""
    headers = {"Authorization": workshop.caller.authorization}
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            listed = await client.get(f"{seat.url}/api/generations", headers=headers)
            items: list[dict[str, Any]] = listed.json()["items"]
            if items and all(item["finished_at"] for item in items):
                return items
            await asyncio.sleep(LOOK_AGAIN)


@pytest.mark.thorough
async def test_a_call_that_was_cut_off_at_one_machine_is_repeated_at_another(
    workshop_on: OpenWorkshop, database_url: str
) -> None:
    async with workshop_on(database_url, seconds_per_image=2) as workshop:
        first, second = workshop.seat(), workshop.seat()
        for seat in (first, second):
            await seat.start()
        await cut_off(workshop, first)
        repeated = await call(workshop, second, tries=1)
        assert (repeated.status_code, repeated.headers["idempotency-replay"]) == (200, "true")
        assert workshop.charged() == 1
        new = await call(workshop, first)
        assert new.json()["data"][0]["id"] != repeated.json()["data"][0]["id"]
        assert workshop.charged() == 2


async def test_a_call_that_was_cut_off_is_repeated_after_a_restart(workshop_on: OpenWorkshop) -> None:
    async with workshop_on(seconds_per_image=1.5) as workshop:
        seat = workshop.seat()
        await seat.start()
        await cut_off(workshop, seat)
        (kept,) = await stored(workshop, seat)
        await seat.kill()
        await seat.start()
        repeated = await call(workshop, seat, tries=1)
        assert [image["id"] for image in repeated.json()["data"]] == [image["id"] for image in kept["images"]]
        assert workshop.charged() == 1


@pytest.mark.thorough
@pytest.mark.parametrize("machines", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_the_calls_of_a_process_that_died_count_as_cut_off(
    workshop_on: OpenWorkshop, database_url: str, machines: int
) -> None:
    """The provider's answer to the dead process is lost, so the repeated call gets an unknown outcome and no charge."""
    async with workshop_on(database_url, seconds_per_image=2) as workshop:
        dying = workshop.seat({"DARKROOM_WORKER_DEAD_AFTER": "12"})
        living = workshop.seat({"DARKROOM_WORKER_DEAD_AFTER": "12"}, beside=dying if machines == 1 else None)
        for seat in (dying, living):
            await seat.start()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            headers = {"Authorization": workshop.caller.authorization, "x-stainless-retry-count": "0"}
            request = client.build_request("POST", f"{dying.url}/v1/images/generations", json=ASKED, headers=headers)
            calling = asyncio.create_task(client.send(request))
            await workshop.until_charged(1)
            await dying.kill()
            with pytest.raises(httpx.TransportError):
                await calling
        repeated = await call(workshop, living, tries=1)
        assert (repeated.status_code, repeated.json()["error"]["charged"]) == (424, "unknown")
        assert workshop.charged() == 1

"""Processes are killed between the end of a generation and its webhook: the next live process sends it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from harness.fleet import Seat
from integration.http import house
from servers.receiver import Receiver, receiver

SECRET = f"whsec_{base64.b64encode(b'w' * 32).decode()}"
ORDER = {"version": "sketch", "prompt": "a lighthouse", "width": 64, "height": 64}


@asynccontextmanager
async def seats(folder: Path, at: Receiver, *settings: Mapping[str, str]) -> AsyncIterator[list[Seat]]:
    """Seats for processes, each in a folder of its own; the processes end with the block."""
    common = {
        "DARKROOM_JWT_SECRET": house.SECRET,
        "DARKROOM_WEBHOOK_SECRETS": SECRET,
        "DARKROOM_WEBHOOK_HOSTS": at.origin,
        "DARKROOM_LOG_LEVEL": "debug",
    }
    async with AsyncExitStack() as stack:
        opened = []
        for number, more in enumerate(settings):
            seat = Seat(folder / str(number), common | dict(more))
            stack.push_async_callback(seat.kill)
            opened.append(seat)
        yield opened


async def order(seat: Seat, at: Receiver) -> str:
    """Place an order with a webhook; return the id of its generation."""
    headers = house.bearer() | {"Prefer": "respond-async", "Webhook-URL": at.url}
    async with httpx.AsyncClient(base_url=seat.url, headers=headers, trust_env=False, timeout=30) as client:
        answer = await client.post("/api/images", json=ORDER)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])


async def ended(seat: Seat, generation_id: str) -> None:
    async with httpx.AsyncClient(base_url=seat.url, headers=house.bearer(), trust_env=False, timeout=30) as client:
        while not (await client.get(f"/api/generations/{generation_id}")).json()["finished_at"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def hold_genuine(at: Receiver, ids: set[str]) -> None:
    assert {call.id for call in at.received} == ids
    for call in at.received:
        told = Webhook(SECRET).verify(call.body, call.headers)
        assert (told["data"]["id"], told["data"]["state"]) == (call.id, "stored")


@pytest.mark.thorough
async def test_webhooks_that_a_killed_process_did_not_send_are_sent_after_its_restart(tmp_path: Path) -> None:
    async with receiver("slow") as at, seats(tmp_path, at, {}) as (seat,):
        await seat.start()
        ids = {await order(seat, at) for _ in range(3)}
        for generation_id in ids:
            await ended(seat, generation_id)
        await seat.kill()
        before = len(at.received)
        await seat.start()
        await at.until(lambda received: {call.id for call in received} == ids and len(received) > before)
        hold_genuine(at, ids)


@pytest.mark.thorough
async def test_a_webhook_whose_process_is_killed_while_sending_is_sent_by_the_next(tmp_path: Path) -> None:
    async with receiver("slow") as at, seats(tmp_path, at, {}) as (seat,):
        await seat.start()
        generation_id = await order(seat, at)
        await at.until(lambda received: len(received) == 1)
        await seat.kill()
        await seat.start()
        await at.until(lambda received: len(received) == 2)
        hold_genuine(at, {generation_id})


@pytest.mark.thorough
@pytest.mark.postgres
async def test_two_processes_send_every_webhook_even_if_one_is_killed(tmp_path: Path, database_url: str) -> None:
    shared = {"DARKROOM_LEDGER_URL": database_url}
    async with receiver("500", "reset") as at, seats(tmp_path, at, shared, shared) as (one, other):
        await asyncio.gather(one.start(), other.start())
        ids = {await order(seat, at) for _ in range(10) for seat in (one, other)}
        await asyncio.gather(*(ended(other, generation_id) for generation_id in ids))
        await one.kill()
        await at.until(lambda received: {call.id for call in received[2:]} == ids)
        hold_genuine(at, ids)

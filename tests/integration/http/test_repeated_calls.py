"""Calls without a key at the door for OpenAI's clients: repeated after the connection was lost, they are paid once."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from darkroom.adapters.in_memory.generator import InMemoryImageGenerator
from darkroom.adapters.in_memory.ledger import InMemoryGenerationLedger
from darkroom.adapters.in_memory.storage import InMemoryImageStorage
from darkroom.domain.model.errors import DrawingFailed, GeneratorUnavailable, LedgerUnavailable, OutcomeUnknown
from darkroom.domain.model.generation import GenerationRequest, StoredImage
from darkroom.domain.ports import Call, CallState, Receipt
from harness.waiting import until
from integration.http.generators import GatedGenerator
from integration.http.house import House, bearer, open_house, token
from servers.ports import LOOPBACK

PATH = "/v1/images/generations"
ASKED: dict[str, Any] = {"model": "memory", "prompt": "a fox in fog", "size": "64x48"}
FIRST, SECOND = {"x-stainless-retry-count": "0"}, {"x-stainless-retry-count": "1"}
SAYING_NOTHING: dict[str, str] = {}


class Ledger(InMemoryGenerationLedger):
    """Counts the calls that began or were cut off, how often it was asked, and how often it refused while `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.cut = self.refused = self.asked = 0
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def track(self, call: Call, within: timedelta) -> Call:
        self.asked += 1
        if self.away:
            self.refused += 1
            raise LedgerUnavailable("away")
        await self.answers.wait()
        tracked = await super().track(call, within)
        self.begun += call.state is CallState.BEGUN
        self.cut += call.state is CallState.CUT
        return tracked


class Failing(GatedGenerator):
    """Fails once its gate is open."""

    def __init__(self, failure: DrawingFailed) -> None:
        super().__init__()
        self._failure = failure

    async def submit(self, request: GenerationRequest, key: str) -> Receipt:
        self.asked.append((request, key))
        await self.gate.wait()
        raise self._failure


@asynccontextmanager
async def opened(
    generator: InMemoryImageGenerator, *, repeated_within: float = 300, storage: InMemoryImageStorage | None = None
) -> AsyncIterator[tuple[House, Ledger]]:
    ledger = Ledger()
    within = timedelta(seconds=repeated_within)
    memory = 2**30
    async with open_house(
        generator=generator,
        ledger=ledger,
        repeated_within=within,
        storage=storage,
        memory_bytes=memory,
        guarded=True,
    ) as house:
        yield house, ledger


async def ask(house: House, headers: dict[str, str] = SAYING_NOTHING, **changes: object) -> httpx.Response:
    return await house.client.post(PATH, json=ASKED | changes, headers=headers)


async def cut_off(house: House, ledger: Ledger, generator: InMemoryImageGenerator, headers: dict[str, str]) -> None:
    """Call, and give up while the image is being drawn."""
    before, asked = ledger.cut, len(generator.asked)
    async with httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), trust_env=False) as client:
        calling = asyncio.create_task(client.post(PATH, json=ASKED, headers=headers, timeout=60))
        await until(lambda: len(generator.asked) > asked or calling.done())
        calling.cancel()
    await until(lambda: ledger.cut > before)


@pytest.mark.parametrize(("first", "again"), [(FIRST, SECOND), (SAYING_NOTHING, SAYING_NOTHING)])
async def test_a_call_that_was_cut_off_and_is_repeated_is_paid_once(
    first: dict[str, str], again: dict[str, str]
) -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, first)
        repeating = asyncio.create_task(ask(house, again))
        await until(lambda: ledger.begun == 2)
        generator.gate.set()
        repeated = await repeating
        new = await ask(house, again)
    assert (repeated.status_code, repeated.headers["idempotency-replay"], len(generator.asked)) == (200, "true", 2)
    assert repeated.json()["data"][0]["id"] != new.json()["data"][0]["id"]
    assert "idempotency-replay" not in new.headers


async def test_a_first_try_is_always_a_new_order() -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        generator.gate.set()
        assert (await ask(house, FIRST)).status_code == 200
    assert len(generator.asked) == 2


@pytest.mark.parametrize("headers", [FIRST, SECOND, SAYING_NOTHING])
async def test_concurrent_calls_are_drawn_separately(headers: dict[str, str]) -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, _):
        calls = [asyncio.create_task(ask(house, headers)) for _ in range(4)]
        await until(lambda: len(generator.asked) == 4)
        generator.gate.set()
        answers = await asyncio.gather(*calls)
    assert len({answer.json()["data"][0]["id"] for answer in answers}) == 4


async def test_each_call_that_was_cut_off_is_repeated_at_most_once() -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        for _ in range(2):
            await cut_off(house, ledger, generator, FIRST)
        repeats = [asyncio.create_task(ask(house, SECOND)) for _ in range(3)]
        await until(lambda: len(generator.asked) == 3)
        generator.gate.set()
        answers = await asyncio.gather(*repeats)
    assert sorted("idempotency-replay" in answer.headers for answer in answers) == [False, True, True]
    assert len({answer.json()["data"][0]["id"] for answer in answers}) == 3


async def test_a_repetition_that_is_cut_off_can_be_repeated() -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        async with httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), trust_env=False) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(PATH, json=ASKED, headers=SECOND, timeout=0.3)
        await until(lambda: ledger.cut == 2)
        generator.gate.set()
        answer = await ask(house, {"x-stainless-retry-count": "2"})
    assert (answer.status_code, len(generator.asked)) == (200, 1)


@pytest.mark.parametrize(
    ("headers", "changes"),
    [(bearer(sub="eve"), {}), ({}, {"prompt": "a hare in fog"}), ({}, {"seed": 7}), ({}, {"response_format": "url"})],
)
async def test_only_the_same_call_of_the_same_caller_is_a_repetition(
    headers: dict[str, str], changes: dict[str, object]
) -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        generator.gate.set()
        other = await ask(house, SECOND | headers, **changes)
        same = await ask(house, SECOND, n=None)  # null counts as left out
    assert ("idempotency-replay" in other.headers, same.headers["idempotency-replay"]) == (False, "true")


@pytest.mark.parametrize(
    ("failure", "expected", "asked"),
    [
        (OutcomeUnknown("cut off"), (424, "unknown"), 1),
        (GeneratorUnavailable("later"), (503, "no"), 2),
    ],
)
async def test_an_unknown_outcome_is_reported_again_and_a_free_failure_is_ordered_anew(
    failure: DrawingFailed, expected: tuple[int, str], asked: int
) -> None:
    generator = Failing(failure)
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        generator.gate.set()
        await until(lambda: not house.services.generate.work.admission.in_flight)
        again = await ask(house, SECOND)
        assert (again.status_code, again.json()["error"]["charged"]) == expected
        assert len(generator.asked) == asked
        # The failure was reported, so the next call is a new order.
        assert (await ask(house, SECOND)).json()["error"]["charged"] == failure.charged
        assert len(generator.asked) == asked + 1


async def test_a_late_repetition_is_a_new_order() -> None:
    generator = GatedGenerator()
    async with opened(generator, repeated_within=0.05) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        await asyncio.sleep(0.1)  # the time limit itself is tested
        generator.gate.set()
        assert "idempotency-replay" not in (await ask(house, SECOND)).headers
    assert len(generator.asked) == 2


async def test_the_repetition_of_a_deleted_order_is_a_new_order() -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        await cut_off(house, ledger, generator, FIRST)
        generator.gate.set()
        await until(lambda: not house.services.generate.work.admission.in_flight)
        (kept,) = (await house.client.get("/api/generations")).json()["items"]
        await house.settled(kept["id"])
        assert (await house.client.delete(f"/api/generations/{kept['id']}")).status_code == 204
        answer = await ask(house, SECOND)
    assert (answer.status_code, len(generator.asked)) == (200, 2)


class LongImages(InMemoryImageStorage):
    """Returns images with this many bytes appended."""

    def __init__(self, more: int) -> None:
        super().__init__()
        self._more = more

    async def get(self, image: StoredImage) -> bytes:
        return await super().get(image) + bytes(self._more)


@pytest.mark.parametrize("more", [20 * 2**20, 200 * 2**10, 0])
async def test_a_call_whose_answer_was_not_read_to_its_end_can_be_repeated(more: int) -> None:
    """The unread rest is in the service, on its way, or in the client's kernel, depending on its length."""
    generator = InMemoryImageGenerator()
    async with opened(generator, storage=LongImages(more)) as (house, ledger):
        reader, writer = await asyncio.open_connection(LOOPBACK, house.port, limit=64)
        body = b'{"model": "memory", "prompt": "a fox in fog", "size": "64x48"}'
        writer.write(
            b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b" % (token().encode(), len(body), body)
        )
        assert b" 200 " in await reader.readline()
        linger = struct.pack("ii", 1, 0)  # closing resets the connection, as it does if data is unread
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
        await until(lambda: ledger.cut == 1)
        assert (await ask(house)).headers["idempotency-replay"] == "true"
    assert len(generator.asked) == 1


async def test_an_answer_that_was_read_to_its_end_is_never_replayed() -> None:
    generator = InMemoryImageGenerator()
    async with opened(generator) as (house, ledger):
        async with httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), trust_env=False) as client:
            answers = [await client.post(PATH, json=ASKED, timeout=60) for _ in range(2)]
        answers += [await ask(house), await ask(house, {"Connection": "close"})]
    assert not [answer for answer in answers if "idempotency-replay" in answer.headers]
    assert (len(generator.asked), ledger.cut) == (4, 0)


@pytest.mark.parametrize(("headers", "expected"), [(FIRST, (503, "no")), (SECOND, (424, "unknown"))])
async def test_no_order_begins_while_the_ledger_is_away(headers: dict[str, str], expected: tuple[int, str]) -> None:
    generator = InMemoryImageGenerator()
    async with opened(generator) as (house, ledger):
        ledger.away = True
        answer = await ask(house, headers)
    assert (answer.status_code, answer.json()["error"]["charged"]) == expected
    assert not generator.asked


async def test_a_caller_that_leaves_while_the_ledger_is_slow_has_ordered_nothing() -> None:
    generator = InMemoryImageGenerator()
    async with opened(generator) as (house, ledger):
        ledger.answers.clear()
        async with httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), trust_env=False) as client:
            calling = asyncio.create_task(client.post(PATH, json=ASKED, headers=FIRST, timeout=60))
            await until(lambda: ledger.asked == 1)
            calling.cancel()
        await house.client.get("/health/live")  # answered only after the server has seen that connection end
        ledger.answers.set()
        await until(lambda: ledger.cut == 1)
        assert generator.asked == []
        repeated = await ask(house, SECOND)
    assert (repeated.status_code, len(generator.asked)) == (200, 1)


async def test_a_call_that_was_cut_off_is_recorded_as_soon_as_the_ledger_is_back() -> None:
    generator = GatedGenerator()
    async with opened(generator) as (house, ledger):
        async with httpx.AsyncClient(base_url=house.client.base_url, headers=bearer(), trust_env=False) as client:
            calling = asyncio.create_task(client.post(PATH, json=ASKED, headers=FIRST, timeout=60))
            await until(lambda: len(generator.asked) == 1)
            ledger.away = True
            calling.cancel()
        await until(lambda: ledger.refused >= 2)
        ledger.away = False
        await until(lambda: ledger.cut == 1)
        generator.gate.set()
        assert (await ask(house, SECOND)).headers["idempotency-replay"] == "true"
    assert len(generator.asked) == 1
